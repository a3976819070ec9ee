/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds the end of a message after DATA: CR LF . CR LF and nothing else (RFC 5321 section 4.1.1.4). What
 * some servers wrongly take for an end, so that the rest of the body would be a second message ("SMTP
 * smuggling"), is named and passed over. */
#ifndef SLUICE_SMTP_BODY_H
#define SLUICE_SMTP_BODY_H

#include <stdbool.h>
#include <stdint.h>

/* Row: bit name, what was seen. Forms of bytes first; then what makes a session impossible to follow. */
#define SMTP_ODDITIES(X)                                                                                               \
	X(BARE_LF, "LF without CR in a body")                                                                          \
	X(BARE_CR, "CR without LF in a body")                                                                          \
	X(NUL, "a zero byte in a body")                                                                                \
	X(LF_DOT_LF, "LF . LF")                                                                                        \
	X(LF_DOT_CRLF, "LF . CR LF")                                                                                   \
	X(LF_DOT_CR, "LF . CR")                                                                                        \
	X(CRLF_DOT_LF, "CR LF . LF")                                                                                   \
	X(CRLF_DOT_CR, "CR LF . CR")                                                                                   \
	X(CR_DOT_CR, "CR . CR")                                                                                        \
	X(CR_DOT_LF, "CR . LF")                                                                                        \
	X(COMMAND_LF, "a command that ends in LF without CR")                                                          \
	X(EARLY, "the client spoke where it had to wait")                                                              \
	X(REPLY, "a reply nobody asked for")                                                                           \
	X(REPLY_FORM, "a server's line that is no reply")                                                              \
	X(CHUNK, "BDAT without a size")                                                                                \
	X(QUEUE, "more commands outstanding than can be remembered")

enum smtp_odd_bit {
#define X(name, text) SMTP_ODD_BIT_##name,
	SMTP_ODDITIES(X)
#undef X
		SMTP_ODD_BITS
};

#define SMTP_ODD(name) (1u << SMTP_ODD_BIT_##name)

enum smtp_body {
	BODY_LINE, /* at the begin of a line, after CR LF */
	BODY_TEXT,
	BODY_CR,
	BODY_DOT,    /* CR LF . */
	BODY_DOT_CR, /* CR LF . CR */
	BODY_LF,     /* a bare LF */
	BODY_LF_DOT,
	BODY_LF_DOT_CR,
	BODY_CR_DOT,
	BODY_END,
	BODY_STATES
};

/* Takes bytes up to the end of the body (*state is BODY_END then), the first oddity of a form not yet in
 * *odd (it is set then), or the end of what there is. Returns how many were taken. */
uint32_t smtp_body_feed(uint8_t *state, const uint8_t *data, uint32_t size, uint16_t *odd);

#endif
