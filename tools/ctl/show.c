/* SPDX-License-Identifier: BSD-3-Clause */
#include "show.h"

#include "cell.h"
#include "rows.h"

void show_reply(FILE *out, const struct look *look, const struct command *command, const json_t *reply, time_t now)
{
	const char *message = json_string_value(json_object_get(reply, "message"));
	const json_t *rows = json_object_get(reply, "rows");
	char text[1024];

	if (message != NULL) {
		text_escape(message, text, sizeof(text));
		fprintf(out, "%s\n", text);
	}
	if (json_is_array(rows) && json_array_size(rows) == 0)
		fputs("none\n", out);
	else if (json_is_array(rows))
		rows_print(out, look, command, rows, now);
}

void show_event(FILE *out, const json_t *line)
{
	const char *const keys[] = { "at", "event", "text" };
	char text[3][CELL_MAX];

	for (int i = 0; i < 3; i++) {
		const char *value = json_string_value(json_object_get(line, keys[i]));
		text_escape(value != NULL ? value : "-", text[i], sizeof(text[i]));
	}
	fprintf(out, "%-20s  %-10s  %s\n", text[0], text[1], text[2]);
}
