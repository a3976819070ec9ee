/* SPDX-License-Identifier: BSD-3-Clause */
#include "track.h"

#include "end.h"
#include "messages.h"
#include "seq.h"
#include "worker.h"

bool track_is_synack(const struct flow *flow, const struct packet *packet)
{
	return flow->state == FLOW_SYN_SENT && (packet->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == (TCP_SYN | TCP_ACK) &&
	       packet->ack == flow->dialogue.client_next;
}

bool track_is_farewell(const struct flow *flow, const struct packet *packet)
{
	return flow->state == FLOW_CLOSED && packet->payload == 0 && packet->flags == TCP_ACK &&
	       packet->seq == flow->dialogue.client_next && packet->ack == flow->dialogue.server_next;
}

static void over(struct worker *worker, struct flow *flow, uint64_t now)
{
	flow_end(worker, flow, FLOW_CLOSED, now);
	count(worker, COUNT_FLOWS_CLOSED, 1);
}

/* A FIN takes a number of its own (RFC 9293 section 3.4): what is acknowledged or reset after it stands there. */
static void count_client_fin(struct worker *worker, struct flow *flow)
{
	flow->client_fin = 1;
	flow->dialogue.client_next++;
	messages_close(worker, flow);
	flow->state = FLOW_CLOSING;
}

static void count_server_fin(struct flow *flow)
{
	flow->server_fin = 1;
	flow->dialogue.server_next++;
	flow->state = FLOW_CLOSING;
}

/* A FIN that came too early counts once what it ends has come. */
static void settle_fins(struct worker *worker, struct flow *flow)
{
	if (flow->client_fin_ahead && flow->client_fin_seq == flow->dialogue.client_next) {
		flow->client_fin_ahead = 0;
		count_client_fin(worker, flow);
	}
	if (flow->server_fin_ahead && flow->server_fin_seq == flow->dialogue.server_next) {
		flow->server_fin_ahead = 0;
		count_server_fin(flow);
	}
}

void track_goodbyes(struct worker *worker, struct flow *flow, uint64_t now)
{
	settle_fins(worker, flow);
	if (flow->client_fin && flow->server_fin && flow->wait == 0)
		over(worker, flow, now);
}

static void client_fin(struct worker *worker, struct flow *flow, const struct packet *packet)
{
	uint32_t end = packet->seq + packet->payload;

	if (flow->client_fin)
		return;
	if (end == flow->dialogue.client_next) {
		count_client_fin(worker, flow);
	} else if (seq_after(end, flow->dialogue.client_next)) {
		flow->client_fin_ahead = 1;
		flow->client_fin_seq = end;
	} else {
		count(worker, COUNT_RST_NOT_EXACT, 1);
	}
}

static void server_fin(struct worker *worker, struct flow *flow, const struct packet *packet)
{
	uint32_t end = packet->seq + packet->payload;

	if (flow->server_fin)
		return;
	if (end == flow->dialogue.server_next)
		count_server_fin(flow);
	else if (!seq_after(end, flow->dialogue.server_next))
		count(worker, COUNT_RST_NOT_EXACT, 1);
	else {
		flow->server_fin_ahead = 1;
		flow->server_fin_seq = end;
	}
}

/* After a FIN the exact sequence is one further; but a reset that answers what crossed the FIN stands right at
 * it, and Linux believes that one too. Whoever sends it is gone either way. */
static bool reset_fits(uint32_t seq, uint32_t next, bool said_fin)
{
	return seq == next || (said_fin && seq == next - 1);
}

void track_client(struct worker *worker, struct flow *flow, const struct packet *packet, uint64_t now)
{
	settle_fins(worker, flow);
	if (packet->flags & TCP_RST) {
		if (reset_fits(packet->seq, flow->dialogue.client_next, flow->client_fin))
			over(worker, flow, now);
		else
			count(worker, COUNT_RST_NOT_EXACT, 1);
		return;
	}
	if (packet->flags & TCP_FIN)
		client_fin(worker, flow, packet);
	if (flow->server_fin)
		track_goodbyes(worker, flow, now);
}

static bool server_reset_fits(const struct flow *flow, const struct packet *packet)
{
	if (flow->state == FLOW_SYN_SENT)
		return packet->flags & TCP_ACK && packet->ack == flow->dialogue.client_next;
	return reset_fits(packet->seq, flow->dialogue.server_next, flow->server_fin);
}

static uint16_t rtt_of(const struct flow *flow, uint64_t now)
{
	uint32_t ms = (uint32_t)(now / 1000000) - flow->opened_ms + 1;

	return ms < UINT16_MAX ? (uint16_t)ms : UINT16_MAX;
}

void track_server(struct worker *worker, struct flow *flow, const struct packet *packet, uint64_t now)
{
	settle_fins(worker, flow);
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
		flow->rtt_ms = rtt_of(flow, now);
		return;
	}
	if (packet->flags & TCP_FIN)
		server_fin(worker, flow, packet);
	if (flow->server_fin)
		track_goodbyes(worker, flow, now);
}
