/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker that only parses, and the check of what became of one frame. */
#ifndef SLUICE_PARSES_H
#define SLUICE_PARSES_H

#include "eal.h"
#include "frames.h"
#include "parse.h"
#include "tables.h"
#include "worker.h"

struct parse_row {
	const char *why;
	struct frame frame;
	enum counter fate;
	bool repaired;
};

static struct worker worker;
static struct rte_mempool *pool;
static struct apply apply;

static inline void parses_open(void)
{
	eal_start();
	pool = rte_pktmbuf_pool_create("frames", 15, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	ck_assert_ptr_nonnull(pool);
	apply.store = table_store_create();
	rcu_view_open(&worker.rcu);
	tables_publish_first(&apply);
	worker.table = table_current(&worker.rcu, apply.store);
}

static inline void parses_close(void)
{
	ck_assert_uint_eq(rte_mempool_avail_count(pool), 15); /* every packet was given back once */
	rte_mempool_free(pool);
	rcu_view_close(&worker.rcu);
	table_store_destroy(apply.store);
}

static inline void parses_frame(const struct frame *frame, struct frame_bytes *bytes, struct burst *burst)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);

	frame_make(frame, bytes);
	memcpy(rte_pktmbuf_append(mbuf, bytes->size), bytes->byte, bytes->size);
	burst->count = 1;
	burst->packet[0] = (struct packet){ .mbuf = mbuf, .side = frame->side };
	memset(worker.view.counter, 0, sizeof(worker.view.counter));
	rte_mbuf_refcnt_update(mbuf, 1); /* its bytes are looked at afterwards */
	parse(&worker, burst);
}

/* One fate, and no other counter moved. What passes and what is SMTP is counted by the pipeline, once it has its
 * owner. */
static inline void parses_check_counters(const struct parse_row *row)
{
	for (int i = 0; i < COUNTERS; i++) {
		bool dropped = i == (int)row->fate && row->fate != COUNT_PASSED && row->fate != COUNT_SMTP;
		bool moved = dropped || (row->repaired && i == COUNT_CHECKSUM_REPAIRED);
		ck_assert_msg(worker.view.counter[i] == moved, "%s: %s is %lu", row->why, counter_rows[i].name,
			      (unsigned long)worker.view.counter[i]);
	}
}

/* Untouched, or with its checksum completed and nothing else. */
static inline void parses_check_bytes(const struct parse_row *row, const struct rte_mbuf *mbuf)
{
	struct frame frame = row->frame;
	struct frame_bytes expected;

	if (row->repaired)
		frame.sum = SUM_GOOD;
	frame_make(&frame, &expected);
	ck_assert_uint_eq(mbuf->pkt_len, expected.size);
	ck_assert_msg(memcmp(rte_pktmbuf_mtod(mbuf, void *), expected.byte, expected.size) == 0, "%s: bytes", row->why);
}

static inline void parses_row(const struct parse_row *row)
{
	static struct burst burst;
	struct frame_bytes bytes;

	parses_frame(&row->frame, &bytes, &burst);
	struct rte_mbuf *mbuf = burst.packet[0].mbuf;
	int kind = row->fate == COUNT_SMTP ? PACKET_SMTP : row->fate == COUNT_PASSED ? PACKET_OTHER : PACKET_GONE;
	parses_check_counters(row);
	ck_assert_msg(burst.packet[0].kind == kind, "%s: kind %d", row->why, burst.packet[0].kind);
	parses_check_bytes(row, mbuf);
	ck_assert_uint_eq(rte_mbuf_refcnt_read(mbuf), kind == PACKET_GONE ? 1 : 2);
	rte_mbuf_refcnt_set(mbuf, 1);
	rte_pktmbuf_free(mbuf);
}

#define PARSE_ROWS(rows)                                                                                               \
	for (size_t i_ = 0; i_ < sizeof(rows) / sizeof(rows[0]); i_++)                                                 \
	parses_row(&rows[i_])

#endif
