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
	ck_assert(queue_first(queues, 5, 0, STREAM_BULK)); /* nobody waits: who comes is first */
	for (uint32_t i = 0; i < 3; i++)
		ticket[i] = queue_join(queues, 5, &none, &(struct place){ 7, i });
	ck_assert_uint_eq(queue_join(queues, 5, &none, &(struct place){ 7, 3 }), 0);
	ck_assert(!queue_first(queues, 5, 0, STREAM_BULK));
	queue_leave(queues, ticket[1]);
	for (uint32_t i = 0; i < 3; i += 2) {
		ck_assert(queue_next(queues, 5, &place) && place.worker == 7 && place.wait == i);
		ck_assert(queue_first(queues, 5, ticket[i], STREAM_BULK));
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

/* Two customers in each stream, who always wait: customer 2's weight is 3. What each of the four was served of 4000. */
static void serve_streams(uint8_t percent, unsigned served[4])
{
	struct queues *queues = queues_create(50, 8);
	uint32_t ticket[4];
	struct place place;

	for (uint32_t who = 0; who < 4; who++) {
		const struct share share = { 11 + who % 2, who % 2 == 0 ? 1 : 3, (uint8_t)(who / 2), percent };
		const struct place here = { 0, who };
		ticket[who] = queue_join(queues, PROVIDER, &share, &here);
		served[who] = 0;
	}
	for (unsigned unit = 0; unit < 4000; unit++) {
		ck_assert(queue_next(queues, PROVIDER, &place));
		uint32_t who = place.wait;
		const struct share share = { 11 + who % 2, who % 2 == 0 ? 1 : 3, (uint8_t)(who / 2), percent };
		ck_assert(queue_first(queues, PROVIDER, ticket[who], share.stream));
		served[who]++;
		uint32_t next = queue_join(queues, PROVIDER, &share, &place);
		queue_serve(queues, PROVIDER, &share, ticket[who]);
		ticket[who] = next;
	}
	queues_destroy(queues);
}

/* Bulk has its share and no more while both wait; in either stream customers share by weight. */
START_TEST(streams_share)
{
	static const uint8_t percents[] = { 0, 10, 33, 50, 100 };
	unsigned served[4];

	for (size_t i = 0; i < sizeof(percents); i++) {
		serve_streams(percents[i], served);
		unsigned bulk = served[0] + served[1], other = served[2] + served[3], due = 40u * percents[i];
		ck_assert_uint_le(bulk, due);
		ck_assert_uint_ge(bulk + 2, due);
		ck_assert_uint_le(served[1], 3 * served[0] + 3);
		ck_assert_uint_le(3 * served[0], served[1] + 3);
		ck_assert(other == 0 || (served[3] <= 3 * served[2] + 3 && 3 * served[2] <= served[3] + 3));
	}
}
END_TEST

/* Who comes with transactional mail stands behind his own stream only, unless it is bulk's turn. */
START_TEST(transactional_passes_bulk)
{
	struct queues *queues = queues_create(50, 8);
	const struct share bulk = { 11, 1, STREAM_BULK, 50 }, fast = { 12, 1, STREAM_TRANSACTIONAL, 50 };
	const struct place place = { 0, 1 }, other = { 0, 2 };
	struct place next;

	uint32_t slow = queue_join(queues, PROVIDER, &bulk, &place);
	ck_assert(!queue_first(queues, PROVIDER, 0, STREAM_BULK));
	ck_assert(queue_first(queues, PROVIDER, 0, STREAM_TRANSACTIONAL));
	queue_serve(queues, PROVIDER, &fast, 0);
	ck_assert(queue_first(queues, PROVIDER, 0, STREAM_TRANSACTIONAL));
	queue_serve(queues, PROVIDER, &fast, 0);
	ck_assert(!queue_first(queues, PROVIDER, 0, STREAM_TRANSACTIONAL)); /* two halves */
	uint32_t quick = queue_join(queues, PROVIDER, &fast, &other);
	ck_assert(queue_next(queues, PROVIDER, &next));
	ck_assert_uint_eq(next.wait, place.wait);
	ck_assert(queue_first(queues, PROVIDER, slow, STREAM_BULK));
	queue_serve(queues, PROVIDER, &bulk, slow);
	ck_assert(queue_first(queues, PROVIDER, quick, STREAM_TRANSACTIONAL));
	queue_leave(queues, quick);
	ck_assert(queue_first(queues, PROVIDER, 0, STREAM_BULK));
	queues_destroy(queues);
}
END_TEST

FIXTURE_MAIN("queue", eal_start, NULL, in_order_of_arrival, shares_by_weight, a_flood_waits_behind_itself,
	     who_leaves_is_not_charged, nothing_is_lost, streams_share, transactional_passes_bulk)
