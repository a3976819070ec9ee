/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS records by their headers: the same in pieces as at once, and what a plain reading of the records says. */
#include "fuzz.h"

#include "tls.h"

/* The records' types that begin in `data`, as far as it is TLS. */
static uint32_t read_records(const uint8_t *data, size_t size)
{
	uint32_t saw = 0;

	while (size > 0 && data[0] >= 20 && data[0] <= 23) {
		saw |= 1u << (data[0] - 20);
		if (size < 5 || data[1] != 3)
			break;
		size_t record = 5u + (size_t)(data[3] << 8 | data[4]);
		if (record > 5 + 16384 + 2048 || record > size)
			break;
		data += record;
		size -= record;
	}
	return saw;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	size_t step = 1 + take8(&bytes) % 16;
	struct tls_scan whole = { 0 }, pieces = { 0 };
	uint32_t saw = tls_scan_feed(&whole, bytes.at, (uint32_t)bytes.left), again = 0;

	must(saw == read_records(bytes.at, bytes.left));
	while (bytes.left > 0) {
		size_t now = step < bytes.left ? step : bytes.left;
		again |= tls_scan_feed(&pieces, bytes.at, (uint32_t)now);
		bytes.at += now;
		bytes.left -= now;
	}
	must(again == saw && whole.lost == pieces.lost);
	must(whole.lost || (whole.remaining == pieces.remaining && whole.have == pieces.have));
	return 0;
}
