/* SPDX-License-Identifier: BSD-3-Clause */
/* Follows a client's clear-text SMTP lines as far as safety needs it: has it asked for STARTTLS?
 * Constant memory; a line of any length is fine. */
#ifndef SLUICE_SMTP_H
#define SLUICE_SMTP_H

#include <stdbool.h>
#include <stdint.h>

struct smtp_scan {
	uint8_t matched; /* bytes of the word seen so far on this line */
	bool other;	 /* more than the bare word stands on the line */
};

/* Takes the next bytes; true when a line that says STARTTLS ended in them (RFC 3207 section 4: no
 * parameters, any case; blanks at the end are forgiven as servers forgive them). */
bool smtp_scan_feed(struct smtp_scan *scan, const uint8_t *data, uint32_t size);

/* What the server said to STARTTLS, by the first byte of its reply (RFC 5321 section 4.2). */
static inline bool smtp_reply_positive(const uint8_t *data, uint32_t size)
{
	return size > 0 && data[0] == '2';
}

#endif
