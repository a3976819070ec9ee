/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls.h"

/* RFC 8446 section 5.2: at most 2^14 + 256 bytes; RFC 5246 allowed 2^14 + 2048. */
#define RECORD_MOST (16384u + 2048u)

static uint32_t min_of(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

uint32_t tls_scan_feed(struct tls_scan *scan, const uint8_t *data, uint32_t size)
{
	uint32_t saw = 0;

	while (size > 0 && !scan->lost) {
		uint32_t skip = min_of(scan->remaining, size);
		scan->remaining -= skip;
		data += skip;
		size -= skip;
		if (size == 0)
			break;
		scan->header[scan->have++] = *data++;
		size--;
		if (scan->have == 1) {
			if (!tls_type_known(scan->header[0])) {
				scan->lost = true;
				break;
			}
			saw |= TLS_SAW(scan->header[0]);
		}
		if (scan->have < sizeof(scan->header))
			continue;
		uint32_t length = (uint32_t)scan->header[3] << 8 | scan->header[4];
		scan->lost = scan->header[1] != 3 || length > RECORD_MOST;
		scan->remaining = (uint16_t)length;
		scan->have = 0;
	}
	return saw;
}
