/* SPDX-License-Identifier: BSD-3-Clause */
#include "track.h"

#include "end.h"
#include "worker.h"

bool track_is_synack(const struct flow *flow, const struct packet *packet)
{
	return flow->state == FLOW_SYN_SENT && (packet->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK) &&
	       packet->ack == flow->dialogue.client_next;
}

static void over(struct worker *worker, struct flow *flow, uint64_t now)
{
	flow_end(worker, flow, FLOW_CLOSED, now);
	count(worker, COUNT_FLOWS_CLOSED, 1);
}

void track_goodbyes(struct worker *worker, struct flow *flow, uint64_t now)
{
	if (flow->client_fin && flow->server_fin && flow->held == 0)
		over(worker, flow, now);
}

/* A FIN whose sequence is not what comes next is out of order or made up: a later one will fit. */
static void fin(struct worker *worker, struct flow *flow, const struct packet *packet, uint32_t next, bool *ret_said)
{
	if (packet->seq + packet->payload != next) {
		count(worker, COUNT_RST_NOT_EXACT, 1);
		return;
	}
	*ret_said = true;
	flow->state = FLOW_CLOSING;
}

/* After a FIN the exact sequence is one further; but a reset that answers what crossed the FIN stands right at
 * it, and Linux believes that one too. Whoever sends it is gone either way. */
static bool reset_fits(uint32_t seq, uint32_t next, bool said_fin)
{
	return seq == next + said_fin || seq == next;
}

void track_client(struct worker *worker, struct flow *flow, const struct packet *packet, uint64_t now)
{
	if (packet->flags & TCP_RST) {
		if (reset_fits(packet->seq, flow->dialogue.client_next, flow->client_fin))
			over(worker, flow, now);
		else
			count(worker, COUNT_RST_NOT_EXACT, 1);
		return;
	}
	if (!(packet->flags & TCP_FIN))
		return;
	fin(worker, flow, packet, flow->dialogue.client_next, &flow->client_fin);
	track_goodbyes(worker, flow, now);
}

static bool server_reset_fits(const struct flow *flow, const struct packet *packet)
{
	if (flow->state == FLOW_SYN_SENT)
		return packet->flags & TCP_ACK && packet->ack == flow->dialogue.client_next;
	return reset_fits(packet->seq, flow->dialogue.server_next, flow->server_fin);
}

void track_server(struct worker *worker, struct flow *flow, const struct packet *packet, uint64_t now)
{
	if (packet->flags & TCP_RST) {
		if (server_reset_fits(flow, packet))
			over(worker, flow, now);
		else
			count(worker, COUNT_RST_NOT_EXACT, 1);
		return;
	}
	if (track_is_synack(flow, packet)) {
		flow->state = FLOW_ESTABLISHED;
		flow->dialogue.server_next = packet->seq + 1;
		flow->rtt_ms = (uint32_t)(now / 1000000) - flow->opened_ms + 1;
		return;
	}
	if (!(packet->flags & TCP_FIN))
		return;
	fin(worker, flow, packet, flow->dialogue.server_next, &flow->server_fin);
	track_goodbyes(worker, flow, now);
}
