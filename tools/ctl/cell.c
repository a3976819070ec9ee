/* SPDX-License-Identifier: BSD-3-Clause */
#include "cell.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void ms_text(double ms, char *out, size_t size)
{
	if (ms < 1000)
		snprintf(out, size, "%.0f ms", ms);
	else if (ms < 120000)
		snprintf(out, size, "%.1f s", ms / 1000);
	else if (ms < 7200000)
		snprintf(out, size, "%.0f min", ms / 60000);
	else
		snprintf(out, size, "%.1f h", ms / 3600000);
}

static void us_text(double us, char *out, size_t size)
{
	if (us < 1000)
		snprintf(out, size, "%.0f us", us);
	else if (us < 100000)
		snprintf(out, size, "%.1f ms", us / 1000);
	else
		ms_text(us / 1000, out, size);
}

static void bytes_text(double bytes, char *out, size_t size)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	size_t unit = 0;

	while (bytes >= 10000 && unit < 4) {
		bytes /= 1000;
		unit++;
	}
	snprintf(out, size, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

/* Control characters: the first 32, DEL, and those that UTF-8 writes as c2 80 to c2 9f. */
static bool is_control(const char *text)
{
	unsigned char byte = (unsigned char)text[0], next = (unsigned char)text[1];

	return byte < 32 || byte == 127 || (byte == 0xc2 && next >= 0x80 && next < 0xa0);
}

/* Text from elsewhere must not steer the terminal. */
void text_escape(const char *text, char *out, size_t size)
{
	size_t used = 0;

	for (; *text != '\0' && used + 9 < size; text++) {
		unsigned char byte = (unsigned char)*text;
		if (!is_control(text))
			out[used++] = *text;
		else
			used += (size_t)snprintf(out + used, size - used, "\\x%02x", byte);
		if (byte == 0xc2 && is_control(text))
			used += (size_t)snprintf(out + used, size - used, "\\x%02x", (unsigned char)*++text);
	}
	out[used] = '\0';
}

/* False when it is no time, and is shown as it is. */
static bool read_time(const char *text, time_t *ret_time, char *out, size_t size)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

	if (end == NULL || *end != '\0') {
		text_escape(text, out, size);
		return false;
	}
	*ret_time = timegm(&tm);
	return true;
}

static void ago_text(const char *text, time_t now, char *out, size_t size)
{
	char span[32];
	time_t then;

	if (!read_time(text, &then, out, size))
		return;
	double seconds = difftime(now, then);
	ms_text(seconds > 0 ? seconds * 1000 : 0, span, sizeof(span));
	snprintf(out, size, seconds < 1 ? "now" : "%s ago", span);
}

/* "2026-01-01T00:00:00Z (in 3.2 h)". */
static void until_text(const char *text, time_t now, char *out, size_t size)
{
	char span[32];
	time_t then;

	if (!read_time(text, &then, out, size))
		return;
	double seconds = difftime(then, now);
	ms_text(seconds > 0 ? seconds * 1000 : 0, span, sizeof(span));
	snprintf(out, size, seconds > 0 ? "%s (in %s)" : "%s", text, span);
}

void cell_text(const struct column *column, const json_t *value, time_t now, char *out, size_t size)
{
	const char *text = json_string_value(value);

	snprintf(out, size, "-");
	if (json_is_boolean(value))
		snprintf(out, size, "%s", json_is_true(value) ? "yes" : "no");
	else if (text != NULL && column->type == COLUMN_AGO)
		ago_text(text, now, out, size);
	else if (text != NULL && column->type == COLUMN_UNTIL)
		until_text(text, now, out, size);
	else if (text != NULL && text[0] != '\0')
		text_escape(text, out, size);
	else if (json_is_number(value) && column->type == COLUMN_MS)
		ms_text(json_number_value(value), out, size);
	else if (json_is_number(value) && column->type == COLUMN_US)
		us_text(json_number_value(value), out, size);
	else if (json_is_number(value) && column->type == COLUMN_BYTES)
		bytes_text(json_number_value(value), out, size);
	else if (json_is_integer(value))
		snprintf(out, size, "%lld", (long long)json_integer_value(value));
	else if (json_is_real(value))
		snprintf(out, size, "%.1f", json_real_value(value));
}

size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}
