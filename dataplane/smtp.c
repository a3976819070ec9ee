/* SPDX-License-Identifier: BSD-3-Clause */
#include "smtp.h"

#include <string.h>

static const char starttls[] = "STARTTLS";

#define WORD (sizeof(starttls) - 1)

static void take_byte(struct smtp_scan *scan, uint8_t byte)
{
	uint8_t upper = byte >= 'a' && byte <= 'z' ? (uint8_t)(byte - 'a' + 'A') : byte;

	if (byte == '\r' || ((byte == ' ' || byte == '\t') && scan->matched == WORD))
		return;
	if (scan->matched < WORD && upper == (uint8_t)starttls[scan->matched])
		scan->matched++;
	else
		scan->other = true;
}

bool smtp_scan_feed(struct smtp_scan *scan, const uint8_t *data, uint32_t size)
{
	bool asked = false;

	while (size > 0) {
		if (scan->other) { /* the rest of the line says nothing more */
			const uint8_t *end = memchr(data, '\n', size);
			if (end == NULL)
				return asked;
			size -= (uint32_t)(end - data);
			data = end;
		}
		if (*data != '\n') {
			take_byte(scan, *data);
		} else {
			asked |= !scan->other && scan->matched == WORD;
			*scan = (struct smtp_scan){ 0 };
		}
		data++;
		size--;
	}
	return asked;
}
