/* SPDX-License-Identifier: BSD-3-Clause */
/* The sequence number by which the gate knows a handshake it answered itself, without keeping anything
 * (the idea of SYN cookies, RFC 4987 section 3.6): a keyed hash of the connection and the half-minute. */
#ifndef SLUICE_COOKIE_H
#define SLUICE_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "flow.h"

/* Bytes the gate may have said on such a connection: the reply and its FIN. */
#define COOKIE_SPAN 512u

/* Older than this none is good. */
#define COOKIE_EPOCH_NS 32000000000u
#define COOKIE_AGE_NS (2ull * COOKIE_EPOCH_NS)

/* `now` in ns. */
uint32_t cookie_make(const uint8_t secret[16], const struct flow_key *key, uint64_t now);

/* Does `ack` acknowledge a cookie of this half-minute or the one before, and how many bytes past it? */
bool cookie_check(const uint8_t secret[16], const struct flow_key *key, uint64_t now, uint32_t ack, uint32_t *ret_past);

#endif
