/* SPDX-License-Identifier: BSD-3-Clause */
/* What flows keep back, with a worker that has flows, a wheel and room, and nothing else. */
#include "hold.h"

#include <rte_malloc.h>

#include "dice.h"
#include "eal.h"
#include "worker.h"

#define FLOWS 8u
#define ROOM 160u
#define PACKETS 1023u

static struct gate gate = { .workers = 1, .held_most = ROOM };
static struct worker worker;
static struct flow *flow[FLOWS];

static void open_worker(void)
{
	static const uint8_t secret[16] = "hold";

	eal_start();
	gate.held_most = ROOM;
	gate.pool = rte_pktmbuf_pool_create("hold", PACKETS, 0, RTE_ALIGN(sizeof(struct held), RTE_MBUF_PRIV_ALIGN),
					    256, SOCKET_ID_ANY);
	worker = (struct worker){ .gate = &gate, .flows = flow_table_create(FLOWS, secret) };
	worker.wheel = rte_zmalloc("wheel", wheel_size(ROOM + 1), 64);
	worker.waits = hold_create(ROOM + 1);
	ck_assert(gate.pool != NULL && worker.flows != NULL && worker.wheel != NULL && worker.waits != NULL);
	wheel_init(worker.wheel, ROOM + 1, 0);
	for (uint16_t i = 0; i < FLOWS; i++) {
		const struct packet packet = { .inside_port = i, .hash = i + 1ull };
		ck_assert_ptr_nonnull(flow[i] = flow_insert(worker.flows, &packet));
	}
}

static uint32_t free_records(void)
{
	uint32_t records = 0;

	for (uint32_t at = worker.waits[0].flow; at != 0; at = worker.waits[at].flow)
		records++;
	return records;
}

/* Every packet went back once, every record is free again. */
static void close_worker(void)
{
	for (uint32_t i = 0; i < FLOWS; i++)
		hold_purge(&worker, flow[i]);
	ck_assert_uint_eq(worker.held, 0);
	ck_assert_uint_eq(free_records(), ROOM + 1);
	ck_assert_uint_eq(rte_mempool_avail_count(gate.pool), PACKETS);
	rte_mempool_free(gate.pool);
	rte_free(worker.waits);
	rte_free(worker.wheel);
	flow_table_destroy(worker.flows);
}

/* A segment of these bytes; its headers are of no interest here. */
static struct packet segment(uint32_t seq, uint16_t size, uint8_t flags)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(gate.pool);

	ck_assert_ptr_nonnull(mbuf);
	return (struct packet){ .mbuf = mbuf,
				.kind = PACKET_SMTP,
				.flags = flags,
				.ip_at = 14,
				.tcp_at = 34,
				.payload_at = 54,
				.payload = size,
				.seq = seq,
				.ack = 7 };
}

static void append(struct flow *of, uint32_t seq, uint16_t size, uint8_t flags)
{
	struct packet packet = segment(seq, size, TCP_ACK);

	ck_assert_ptr_eq(hold_append(&worker, of, &packet, 1000, flags), hold_of(&worker, of));
	ck_assert_int_eq(packet.kind, PACKET_GONE);
}

static void take(struct flow *of, uint32_t seq)
{
	struct rte_mbuf *mbuf = hold_take(&worker, of);

	ck_assert_ptr_nonnull(mbuf);
	ck_assert_uint_eq(held_note(mbuf)->seq, seq);
	rte_pktmbuf_free(mbuf);
}

START_TEST(one_after_the_other)
{
	ck_assert_ptr_null(hold_of(&worker, flow[3]));
	ck_assert_ptr_null(hold_take(&worker, flow[3]));
	append(flow[3], 100, 10, HELD_TURN);
	append(flow[3], 110, 20, 0);
	append(flow[3], 130, 30, 0);
	const struct wait *wait = hold_of(&worker, flow[3]);
	ck_assert(wait->held == 3 && worker.held == 3 && !wait->swallowed && wait->turn == 0);
	ck_assert_uint_eq(wait->flow, flow_index(worker.flows, flow[3]));
	ck_assert_uint_eq(free_records(), ROOM);
	const struct held *note = held_note(wait->first);
	ck_assert(note->seq == 100 && note->end == 110 && note->ack == 7 && note->payload == 10);
	ck_assert(note->flags == HELD_TURN && note->until == 1000 && note->ip_at == 14 && note->tcp_at == 34);
	ck_assert_uint_eq(held_ip_bytes(wait->first), 50);
	take(flow[3], 100);
	take(flow[3], 110);
	ck_assert_ptr_nonnull(hold_of(&worker, flow[3]));
	take(flow[3], 130);
	ck_assert_ptr_null(hold_of(&worker, flow[3]));
	ck_assert_uint_eq(flow[3]->wait, 0);
	ck_assert_uint_eq(free_records(), ROOM + 1);
}
END_TEST

/* SYN and FIN take a number each, and are repeated like bytes. */
START_TEST(syn_and_fin)
{
	struct packet syn = segment(99, 0, TCP_SYN), again = segment(99, 0, TCP_SYN), other = segment(98, 0, TCP_SYN);

	hold_append(&worker, flow[0], &syn, 5, 0);
	ck_assert_uint_eq(held_note(syn.mbuf)->end, 100);
	ck_assert(hold_absorb(&worker, flow[0], &again));
	ck_assert_ptr_eq(hold_of(&worker, flow[0])->first, again.mbuf);
	ck_assert(!hold_absorb(&worker, flow[0], &other));
	rte_pktmbuf_free(other.mbuf);
	take(flow[0], 99);
	append(flow[0], 100, 10, 0);
	struct packet fin = segment(100, 10, TCP_FIN);
	ck_assert(!hold_absorb(&worker, flow[0], &fin)); /* the same bytes, and one thing more */
	rte_pktmbuf_free(fin.mbuf);
}
END_TEST

/* What waits is 100-109, 110-129, 130-159, then 200-209 after a gap. A copy that comes: */
static const struct {
	const char *why;
	uint32_t seq;
	uint16_t size;
	int newest; /* in place of which one; -1: of none */
	bool absorbed;
} rows[] = {
	{ "the first again", 100, 10, 0, true },
	{ "one in the middle", 110, 20, 1, true },
	{ "the last before the gap", 130, 30, 2, true },
	{ "the one after the gap", 200, 10, 3, true },
	{ "two in one", 100, 30, -1, true },
	{ "all three in one", 100, 60, -1, true },
	{ "two, later", 110, 50, -1, true },
	{ "a part of the first", 102, 5, -1, true },
	{ "the first's beginning", 100, 5, -1, true },
	{ "the end of one and the beginning of the next", 105, 20, -1, true },
	{ "its last byte", 159, 1, -1, true },
	{ "a byte more than waits", 130, 31, -1, false },
	{ "a byte that has left already", 99, 11, -1, false },
	{ "all of it and the gap", 100, 110, -1, false },
	{ "over the gap", 130, 80, -1, false },
	{ "in the gap", 170, 10, -1, false },
	{ "behind all", 210, 10, -1, false },
	{ "before all", 50, 50, -1, false },
	{ "a part after the gap", 203, 4, -1, true },
};

static const uint32_t begins[] = { 100, 110, 130, 200 };
static const uint16_t sizes[] = { 10, 20, 30, 10 };

static void check_list(size_t row, struct rte_mbuf *newest)
{
	struct rte_mbuf *mbuf = hold_of(&worker, flow[1])->first, *last = NULL;

	for (int i = 0; i < 4; i++, last = mbuf, mbuf = held_note(mbuf)->next) {
		ck_assert_msg(held_note(mbuf)->seq == begins[i], "%s: %d", rows[row].why, i);
		ck_assert_uint_eq(held_note(mbuf)->until, 1000); /* nobody waits longer for repeating himself */
		ck_assert_uint_eq(held_note(mbuf)->flags, i == 0 ? HELD_TURN : 0);
		ck_assert_msg((mbuf == newest) == (i == rows[row].newest), "%s: %d is the copy", rows[row].why, i);
	}
	ck_assert_ptr_null(mbuf);
	ck_assert_ptr_eq(hold_of(&worker, flow[1])->last, rows[row].newest == 3 ? newest : last);
	ck_assert(hold_of(&worker, flow[1])->held == 4 && worker.held == 4);
}

START_TEST(what_is_repeated)
{
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		for (int i = 0; i < 4; i++)
			append(flow[1], begins[i], sizes[i], i == 0 ? HELD_TURN : 0);
		uint64_t before = worker.view.counter[COUNT_ABSORBED];
		struct packet packet = segment(rows[row].seq, rows[row].size, TCP_ACK);
		bool absorbed = hold_absorb(&worker, flow[1], &packet);
		ck_assert_msg(absorbed == rows[row].absorbed, "%s", rows[row].why);
		ck_assert_int_eq(packet.kind, absorbed ? PACKET_GONE : PACKET_SMTP);
		ck_assert_uint_eq(worker.view.counter[COUNT_ABSORBED] - before, absorbed);
		check_list(row, absorbed ? packet.mbuf : NULL);
		if (!absorbed)
			rte_pktmbuf_free(packet.mbuf);
		append(flow[1], 300, 1, 0); /* where the last one was replaced, too */
		ck_assert_uint_eq(held_note(hold_of(&worker, flow[1])->last)->seq, 300);
		hold_purge(&worker, flow[1]);
		ck_assert_uint_eq(rte_mempool_avail_count(gate.pool), PACKETS);
	}
}
END_TEST

START_TEST(nothing_waits)
{
	struct packet packet = segment(100, 10, TCP_ACK);

	ck_assert(!hold_absorb(&worker, flow[0], &packet));
	rte_pktmbuf_free(packet.mbuf);
	hold_purge(&worker, flow[0]);
}
END_TEST

/* Sequence numbers begin anew in the middle of what waits. */
START_TEST(over_the_wrap)
{
	append(flow[0], UINT32_MAX - 9, 10, 0);
	append(flow[0], 0, 10, 0);
	struct packet both = segment(UINT32_MAX - 9, 20, TCP_ACK), more = segment(UINT32_MAX - 9, 21, TCP_ACK);
	ck_assert(hold_absorb(&worker, flow[0], &both));
	ck_assert(!hold_absorb(&worker, flow[0], &more));
	rte_pktmbuf_free(more.mbuf);
}
END_TEST

/* Appends as long as there is room; returns how many went in. */
static uint32_t fill(struct flow *of)
{
	uint32_t count = 0;

	for (; hold_room(&worker, of); count++)
		append(of, 1000 + count, 1, 0);
	return count;
}

/* The first to come gets a part of the room, each next one a part of what is left; all get one at least. */
START_TEST(shares_shrink)
{
	uint32_t last = UINT32_MAX, sum = 0;

	for (uint32_t i = 0; i < FLOWS; i++) {
		uint32_t share = fill(flow[i]), left = ROOM - sum;
		ck_assert_msg(share <= left / HELD_SHARE + 1 && share >= left / (HELD_SHARE + 2), "%u of %u", share,
			      left);
		ck_assert_uint_le(share, last);
		sum += last = share;
	}
	ck_assert_uint_eq(worker.held, sum);
	for (uint32_t round = 0; worker.held < ROOM; round++) /* others than these leave nothing over */
		append(flow[round % FLOWS], 5000 + round, 1, 0);
	for (uint32_t i = 0; i < FLOWS; i++)
		ck_assert(!hold_room(&worker, flow[i]));
	hold_purge(&worker, flow[0]);
	ck_assert(hold_room(&worker, flow[0])); /* what is given back is there for the next */
}
END_TEST

START_TEST(nobody_gets_more_than_his_most)
{
	gate.held_most = 1000000;
	ck_assert_uint_eq(fill(flow[0]), HELD_MOST_FLOW);
	ck_assert(hold_room(&worker, flow[1]));
	gate.held_most = 0;
	ck_assert(!hold_room(&worker, flow[1]));
	gate.held_most = 100; /* less than is held */
	ck_assert(!hold_room(&worker, flow[1]));
}
END_TEST

/* A record for each flow that holds something; the last one is for a SYN. */
START_TEST(records_run_out)
{
	rte_free(worker.waits);
	worker.waits = hold_create(2);
	append(flow[0], 1, 1, 0);
	append(flow[1], 1, 1, 0);
	struct packet packet = segment(1, 1, TCP_ACK);
	ck_assert_ptr_null(hold_append(&worker, flow[2], &packet, 1, 0));
	ck_assert(packet.kind == PACKET_SMTP && worker.held == 2 && flow[2]->wait == 0);
	rte_pktmbuf_free(packet.mbuf);
	append(flow[1], 2, 1, 0); /* who has one needs no other */
	take(flow[0], 1);
	append(flow[2], 1, 1, 0);
	for (uint32_t i = 0; i < FLOWS; i++)
		hold_purge(&worker, flow[i]);
	ck_assert_uint_eq(free_records(), 2);
	rte_free(worker.waits);
	worker.waits = hold_create(ROOM + 1);
}
END_TEST

/* A closed window has a record and a packet of its own, beside what the flow holds. */
START_TEST(a_window_waits)
{
	append(flow[0], 1, 1, 0);
	struct wait *wait = hold_window(&worker, flow[0]);
	ck_assert(wait != NULL && wait->window && wait != hold_of(&worker, flow[0]));
	ck_assert_uint_eq(worker.held, 2);
	hold_purge(&worker, flow[0]);
	ck_assert_uint_eq(worker.held, 1);
	struct rte_mbuf *mbuf = wait->first;
	ck_assert_ptr_eq(hold_window_take(&worker, flow[0]), mbuf);
	ck_assert(flow[0]->window == 0 && worker.held == 0);
	rte_pktmbuf_free(mbuf);
	/* No room; no record. */
	worker.held = gate.held_most;
	ck_assert_ptr_null(hold_window(&worker, flow[0]));
	worker.held = 0;
	rte_free(worker.waits);
	worker.waits = hold_create(1);
	append(flow[1], 1, 1, 0);
	ck_assert_ptr_null(hold_window(&worker, flow[0]));
	ck_assert_uint_eq(flow[0]->window, 0);
	hold_purge(&worker, flow[1]);
	ck_assert_uint_eq(free_records(), 1);
	rte_free(worker.waits);
	worker.waits = hold_create(ROOM + 1);
}
END_TEST

/* The handle in the wheel is the record's; when the record is given back, or filed again, it means nobody. */
START_TEST(woken_by_the_wheel)
{
	const uint64_t slot = 1ull << WHEEL_SHIFT;
	struct wheel_due due[4];

	append(flow[4], 1, 1, 0);
	struct wait *wait = hold_of(&worker, flow[4]);
	hold_wake(&worker, wait, 10 * slot);
	uint32_t first = wait->turn;
	hold_wake(&worker, wait, 10 * slot - 1); /* the same slot: it is there already */
	ck_assert(worker.wheel->entries == 1 && wait->turn == first && wait->due == 10 * slot - 1);
	hold_wake(&worker, wait, 5 * slot + 1);
	ck_assert(wait->due == 5 * slot + 1 && wait->turn != first && wait->turn != 0);
	ck_assert_uint_eq(wheel_expire(worker.wheel, 6 * slot, due, 4), 1);
	ck_assert(&worker.waits[due[0].handle] == wait && due[0].turn == wait->turn);
	take(flow[4], 1);
	ck_assert_uint_eq(wait->turn, 0);
	append(flow[5], 1, 1, 0); /* the same record, another flow's: not yet in the wheel */
	ck_assert_ptr_eq(hold_of(&worker, flow[5]), wait);
	ck_assert_uint_eq(wheel_expire(worker.wheel, 11 * slot, due, 4), 1);
	ck_assert(due[0].turn == first && wait->turn != first);
}
END_TEST

/* The plain model: of each flow the numbers of its packets, one byte each, in order. */
static uint32_t first_of[FLOWS], next_of[FLOWS];

static void check_model(void)
{
	uint32_t sum = 0, holding = 0;

	for (uint32_t i = 0; i < FLOWS; i++) {
		const struct wait *wait = hold_of(&worker, flow[i]);
		uint32_t seq = first_of[i];
		ck_assert((wait != NULL) == (first_of[i] != next_of[i]));
		for (struct rte_mbuf *mbuf = wait != NULL ? wait->first : NULL; mbuf != NULL; seq++) {
			ck_assert_uint_eq(held_note(mbuf)->seq, seq);
			mbuf = held_note(mbuf)->next;
		}
		ck_assert_uint_eq(seq, next_of[i]);
		sum += next_of[i] - first_of[i];
		holding += wait != NULL;
	}
	ck_assert_uint_eq(worker.held, sum);
	ck_assert_uint_eq(free_records(), ROOM + 1 - holding);
	ck_assert_uint_eq(rte_mempool_avail_count(gate.pool), PACKETS - sum);
}

static void repeat(struct dice *dice, uint32_t i)
{
	uint32_t from = first_of[i] - 2 + (uint32_t)dice_roll(dice, 8), size = 1 + (uint32_t)dice_roll(dice, 6);
	bool known =
		from - first_of[i] < next_of[i] - first_of[i] && from + size - first_of[i] <= next_of[i] - first_of[i];
	struct packet packet = segment(from, (uint16_t)size, TCP_ACK);

	ck_assert(hold_absorb(&worker, flow[i], &packet) == known);
	if (!known)
		rte_pktmbuf_free(packet.mbuf);
}

START_TEST(as_the_model)
{
	struct dice dice = { 20 };
	uint32_t refused = 0;

	for (uint32_t i = 0; i < FLOWS; i++)
		first_of[i] = next_of[i] = i - 50;
	for (int step = 0; step < 20000; step++) {
		uint32_t i = (uint32_t)dice_roll(&dice, FLOWS), what = (uint32_t)dice_roll(&dice, 40);
		if (what < 20 && hold_room(&worker, flow[i])) {
			append(flow[i], next_of[i]++, 1, 0);
		} else if (what < 20) {
			refused++;
		} else if (what < 30 && first_of[i] != next_of[i]) {
			take(flow[i], first_of[i]++);
		} else if (what < 39) {
			repeat(&dice, i);
		} else {
			hold_purge(&worker, flow[i]);
			first_of[i] = next_of[i];
		}
		check_model();
	}
	ck_assert_uint_gt(refused, 100);
}
END_TEST

FIXTURE_MAIN("hold", open_worker, close_worker, one_after_the_other, syn_and_fin, what_is_repeated, nothing_waits,
	     over_the_wrap, shares_shrink, nobody_gets_more_than_his_most, records_run_out, a_window_waits,
	     woken_by_the_wheel, as_the_model)
