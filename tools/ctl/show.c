/* SPDX-License-Identifier: BSD-3-Clause */
#include "show.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "exit_codes.h"
#include "options.h"

#define CELL_MAX 512

static bool on_the_right(enum column_type type)
{
	return type == COLUMN_NUMBER || type == COLUMN_MS || type == COLUMN_US || type == COLUMN_BYTES;
}

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
static void escape(const char *text, char *out, size_t size)
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
		escape(text, out, size);
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

static void cell_text(const struct column *column, const json_t *value, time_t now, char *out, size_t size)
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
		escape(text, out, size);
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

/* Characters, not bytes: UTF-8's following bytes take no place. */
static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static void print_cell(FILE *out, const struct column *column, const char *text, size_t width, bool last)
{
	size_t pad = width > width_of(text) ? width - width_of(text) : 0;

	if (on_the_right(column->type))
		fprintf(out, "%*s%s", (int)pad, "", text);
	else if (last)
		fputs(text, out);
	else
		fprintf(out, "%s%*s", text, (int)pad, "");
	fputs(last ? "\n" : "  ", out);
}

static void show_rows(FILE *out, const struct command *command, const json_t *rows, time_t now)
{
	size_t width[COMMAND_COLUMNS_MAX] = { 0 }, index;
	const struct column *column;
	char text[CELL_MAX];
	const json_t *row;

	for (column = command->columns; column->key != NULL; column++)
		width[column - command->columns] = strlen(column->title);
	json_array_foreach((json_t *)rows, index, row) for (column = command->columns; column->key != NULL; column++)
	{
		cell_text(column, json_object_get(row, column->key), now, text, sizeof(text));
		size_t *widest = &width[column - command->columns];
		*widest = width_of(text) > *widest ? width_of(text) : *widest;
	}
	for (column = command->columns; column->key != NULL; column++)
		print_cell(out, column, column->title, width[column - command->columns], column[1].key == NULL);
	json_array_foreach((json_t *)rows, index, row) for (column = command->columns; column->key != NULL; column++)
	{
		cell_text(column, json_object_get(row, column->key), now, text, sizeof(text));
		print_cell(out, column, text, width[column - command->columns], column[1].key == NULL);
	}
}

void show_reply(FILE *out, const struct command *command, const json_t *reply, time_t now)
{
	const char *message = json_string_value(json_object_get(reply, "message"));
	const json_t *rows = json_object_get(reply, "rows");
	char text[1024];

	if (message != NULL) {
		escape(message, text, sizeof(text));
		fprintf(out, "%s\n", text);
	}
	if (json_is_array(rows) && json_array_size(rows) == 0)
		fputs("none\n", out);
	else if (json_is_array(rows))
		show_rows(out, command, rows, now);
}

static void usage_of(const struct command *command, char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size, "%s", command->name);

	for (const struct arg *arg = command->args; arg->name != NULL && used < size; arg++) {
		const char *open = arg->required ? "" : "[", *close = arg->required ? "" : "]";
		if (arg->option)
			used += (size_t)snprintf(out + used, size - used, " %s--%s%s%s", open, arg->name,
						 arg->type == ARG_FLAG ? "" : " ...", close);
		else
			used += (size_t)snprintf(out + used, size - used, " %s%s%s%s", open, arg->name,
						 arg->many ? " ..." : "", close);
	}
}

static void show_option(FILE *out, const struct option_row *row)
{
	char option[40];

	snprintf(option, sizeof(option), "--%s %s", row->name, row->value != NULL ? row->value : "");
	fprintf(out, "  %-18s %s%s%s%s\n", option, row->help, row->environment != NULL ? " ($" : "",
		row->environment != NULL ? row->environment : "", row->environment != NULL ? ")" : "");
}

void show_help(FILE *out)
{
	fputs("usage: sluicectl [OPTION ...] COMMAND ...\n\n"
	      "Speaks with sluiced: holds, limits and explains customers' mail.\n\n",
	      out);
	for (int i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].help);
	fputs("\n", out);
	for (int i = 0; i < OPTIONS; i++)
		show_option(out, &option_rows[i]);
	fputs("\nThe socket is $SLUICE_ADMIN_SOCKET or /run/sluice/admin.sock; commands that only\n"
	      "read use $SLUICE_READ_SOCKET or /run/sluice/read.sock first.\n"
	      "\"sluicectl COMMAND --help\" says more. Exit codes:\n",
	      out);
	for (int i = 0; i < EXIT_CODES; i++)
		fprintf(out, "  %-13d %s\n", i, exit_code_text[i]);
}

void show_command_help(FILE *out, const struct command *command)
{
	char usage[256];

	usage_of(command, usage, sizeof(usage));
	fprintf(out, "usage: sluicectl %s\n\n%s\n\n", usage, command->help);
	for (const struct arg *arg = command->args; arg->name != NULL; arg++)
		fprintf(out, "  %s%-10s %s\n", arg->option ? "--" : "  ", arg->name, arg->help);
	fprintf(out, "\nexample: sluicectl %s\n", command->example);
}
