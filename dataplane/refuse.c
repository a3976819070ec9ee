/* SPDX-License-Identifier: BSD-3-Clause */
#include "refuse.h"

#include <string.h>

#include "cookie.h"
#include "reply.h"
#include "transmit.h"
#include "worker.h"

#define WINDOW 8192

static void answer(struct worker *worker, const struct headers *headers, const struct segment *segment,
		   enum counter counter)
{
	struct rte_mbuf *mbuf = segment_build(worker->gate->pool, headers, segment);

	if (mbuf == NULL) {
		count(worker, COUNT_DROP_NO_MBUF, 1);
		return;
	}
	transmit_send(worker, INSIDE, mbuf);
	count(worker, counter, 1);
}

void refuse(struct worker *worker, const struct syn *syn, enum refuse_mode mode, uint64_t now)
{
	/* RFC 9293 section 3.10.7.3: a reset is believed in SYN-SENT only if it acknowledges the SYN. */
	const struct segment reset = { .back = true, .flags = TCP_RST | TCP_ACK, .ack = syn->isn + 1 };
	const struct segment synack = { .back = true,
					.flags = TCP_SYN | TCP_ACK,
					.ack = syn->isn + 1,
					.seq = cookie_make(worker->gate->secret, syn->key, now),
					.window = WINDOW,
					.mss = syn->headers.ipv6 ? 1440 : 1460 };

	if (mode != REFUSE_RST)
		worker->answered = now;
	if (mode == REFUSE_RST)
		answer(worker, &syn->headers, &reset, COUNT_REFUSAL_RST);
	else
		answer(worker, &syn->headers, &synack, COUNT_REFUSAL_SYNACK);
}

static void say_421(struct worker *worker, const struct packet *packet, const struct wire_PUT_VERDICT *verdict)
{
	const struct headers headers = packet_headers(packet);
	struct reply reply;

	reply_421(verdict, &reply);
	const struct segment segment = { .back = true,
					 .flags = TCP_ACK | TCP_PSH | TCP_FIN,
					 .seq = packet->ack,
					 .ack = packet->seq,
					 .window = WINDOW,
					 .size = reply.size,
					 .text = reply.text };
	answer(worker, &headers, &segment, COUNT_REFUSAL_421);
}

static void acknowledge_fin(struct worker *worker, const struct packet *packet)
{
	const struct headers headers = packet_headers(packet);
	const struct segment segment = {
		.back = true, .flags = TCP_ACK, .seq = packet->ack, .ack = packet_end(packet), .window = WINDOW
	};

	answer(worker, &headers, &segment, COUNT_REFUSAL_CLOSE);
}

static void reset(struct worker *worker, const struct packet *packet)
{
	const struct headers headers = packet_headers(packet);
	const struct segment segment = { .back = true, .flags = TCP_RST, .seq = packet->ack };

	answer(worker, &headers, &segment, COUNT_REFUSAL_CLOSE);
}

bool refuse_answered(const struct worker *worker, const struct packet *packet, const struct flow_key *key, uint64_t now,
		     uint32_t *ret_past)
{
	return (packet->flags & (TCP_ACK | TCP_SYN)) == TCP_ACK && now - worker->answered < COOKIE_AGE_NS &&
	       cookie_check(worker->gate->secret, key, now, packet->ack, ret_past);
}

void refuse_goes_on(struct worker *worker, const struct packet *packet, const struct wire_PUT_VERDICT *verdict,
		    uint32_t past)
{
	if (packet->flags & TCP_RST)
		return;
	if (packet->payload > 0)
		reset(worker, packet); /* it has read the 421, or never will: either way its mail stays there */
	else if (packet->flags & TCP_FIN)
		acknowledge_fin(worker, packet);
	else if (past == 0)
		say_421(worker, packet, verdict);
}
