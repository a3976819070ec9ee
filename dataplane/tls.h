/* SPDX-License-Identifier: BSD-3-Clause */
/* Follows one direction of a TLS byte stream by its record headers only (RFC 8446 section 5.1, the same
 * in TLS 1.2): what types of record went by. Starts at a record's first byte. Constant memory. */
#ifndef SLUICE_TLS_H
#define SLUICE_TLS_H

#include <stdbool.h>
#include <stdint.h>

enum tls_type {
	TLS_CHANGE_CIPHER_SPEC = 20,
	TLS_ALERT = 21,
	TLS_HANDSHAKE = 22,
	TLS_APPLICATION_DATA = 23,
};

#define TLS_SAW(type) (1u << ((type)-TLS_CHANGE_CIPHER_SPEC))

struct tls_scan {
	uint16_t remaining; /* bytes of the current record still to come */
	uint8_t have;	    /* bytes of a header so far */
	uint8_t high;	    /* of its length */
	bool lost;	    /* not a record where one should start */
};

static inline bool tls_type_known(uint8_t byte)
{
	return byte >= TLS_CHANGE_CIPHER_SPEC && byte <= TLS_APPLICATION_DATA;
}

/* Whether these bytes can be the start of a record: type, and major version 3. */
static inline bool tls_starts(const uint8_t *data, uint32_t size)
{
	return size >= 1 && tls_type_known(data[0]) && (size < 2 || data[1] == 3);
}

/* Takes the next bytes; returns the TLS_SAW() bits of the records that began in them. */
uint32_t tls_scan_feed(struct tls_scan *scan, const uint8_t *data, uint32_t size);

#endif
