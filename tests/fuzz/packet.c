/* SPDX-License-Identifier: BSD-3-Clause */
/* A frame from a wire through the parse stage: never a byte beyond its end, and what is taken for SMTP has its
 * headers within. What the worker does with packets is played here; nothing of DPDK runs. */
#include "fuzz.h"

#include "apply.h"
#include "parse.h"
#include "table_write.h"
#include "transmit.h"
#include "worker.h"

static struct worker worker;
static struct table_store *store;

void transmit_drop(struct worker *self, struct packet *packet, enum counter reason)
{
	packet->kind = PACKET_GONE;
	count(self, reason, 1);
}

void transmit_forward(struct worker *self, struct packet *packet)
{
	(void)self;
	packet->kind = PACKET_GONE;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct wire_BEGIN begin = { .generation = 1, .mode = WIRE_FULL };
	const struct wire_PUT_SETTINGS settings = { .idle_timeout_s = 1, .ports = 2, .port = { 25, 587 } };
	const struct wire_COMMIT commit = { .generation = 1 };
	struct table_times times;
	char error[WIRE_ERROR_MAX];

	(void)argc;
	(void)argv;
	struct apply apply = { .store = store = table_store_create() };
	must(store != NULL && apply_begin(&apply, &begin, error) == 0);
	must(apply_record(&apply, WIRE_PUT_SETTINGS, &settings, error) == 0);
	must(apply_commit(&apply, &commit, &times, error) == 0);
	rcu_view_open(&worker.rcu);
	return 0;
}

static void check_smtp(const struct packet *packet, uint32_t size)
{
	uint16_t outside = packet->outside_port;

	must(worker.table != NULL && (outside == 25 || outside == 587));
	must(packet->ip_at >= 14 && packet->tcp_at >= packet->ip_at + (packet->ipv6 ? 40 : 20));
	must(packet->payload_at >= packet->tcp_at + 20 && packet->payload_at + packet->payload <= size);
}

/* As a burst of one; `frame` has exactly `size` bytes, changed where a sum was completed. */
static uint8_t parse_one(uint8_t *frame, uint16_t size, enum side side)
{
	struct rte_mbuf mbuf = { .buf_addr = frame, .data_len = size, .pkt_len = size, .nb_segs = 1 };
	struct burst burst = { .count = 1, .packet[0] = { .mbuf = &mbuf, .side = (uint8_t)side } };

	parse(&worker, &burst);
	if (burst.packet[0].kind == PACKET_SMTP)
		check_smtp(&burst.packet[0], size);
	return burst.packet[0].kind;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	uint8_t how = take8(&bytes);
	enum side side = how & 1 ? OUTSIDE : INSIDE;
	uint16_t length = (uint16_t)(bytes.left < 2048 ? bytes.left : 2048);
	uint8_t *frame = take_block(&bytes, length);

	worker.table = how & 2 ? NULL : table_current(&worker.rcu, store);
	uint8_t kind = parse_one(frame, length, side);
	/* Whole now, if it was not: the same again. */
	must(parse_one(frame, length, side) == kind);
	free(frame);
	return 0;
}
