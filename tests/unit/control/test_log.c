/* SPDX-License-Identifier: BSD-3-Clause */
/* A log line is one line of printable ASCII, whatever it was told. */
#include "log.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "unit.h"

static int saved = -1, caught = -1;

/* From here on stderr is kept. */
static void catch (void)
{
	saved = dup(STDERR_FILENO);
	caught = memfd_create("stderr", MFD_CLOEXEC);
	ck_assert_int_ge(saved, 0);
	ck_assert_int_ge(caught, 0);
	ck_assert_int_eq(dup2(caught, STDERR_FILENO), STDERR_FILENO);
}

/* What was kept, as a string; stderr is itself again, so that a failed check can be told. */
static const char *caught_text(void)
{
	static char text[16384];
	ssize_t size = pread(caught, text, sizeof(text) - 1, 0);

	dup2(saved, STDERR_FILENO);
	close(saved);
	close(caught);
	ck_assert_int_ge(size, 0);
	text[size] = '\0';
	return text;
}

START_TEST(escaping)
{
	static const struct {
		const char *text, *line;
	} rows[] = {
		{ "", "unit: \n" },
		{ "plain text, 100%", "unit: plain text, 100%\n" },
		{ "a\nunit: error: forged", "unit: a\\x0aunit: error: forged\n" },
		{ "a\rb", "unit: a\\x0db\n" },
		{ "\033[2J", "unit: \\x1b[2J\n" },
		{ "\t", "unit: \\x09\n" },
		{ "\x7f", "unit: \\x7f\n" },
		{ "\xc3\xa4", "unit: \\xc3\\xa4\n" },
		{ "\xff\x80", "unit: \\xff\\x80\n" },
	};

	unsetenv("JOURNAL_STREAM");
	log_init("unit", LOG_LEVEL_INFO);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		catch ();
		log_info("%s", rows[i].text);
		ck_assert_str_eq(caught_text(), rows[i].line);
	}
}
END_TEST

START_TEST(levels)
{
	unsetenv("JOURNAL_STREAM");
	log_init("unit", LOG_LEVEL_WARNING);
	catch ();
	log_error("%d", 1);
	log_warning("%d", 2);
	log_info("%d", 3);
	log_debug("%d", 4);
	ck_assert_str_eq(caught_text(), "unit: error: 1\nunit: warning: 2\n");
	log_init("unit", LOG_LEVEL_DEBUG);
	catch ();
	log_info("%d", 3);
	log_debug("%d", 4);
	ck_assert_str_eq(caught_text(), "unit: 3\nunit: 4\n");
}
END_TEST

START_TEST(levels_for_the_journal)
{
	setenv("JOURNAL_STREAM", "8:1", 1);
	log_init("unit", LOG_LEVEL_DEBUG);
	catch ();
	log_error("a");
	log_warning("b");
	log_info("c");
	log_debug("d");
	ck_assert_str_eq(caught_text(), "<3>a\n<4>b\n<6>c\n<7>d\n");
}
END_TEST

/* Longer than any line: it ends somewhere, in a whole escape and an end of line. */
static void check_long(char byte, const char *unit)
{
	char text[5000];

	memset(text, byte, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	catch ();
	log_info("%s", text);
	const char *line = caught_text();
	size_t size = strlen(line), step = strlen(unit);
	ck_assert_uint_gt(size, 500);
	ck_assert_uint_lt(size, 4096);
	ck_assert_int_eq(line[size - 1], '\n');
	ck_assert_mem_eq(line, "unit: ", 6);
	ck_assert_uint_eq((size - 7) % step, 0);
	for (size_t i = 6; i < size - 1; i += step)
		ck_assert_mem_eq(line + i, unit, step);
}

START_TEST(long_lines)
{
	unsetenv("JOURNAL_STREAM");
	log_init("unit", LOG_LEVEL_INFO);
	check_long('x', "x");
	check_long('\n', "\\x0a");
}
END_TEST

UNIT_MAIN("log", escaping, levels, levels_for_the_journal, long_lines)
