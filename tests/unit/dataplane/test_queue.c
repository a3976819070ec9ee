/* SPDX-License-Identifier: BSD-3-Clause */
#include "dice.h"
#include "eal.h"
#include "queue.h"

#define THINGS 64u
#define WAITING 4096u
#define PROVIDER 1u
#define CUSTOMERS 8u

static struct share share_of(uint32_t customer, uint32_t weight)
{
	return (struct share){ 10 + customer, weight };
}

static uint32_t join(struct queues *queues, uint32_t customer, uint32_t weight, uint32_t wait)
{
	const struct share share = share_of(customer, weight);
	const struct place place = { 0, wait };

	return queue_join(queues, PROVIDER, &share, &place);
}

START_TEST(in_order_of_arrival)
{
	struct queues *queues = queues_create(THINGS, 3);
	const struct share none = { 0, 0 };
	struct place place;
	uint32_t ticket[3];

	ck_assert(!queue_next(queues, 5, &place));
	ck_assert(queue_first(queues, 5, 0)); /* nobody waits: who comes is first */
	for (uint32_t i = 0; i < 3; i++)
		ticket[i] = queue_join(queues, 5, &none, &(struct place){ 7, i });
	ck_assert_uint_eq(queue_join(queues, 5, &none, &(struct place){ 7, 3 }), 0);
	ck_assert(!queue_first(queues, 5, 0));
	queue_leave(queues, ticket[1]);
	for (uint32_t i = 0; i < 3; i += 2) {
		ck_assert(queue_next(queues, 5, &place) && place.worker == 7 && place.wait == i);
		ck_assert(queue_first(queues, 5, ticket[i]));
		ck_assert_uint_eq(queue_thing(queues, ticket[i]), 5);
		queue_serve(queues, 5, &none, ticket[i]);
	}
	ck_assert(!queue_next(queues, 5, &place));
	queues_destroy(queues);
	queues_destroy(NULL);
}
END_TEST

/* Serves the next one; the customer it was. Tickets are noted by their wait. */
static uint32_t serve(struct queues *queues, const uint32_t *ticket, const uint32_t *customer, const uint32_t *weight)
{
	struct place place;

	ck_assert(queue_next(queues, PROVIDER, &place));
	uint32_t whose = customer[place.wait];
	const struct share share = share_of(whose, weight[whose]);
	queue_serve(queues, PROVIDER, &share, ticket[place.wait]);
	return whose;
}

/* All have more than can be served: they get their weights, over any stretch within one unit each. */
START_TEST(shares_by_weight)
{
	static const uint32_t weight[CUSTOMERS] = { 1, 1, 1, 2, 4, 1, 3, 1 };
	static uint32_t ticket[WAITING], customer[WAITING];
	struct queues *queues = queues_create(THINGS, WAITING);
	uint32_t served[CUSTOMERS] = { 0 }, sum = 14;

	for (uint32_t i = 0; i < WAITING; i++) {
		customer[i] = i % CUSTOMERS;
		ticket[i] = join(queues, customer[i], weight[customer[i]], i);
	}
	for (uint32_t done = 1; done <= 1400; done++) {
		served[serve(queues, ticket, customer, weight)]++;
		for (uint32_t c = 0; c < CUSTOMERS; c++) {
			uint32_t due = done * weight[c] / sum;
			ck_assert_uint_le(served[c], due + 2);
			ck_assert_uint_ge(served[c] + 2, due);
		}
	}
	queues_destroy(queues);
}
END_TEST

/* A flood of a thousand stands there; who comes then is next but one. */
START_TEST(a_flood_waits_behind_itself)
{
	static const uint32_t weight[CUSTOMERS] = { 1, 1 };
	static uint32_t ticket[WAITING], customer[WAITING];
	struct queues *queues = queues_create(THINGS, WAITING);

	for (uint32_t i = 0; i < 1000; i++)
		ticket[i] = join(queues, customer[i] = 0, 1, i);
	for (int i = 0; i < 100; i++)
		serve(queues, ticket, customer, weight);
	ticket[1000] = join(queues, customer[1000] = 1, 1, 1000);
	uint32_t first = serve(queues, ticket, customer, weight), second = serve(queues, ticket, customer, weight);
	ck_assert(first == 1 || second == 1);
	/* Away for long, it has saved up nothing: they take turns. */
	for (uint32_t i = 1001; i < 1100; i++)
		ticket[i] = join(queues, customer[i] = 1, 1, i);
	uint32_t served = 0;
	for (int i = 0; i < 20; i++)
		served += serve(queues, ticket, customer, weight);
	ck_assert_uint_ge(served, 9);
	ck_assert_uint_le(served, 11);
	queues_destroy(queues);
}
END_TEST

/* Who gave up was not served, and is not charged: the flood's refused units cost its later ones nothing. */
START_TEST(who_leaves_is_not_charged)
{
	static const uint32_t weight[CUSTOMERS] = { 1, 1 };
	static uint32_t ticket[WAITING], customer[WAITING];
	struct queues *queues = queues_create(THINGS, WAITING);

	for (uint32_t i = 0; i < 1000; i++)
		ticket[i] = join(queues, customer[i] = 0, 1, i);
	for (uint32_t i = 0; i < 1000; i++)
		queue_leave(queues, ticket[i]);
	for (uint32_t i = 0; i < 100; i++)
		ticket[i] = join(queues, customer[i] = i % 2, 1, i);
	uint32_t served = 0;
	for (int i = 0; i < 20; i++)
		served += serve(queues, ticket, customer, weight);
	ck_assert_uint_eq(served, 10);
	queues_destroy(queues);
}
END_TEST

/* Joined, left and served at random: tickets never run out, and nobody is served who does not wait. */
START_TEST(nothing_is_lost)
{
	struct queues *queues = queues_create(THINGS, 100);
	uint32_t ticket[100] = { 0 }, customer[100];
	struct dice dice = { 11 };
	struct place place;

	for (int step = 0; step < 100000; step++) {
		uint32_t i = (uint32_t)dice_roll(&dice, 100);
		if (ticket[i] == 0) {
			ticket[i] = join(queues, customer[i] = (uint32_t)dice_roll(&dice, CUSTOMERS), 1, i);
			ck_assert_uint_ne(ticket[i], 0);
		} else if (dice_roll(&dice, 2) == 0) {
			queue_leave(queues, ticket[i]);
			ticket[i] = 0;
		} else {
			ck_assert(queue_next(queues, PROVIDER, &place));
			ck_assert_uint_ne(ticket[place.wait], 0);
			const struct share share = share_of(customer[place.wait], 1);
			queue_serve(queues, PROVIDER, &share, ticket[place.wait]);
			ticket[place.wait] = 0;
		}
	}
	queues_destroy(queues);
}
END_TEST

FIXTURE_MAIN("queue", eal_start, NULL, in_order_of_arrival, shares_by_weight, a_flood_waits_behind_itself,
	     who_leaves_is_not_charged, nothing_is_lost)
