/* SPDX-License-Identifier: BSD-3-Clause */
/* What is printed on: a terminal of some width, with or without colours, or no terminal. */
#include "look.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "unit.h"

/* A terminal so wide; 0: of unknown width. */
static FILE *terminal(unsigned short width)
{
	const struct winsize size = { .ws_row = 24, .ws_col = width };
	int master = posix_openpt(O_RDWR | O_NOCTTY);

	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	FILE *file = fopen(ptsname(master), "r+");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(ioctl(fileno(file), TIOCSWINSZ, &size), 0);
	return file;
}

START_TEST(no_terminal)
{
	FILE *file = tmpfile();

	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	const struct look look = look_of(file);
	ck_assert_uint_eq(look.width, 0);
	ck_assert(!look.colour);
	fclose(file);
}
END_TEST

START_TEST(widths)
{
	static const unsigned short columns[] = { 40, 80, 200, 0 };

	for (int i = 0; i < 4; i++) {
		FILE *file = terminal(columns[i]);
		ck_assert_uint_eq(look_of(file).width, columns[i] != 0 ? columns[i] : 80);
		fclose(file);
	}
}
END_TEST

START_TEST(colours)
{
	static const struct {
		const char *term, *no_color;
		bool colour;
	} rows[] = {
		{ "xterm", NULL, true }, { "xterm", "", true }, { "xterm", "1", false },
		{ "dumb", NULL, false }, { NULL, NULL, false },
	};
	FILE *file = terminal(80);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsetenv("TERM");
		unsetenv("NO_COLOR");
		if (rows[i].term != NULL)
			setenv("TERM", rows[i].term, 1);
		if (rows[i].no_color != NULL)
			setenv("NO_COLOR", rows[i].no_color, 1);
		ck_assert_msg(look_of(file).colour == rows[i].colour, "row %zu", i);
	}
	fclose(file);
}
END_TEST

UNIT_MAIN("look", no_terminal, widths, colours)
