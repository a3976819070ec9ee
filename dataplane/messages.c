/* SPDX-License-Identifier: BSD-3-Clause */
#include "messages.h"

#include "domain.h"
#include "memory.h"
#include "seat.h"
#include "worker.h"

static struct messages *of(const struct worker *worker, const struct flow *flow)
{
	return &worker->messages[flow_index(worker->flows, flow)];
}

void messages_fetch_at(const struct worker *worker, uint32_t index)
{
	const char *messages = (const char *)&worker->messages[index];

	fetch(messages);
	fetch(messages + sizeof(struct messages) - 1);
}

void messages_fetch(const struct worker *worker, const struct flow *flow)
{
	messages_fetch_at(worker, flow_index(worker->flows, flow));
}

void messages_open(struct worker *worker, struct flow *flow)
{
	struct messages *messages = of(worker, flow);

	smtp_session_open(&messages->clear);
	messages->sent = messages->told = 0;
	flow->in_record = 0;
	flow->paid = 0;
	flow->messages = MESSAGES_CLEAR;
}

void messages_adopt(struct worker *worker, struct flow *flow)
{
	messages_open(worker, flow);
	messages_lose(worker, flow);
}

static void begin_tls(struct messages *messages, struct flow *flow, uint8_t known)
{
	tls_infer_open(&messages->tls, known);
	flow->messages = MESSAGES_TLS;
}

/* TLS without a STARTTLS that was seen: from the first byte (RFC 8314), or the gate came later. */
static void notice_tls(struct messages *messages, struct flow *flow)
{
	if (flow->messages != MESSAGES_CLEAR || flow->dialogue.stage != STAGE_TLS)
		return;
	begin_tls(messages, flow, TLS_INFER_UNKNOWN);
	if (flow->dialogue.adopted)
		tls_infer_lose(&messages->tls);
}

void messages_catch_up(struct worker *worker, struct flow *flow)
{
	if (flow->in_record)
		tls_infer_goes_on(&of(worker, flow)->tls, flow->dialogue.tls.remaining);
	flow->in_record = 0;
}

/* The dialogue begins each flight anew, the inference does not: only where both say the same. */
static bool in_record(const struct messages *messages, const struct dialogue *dialogue)
{
	const struct tls_scan *scan = &dialogue->tls;

	return dialogue->stage == STAGE_TLS && scan->have == 0 && !scan->lost && scan->remaining > 0 &&
	       tls_infer_left(&messages->tls) == scan->remaining;
}

/* One transaction's mail counts as its first recipient's. */
static void note_recipient(const struct worker *worker, struct flow *flow, const struct smtp_event *event,
			   struct recipients *recipients)
{
	if (event->what & SMTP_TRANSACTION)
		flow->addressed = 0;
	if (!(event->what & SMTP_RECIPIENT) || event->domain == DOMAIN_NONE)
		return;
	if (!flow->addressed)
		recipients->domain = event->domain;
	else
		recipients->several += event->domain != (recipients->domain != DOMAIN_NONE ? recipients->domain
											   : seat_domain(worker, flow));
	flow->addressed = 1;
}

void messages_client(struct worker *worker, struct flow *flow, const struct speech *fresh, bool whole,
		     struct recipients *recipients)
{
	struct messages *messages = of(worker, flow);
	struct smtp_event event;

	if (!whole)
		messages_lose(worker, flow);
	notice_tls(messages, flow);
	if (flow->messages == MESSAGES_TLS) {
		tls_infer_client(&messages->tls, fresh->data, fresh->size);
		flow->in_record = in_record(messages, &flow->dialogue);
		return;
	}
	const struct domain_key key = { table_settings(worker->table)->domain_point };
	for (uint32_t at = 0; at < fresh->size;) {
		at += smtp_session_client(&messages->clear, key, fresh->data + at, fresh->size - at, &event);
		messages->sent += (event.what & SMTP_SENT) != 0;
		if (key.point != 0 && event.what & (SMTP_TRANSACTION | SMTP_RECIPIENT))
			note_recipient(worker, flow, &event, recipients);
	}
}

void messages_server(struct worker *worker, struct flow *flow, const struct speech *fresh, bool whole)
{
	struct messages *messages = of(worker, flow);
	struct smtp_event event;

	if (!whole)
		messages_lose(worker, flow);
	if (flow->messages == MESSAGES_TLS) {
		tls_infer_server(&messages->tls, fresh->data, fresh->size);
		return;
	}
	for (uint32_t at = 0; at < fresh->size && flow->messages == MESSAGES_CLEAR;) {
		at += smtp_session_server(&messages->clear, fresh->data + at, fresh->size - at, &event);
		messages->sent += (event.what & SMTP_SENT) != 0;
		if (event.what & SMTP_REFUSED)
			seat_declined(worker, flow);
		if (event.what & SMTP_STARTTLS)
			begin_tls(messages, flow, messages->clear.offers);
	}
}

void messages_close(struct worker *worker, struct flow *flow)
{
	if (flow->messages == MESSAGES_TLS)
		tls_infer_close(&of(worker, flow)->tls);
}

void messages_lose(struct worker *worker, struct flow *flow)
{
	struct messages *messages = of(worker, flow);

	if (flow->messages == MESSAGES_TLS)
		tls_infer_lose(&messages->tls);
	else
		smtp_session_lose(&messages->clear);
}

bool messages_may_begin(const struct worker *worker, const struct flow *flow)
{
	const struct messages *messages = of(worker, flow);

	if (flow->dialogue.adopted || dialogue_protected(&flow->dialogue))
		return false;
	if (flow->messages == MESSAGES_TLS)
		return tls_infer_answered(&messages->tls) && tls_infer_may_begin(&messages->tls);
	return smtp_session_may_begin(&messages->clear);
}

struct message_count messages_count(const struct worker *worker, const struct flow *flow)
{
	const struct messages *messages = of(worker, flow);

	return (struct message_count){
		.clear = messages->sent,
		.inferred = flow->messages == MESSAGES_TLS ? tls_infer_count(&messages->tls) : 0,
	};
}
