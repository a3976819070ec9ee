/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables on a terminal: every command's fits into 80 columns, and nothing of a text is lost on the way. */
#include "rows.h"

#include <string.h>

#include "cell.h"
#include "unit.h"

#define NOW 1700000000
#define LONG "customer:a-long-name.example/provider:microsoft-outlook with a text that has no end"

static char *printed(const struct look *look, const struct command *command, const json_t *rows)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	rows_print(out, look, command, rows, NOW);
	fclose(out);
	return text;
}

static json_t *value_of(enum column_type type)
{
	switch (type) {
	case COLUMN_NUMBER:
		return json_integer(123456);
	case COLUMN_MS:
	case COLUMN_US:
	case COLUMN_BYTES:
	case COLUMN_RATE:
		return json_integer(119900);
	case COLUMN_YES:
		return json_false();
	case COLUMN_AGO:
	case COLUMN_UNTIL:
	case COLUMN_TIME:
		return json_string("2023-11-14T23:13:20Z");
	default:
		return json_string(LONG);
	}
}

static json_t *rows_of(const struct command *command)
{
	json_t *row = json_object();

	for (const struct column *column = command->columns; column->key != NULL; column++)
		json_object_set_new(row, column->key, value_of(column->type));
	return json_pack("[O, o]", row, row);
}

static size_t widest_line(const char *text)
{
	size_t widest = 0;

	for (char *copy = strdup(text), *rest = copy, *line = strsep(&rest, "\n");; line = strsep(&rest, "\n")) {
		if (line == NULL) {
			free(copy);
			return widest;
		}
		widest = text_width(line) > widest ? text_width(line) : widest;
	}
}

START_TEST(every_table_fits_80_columns)
{
	for (int i = 0; i < COMMANDS; i++) {
		if (commands[i].columns[0].key == NULL)
			continue;
		json_t *rows = rows_of(&commands[i]);
		char *text = printed(&(struct look){ .width = 80 }, &commands[i], rows);
		ck_assert_msg(widest_line(text) <= 80, "%s:\n%s", commands[i].name, text);
		free(text);
		/* A pipe gets all of it, a line each. */
		text = printed(&(struct look){ 0 }, &commands[i], rows);
		ck_assert_ptr_null(strchr(text, '\033'));
		for (const struct column *column = commands[i].columns; column->key != NULL; column++)
			ck_assert_ptr_nonnull(strstr(text, column->title));
		free(text);
		json_decref(rows);
	}
}
END_TEST

static const struct command table = { .name = "table",
				      .columns = { { "text", "TEXT", COLUMN_TEXT },
						   { "less", "LESS", COLUMN_NUMBER, true },
						   { "number", "NUMBER", COLUMN_NUMBER },
						   { "action", "ACTION", COLUMN_TEXT } } };

static void check(struct look look, const char *row, const char *expected)
{
	json_t *rows = json_pack("[o]", json_loads(row, 0, NULL));
	char *text = printed(&look, &table, rows);

	ck_assert_str_eq(text, expected);
	free(text);
	json_decref(rows);
}

START_TEST(columns_that_matter_less_go_first)
{
	static const char row[] = "{\"text\": \"one two three\", \"less\": 7, \"number\": 12, \"action\": \"limit\"}";

	check((struct look){ .width = 35 }, row,
	      "TEXT           LESS  NUMBER  ACTION\n"
	      "one two three     7      12  limit\n");
	check((struct look){ .width = 34 }, row,
	      "TEXT           NUMBER  ACTION\n"
	      "one two three      12  limit\n");
}
END_TEST

START_TEST(texts_are_folded)
{
	check((struct look){ .width = 27 }, "{\"text\": \"one two three four\", \"number\": 12, \"action\": \"x\"}",
	      "TEXT         NUMBER  ACTION\n"
	      "one two          12  x\n"
	      "three four\n");
	/* A name is split last, however long. */
	check((struct look){ .width = 35 },
	      "{\"text\": \"one two three four\", \"number\": 12, \"action\": \"a-name-of-15-ch\"}",
	      "TEXT        NUMBER  ACTION\n"
	      "one two         12  a-name-of-15-ch\n"
	      "three four\n");
	/* Without a blank, between characters. */
	check((struct look){ .width = 1 },
	      "{\"text\": "
	      "\"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xb6\", "
	      "\"number\": 12}",
	      "TEXT      NUMBER  ACTION\n"
	      "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4      12  -\n"
	      "\xc3\xa4\xc3\xa4\xc3\xb6\n");
}
END_TEST

START_TEST(colours)
{
	check((struct look){ .colour = true }, "{\"text\": \"a\", \"number\": 1, \"action\": \"quarantine\"}",
	      "\033[1mTEXT\033[0m  \033[1mLESS\033[0m  \033[1mNUMBER\033[0m  \033[1mACTION\033[0m\n"
	      "a        -       1  \033[31mquarantine\033[0m\n");
}
END_TEST

UNIT_MAIN("rows", every_table_fits_80_columns, columns_that_matter_less_go_first, texts_are_folded, colours)
