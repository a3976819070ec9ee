/* SPDX-License-Identifier: BSD-3-Clause */
/* Every counter is named, explained, and found under a name of its own. */
#include "counters.h"

#include <string.h>

#include "unit.h"

START_TEST(rows_are_complete)
{
	for (int i = 0; i < COUNTERS; i++) {
		const struct counter_row *row = &counter_rows[i];
		ck_assert_msg(row->name != NULL && row->name[0] != '\0', "counter %d has no name", i);
		ck_assert_msg(strspn(row->name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(row->name),
			      "%s: not a name of a metric", row->name);
		ck_assert_msg(row->help != NULL && strlen(row->help) >= 10, "%s: no help", row->name);
		ck_assert_msg(strchr(row->help, '\n') == NULL, "%s: help of more than a line", row->name);
	}
}
END_TEST

START_TEST(names_and_helps_are_unique)
{
	for (int i = 0; i < COUNTERS; i++)
		for (int j = 0; j < i; j++) {
			ck_assert_str_ne(counter_rows[i].name, counter_rows[j].name);
			ck_assert_str_ne(counter_rows[i].help, counter_rows[j].help);
		}
}
END_TEST

/* The name says the class, so that a person who reads one line knows what kind it is. */
START_TEST(names_say_their_class)
{
	static const struct {
		const char *begins;
		enum counter_class class;
	} rows[] = {
		{ "drop-", CLASS_DROP }, { "refus", CLASS_REFUSE }, { "cut-", CLASS_CUT }, { "held-", CLASS_HOLD }
	};

	for (int i = 0; i < COUNTERS; i++) {
		const struct counter_row *row = &counter_rows[i];
		ck_assert_int_le(row->class, CLASS_FAULT);
		for (size_t j = 0; j < sizeof(rows) / sizeof(rows[0]); j++)
			if (strncmp(row->name, rows[j].begins, strlen(rows[j].begins)) == 0)
				ck_assert_msg(row->class == rows[j].class, "%s is of another class", row->name);
		if (row->class == CLASS_DROP)
			ck_assert_msg(strncmp(row->name, "drop-", 5) == 0, "%s is a drop", row->name);
	}
}
END_TEST

UNIT_MAIN("counters", rows_are_complete, names_and_helps_are_unique, names_say_their_class)
