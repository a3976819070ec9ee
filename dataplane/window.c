/* SPDX-License-Identifier: BSD-3-Clause */
#include "window.h"

#include "admission.h"
#include "checksum.h"
#include "hold.h"
#include "messages.h"
#include "seq.h"
#include "tokens.h"
#include "transmit.h"
#include "worker.h"

/* RFC 1624, equation 3. The sum was right before: parse() saw to that. */
static void close_window(struct packet *packet)
{
	uint8_t *tcp = packet_bytes(packet, packet->tcp_at);
	uint16_t window, sum, zero = 0;

	memcpy(&window, tcp + 14, sizeof(window));
	memcpy(&sum, tcp + 16, sizeof(sum));
	sum = (uint16_t)~checksum_fold((uint64_t)(uint16_t)~sum + (uint16_t)~window);
	memcpy(tcp + 14, &zero, sizeof(zero));
	memcpy(tcp + 16, &sum, sizeof(sum));
}

/* The headers of the server's newest segment; an older one that comes late has older options. They fit: both packets
 * are of one pool. */
static void keep_headers(struct wait *wait, const struct packet *packet)
{
	struct rte_mbuf *mbuf = wait->first;
	struct held *note = held_note(mbuf);
	uint16_t size = packet->payload_at;

	if (mbuf->data_len > 0 && seq_after(note->ack, packet->ack))
		return;
	*note = (struct held){ .seq = packet->seq,
			       .end = packet_end(packet),
			       .ack = packet->ack,
			       .ip_at = packet->ip_at,
			       .tcp_at = packet->tcp_at,
			       .payload_at = packet->payload_at,
			       .ipv6 = packet->ipv6 };
	memcpy(rte_pktmbuf_mtod(mbuf, uint8_t *), packet_bytes(packet, 0), size);
	mbuf->data_len = size;
	mbuf->pkt_len = size;
}

/* Can a closed window still reach the client before it speaks? Not if it has spoken, or what it said is here. */
static bool in_time(const struct flow *flow, const struct packet *packet)
{
	return packet->ack == flow->dialogue.client_next && flow->wait == 0;
}

/* The client's next message begins, token or not. */
static void owe(struct worker *worker, struct flow *flow, uint64_t now)
{
	if (tokens_take(worker, flow, true, now) > now)
		count(worker, COUNT_MESSAGE_OWED, 1);
}

/* Asks for the token, and again later; true: there it is, or the longest wait is over, or none is needed: in quarantine
 * the turn is to come and be cut. */
static bool goes_on(struct worker *worker, struct flow *flow, struct wait *wait, uint64_t now)
{
	uint64_t when = now;

	if (flow->message_scopes == 0 || flow->quarantined || tokens_ahead(worker, flow)) {
		admission_leave(worker, wait, now);
		return true;
	}
	if (admission_ask(worker, flow, wait, now, &when) == ADMIT_NOW)
		return true;
	if (now < wait->until) {
		hold_wake(worker, wait, when < wait->until ? when : wait->until);
		return false;
	}
	admission_leave(worker, wait, now);
	owe(worker, flow, now);
	return true;
}

/* False: there is no room for it. */
static bool wait_for_token(struct worker *worker, struct flow *flow, uint64_t now)
{
	struct wait *wait = hold_window(worker, flow);

	if (wait == NULL)
		return false;
	wait->due = wait->since = now;
	wait->until = now + table_settings(worker->table)->hold_budget_ms[PHASE_COMMAND] * 1000000ull;
	if (goes_on(worker, flow, wait, now))
		window_forget(worker, flow, now);
	else
		count(worker, COUNT_WINDOW_CLOSED, 1);
	return true;
}

/* After the server's reply: the client's next message has its token, or waits for it, or begins without. */
static void next_message(struct worker *worker, struct flow *flow, const struct packet *packet, uint64_t now)
{
	bool next = packet->payload > 0 && !flow->client_fin && !flow->quarantined && messages_may_begin(worker, flow);

	tokens_take(worker, flow, false, now);
	if (!next || tokens_ahead(worker, flow) || admission_ask_message(worker, flow, now))
		return;
	if (!in_time(flow, packet) || !wait_for_token(worker, flow, now))
		owe(worker, flow, now);
}

void window_server(struct worker *worker, struct flow *flow, struct packet *packet, uint64_t now)
{
	if (packet->flags & (TCP_RST | TCP_FIN)) {
		window_forget(worker, flow, now); /* its own window opens it */
		return;
	}
	if (flow->window == 0 && flow->message_scopes != 0)
		next_message(worker, flow, packet, now);
	if (flow->window == 0)
		return;
	keep_headers(&worker->waits[flow->window], packet);
	close_window(packet);
}

void window_due(struct worker *worker, struct flow *flow, uint64_t now)
{
	struct wait *wait = hold_window_of(worker, flow);

	if (!goes_on(worker, flow, wait, now))
		return;
	flow->seen_ms = (uint32_t)(now / 1000000); /* from here on it is silent by its own will */
	count_wait(worker, WAIT_MESSAGE, wait->scope, hold_as_of(wait, now) - wait->since);
	struct rte_mbuf *mbuf = hold_window_take(worker, flow);
	const struct held *note = held_note(mbuf);

	segment_bare(mbuf, note->ip_at, note->tcp_at, note->ipv6, flow->dialogue.server_next);
	transmit_send(worker, INSIDE, mbuf);
}

void window_forget(struct worker *worker, struct flow *flow, uint64_t now)
{
	if (flow->window == 0)
		return;
	admission_leave(worker, hold_window_of(worker, flow), now);
	rte_pktmbuf_free(hold_window_take(worker, flow));
}
