/* SPDX-License-Identifier: BSD-3-Clause */
#include "dice.h"
#include <stdbool.h>

#include "heap.h"
#include "unit.h"

#define NODES 200

static struct heap_node node[NODES + 1];
static const struct heap_nodes nodes = { (char *)node, sizeof(node[0]) };

static uint32_t put(uint32_t root, uint32_t index, uint64_t key, uint64_t serial)
{
	node[index].key = key;
	node[index].serial = serial;
	return heap_insert(&nodes, root, index);
}

START_TEST(least_first)
{
	static const uint64_t keys[] = { 5, 3, 9, 3, 0, UINT64_MAX, 7, 3 };
	static const uint32_t order[] = { 5, 2, 4, 8, 1, 7, 3, 6 };
	uint32_t root = 0;

	for (uint32_t i = 0; i < 8; i++)
		root = put(root, i + 1, keys[i], i);
	for (int i = 0; i < 8; i++) {
		ck_assert_uint_eq(root, order[i]);
		root = heap_remove(&nodes, root, root);
	}
	ck_assert_uint_eq(root, 0);
}
END_TEST

/* A plain model: who is in, and the least of them by key and arrival. */
struct model {
	bool in[NODES + 1];
	uint64_t serial;
};

static uint32_t least(const struct model *model)
{
	uint32_t best = 0;

	for (uint32_t i = 1; i <= NODES; i++) {
		if (!model->in[i])
			continue;
		if (best == 0 || node[i].key < node[best].key ||
		    (node[i].key == node[best].key && node[i].serial < node[best].serial))
			best = i;
	}
	return best;
}

START_TEST(as_the_model)
{
	static struct model model;
	struct dice dice = { 7 };
	uint32_t root = 0;

	for (int step = 0; step < 50000; step++) {
		uint32_t index = (uint32_t)dice_roll(&dice, NODES) + 1;
		if (model.in[index])
			root = heap_remove(&nodes, root, index);
		else
			root = put(root, index, dice_roll(&dice, 40), ++model.serial);
		model.in[index] = !model.in[index];
		ck_assert_uint_eq(root, least(&model));
	}
}
END_TEST

UNIT_MAIN("heap", least_first, as_the_model)
