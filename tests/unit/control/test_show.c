/* SPDX-License-Identifier: BSD-3-Clause */
/* Replies as people see them: aligned, in units, and with nothing in them that steers a terminal. */
#include "show.h"

#include <stdbool.h>
#include <string.h>

#include "help.h"
#include "unit.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define NOW 1700000000 /* 2023-11-14T22:13:20Z */

static const struct command table = { .name = "table",
				      .columns = { { "text", "TEXT", COLUMN_TEXT },
						   { "number", "NUMBER", COLUMN_NUMBER },
						   { "yes", "YES", COLUMN_YES } } };

/* What is shown of a reply, to be freed. */
static char *shown(const struct command *command, const char *reply)
{
	json_error_t error;
	json_t *json = json_loads(reply, 0, &error);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_msg(json != NULL, "%s: %s", reply, error.text);
	ck_assert_ptr_nonnull(out);
	show_reply(out, &(struct look){ 0 }, command, json, NOW);
	fclose(out);
	json_decref(json);
	return text;
}

struct shown_row {
	const char *reply, *text;
};

static void check(const struct command *command, const struct shown_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *text = shown(command, rows[i].reply);
		ck_assert_str_eq(text, rows[i].text);
		free(text);
	}
}

START_TEST(replies)
{
	static const struct shown_row rows[] = {
		{ "{\"ok\": true}", "" },
		{ "{\"message\": \"done\"}", "done\n" },
		{ "{\"rows\": []}", "none\n" },
		{ "{\"message\": \"m\", \"rows\": []}", "m\nnone\n" },
		{ "{\"rows\": {}}", "" },
		{ "{\"message\": 5}", "" },
		{ "{\"rows\": [{\"text\": \"a\", \"number\": 5, \"yes\": true}]}", "TEXT  NUMBER  YES\n"
										   "a          5  yes\n" },
		{ "{\"rows\": [{\"text\": \"longer than\", \"number\": 12345678, \"yes\": false}, {\"text\": \"b\"}]}",
		  "TEXT           NUMBER  YES\n"
		  "longer than  12345678  no\n"
		  "b                   -  -\n" },
		{ "{\"rows\": [{\"text\": \"\", \"number\": null, \"yes\": null}]}", "TEXT  NUMBER  YES\n"
										     "-          -  -\n" },
		{ "{\"rows\": [{\"text\": 7, \"number\": 1.25, \"yes\": \"y\", \"more\": 1}]}", "TEXT  NUMBER  YES\n"
												"7        1.2  y\n" },
		{ "{\"rows\": [5, [], null]}", "TEXT  NUMBER  YES\n"
					       "-          -  -\n"
					       "-          -  -\n"
					       "-          -  -\n" },
		{ "{\"rows\": [{\"text\": \"a\", \"number\": 9223372036854775807}, {\"number\": -1}]}",
		  "TEXT               NUMBER  YES\n"
		  "a     9223372036854775807  -\n"
		  "-                      -1  -\n" },
	};

	check(&table, rows, LENGTH(rows));
}
END_TEST

START_TEST(control_bytes)
{
	static const struct shown_row rows[] = {
		{ "{\"message\": \"a\\u001b[2Jb\"}", "a\\x1b[2Jb\n" },
		{ "{\"message\": \"a\\nb\\rc\\td\"}", "a\\x0ab\\x0dc\\x09d\n" },
		{ "{\"message\": \"\\u007f\\b\\u0007\"}", "\\x7f\\x08\\x07\n" },
		{ "{\"rows\": [{\"text\": \"x\\ny\", \"number\": \"\\u001b\"}]}", "TEXT    NUMBER  YES\n"
										  "x\\x0ay    \\x1b  -\n" },
	};

	check(&table, rows, LENGTH(rows));
}
END_TEST

START_TEST(width_is_in_characters)
{
	static const struct shown_row rows[] = {
		{ "{\"rows\": [{\"text\": \"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xe2\x82\xac\", \"number\": 1}, "
		  "{\"text\": \"abcde\", \"number\": 2}]}",
		  "TEXT   NUMBER  YES\n"
		  "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xe2\x82\xac       1  -\n"
		  "abcde       2  -\n" },
	};

	check(&table, rows, LENGTH(rows));
}
END_TEST

/* The one cell of a column of `type`. */
static void check_cell(enum column_type type, const char *value, const char *expected)
{
	struct command command = { .name = "cell", .columns = { { "v", "", type } } };
	char reply[256], line[256];

	snprintf(reply, sizeof(reply), "{\"rows\": [{\"v\": %s}]}", value);
	char *text = shown(&command, reply);
	const char *cell = text + strcspn(text, "\n") + 1;
	snprintf(line, sizeof(line), "%s\n", expected);
	ck_assert_msg(strcmp(cell, line) == 0, "%s is shown as %s", value, cell);
	free(text);
}

START_TEST(cells)
{
	static const struct {
		enum column_type type;
		const char *value, *expected;
	} rows[] = {
		{ COLUMN_BYTES, "0", "0 B" },
		{ COLUMN_BYTES, "9999", "9999 B" },
		{ COLUMN_BYTES, "10000", "10.0 kB" },
		{ COLUMN_BYTES, "1234567", "1234.6 kB" },
		{ COLUMN_BYTES, "12345678", "12.3 MB" },
		{ COLUMN_BYTES, "10000000000", "10.0 GB" },
		{ COLUMN_BYTES, "12000000000000", "12.0 TB" },
		{ COLUMN_BYTES, "9223372036854775807", "9223372.0 TB" },
		{ COLUMN_BYTES, "null", "-" },
		{ COLUMN_MS, "0", "0 ms" },
		{ COLUMN_US, "999", "999 us" },
		{ COLUMN_US, "1000", "1.0 ms" },
		{ COLUMN_US, "99900", "99.9 ms" },
		{ COLUMN_US, "1500000", "1.5 s" },
		{ COLUMN_MS, "999", "999 ms" },
		{ COLUMN_MS, "1000", "1.0 s" },
		{ COLUMN_MS, "119900", "119.9 s" },
		{ COLUMN_MS, "120000", "2 min" },
		{ COLUMN_MS, "7200000", "2.0 h" },
		{ COLUMN_AGO, "\"2023-11-14T22:13:20Z\"", "now" },
		{ COLUMN_AGO, "\"2023-11-14T22:13:19Z\"", "1.0 s ago" },
		{ COLUMN_AGO, "\"2023-11-14T22:08:20Z\"", "5 min ago" },
		{ COLUMN_AGO, "\"2023-11-13T22:13:20Z\"", "24.0 h ago" },
		{ COLUMN_AGO, "\"2023-11-15T00:00:00Z\"", "now" }, /* a clock that is ahead */
		{ COLUMN_AGO, "\"yesterday\"", "yesterday" },
		{ COLUMN_AGO, "null", "-" },
		{ COLUMN_TIME, "\"2023-11-14T22:13:20Z\"", "2023-11-14T22:13:20Z" },
		{ COLUMN_TIME, "null", "-" },
		{ COLUMN_YES, "true", "yes" },
		{ COLUMN_YES, "false", "no" },
		{ COLUMN_YES, "null", "-" },
		{ COLUMN_TEXT, "{}", "-" },
	};

	for (size_t i = 0; i < LENGTH(rows); i++)
		check_cell(rows[i].type, rows[i].value, rows[i].expected);
}
END_TEST

START_TEST(endless_texts_are_cut)
{
	static char reply[20000];

	snprintf(reply, sizeof(reply), "{\"message\": \"%08000d\", \"rows\": [{\"text\": \"%08000d\"}]}", 0, 0);
	char *text = shown(&table, reply);
	ck_assert_uint_lt(strlen(text), 4096);
	free(text);
}
END_TEST

static char *help_of(const struct command *command)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	if (command != NULL)
		help_command(out, command);
	else
		help_all(out);
	fclose(out);
	return text;
}

START_TEST(help)
{
	char *all = help_of(NULL);

	for (int i = 0; i < COMMANDS; i++) {
		char *one = help_of(&commands[i]), usage[64];
		snprintf(usage, sizeof(usage), "usage: sluicectl %s", commands[i].name);
		ck_assert_mem_eq(one, usage, strlen(usage));
		ck_assert_ptr_nonnull(strstr(one, commands[i].help));
		ck_assert_ptr_nonnull(strstr(one, commands[i].example));
		for (const struct arg *arg = commands[i].args; arg->name != NULL; arg++)
			ck_assert_ptr_nonnull(strstr(one, arg->help));
		ck_assert_ptr_nonnull(strstr(all, commands[i].help));
		free(one);
	}
	free(all);
}
END_TEST

START_TEST(usage)
{
	char *text = help_of(command_find("limit"));

	ck_assert_mem_eq(text, "usage: sluicectl limit scope setting ... [--for ...] [--incident ...] [--reason ...]\n",
			 84);
	free(text);
	text = help_of(command_find("quarantine"));
	ck_assert_ptr_nonnull(
		strstr(text, " customer [--provider ...] [--for ...] [--incident ...] --reason ... [--yes]\n"));
	free(text);
}
END_TEST

UNIT_MAIN("show", replies, control_bytes, width_is_in_characters, cells, endless_texts_are_cut, help, usage)
