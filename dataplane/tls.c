/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls.h"

/* RFC 8446 section 5.2: at most 2^14 + 256 bytes; RFC 5246 allowed 2^14 + 2048. */
#define RECORD_MOST (16384u + 2048u)
#define HEADER 5u

/* One byte of a header: type, version (two bytes), length (two). Returns the bit of the type at its first. */
static uint32_t take_header(struct tls_scan *scan, uint8_t byte)
{
	switch (scan->have++) {
	case 0:
		scan->lost = !tls_type_known(byte);
		return scan->lost ? 0 : TLS_SAW(byte);
	case 1:
		scan->lost = byte != 3;
		return 0;
	case 2:
		return 0;
	case 3:
		scan->high = byte;
		return 0;
	default:
		scan->have = 0;
		scan->remaining = (uint16_t)(scan->high << 8 | byte);
		scan->lost = scan->remaining > RECORD_MOST;
		return 0;
	}
}

/* The same of a header that came in one piece, as nearly all do; 0 when it is none. */
static uint32_t take_whole(struct tls_scan *scan, const uint8_t *data, uint32_t *saw)
{
	uint32_t length = (uint32_t)data[3] << 8 | data[4];

	if (!tls_type_known(data[0]) || data[1] != 3 || length > RECORD_MOST)
		return 0;
	*saw |= TLS_SAW(data[0]);
	scan->high = data[3];
	scan->remaining = (uint16_t)length;
	return HEADER;
}

uint32_t tls_scan_feed(struct tls_scan *scan, const uint8_t *data, uint32_t size)
{
	uint32_t saw = 0;

	while (size > 0 && !scan->lost) {
		uint32_t skip = scan->remaining < size ? scan->remaining : size;
		scan->remaining = (uint16_t)(scan->remaining - skip);
		data += skip;
		size -= skip;
		if (size == 0)
			break;
		uint32_t took = scan->have == 0 && size >= HEADER ? take_whole(scan, data, &saw) : 0;
		if (took == 0) {
			saw |= take_header(scan, *data);
			took = 1;
		}
		data += took;
		size -= took;
	}
	return saw;
}
