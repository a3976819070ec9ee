/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of settings: each row is complete, takes its default and its bounds, and nothing beyond. */
#include "config/settings.h"

#include <stdbool.h>
#include <string.h>

#include "config/config.h"
#include "unit.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static bool is_number(const struct setting *setting)
{
	return setting->type >= SETTING_DURATION;
}

static void free_texts(struct settings *settings)
{
	for (size_t i = 0; i < setting_count; i++)
		if (!is_number(&setting_rows[i]))
			free(*(char **)((char *)settings + setting_rows[i].offset));
}

static uint64_t number_of(const struct setting *setting, const struct settings *settings)
{
	uint64_t number;

	memcpy(&number, (const char *)settings + setting->offset, sizeof(number));
	return number;
}

START_TEST(rows_are_complete)
{
	static const char *const sections[] = { "gate",	 "daemon", "smtp",  "hold-budget",
						"blind", "import", "brake", "blast-radius" };

	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &setting_rows[i];
		bool known = false;
		for (size_t j = 0; j < LENGTH(sections); j++)
			known |= strcmp(setting->section, sections[j]) == 0;
		ck_assert_msg(known, "section %s", setting->section);
		ck_assert_uint_gt(strlen(setting->key), 0);
		ck_assert_uint_gt(strlen(setting->help), 10);
		ck_assert_uint_lt(setting->offset, sizeof(struct settings));
		ck_assert_ptr_eq(setting_find(setting->section, setting->key), setting);
		for (size_t j = 0; j < i; j++)
			ck_assert_uint_ne(setting_rows[j].offset, setting->offset);
	}
	/* A field without a row could be set by nobody. */
	ck_assert_uint_eq(setting_count * sizeof(uint64_t), sizeof(struct settings));
}
END_TEST

START_TEST(names_that_are_none)
{
	ck_assert_ptr_null(setting_find("gate", ""));
	ck_assert_ptr_null(setting_find("gate", "sockets"));
	ck_assert_ptr_null(setting_find("", "socket"));
	ck_assert_ptr_null(setting_find("daemon", "socket"));
	ck_assert_ptr_null(setting_find("smtp", "ports"));
}
END_TEST

START_TEST(defaults_are_taken)
{
	struct settings settings = { 0 };

	for (size_t i = 0; i < setting_count; i++)
		if (setting_rows[i].initial != NULL)
			ck_assert_ptr_null(setting_set(&setting_rows[i], &settings, setting_rows[i].initial));
	ck_assert_str_eq(settings.gate_socket, "/run/sluice/gate.sock");
	ck_assert_str_eq(settings.admin_group, "root");
	ck_assert_ptr_null(settings.resolver);
	ck_assert_uint_eq(settings.max_hold, 3000000000u);
	ck_assert_uint_eq(settings.refuse, REFUSE_421);
	ck_assert_uint_le(settings.refresh_min, settings.refresh_max);
	free_texts(&settings);
}
END_TEST

static const char *set_ns(const struct setting *setting, struct settings *settings, uint64_t ns)
{
	char text[32];

	snprintf(text, sizeof(text), "%lluns", (unsigned long long)ns);
	return setting_set(setting, settings, text);
}

START_TEST(bounds_of_durations)
{
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &setting_rows[i];
		struct settings settings = { 0 };
		if (setting->type != SETTING_DURATION)
			continue;
		ck_assert_uint_lt(setting->least, setting->most);
		ck_assert_ptr_null(set_ns(setting, &settings, setting->least));
		ck_assert_uint_eq(number_of(setting, &settings), setting->least);
		ck_assert_ptr_null(set_ns(setting, &settings, setting->most));
		ck_assert_ptr_nonnull(set_ns(setting, &settings, setting->most + 1));
		if (setting->least > 0)
			ck_assert_ptr_nonnull(set_ns(setting, &settings, setting->least - 1));
		ck_assert_uint_eq(number_of(setting, &settings), setting->most);
	}
}
END_TEST

#define LONG_PATH                                                                                                      \
	"/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"

START_TEST(each_type_refuses)
{
	static const struct {
		const char *section, *key, *good, *bad, *expected;
	} rows[] = {
		{ "gate", "socket", "/run/a", "", "a text that is not empty" },
		{ "gate", "socket", "/run/a", "run/a", "an absolute path of at most 100 bytes" },
		{ "gate", "socket", "/run/a", LONG_PATH, "an absolute path of at most 100 bytes" },
		{ "daemon", "admin-group", "mail", "", "a text that is not empty" },
		{ "daemon", "resolver", "192.0.2.53", "", "a text that is not empty" },
		{ "daemon", "resolver", "192.0.2.53", "dns.example", "an IPv4 or IPv6 address" },
		{ "daemon", "resolver", "2001:db8::53", "192.0.2.53:53", "an IPv4 or IPv6 address" },
		{ "smtp", "refuse", "rst", "", "421 or rst" },
		{ "smtp", "refuse", "421", "RST", "421 or rst" },
		{ "smtp", "refuse", "rst", "4210", "421 or rst" },
		{ "smtp", "max-hold", "1s", "1", "a duration from 0s to 10min, such as 30s" },
		{ "smtp", "max-hold", "1s", "", "a duration from 0s to 10min, such as 30s" },
		{ "smtp", "max-hold", "1s", "-1s", "a duration from 0s to 10min, such as 30s" },
		{ "smtp", "max-hold", "1s", "11min", "a duration from 0s to 10min, such as 30s" },
		{ "smtp", "max-hold", "1s", "99999999999999999999s", "a duration from 0s to 10min, such as 30s" },
		{ "smtp", "idle-timeout", "1s", "999ms", "a duration from 1s to 7d, such as 30s" },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		const struct setting *setting = setting_find(rows[i].section, rows[i].key);
		struct settings settings = { 0 };
		ck_assert_ptr_nonnull(setting);
		ck_assert_ptr_null(setting_set(setting, &settings, rows[i].good));
		struct settings before = settings;
		ck_assert_str_eq(setting_set(setting, &settings, rows[i].bad), rows[i].expected);
		ck_assert_mem_eq(&settings, &before, sizeof(before));
		if (!is_number(setting))
			ck_assert_str_eq(*(char **)((char *)&settings + setting->offset), rows[i].good);
		free_texts(&settings);
	}
}
END_TEST

START_TEST(the_longest_path)
{
	const struct setting *setting = setting_find("gate", "socket");
	struct settings settings = { 0 };
	char path[102] = LONG_PATH;

	ck_assert_uint_eq(strlen(path), 101);
	path[100] = '\0';
	ck_assert_ptr_null(setting_set(setting, &settings, path));
	ck_assert_str_eq(settings.gate_socket, path);
	free_texts(&settings);
}
END_TEST

UNIT_MAIN("settings", rows_are_complete, names_that_are_none, defaults_are_taken, bounds_of_durations,
	  each_type_refuses, the_longest_path)
