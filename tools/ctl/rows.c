/* SPDX-License-Identifier: BSD-3-Clause */
#include "rows.h"

#include <string.h>

#include "cell.h"

#define GAP 2u
#define NARROWEST 8u /* texts are folded to no less */

/* The columns that are shown, and how wide. */
struct layout {
	struct shown {
		const struct column *column;
		size_t width, word; /* word: the longest one's: names are split last */
	} shown[COMMAND_COLUMNS_MAX];
	size_t count;
};

/* What begins so in that column is to be seen at once. */
static const struct {
	const char *key, *begin, *colour;
} paints[] = {
	{ "action", "quarantine", "31" }, { "decision", "quarantine", "31" }, { "decision", "denied", "31" },
	{ "action", "limit", "33" },	  { "decision", "limit", "33" },      { "enforced", "no", "33" },
	{ "class", "fault", "31" },
};

static bool is_number(enum column_type type)
{
	return type == COLUMN_NUMBER || type == COLUMN_MS || type == COLUMN_US || type == COLUMN_BYTES ||
	       type == COLUMN_RATE;
}

static size_t greater(size_t a, size_t b)
{
	return a > b ? a : b;
}

static size_t longest_word(char *text)
{
	size_t longest = 0;

	for (char *word; (word = strsep(&text, " ")) != NULL;)
		longest = greater(longest, text_width(word));
	return longest;
}

static void add_column(struct layout *layout, const struct column *column, const json_t *rows, time_t now)
{
	size_t widest = strlen(column->title), word = 0, index;
	char text[CELL_MAX];
	json_t *row;

	json_array_foreach((json_t *)rows, index, row)
	{
		cell_text(column, json_object_get(row, column->key), now, text, sizeof(text));
		widest = greater(widest, text_width(text));
		word = greater(word, longest_word(text));
	}
	layout->shown[layout->count++] = (struct shown){ column, widest, word };
}

static size_t total(const struct layout *layout)
{
	size_t sum = layout->count > 0 ? (layout->count - 1) * GAP : 0;

	for (size_t i = 0; i < layout->count; i++)
		sum += layout->shown[i].width;
	return sum;
}

/* Takes the last one out that matters least; false when there is none. */
static bool drop_one(struct layout *layout)
{
	for (size_t i = layout->count; i-- > 0;) {
		if (!layout->shown[i].column->wide)
			continue;
		for (size_t next = i + 1; next < layout->count; next++)
			layout->shown[next - 1] = layout->shown[next];
		layout->count--;
		return true;
	}
	return false;
}

/* Makes the widest text narrower by one, a `split` one within its words; false when none can be. */
static bool narrow_one(struct layout *layout, bool split)
{
	size_t widest = layout->count;

	for (size_t i = 0; i < layout->count; i++) {
		const struct shown *shown = &layout->shown[i];
		size_t least = greater(NARROWEST, strlen(shown->column->title));
		if (!is_number(shown->column->type) && shown->width > greater(least, split ? 0 : shown->word) &&
		    (widest == layout->count || shown->width > layout->shown[widest].width))
			widest = i;
	}
	if (widest == layout->count)
		return false;
	layout->shown[widest].width--;
	return true;
}

static void fit(struct layout *layout, size_t width)
{
	while (width > 0 && total(layout) > width)
		if (!drop_one(layout) && !narrow_one(layout, false) && !narrow_one(layout, true))
			return;
}

/* Bytes of a text that go on a line so wide: up to a blank or behind a stroke if there is one, never within a
 * character. */
static size_t line_size(const char *text, size_t width)
{
	size_t size = 0, blank = 0;

	for (size_t used = 0; text[size] != '\0'; size++) {
		used += (text[size] & 0xc0) != 0x80;
		if (used > width)
			return blank > 0 ? blank : size;
		if (text[size] == ' ' || text[size] == '/')
			blank = size + (text[size] == '/');
	}
	return size;
}

static const char *paint_of(const struct column *column, const char *text)
{
	for (size_t i = 0; i < sizeof(paints) / sizeof(paints[0]); i++)
		if (strcmp(paints[i].key, column->key) == 0 &&
		    strncmp(text, paints[i].begin, strlen(paints[i].begin)) == 0)
			return paints[i].colour;
	return NULL;
}

static void print_piece(FILE *out, const char *text, const char *colour)
{
	if (colour != NULL)
		fprintf(out, "\033[%sm%s\033[0m", colour, text);
	else
		fputs(text, out);
}

/* One line of the cells; each pointer moves on behind what was printed. Blanks that nothing follows are not printed. */
static void print_line(FILE *out, const struct layout *layout, const char **text, const char *const *colour)
{
	size_t blanks = 0;

	for (size_t i = 0; i < layout->count; i++) {
		size_t size = line_size(text[i], layout->shown[i].width);
		char piece[CELL_MAX];
		snprintf(piece, sizeof(piece), "%.*s", (int)size, text[i]);
		size_t pad = layout->shown[i].width - text_width(piece);
		bool right = is_number(layout->shown[i].column->type);
		blanks += right ? pad : 0;
		if (size > 0) {
			fprintf(out, "%*s", (int)blanks, "");
			print_piece(out, piece, colour[i]);
			blanks = 0;
		}
		blanks += (right ? 0 : pad) + GAP;
		text[i] += size;
		text[i] += text[i][0] == ' ';
	}
	fputc('\n', out);
}

static void print_cells(FILE *out, const struct layout *layout, const char **text, const char *const *colour)
{
	for (bool more = true; more;) {
		print_line(out, layout, text, colour);
		more = false;
		for (size_t i = 0; i < layout->count; i++)
			more |= text[i][0] != '\0';
	}
}

static void print_titles(FILE *out, const struct look *look, const struct layout *layout)
{
	const char *text[COMMAND_COLUMNS_MAX], *colour[COMMAND_COLUMNS_MAX];

	for (size_t i = 0; i < layout->count; i++) {
		text[i] = layout->shown[i].column->title;
		colour[i] = look->colour ? "1" : NULL;
	}
	print_cells(out, layout, text, colour);
}

static void print_row(FILE *out, const struct look *look, const struct layout *layout, const json_t *row, time_t now)
{
	const char *text[COMMAND_COLUMNS_MAX], *colour[COMMAND_COLUMNS_MAX];
	char cell[COMMAND_COLUMNS_MAX][CELL_MAX];

	for (size_t i = 0; i < layout->count; i++) {
		const struct column *column = layout->shown[i].column;
		cell_text(column, json_object_get(row, column->key), now, cell[i], sizeof(cell[i]));
		text[i] = cell[i];
		colour[i] = look->colour ? paint_of(column, cell[i]) : NULL;
	}
	print_cells(out, layout, text, colour);
}

void rows_print(FILE *out, const struct look *look, const struct command *command, const json_t *rows, time_t now)
{
	struct layout layout = { 0 };
	size_t index;
	json_t *row;

	for (const struct column *column = command->columns; column->key != NULL; column++)
		add_column(&layout, column, rows, now);
	if (layout.count == 0)
		return;
	fit(&layout, look->width);
	print_titles(out, look, &layout);
	json_array_foreach((json_t *)rows, index, row) print_row(out, look, &layout, row, now);
}
