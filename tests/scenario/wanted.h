/* SPDX-License-Identifier: BSD-3-Clause */
/* What a line says of a packet: flags, numbers, payload, and what is to become of it. What it does not say
 * is the usual when a packet is made, and not looked at when one is compared. */
#ifndef SLUICE_SCENARIO_WANTED_H
#define SLUICE_SCENARIO_WANTED_H

#include "packet.h"
#include "script.h"

struct number {
	enum { NUMBER_NONE, NUMBER_EXACT, NUMBER_OFFSET } kind; /* "=7", or "=+7" and "=-7" from the usual */
	int64_t value;
};

enum key { KEY_SEQ, KEY_ACK, KEY_WIN, KEY_LEN, KEY_MSS, KEY_WSCALE, KEY_ISN, KEY_FIRST, KEY_AGAIN, KEY_QUEUE, KEYS };

struct wanted {
	bool has_flags;
	uint8_t flags;
	struct number number[KEYS];
	bool stamped;
	uint32_t tsval, tsecr;
	unsigned flaws;
	uint32_t size; /* of the payload */
	uint8_t payload[PAYLOAD_MOST];
	bool has_at;
	uint64_t at; /* when it is to leave, ns since the scenario's start */
	bool stays;  /* it goes in and does not come out now */
	bool lost;   /* it comes out and never arrives */
	bool queued; /* it goes in together with the next one */
	bool older;  /* not the newest copy */
	bool closed; /* it comes out with the window closed, and is otherwise as it went in */
};

/* Reads the rest of a line; NULL, or what is wrong with it. */
const char *wanted_read(struct words words, struct wanted *ret_wanted);

#endif
