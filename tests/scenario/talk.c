/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "seq.h"
#include "units.h"

/* Close before the places where numbers wrap, so that every scenario crosses one. */
#define CLIENT_ISN 0xffffffe0u
#define SERVER_ISN 0x7fffffd0u

static const char *read_end(const char *text, struct address *address, uint16_t *port, bool *ret_ipv6)
{
	char copy[64];
	int64_t number;

	if (text == NULL || strlen(text) >= sizeof(copy) || strrchr(text, ':') == NULL)
		return "a flow's end is ADDRESS:PORT or [ADDRESS]:PORT";
	strcpy(copy, text);
	char *colon = strrchr(copy, ':'), *first = copy;
	*colon = '\0';
	*ret_ipv6 = copy[0] == '[';
	if (*ret_ipv6) {
		if (colon[-1] != ']')
			return "a ] is missing";
		first++;
		colon[-1] = '\0';
	}
	if (address_parse(first, address) < 0 || !number_read(colon + 1, &number) || number < 0 || number > UINT16_MAX)
		return "not an address and a port";
	*port = (uint16_t)number;
	return NULL;
}

const char *talk_open(struct talk *talk, const char *name, struct words words)
{
	struct path *path = &talk->path;
	bool ipv6;

	memset(talk, 0, sizeof(*talk));
	snprintf(talk->name, sizeof(talk->name), "%s", name);
	talk->end[INSIDE].isn = CLIENT_ISN;
	talk->end[OUTSIDE].isn = SERVER_ISN;
	path->from = INSIDE;
	const char *wrong = read_end(words_take(&words), &path->source, &path->source_port, &path->ipv6);
	if (wrong == NULL && !words_take_if(&words, ">"))
		wrong = "a > stands between a flow's ends";
	if (wrong == NULL)
		wrong = read_end(words_take(&words), &path->destination, &path->destination_port, &ipv6);
	if (wrong != NULL || words.count == 0)
		return wrong;
	const char *value = word_value(words.first, "vlan");
	int64_t vlan;
	if (value == NULL || !number_read(value, &vlan))
		return "only vlan=N may follow";
	path->vlan = (uint16_t)vlan;
	return NULL;
}

struct path talk_path(const struct talk *talk, enum side from)
{
	return from == INSIDE ? talk->path : path_back(&talk->path);
}

static enum side other(enum side side)
{
	return side == INSIDE ? OUTSIDE : INSIDE;
}

static uint32_t number_of(const struct number *number, uint32_t usual)
{
	if (number->kind == NUMBER_NONE)
		return usual;
	return (uint32_t)(number->kind == NUMBER_EXACT ? number->value : usual + number->value);
}

/* With isn= it is another connection of the same ports: both ends begin anew. */
static void start_anew(struct talk *talk, enum side from, uint32_t isn)
{
	for (int side = 0; side < SIDES; side++)
		talk->end[side].next = talk->end[side].got = talk->end[side].said = 0;
	talk->end[from].isn = isn;
	talk->end[other(from)].isn += 0x01000000u;
}

static const char *say_again(struct end *end, const struct wanted *wanted, struct tcp *ret_tcp)
{
	int64_t back = wanted->number[KEY_AGAIN].value;

	if (back < 1 || back > TALK_SAID || back > end->said)
		return "nothing to say again";
	*ret_tcp = end->last[(end->said - (unsigned)back) % TALK_SAID];
	return NULL;
}

static void say_new(struct talk *talk, enum side from, const struct wanted *wanted, struct tcp *ret_tcp)
{
	struct end *end = &talk->end[from];

	memset(ret_tcp, 0, sizeof(*ret_tcp));
	ret_tcp->flags = wanted->has_flags ? wanted->flags : TCP_ACK;
	if (wanted->size > 0 && ret_tcp->flags & TCP_ACK)
		ret_tcp->flags |= TCP_PSH;
	if (ret_tcp->flags & TCP_SYN && wanted->number[KEY_ISN].kind != NUMBER_NONE)
		start_anew(talk, from, number_of(&wanted->number[KEY_ISN], end->isn));
	uint32_t usual = ret_tcp->flags & TCP_SYN ? 0 : end->next;
	ret_tcp->seq = end->isn + number_of(&wanted->number[KEY_SEQ], usual);
	ret_tcp->mss = (uint16_t)number_of(&wanted->number[KEY_MSS], 0);
	ret_tcp->wscale =
		wanted->number[KEY_WSCALE].kind == NUMBER_NONE ? 0 : (uint8_t)(wanted->number[KEY_WSCALE].value + 1);
	ret_tcp->size = wanted->size;
	memcpy(ret_tcp->payload, wanted->payload, wanted->size);
}

static uint32_t end_of(const struct tcp *tcp)
{
	return tcp->seq + tcp->size + !!(tcp->flags & TCP_SYN) + !!(tcp->flags & TCP_FIN);
}

static void keep(struct end *end, const struct tcp *tcp)
{
	if (end_of(tcp) != tcp->seq)
		end->last[end->said++ % TALK_SAID] = *tcp;
	if (!(tcp->flags & TCP_RST) && seq_after(end_of(tcp) - end->isn, end->next))
		end->next = end_of(tcp) - end->isn;
}

const char *talk_say(struct talk *talk, enum side from, const struct wanted *wanted, struct tcp *ret_tcp)
{
	struct end *end = &talk->end[from];
	bool again = wanted->number[KEY_AGAIN].kind != NUMBER_NONE;
	const char *wrong = NULL;

	if (again)
		wrong = say_again(end, wanted, ret_tcp);
	else
		say_new(talk, from, wanted, ret_tcp);
	if (wrong != NULL)
		return wrong;
	if (ret_tcp->flags & TCP_ACK)
		ret_tcp->ack = talk->end[other(from)].isn + number_of(&wanted->number[KEY_ACK], end->got);
	ret_tcp->window = (uint16_t)number_of(&wanted->number[KEY_WIN], again ? ret_tcp->window : 29200);
	if (wanted->stamped) {
		ret_tcp->stamped = true;
		ret_tcp->tsval = wanted->tsval;
		ret_tcp->tsecr = wanted->tsecr;
	}
	/* What is broken on its way says nothing. */
	if (!again && (wanted->flaws & ~FLAW_PARTIAL & ~FLAW_EXTENSION) == 0)
		keep(end, ret_tcp);
	return NULL;
}

void talk_arrived(struct talk *talk, enum side from, const struct tcp *tcp)
{
	struct end *receiver = &talk->end[other(from)];
	uint32_t end = end_of(tcp) - talk->end[from].isn;

	/* In order: what leaves a gap waits for what fills it. */
	if (!(tcp->flags & TCP_RST) && seq_after(end, receiver->got) &&
	    !seq_after(tcp->seq - talk->end[from].isn, receiver->got))
		receiver->got = end;
}

void talk_made(struct talk *talk, enum side from, const struct tcp *tcp)
{
	if ((tcp->flags & (TCP_SYN | TCP_RST)) == TCP_SYN) {
		talk->end[from].isn = tcp->seq;
		talk->end[from].next = 0;
		talk->end[other(from)].got = 0;
	}
	if (!(tcp->flags & TCP_RST) && seq_after(end_of(tcp) - talk->end[from].isn, talk->end[from].next))
		talk->end[from].next = end_of(tcp) - talk->end[from].isn;
	talk_arrived(talk, from, tcp);
}

static bool number_differs(const struct number *number, uint32_t usual, uint32_t value)
{
	return number->kind != NUMBER_NONE && number_of(number, usual) != value;
}

const char *talk_differs(const struct talk *talk, enum side from, const struct wanted *wanted, const struct tcp *tcp)
{
	const struct end *end = &talk->end[from];
	const struct number *number = wanted->number;

	if (wanted->has_flags && (wanted->flags & ~TCP_PSH) != (tcp->flags & ~TCP_PSH))
		return "flags";
	if (number_differs(&number[KEY_SEQ], end->next, tcp->seq - end->isn))
		return "seq";
	if (number_differs(&number[KEY_ACK], end->got, tcp->ack - talk->end[other(from)].isn))
		return "ack";
	if (number_differs(&number[KEY_LEN], 0, tcp->size))
		return "len";
	if (number_differs(&number[KEY_WIN], 0, tcp->window))
		return "win";
	if (wanted->stamped && (!tcp->stamped || tcp->tsval != wanted->tsval || tcp->tsecr != wanted->tsecr))
		return "ts";
	if (wanted->size > tcp->size || memcmp(wanted->payload, tcp->payload, wanted->size) != 0)
		return "payload";
	if (wanted->has_flags && wanted->size == 0 && tcp->size > 0 && number[KEY_LEN].kind == NUMBER_NONE)
		return "payload (there is some)";
	return NULL;
}

static void show_payload(const struct tcp *tcp, char *out, unsigned size)
{
	unsigned at = 0;

	for (uint32_t i = 0; i < tcp->size && i < 48 && at + 8 < size; i++) {
		if (isprint(tcp->payload[i]))
			at += (unsigned)snprintf(out + at, size - at, "%c", tcp->payload[i]);
		else if (tcp->payload[i] == '\r' || tcp->payload[i] == '\n')
			at += (unsigned)snprintf(out + at, size - at, "\\%c", tcp->payload[i] == '\r' ? 'r' : 'n');
		else
			at += (unsigned)snprintf(out + at, size - at, "\\x%02x", tcp->payload[i]);
	}
	out[at] = '\0';
}

char *talk_show(const struct talk *talk, enum side from, const struct tcp *tcp, char *out, unsigned size)
{
	char payload[256] = "", ack[24] = "", text[280] = "";

	if (tcp->flags & TCP_ACK)
		snprintf(ack, sizeof(ack), " ack=%u", tcp->ack - talk->end[other(from)].isn);
	show_payload(tcp, payload, sizeof(payload));
	if (tcp->size > 0)
		snprintf(text, sizeof(text), " len=%u \"%s\"", tcp->size, payload);
	snprintf(out, size, "%s%c%s%s%s%s seq=%u%s%s", talk->name, from == INSIDE ? '>' : '<',
		 tcp->flags & TCP_SYN ? " SYN" : "", tcp->flags & TCP_FIN ? " FIN" : "",
		 tcp->flags & TCP_RST ? " RST" : "", tcp->flags & TCP_ACK ? " ACK" : "", tcp->seq - talk->end[from].isn,
		 ack, text);
	return out;
}
