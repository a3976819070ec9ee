/* SPDX-License-Identifier: BSD-3-Clause */
#include "log.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

/* Set once at start, before there are threads. */
static const char *program_name = "sluice";
static enum log_level level_most = LOG_LEVEL_INFO;

void log_init(const char *program, enum log_level most)
{
	program_name = program;
	level_most = most;
}

/* Text that came over a wire must not write to a terminal or forge a line. */
static size_t escape(const char *text, char *out, size_t room)
{
	size_t used = 0;

	for (const char *at = text; *at != '\0' && used + 5 < room; at++) {
		unsigned char byte = (unsigned char)*at;
		if (isprint(byte))
			out[used++] = *at;
		else
			used += (size_t)snprintf(out + used, room - used, "\\x%02x", byte);
	}
	out[used] = '\0';
	return used;
}

/* "<3>" is a level to the journal and noise to a person: only where the journal listens. */
static int prefix(enum log_level level, char *out, size_t room)
{
	if (getenv("JOURNAL_STREAM") != NULL)
		return snprintf(out, room, "<%d>", level);
	return snprintf(out, room, "%s: %s", program_name,
			level == LOG_LEVEL_ERROR     ? "error: "
			: level == LOG_LEVEL_WARNING ? "warning: "
						     : "");
}

void log_line(enum log_level level, const char *format, ...)
{
	char text[LINE_MAX_BYTES], line[LINE_MAX_BYTES * 2];
	va_list arguments;

	if (level > level_most)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	size_t used = (size_t)prefix(level, line, sizeof(line));
	used += escape(text, line + used, sizeof(line) - used - 1);
	line[used++] = '\n';
	/* One write a line, so that lines of several threads and processes do not mix. */
	ssize_t written = write(STDERR_FILENO, line, used);
	(void)written;
}
