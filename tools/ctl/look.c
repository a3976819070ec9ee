/* SPDX-License-Identifier: BSD-3-Clause */
#include "look.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_UNKNOWN 80

/* https://no-color.org: whatever its value, if it is not empty. */
static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return (no == NULL || no[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0;
}

struct look look_of(FILE *file)
{
	struct winsize size = { 0 };

	if (!isatty(fileno(file)))
		return (struct look){ 0 };
	bool known = ioctl(fileno(file), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
	return (struct look){ .width = known ? size.ws_col : WIDTH_UNKNOWN, .colour = wants_colour() };
}
