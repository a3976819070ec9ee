/* SPDX-License-Identifier: BSD-3-Clause */
/* What the modules of arithmetic and text are to do in the rare cases. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "frame.h"
#include "ledger/scope_text.h"
#include "show.h"
#include "unit.h"
#include "units.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Of the form, but too large. */
START_TEST(a_byte_rate_that_is_too_large)
{
	struct limit limit;

	ck_assert_int_eq(rate_parse(LIMIT_BYTE_RATE, "18446744073709551615GB/s", &limit), -ERANGE);
	ck_assert_int_eq(rate_parse(LIMIT_BYTE_RATE, "17179869184GiB/s", &limit), -ERANGE);
}
END_TEST

/* A tenth of a second's amount is never less because it is too much for 64 bits. */
START_TEST(a_default_burst_that_is_too_large)
{
	struct limit limit;

	ck_assert_int_eq(rate_parse(LIMIT_BYTE_RATE, "184467440738B/ns", &limit), 0);
	ck_assert_uint_eq(limit.burst, UINT64_MAX);
}
END_TEST

START_TEST(a_queue_has_an_end)
{
	static const struct wire_ROW_COUNTERS row;
	struct frame_buffer queue = { 0 };
	int ret;

	for (int i = 0; (ret = frame_put(&queue, WIRE_ROW_COUNTERS, &row)) == 0; i++)
		ck_assert_uint_le(queue.end - queue.start, 64u << 20);
	ck_assert_int_eq(ret, -ENOMEM);
	frame_buffer_finish(&queue);
}
END_TEST

static uint32_t find(void *context, const char *name, char *error)
{
	(void)context, (void)name, (void)error;
	return 5;
}

START_TEST(texts_that_are_no_scopes)
{
	static const char *const rows[] = {
		"gate/",
		"customer:acme/",
		"customer:acme/provider:google/",
		"source:192.0.2.1/",
		"source:::",
		"source:0:0:0:0:0:0:0:0",
		"remote:::",
		"source:::/provider:google",
	};
	static const struct name_finder finder = { find, find, NULL };

	/* An address of zeros is "each" in a key: it is no single source's. */
	for (size_t i = 0; i < LENGTH(rows); i++) {
		struct scope_key key;
		char error[SCOPE_ERROR_MAX] = "";
		ck_assert_msg(scope_parse(rows[i], &finder, &key, error) == -EINVAL, "\"%s\" is taken", rows[i]);
	}
}
END_TEST

static char *errors_of(const char *text, size_t size)
{
	char *errors = NULL;
	struct config *config = config_parse("f", text, size, &errors);

	config_destroy(config);
	return errors;
}

START_TEST(source_ports)
{
	static const char *const rows[] = { "0-", "1- 5", "1-+5", "1 -5", "5-\t9" };

	for (size_t i = 0; i < LENGTH(rows); i++) {
		char text[128];
		snprintf(text, sizeof(text), "customers: [{name: c, sources: [{prefix: 10.0.0.1, ports: '%s'}]}]",
			 rows[i]);
		char *errors = errors_of(text, strlen(text));
		ck_assert_msg(errors != NULL, "\"%s\" is taken", rows[i]);
		free(errors);
	}
}
END_TEST

/* What the YAML reader refuses has a place too. */
START_TEST(places_of_bad_bytes)
{
	static const struct {
		const char *bytes;
		size_t size;
		const char *place;
	} rows[] = {
		{ "gate: {}\nsmtp: {}\n\xff: 1\n", 23, "f:3:1: " },
		{ "gate: {}\ndaemon: \x01\n", 20, "f:2:9: " },
		{ "gate: {}\n\n\0", 11, "f:3:1: " },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		char *errors = errors_of(rows[i].bytes, rows[i].size);
		ck_assert_ptr_nonnull(errors);
		ck_assert_msg(strstr(errors, rows[i].place) == errors, "%s", errors);
		free(errors);
	}
}
END_TEST

/* What stands behind the first document would be read by nobody. */
START_TEST(a_second_document)
{
	static const char *const rows[] = { "gate: {}\n---\ncustomers: []\n", "gate: {}\n...\n---\nnonsense: 1\n",
					    "gate: {}\n---\n[\n" };

	for (size_t i = 0; i < LENGTH(rows); i++) {
		char *errors = errors_of(rows[i], strlen(rows[i]));
		ck_assert_msg(errors != NULL, "taken: %s", rows[i]);
		free(errors);
	}
}
END_TEST

START_TEST(huge_and_odd_files)
{
	char path[UNIT_PATH], *errors = NULL;
	int descriptor = mkstemp(unit_template(path, "config"));
	static char remark[1 << 20];

	ck_assert_int_ge(descriptor, 0);
	memset(remark, '#', sizeof(remark));
	remark[sizeof(remark) - 1] = '\n';
	ck_assert_int_eq(write(descriptor, "gate: {}\n", 9), 9);
	for (int i = 0; i < 65; i++)
		ck_assert_int_eq(write(descriptor, remark, sizeof(remark)), (ssize_t)sizeof(remark));
	close(descriptor);
	struct config *config = config_load(path, &errors);
	unlink(path);
	ck_assert_ptr_null(config);
	free(errors);
	ck_assert_ptr_null(config_load("/tmp", &errors));
	ck_assert_ptr_nonnull(strstr(errors, "Is a directory"));
	free(errors);
}
END_TEST

/* CSI may be one byte as well, and in UTF-8 two. */
START_TEST(terminals_are_not_steered)
{
	static const struct command table = { .name = "table", .columns = { { "ago", "AGO", COLUMN_AGO } } };
	static const char *const rows[] = { "{\"message\": \"a\\u009b2Jb\"}", "{\"message\": \"\\u0085\"}",
					    "{\"rows\": [{\"ago\": \"\\u001b[2J\"}]}",
					    "{\"rows\": [{\"ago\": \"\\u009b2J\"}]}" };

	for (size_t i = 0; i < LENGTH(rows); i++) {
		json_t *reply = json_loads(rows[i], 0, NULL);
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);
		show_reply(out, &(struct look){ 0 }, &table, reply, 0);
		fclose(out);
		json_decref(reply);
		ck_assert_ptr_null(strchr(text, '\033'));
		ck_assert_ptr_null(strchr(text, '\xc2'));
		ck_assert_ptr_nonnull(strchr(text, '\\'));
		free(text);
	}
}
END_TEST

UNIT_MAIN("edges", a_byte_rate_that_is_too_large, a_default_burst_that_is_too_large, a_queue_has_an_end,
	  texts_that_are_no_scopes, source_ports, places_of_bad_bytes, a_second_document, huge_and_odd_files,
	  terminals_are_not_steered)
