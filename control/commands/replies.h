/* SPDX-License-Identifier: BSD-3-Clause */
/* What is known of the receivers' replies to messages: that none was bad is one thing, that none was seen another.
 * Inside TLS nobody sees them. Pure. */
#ifndef SLUICE_REPLIES_H
#define SLUICE_REPLIES_H

#include <stddef.h>
#include <stdint.h>

#define REPLIES_TEXT_MAX 96

struct replies {
	uint64_t seen, bad; /* to messages in clear text; bad: 4xx or 5xx */
	uint64_t unseen;    /* to messages inside TLS */
};

/* Of a meter's figures, which are told one after the other. */
struct replies replies_of(uint64_t messages, uint64_t inferred, uint64_t declined);

/* "none bad of 12, 40 not seen", "3 bad of 12", "none seen (40 inside TLS)"; "" without any message. Returns `out`. */
char *replies_text(const struct replies *replies, char *out, size_t size);

/* How that is meant. */
const char *replies_meaning(const struct replies *replies);

#endif
