/* SPDX-License-Identifier: BSD-3-Clause */
#include "heap.h"

#include <stdbool.h>

static bool before(const struct heap_node *a, const struct heap_node *b)
{
	return a->key != b->key ? a->key < b->key : a->serial < b->serial;
}

/* The greater root becomes the first child of the lesser. */
static uint32_t meld(const struct heap_nodes *nodes, uint32_t one, uint32_t other)
{
	if (one == 0 || other == 0)
		return one != 0 ? one : other;
	if (before(heap_node(nodes, other), heap_node(nodes, one))) {
		uint32_t lesser = other;
		other = one;
		one = lesser;
	}
	struct heap_node *root = heap_node(nodes, one), *node = heap_node(nodes, other);
	node->next = root->child;
	node->previous = one;
	if (root->child != 0)
		heap_node(nodes, root->child)->previous = other;
	root->child = other;
	return one;
}

/* Siblings, two and two from the left, then all from the right: what makes it quick. */
static uint32_t merge_children(const struct heap_nodes *nodes, uint32_t first)
{
	uint32_t pairs = 0, root = 0;

	while (first != 0) {
		uint32_t second = heap_node(nodes, first)->next;
		uint32_t rest = second != 0 ? heap_node(nodes, second)->next : 0;
		heap_node(nodes, first)->next = heap_node(nodes, first)->previous = 0;
		if (second != 0)
			heap_node(nodes, second)->next = heap_node(nodes, second)->previous = 0;
		uint32_t pair = meld(nodes, first, second);
		heap_node(nodes, pair)->next = pairs;
		pairs = pair;
		first = rest;
	}
	while (pairs != 0) {
		uint32_t next = heap_node(nodes, pairs)->next;
		heap_node(nodes, pairs)->next = 0;
		root = meld(nodes, root, pairs);
		pairs = next;
	}
	return root;
}

uint32_t heap_insert(const struct heap_nodes *nodes, uint32_t root, uint32_t index)
{
	struct heap_node *node = heap_node(nodes, index);

	node->child = node->next = node->previous = 0;
	return meld(nodes, root, index);
}

static void unlink_node(const struct heap_nodes *nodes, uint32_t index)
{
	struct heap_node *node = heap_node(nodes, index), *previous = heap_node(nodes, node->previous);

	if (previous->child == index)
		previous->child = node->next;
	else
		previous->next = node->next;
	if (node->next != 0)
		heap_node(nodes, node->next)->previous = node->previous;
}

uint32_t heap_remove(const struct heap_nodes *nodes, uint32_t root, uint32_t index)
{
	struct heap_node *node = heap_node(nodes, index);
	uint32_t children = node->child;

	if (index != root)
		unlink_node(nodes, index);
	node->child = node->next = node->previous = 0;
	uint32_t rest = merge_children(nodes, children);
	return index == root ? rest : meld(nodes, root, rest);
}
