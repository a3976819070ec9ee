/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "dice.h"
#include "map.h"
#include "unit.h"

#define KEYS 500

static const uint8_t secret[16] = "the map's secret";

struct record {
	struct scope_key key;
	uint32_t value;
	uint64_t more[3];
};

static struct scope_key key_of(uint32_t number)
{
	struct scope_key key = { .scope = (uint8_t)(number % SCOPES), .customer = number, .provider = number / 3 };

	key.address.byte[15] = (uint8_t)number;
	return key;
}

static struct record record_of(uint32_t number, uint32_t value)
{
	return (struct record){ key_of(number), value, { value, ~0ull, number } };
}

/* The model: what each key has; 0: nothing. */
struct model {
	uint32_t value[KEYS], count;
};

struct census {
	const struct model *model;
	uint32_t seen;
};

static int take_census(void *context, const void *walked)
{
	const struct record *record = walked;
	struct census *census = context;

	census->seen += record->value == census->model->value[record->key.customer];
	return 0;
}

static void check_all(const struct map *map, const struct model *model)
{
	struct census census = { model, 0 };

	ck_assert_uint_eq(map->count, model->count);
	for (uint32_t number = 0; number < KEYS; number++) {
		const struct scope_key key = key_of(number);
		const struct record expected = record_of(number, model->value[number]), *found = map_find(map, &key);
		if ((found != NULL) != (model->value[number] != 0))
			ck_abort_msg("key %u: %s", number, found != NULL ? "found" : "not found");
		if (found != NULL && memcmp(found, &expected, sizeof(expected)) != 0)
			ck_abort_msg("key %u: value %u, expected %u", number, found->value, model->value[number]);
	}
	ck_assert_int_eq(map_walk(map, take_census, &census), 0);
	ck_assert_uint_eq(census.seen, model->count);
}

static void put(struct map *map, struct model *model, uint32_t number, uint32_t value)
{
	const struct record record = record_of(number, value);

	ck_assert_int_eq(map_put(map, &record), 0);
	model->count += model->value[number] == 0;
	model->value[number] = value;
}

static void take(struct map *map, struct model *model, uint32_t number)
{
	const struct scope_key key = key_of(number);

	ck_assert_int_eq(map_delete(map, &key), model->value[number] != 0 ? 0 : -ENOENT);
	model->count -= model->value[number] != 0;
	model->value[number] = 0;
}

START_TEST(an_empty_one)
{
	struct map *map = map_create(sizeof(struct record), secret);
	static const struct model model;
	const struct scope_key key = key_of(1);

	check_all(map, &model);
	ck_assert_int_eq(map_delete(map, &key), -ENOENT);
	map_destroy(map, NULL);
	map_destroy(NULL, NULL);
}
END_TEST

START_TEST(every_byte_of_the_key_counts)
{
	struct map *map = map_create(sizeof(struct record), secret);
	const struct record record = record_of(7, 7);

	ck_assert_int_eq(map_put(map, &record), 0);
	ck_assert_ptr_nonnull(map_find(map, &record.key));
	for (size_t byte = 0; byte < sizeof(record.key); byte++) {
		struct scope_key other = record.key;
		((uint8_t *)&other)[byte] ^= 0x10;
		ck_assert_ptr_null(map_find(map, &other));
	}
	map_destroy(map, NULL);
}
END_TEST

/* Filled, replaced, emptied in another order, filled again. */
START_TEST(to_the_brim_and_back)
{
	struct map *map = map_create(sizeof(struct record), secret);
	struct model model = { .count = 0 };

	for (uint32_t round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < KEYS; i++)
			put(map, &model, i, 1 + i);
		check_all(map, &model);
		for (uint32_t i = 0; i < KEYS; i++)
			put(map, &model, i, 1000 + i);
		check_all(map, &model);
		for (uint32_t i = 0; i < KEYS; i++) {
			take(map, &model, i * 177 % KEYS);
			if (i % 50 == 0)
				check_all(map, &model);
		}
		check_all(map, &model);
		ck_assert_uint_eq(map->count, 0);
	}
	map_destroy(map, NULL);
}
END_TEST

/* Random puts and deletes, under several keys of the hash, so that gaps close over each kind of run. */
START_TEST(as_the_model)
{
	struct dice dice = { 7 };

	for (uint32_t round = 0; round < 20; round++) {
		uint8_t key[16] = { (uint8_t)round };
		struct map *map = map_create(sizeof(struct record), key);
		struct model model = { .count = 0 };
		uint32_t keys = round % 2 ? 16 : KEYS; /* the first room exactly; many times that */
		for (uint32_t step = 1; step <= 4000; step++) {
			uint32_t number = (uint32_t)dice_roll(&dice, keys);
			if (dice_roll(&dice, 100) < (step / 1000 % 2 ? 70 : 40))
				put(map, &model, number, step);
			else
				take(map, &model, number);
			if (step % 25 == 0)
				check_all(map, &model);
		}
		map_destroy(map, NULL);
	}
}
END_TEST

static struct map *half_full(struct model *model)
{
	struct map *map = map_create(sizeof(struct record), secret);

	for (uint32_t i = 0; i < 200; i++)
		put(map, model, i, 1 + i);
	for (uint32_t i = 0; i < 20; i++)
		take(map, model, i * 3);
	return map;
}

/* What a copy shares with its original is seen by neither when the other one changes or goes. */
START_TEST(a_copy_is_its_own)
{
	struct model model = { .count = 0 }, before;
	struct map *map = half_full(&model), *copy = map_copy(map);

	before = model;
	check_all(copy, &model);
	put(copy, &model, 7, 5000);
	take(copy, &model, 50);
	put(copy, &model, 400, 9);
	check_all(copy, &model);
	check_all(map, &before);
	map_destroy(map, copy);
	check_all(copy, &model);
	ck_assert_uint_eq(copy->references, 1);
	map_destroy(copy, NULL);
}
END_TEST

START_TEST(a_copy_is_thrown_away)
{
	struct model model = { .count = 0 }, other;
	struct map *map = half_full(&model), *copy = map_copy(map);

	other = model;
	take(copy, &other, 50);
	put(copy, &other, 7, 5000);
	map_destroy(copy, NULL);
	check_all(map, &model);
	map_destroy(map, NULL);
}
END_TEST

/* A copy that outgrew its shards has none in common any more; and generation follows generation. */
START_TEST(copies_of_copies)
{
	struct model model = { .count = 0 }, before;
	struct map *map = half_full(&model);
	struct dice dice = { 3 };

	for (uint32_t round = 0; round < 200; round++) {
		struct map *copy = map_copy(map);
		before = model;
		for (uint32_t i = 0; i < 1 + round % 7; i++) {
			uint32_t number = (uint32_t)dice_roll(&dice, KEYS);
			if (dice_roll(&dice, 4) == 0)
				take(copy, &model, number);
			else
				put(copy, &model, number, 1000 + round);
		}
		check_all(map, &before);
		map_destroy(map, copy);
		map = copy;
		check_all(map, &model);
	}
	ck_assert_uint_gt(map->bits, 0);
	map_destroy(map, NULL);
}
END_TEST

UNIT_MAIN("map", an_empty_one, every_byte_of_the_key_counts, to_the_brim_and_back, as_the_model, a_copy_is_its_own,
	  a_copy_is_thrown_away, copies_of_copies)
