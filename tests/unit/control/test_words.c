/* SPDX-License-Identifier: BSD-3-Clause */
/* Words of a command line to a request, and what is said of words that do not fit. */
#include "words.h"

#include <string.h>

#include "unit.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define WORDS_MOST 12

struct words_row {
	const char *words[WORDS_MOST]; /* the command first; ends at NULL */
	const char *expected;	       /* the request as JSON, or the error */
};

static json_t *request_of(const struct words_row *row, char *error)
{
	const struct command *command = command_find(row->words[0]);
	int count = 0;

	ck_assert_msg(command != NULL, "%s", row->words[0]);
	while (row->words[count + 1] != NULL)
		count++;
	return words_args(command, count, (char *const *)row->words + 1, error);
}

START_TEST(good)
{
	static const struct words_row rows[] = {
		{ { "status" }, "{}" },
		{ { "quarantine", "acme", "--reason", "trap hits" },
		  "{\"customer\":\"acme\",\"reason\":\"trap hits\"}" },
		{ { "quarantine", "acme", "--reason=trap hits" }, "{\"customer\":\"acme\",\"reason\":\"trap hits\"}" },
		{ { "quarantine", "--reason", "r", "--for=24h", "acme", "--provider", "google" },
		  "{\"customer\":\"acme\",\"for\":\"24h\",\"provider\":\"google\",\"reason\":\"r\"}" },
		{ { "quarantine", "acme", "--reason", "--for" }, "{\"customer\":\"acme\",\"reason\":\"--for\"}" },
		{ { "quarantine", "acme", "--reason=a=b" }, "{\"customer\":\"acme\",\"reason\":\"a=b\"}" },
		{ { "quarantine", "acme", "--reason=--x" }, "{\"customer\":\"acme\",\"reason\":\"--x\"}" },
		{ { "quarantine", "-\xc3\xa4", "--reason=r" }, "{\"customer\":\"-\xc3\xa4\",\"reason\":\"r\"}" },
		{ { "limit", "gate", "connections=2" }, "{\"scope\":\"gate\",\"setting\":[\"connections=2\"]}" },
		{ { "limit", "gate", "connections=2", "--for", "1h30min", "byte-rate=1MB/s burst 64kB",
		    "connection-rate=10/min" },
		  "{\"for\":\"1h30min\",\"scope\":\"gate\",\"setting\":[\"connections=2\",\"byte-rate=1MB/s burst "
		  "64kB\",\"connection-rate=10/min\"]}" },
		{ { "release", "12" }, "{\"target\":\"12\"}" },
		{ { "top", "providers", "--order=bytes" }, "{\"order\":\"bytes\",\"what\":\"providers\"}" },
		{ { "flows", "--most=1k" }, "{\"most\":1000}" },
		{ { "decisions", "--all" }, "{\"all\":true}" },
		{ { "decisions", "--all=false" }, "{\"all\":false}" },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		char error[WORDS_ERROR_MAX] = "";
		json_t *request = request_of(&rows[i], error);
		ck_assert_msg(request != NULL, "row %zu: %s", i, error);
		char *args = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
		ck_assert_str_eq(args, rows[i].expected);
		free(args);
		json_decref(request);
	}
}
END_TEST

static void check_refused(const struct words_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char error[WORDS_ERROR_MAX] = "";
		json_t *request = request_of(&rows[i], error);
		ck_assert_msg(request == NULL, "row %zu, not \"%s\"", i, rows[i].expected);
		ck_assert_str_eq(error, rows[i].expected);
	}
}

START_TEST(refused)
{
	static const struct words_row rows[] = {
		{ { "quarantine" }, "customer is needed: whose mail" },
		{ { "quarantine", "acme" }, "--reason is needed: what support staff will read in the MTA's log" },
		{ { "quarantine", "--reason", "r" }, "customer is needed: whose mail" },
		{ { "quarantine", "acme", "--reason" },
		  "--reason needs a value: what support staff will read in the MTA's log" },
		{ { "quarantine", "acme", "--reason=" }, "--reason: empty" },
		{ { "quarantine", "acme", "--reason", "" }, "--reason: empty" },
		{ { "quarantine", "", "--reason", "r" }, "customer: empty" },
		{ { "quarantine", "acme", "beta", "--reason", "r" }, "unexpected \"beta\"" },
		{ { "quarantine", "acme", "--reason", "a", "--reason=b" }, "--reason is given twice" },
		{ { "quarantine", "acme", "--why", "r" },
		  "no option --why; \"sluicectl quarantine --help\" lists them" },
		{ { "quarantine", "acme", "--reaso=r" },
		  "no option --reaso=r; \"sluicectl quarantine --help\" lists them" },
		{ { "quarantine", "acme", "--reasons=r" },
		  "no option --reasons=r; \"sluicectl quarantine --help\" lists them" },
		{ { "quarantine", "--" }, "no option --; \"sluicectl quarantine --help\" lists them" },
		{ { "quarantine", "--customer=acme" },
		  "no option --customer=acme; \"sluicectl quarantine --help\" lists them" },
		{ { "quarantine", "acme", "--reason=r", "--for", "24" },
		  "--for: \"24\" is not a duration, such as 30s, 24h or 7d" },
		{ { "quarantine", "acme", "--reason=r", "--for=" }, "--for: empty" },
		{ { "quarantine", "acme", "--reason=\xff" },
		  "--reason: \"\xff\" is not a text of printable ASCII: it may go into an SMTP reply" },
		{ { "quarantine", "\xc3", "--reason=r" }, "customer: not UTF-8" },
		{ { "limit" },
		  "scope is needed: gate, customer:C (or C), provider:P, customer:C/provider:P, source:IP, "
		  "source:IP/provider:P, remote:IP, domain:D" },
		{ { "limit", "gate" },
		  "setting is needed: connections=N (0 stops it), connection-rate=N/s (/min, /h; \"10/s burst 20\"), "
		  "byte-rate=N/s (kB, MB, Mbit; \"2MB/s burst 64kB\"), message-rate=N/s (/min, /h; \"5/s burst 20\")" },
		{ { "limit", "gate", "connections" },
		  "setting: \"connections\" is not a limit; write connections=N, connection-rate=N/s, byte-rate=N/s or "
		  "message-rate=N/s" },
		{ { "limit", "gate", "connections=2", "byte-rate=1" },
		  "setting: \"byte-rate=1\" is not a limit; write connections=N, connection-rate=N/s, byte-rate=N/s or "
		  "message-rate=N/s" },
		{ { "limit", "gate", "connections=2", "" }, "setting: empty" },
		{ { "flows", "--most", "many" }, "--most: \"many\" is not a number" },
		{ { "flows", "--most", "-1" }, "--most: \"-1\" is not a number" },
		{ { "flows", "--most", "10001" }, "--most: \"10001\" is not a number from 1 to 10000" },
		{ { "decisions", "--all=yes" }, "--all: \"yes\" is not true or false" },
		{ { "decisions", "--all", "yes" }, "unexpected \"yes\"" },
		{ { "quarantine", "acme/provider:google", "--reason=r" },
		  "customer: \"acme/provider:google\" is not a name, without / and :" },
		{ { "flows", "acme" }, "unexpected \"acme\"" },
		{ { "status", "now" }, "unexpected \"now\"" },
		{ { "status", "--all" }, "no option --all; \"sluicectl status --help\" lists them" },
	};

	check_refused(rows, LENGTH(rows));
}
END_TEST

START_TEST(no_choice)
{
	static const struct words_row rows[] = {
		{ { "top", "customer" }, "what: \"customer\" is not one of: customers providers" },
		{ { "top", "customers providers" },
		  "what: \"customers providers\" is not one of: customers providers" },
	};

	check_refused(rows, LENGTH(rows));
}
END_TEST

START_TEST(many)
{
	char *words[1002] = { (char *)"gate" }, error[WORDS_ERROR_MAX] = "";

	for (int i = 1; i < 1001; i++)
		words[i] = (char *)"connections=2";
	json_t *request = words_args(command_find("limit"), 1001, words, error);
	ck_assert_ptr_nonnull(request);
	ck_assert_uint_eq(json_array_size(json_object_get(request, "setting")), 1000);
	json_decref(request);
}
END_TEST

START_TEST(long_errors_are_cut)
{
	static char word[5000];
	char *words[] = { word }, error[WORDS_ERROR_MAX + 1];

	memset(word, 'x', sizeof(word) - 1);
	memset(error, '#', sizeof(error));
	ck_assert_ptr_null(words_args(command_find("status"), 1, words, error));
	ck_assert_uint_eq(strlen(error), WORDS_ERROR_MAX - 1);
	ck_assert_int_eq(error[WORDS_ERROR_MAX], '#');
}
END_TEST

UNIT_MAIN("words", good, refused, no_choice, many, long_errors_are_cut)
