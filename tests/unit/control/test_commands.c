/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of commands: every row can be typed, shown, explained and served. */
#include "commands.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands/commands_table.h"
#include "options.h"
#include "unit.h"
#include "words.h"

#define WORDS_MOST 16

static bool is_word(const char *text)
{
	return text != NULL && text[0] >= 'a' && text[0] <= 'z' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(text);
}

static bool is_line(const char *text)
{
	return text != NULL && strlen(text) >= 3 && strchr(text, '\n') == NULL;
}

START_TEST(rows_are_complete)
{
	for (int i = 0; i < COMMANDS; i++) {
		const struct command *command = &commands[i];
		ck_assert_msg(is_word(command->name), "command %d has no name", i);
		ck_assert_msg(strlen(command->name) <= 11, "%s does not fit the help's column", command->name);
		ck_assert_msg(is_line(command->help), "%s: help", command->name);
		ck_assert_msg(is_line(command->example), "%s: example", command->name);
		ck_assert_int_le(command->right, RIGHT_ADMIN);
		ck_assert_msg(command_handlers[i] != NULL, "%s is not served", command->name);
		ck_assert_ptr_eq(command_find(command->name), command);
	}
}
END_TEST

START_TEST(names_are_unique)
{
	static const char *const unknown[] = { "", "quarantin", "quarantinee", "Status", " status", "status " };

	for (int i = 0; i < COMMANDS; i++)
		for (int j = 0; j < i; j++) {
			ck_assert_str_ne(commands[i].name, commands[j].name);
			ck_assert_str_ne(commands[i].help, commands[j].help);
		}
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		ck_assert_ptr_null(command_find(unknown[i]));
}
END_TEST

/* Options may stand anywhere; places are filled in order, so what may be left out or repeated comes last. */
static void check_args(const struct command *command)
{
	bool open_end = false;
	int count = 0;

	for (; count < COMMAND_ARGS_MAX && command->args[count].name != NULL; count++) {
		const struct arg *arg = &command->args[count];
		ck_assert_msg(is_word(arg->name) && is_line(arg->help), "%s: %s", command->name, arg->name);
		ck_assert_int_lt(arg->type, ARG_TYPES);
		ck_assert_msg(option_find(arg->name, strlen(arg->name)) == OPTIONS, "%s: --%s is every command's",
			      command->name, arg->name);
		ck_assert_int_eq(arg->choices != NULL, arg->type == ARG_CHOICE);
		for (int before = 0; before < count; before++)
			ck_assert_str_ne(command->args[before].name, arg->name);
		if (arg->option) {
			ck_assert_msg(!arg->many, "%s: --%s many times", command->name, arg->name);
			continue;
		}
		ck_assert_msg(!open_end, "%s: %s is never reached", command->name, arg->name);
		open_end = arg->many || !arg->required;
	}
	ck_assert_msg(count < COMMAND_ARGS_MAX, "%s: no room for the end of its arguments", command->name);
}

static void check_columns(const struct command *command)
{
	int count = 0;

	for (; count < COMMAND_COLUMNS_MAX && command->columns[count].key != NULL; count++) {
		const struct column *column = &command->columns[count];
		ck_assert_msg(is_word(column->key), "%s: column %d", command->name, count);
		ck_assert_ptr_nonnull(column->title);
		ck_assert_uint_gt(strlen(column->title), 0);
		ck_assert_int_le(column->type, COLUMN_YES);
		for (int before = 0; before < count; before++) {
			ck_assert_str_ne(command->columns[before].key, column->key);
			ck_assert_str_ne(command->columns[before].title, column->title);
		}
	}
	ck_assert_msg(count < COMMAND_COLUMNS_MAX, "%s: no room for the end of its columns", command->name);
}

static void check_fields(const struct command *command)
{
	int count = 0;

	for (; count < COMMAND_FIELDS_MAX && command->fields[count].key != NULL; count++) {
		const struct field *field = &command->fields[count];
		ck_assert_msg(is_word(field->key) && is_line(field->help), "%s: field %d", command->name, count);
		ck_assert_int_le(field->type, COLUMN_OBJECT);
		ck_assert_msg(strcmp(field->key, "ok") != 0 && strcmp(field->key, "message") != 0 &&
				      strcmp(field->key, "rows") != 0,
			      "%s: %s is every reply's", command->name, field->key);
		for (int before = 0; before < count; before++)
			ck_assert_str_ne(command->fields[before].key, field->key);
	}
	ck_assert_msg(count < COMMAND_FIELDS_MAX, "%s: no room for the end of its fields", command->name);
}

/* Who reads changes nothing; each {name} in a path is an argument that is required. */
static void check_path(const struct command *command)
{
	unsigned open = 0, placed = 0;

	/* A page is where collectors look for it. */
	ck_assert_msg(command->method == METHOD_PAGE || strncmp(command->path, "/v1/", 4) == 0, "%s: %s", command->name,
		      command->path);
	ck_assert_int_eq(command->method != METHOD_POST, command->right == RIGHT_READ);
	for (const char *at = command->path; *at != '\0'; at++)
		open += *at == '{';
	for (const struct arg *arg = command->args; arg->name != NULL; arg++) {
		bool in_path = command_in_path(command, arg);
		placed += in_path;
		ck_assert_msg(!in_path || arg->required, "%s: %s", command->name, arg->name);
	}
	ck_assert_msg(open == placed, "%s: %s", command->name, command->path);
	for (const struct command *other = commands; other != command; other++)
		ck_assert(strcmp(method_names[other->method], method_names[command->method]) != 0 ||
			  strcmp(other->path, command->path) != 0);
}

START_TEST(arguments_and_columns)
{
	for (int i = 0; i < COMMANDS; i++) {
		check_args(&commands[i]);
		check_columns(&commands[i]);
		check_fields(&commands[i]);
		check_path(&commands[i]);
	}
}
END_TEST

/* As a shell would: blanks part, single quotes hold together. Writes into `text`. */
static int split(char *text, char **words)
{
	char *out = text;
	bool quoted = false, inside = false;
	int count = 0;

	for (char *at = text; *at != '\0'; at++) {
		if (*at == ' ' && !quoted) {
			inside = false;
			*out++ = '\0';
			continue;
		}
		if (!inside) {
			ck_assert_int_lt(count, WORDS_MOST);
			words[count++] = out;
		}
		inside = true;
		if (*at == '\'')
			quoted = !quoted;
		else
			*out++ = *at;
	}
	*out = '\0';
	ck_assert(!quoted);
	return count;
}

/* A file that an example names is there. */
static void make_file(const char *name)
{
	FILE *file = fopen(name, "we");

	ck_assert_ptr_nonnull(file);
	fputs("text", file);
	fclose(file);
}

START_TEST(examples_can_be_typed)
{
	char folder[UNIT_PATH];

	ck_assert_ptr_nonnull(mkdtemp(unit_template(folder, "examples")));
	ck_assert_int_eq(chdir(folder), 0);
	make_file("customers.csv");
	make_file("new.yaml");
	for (int i = 0; i < COMMANDS; i++) {
		char text[256], *words[WORDS_MOST], error[WORDS_ERROR_MAX] = "";
		ck_assert_uint_lt(strlen(commands[i].example), sizeof(text));
		strcpy(text, commands[i].example);
		int count = split(text, words);
		ck_assert_int_ge(count, 1);
		ck_assert_str_eq(words[0], commands[i].name);
		json_t *args = words_args(&commands[i], count - 1, words + 1, error);
		ck_assert_msg(args != NULL, "\"%s\": %s", commands[i].example, error);
		ck_assert(json_is_object(args));
		json_decref(args);
	}
	unlink("customers.csv");
	unlink("new.yaml");
	ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

UNIT_MAIN("commands", rows_are_complete, names_are_unique, arguments_and_columns, examples_can_be_typed)
