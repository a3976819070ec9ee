/* SPDX-License-Identifier: BSD-3-Clause */
#include "smtp.h"

#include <string.h>

static const char starttls[sizeof(((struct smtp_scan *)0)->word)] = { 'S', 'T', 'A', 'R', 'T', 'T', 'L', 'S' };

static void take_byte(struct smtp_scan *scan, uint8_t byte)
{
	if (byte == '\r' || ((byte == ' ' || byte == '\t') && scan->have == sizeof(scan->word)))
		return;
	if (scan->have < sizeof(scan->word))
		scan->word[scan->have++] = (char)(byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte);
	else
		scan->other = true;
}

bool smtp_scan_feed(struct smtp_scan *scan, const uint8_t *data, uint32_t size)
{
	bool asked = false;

	for (uint32_t i = 0; i < size; i++) {
		if (data[i] != '\n') {
			take_byte(scan, data[i]);
			continue;
		}
		asked |= !scan->other && scan->have == sizeof(scan->word) &&
			 memcmp(scan->word, starttls, sizeof(starttls)) == 0;
		memset(scan, 0, sizeof(*scan));
	}
	return asked;
}
