/* SPDX-License-Identifier: BSD-3-Clause */
/* STARTTLS in a client's lines: the same in pieces as at once, and what a plain reading of the lines says. */
#include "fuzz.h"

#include <strings.h>

#include "smtp.h"

static bool line_asks(const uint8_t *line, size_t size)
{
	char word[16];
	size_t have = 0;

	while (size > 0 && (line[size - 1] == ' ' || line[size - 1] == '\t' || line[size - 1] == '\r'))
		size--;
	for (size_t i = 0; i < size && have < sizeof(word) - 1; i++)
		if (line[i] != '\r')
			word[have++] = (char)line[i];
	word[have] = '\0';
	return have == 8 && strcasecmp(word, "STARTTLS") == 0;
}

static bool lines_ask(const uint8_t *data, size_t size)
{
	bool asked = false;

	for (const uint8_t *end; (end = memchr(data, '\n', size)) != NULL; data = end + 1) {
		asked |= line_asks(data, (size_t)(end - data));
		size -= (size_t)(end - data) + 1;
	}
	return asked;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	size_t step = 1 + take8(&bytes) % 16;
	struct smtp_scan whole = { 0 }, pieces = { 0 };
	bool asked = smtp_scan_feed(&whole, bytes.at, (uint32_t)bytes.left), again = false;

	must(asked == lines_ask(bytes.at, bytes.left));
	while (bytes.left > 0) {
		size_t now = step < bytes.left ? step : bytes.left;
		again |= smtp_scan_feed(&pieces, bytes.at, (uint32_t)now);
		bytes.at += now;
		bytes.left -= now;
	}
	must(again == asked && memcmp(&whole, &pieces, sizeof(whole)) == 0);
	return 0;
}
