/* SPDX-License-Identifier: BSD-3-Clause */
/* Text made to do harm: it is refused with a bounded account of why, and costs no more than its size. */
#include "config/yaml_map.h"

#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "unit.h"

/* A text built piece by piece. */
struct text {
	char *data;
	size_t size;
	FILE *stream;
};

static FILE *begin(struct text *text)
{
	text->stream = open_memstream(&text->data, &text->size);
	ck_assert_ptr_nonnull(text->stream);
	return text->stream;
}

/* Parses and frees it; what was wrong, to be freed. NULL when it was taken. */
static char *errors_of(struct text *text)
{
	char *errors = NULL;

	fclose(text->stream);
	struct config *config = config_parse("f", text->data, text->size, &errors);
	free(text->data);
	ck_assert(config == NULL || errors == NULL);
	config_destroy(config);
	return errors;
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		lines++;
	return lines;
}

START_TEST(many_errors_are_bounded)
{
	static const size_t counts[] = { 1, ERRORS_MOST - 1, ERRORS_MOST, ERRORS_MOST + 1, 5000 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct text text;
		FILE *out = begin(&text);
		fputs("customers:\n", out);
		for (size_t j = 0; j < counts[i]; j++)
			fprintf(out, "- {name: c%zu, sources: [10.0.0.300]}\n", j);
		char *errors = errors_of(&text);
		ck_assert_ptr_nonnull(errors);
		ck_assert_uint_eq(count_lines(errors), counts[i] < ERRORS_MOST ? counts[i] : ERRORS_MOST);
		free(errors);
	}
}
END_TEST

START_TEST(zero_bytes_in_texts)
{
	static const struct {
		const char *text, *errors;
	} rows[] = {
		{ "gate: {socket: \"/a\\0b\"}", "f:1:16: a zero byte in a text\n" },
		{ "{\"gate\\0\": {}}", "f:1:2: a zero byte in a text\n" },
		{ "customers: [{name: \"c\\0\", sources: [10.0.0.1]}]", "f:1:20: a zero byte in a text\n" },
		{ "providers: [{name: p, hosts: [h]}]\n"
		  "customers: [{name: c, sources: [10.0.0.1], at: {\"p\\0\": {}}}]",
		  "f:2:49: a zero byte in a text\n" },
		{ "customers: [{name: c, sources: [{prefix: 10.0.0.1, ports: \"25\\0\"}]}]",
		  "f:1:59: a zero byte in a text\n" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text text;
		fputs(rows[i].text, begin(&text));
		char *errors = errors_of(&text);
		ck_assert_ptr_nonnull(errors);
		ck_assert_str_eq(errors, rows[i].errors);
		free(errors);
	}
}
END_TEST

START_TEST(raw_zero_and_bad_bytes)
{
	static const struct {
		const char *bytes;
		size_t size;
	} rows[] = {
		{ "gate: {}\n\0", 10 }, { "\0", 1 }, { "gate: \xff", 7 }, { "gate: \xc0\x80", 8 }, { "\xff\xfeg", 3 }
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text text;
		fwrite(rows[i].bytes, 1, rows[i].size, begin(&text));
		char *errors = errors_of(&text);
		ck_assert_msg(errors != NULL, "row %zu is taken", i);
		ck_assert_uint_eq(count_lines(errors), 1);
		free(errors);
	}
}
END_TEST

START_TEST(aliases_are_what_they_name)
{
	struct text text;
	char *errors;

	fputs("providers:\n- {name: p, hosts: &a [h.example], limits: &l {connections: 5}}\n"
	      "- {name: q, hosts: *a, limits: *l}\n",
	      begin(&text));
	fclose(text.stream);
	struct config *config = config_parse("f", text.data, text.size, &errors);
	ck_assert_ptr_nonnull(config);
	ck_assert_uint_eq(config->providers[1].hosts.count, 1);
	ck_assert_uint_eq(config->providers[1].limits.kind[LIMIT_CONNECTIONS].amount, 5);
	config_destroy(config);
	free(text.data);
}
END_TEST

/* Each level names the one before ten times: 10^20 values, were they all visited. */
START_TEST(aliases_of_aliases)
{
	struct text text;
	FILE *out = begin(&text);

	fputs("providers:\n- name: p\n  hosts:\n  - &a0 [x,x,x,x,x,x,x,x,x,x]\n", out);
	for (int level = 1; level < 20; level++) {
		fprintf(out, "  - &a%d [", level);
		for (int i = 0; i < 10; i++)
			fprintf(out, "%s*a%d", i > 0 ? "," : "", level - 1);
		fputs("]\n", out);
	}
	char *errors = errors_of(&text);
	ck_assert_ptr_nonnull(errors);
	ck_assert_ptr_nonnull(strstr(errors, "f:23:5: expected a single value, found a list\n"));
	ck_assert_uint_eq(count_lines(errors), 21); /* one each, and a provider with no hosts */
	free(errors);
}
END_TEST

START_TEST(aliases_of_themselves)
{
	static const char *const rows[] = {
		"&a {gate: *a}",
		"&a [*a]",
		"&a {*a : *a}",
		"providers: &a [*a, *a]",
		"customers:\n- &c {name: c, sources: [10.0.0.1], limits: *c, at: *c}",
		"defaults: &d {gate: *d, each-source: *d}",
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text text;
		fputs(rows[i], begin(&text));
		char *errors = errors_of(&text);
		ck_assert_msg(errors != NULL, "taken: %s", rows[i]);
		free(errors);
	}
}
END_TEST

START_TEST(deep_nesting)
{
	static const struct {
		const char *open, *close;
	} rows[] = { { "[", "]" }, { "{a: ", "}" }, { "- ", "" }, { "? ", "" }, { "[", "" } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct text text;
		FILE *out = begin(&text);
		fputs("providers: ", out);
		for (int j = 0; j < 20000; j++)
			fputs(rows[i].open, out);
		for (int j = 0; j < 20000; j++)
			fputs(rows[i].close, out);
		char *errors = errors_of(&text);
		ck_assert_msg(errors != NULL, "20000 times \"%s\" is taken", rows[i].open);
		free(errors);
	}
}
END_TEST

START_TEST(long_texts)
{
	struct text text;
	FILE *out = begin(&text);

	fputs("customers:\n- {sources: [10.0.0.1], name: ", out);
	for (int i = 0; i < 1000000; i++)
		fputc('n', out);
	fputs("}\n", out);
	char *errors = errors_of(&text);
	ck_assert_ptr_nonnull(errors);
	ck_assert_mem_eq(errors, "f:2:31: name: ", 14);
	ck_assert_uint_eq(count_lines(errors), 1);
	free(errors);
}
END_TEST

UNIT_MAIN("yaml_map", many_errors_are_bounded, zero_bytes_in_texts, raw_zero_and_bad_bytes, aliases_are_what_they_name,
	  aliases_of_aliases, aliases_of_themselves, deep_nesting, long_texts)
