/* SPDX-License-Identifier: BSD-3-Clause */
/* Documentation made from the tables the programs themselves run on, so that it cannot say anything else:
 * fragments for README files (tools/dev/check-docs puts them in) and man pages (installed by meson). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarms/alarms.h"
#include "commands.h"
#include "completion.h"
#include "config/settings.h"
#include "counters.h"
#include "customers/tier.h"
#include "exit_codes.h"
#include "limit.h"
#include "options.h"
#include "units.h"

static const char *example_path; /* of the configuration's example */

static const char *const right_names[] = { [RIGHT_READ] = "read", [RIGHT_ADMIN] = "admin" };

static const char *const class_names[] = {
	[CLASS_TRAFFIC] = "traffic", [CLASS_DROP] = "drop", [CLASS_REFUSE] = "refuse",
	[CLASS_CUT] = "cut",	     [CLASS_HOLD] = "hold", [CLASS_FAULT] = "fault",
};

static const char *const class_help[] = {
	[CLASS_TRAFFIC] = "packets and connections that went their way",
	[CLASS_DROP] = "packets that went nowhere",
	[CLASS_REFUSE] = "connections that were not let in",
	[CLASS_CUT] = "connections that were ended",
	[CLASS_HOLD] = "what had to wait",
	[CLASS_FAULT] = "conditions an operator should look at",
};

static const char *const limit_help[LIMIT_KINDS] = {
	[LIMIT_CONNECTIONS] = "at once; a count such as 20 or 2k; 0 denies",
	[LIMIT_CONNECTION_RATE] = "new ones over time, such as 10/s, 600/min, 10/5s or \"10/s burst 20\"; "
				  "default burst: 1",
	[LIMIT_BYTE_RATE] = "IP bytes from the MTA over time, such as 2MB/s, 10Mbit/s or \"2MB/s burst 64kB\"; "
			    "default burst: what 100 ms give, at least 15 kB",
	[LIMIT_MESSAGE_RATE] = "messages over time, such as 5/s, 100/min or \"5/s burst 20\"; default burst: 1",
};

/* "smtp: hold-budget:" is written inside smtp. */
static const char *section_path(const struct setting *setting)
{
	return strcmp(setting->section, "hold-budget") == 0 ? "smtp.hold-budget" : setting->section;
}

static char *range_text(const struct setting *setting, char *out, size_t size)
{
	char least[32], most[32];

	switch (setting->type) {
	case SETTING_TEXT:
		snprintf(out, size, "a name");
		break;
	case SETTING_PATH:
		snprintf(out, size, "absolute path");
		break;
	case SETTING_ENDPOINT:
		snprintf(out, size, "IP address:port");
		break;
	case SETTING_ADDRESS:
		snprintf(out, size, "IP address");
		break;
	case SETTING_DURATION:
		snprintf(out, size, "%s to %s", duration_format(setting->least, least, sizeof(least)),
			 duration_format(setting->most, most, sizeof(most)));
		break;
	case SETTING_REFUSE:
		snprintf(out, size, "421 or rst");
		break;
	case SETTING_TIER:
		snprintf(out, size, TIER_EXPECTED);
		break;
	case SETTING_PERCENT:
		snprintf(out, size, "0%% to 100%%");
		break;
	case SETTING_CHOICE:
		snprintf(out, size, "%s", setting->choices);
		break;
	case SETTING_COUNT:
	case SETTING_SIZE:
		snprintf(out, size, "%llu to %llu%s", (unsigned long long)setting->least,
			 (unsigned long long)setting->most, setting->type == SETTING_SIZE ? " bytes" : "");
		break;
	}
	return out;
}

/* What stands for an argument's value: its kind where that says more than its name. */
static void value_text(const struct arg *arg, char *out, size_t size)
{
	static const char *const kinds[] = { [ARG_DURATION] = "TIME", [ARG_TEXT] = "TEXT", [ARG_COUNT] = "N" };
	const char *kind = arg->type < sizeof(kinds) / sizeof(kinds[0]) ? kinds[arg->type] : NULL;

	snprintf(out, size, "%s", kind != NULL ? kind : arg->name);
	for (char *at = out; *at != '\0'; at++)
		*at = (char)toupper((unsigned char)*at);
}

/* "quarantine CUSTOMER [--provider PROVIDER]". */
static char *usage_text(const struct command *command, char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size, "%s", command->name);
	char value[32];

	for (const struct arg *arg = command->args; arg->name != NULL && used < size; arg++) {
		const char *open = arg->required ? "" : "[", *close = arg->required ? "" : "]";
		value_text(arg, value, sizeof(value));
		if (arg->type == ARG_FLAG)
			value[0] = '\0';
		used += (size_t)snprintf(out + used, size - used, " %s%s%s%s%s%s%s", open, arg->option ? "--" : "",
					 arg->option ? arg->name : "", arg->option && value[0] != '\0' ? " " : "",
					 value, arg->many ? " ..." : "", close);
	}
	return out;
}

/* Markdown. A stroke would end the cell. */
static void cell(const char *text)
{
	for (; *text != '\0'; text++)
		printf(*text == '|' ? "\\%c" : "%c", *text);
}

static void md_settings(void)
{
	char range[96];

	puts("| setting | default | values | what |\n| --- | --- | --- | --- |");
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &setting_rows[i];
		const char *initial = setting->initial;
		printf("| `%s.%s` | %s%s%s | %s | ", section_path(setting), setting->key, initial != NULL ? "`" : "",
		       initial != NULL ? initial : "-", initial != NULL ? "`" : "",
		       range_text(setting, range, sizeof(range)));
		cell(setting->help);
		puts(" |");
	}
}

static void md_limits(void)
{
	puts("| limit | how it is written |\n| --- | --- |");
	for (int kind = 0; kind < LIMIT_KINDS; kind++)
		printf("| `%s` | %s |\n", limit_kind_name[kind], limit_help[kind]);
}

static void md_commands(void)
{
	char usage[256];

	puts("| command | right | request | what |\n| --- | --- | --- | --- |");
	for (int i = 0; i < COMMANDS; i++) {
		printf("| `%s` | %s | `%s %s` | ", usage_text(&commands[i], usage, sizeof(usage)),
		       right_names[commands[i].right], method_names[commands[i].method], commands[i].path);
		cell(commands[i].help);
		puts(" |");
	}
}

static void md_counters(void)
{
	puts("| counter | class | what |\n| --- | --- | --- |");
	for (int i = 0; i < COUNTERS; i++) {
		printf("| `%s` | %s | ", counter_rows[i].name, class_names[counter_rows[i].class]);
		cell(counter_rows[i].help);
		puts(" |");
	}
}

static void md_faults(void)
{
	puts("| state | counter | meanwhile | alarm | forced | what | what to do |\n"
	     "| --- | --- | --- | --- | --- | --- | --- |");
	for (int i = 0; i < FAULTS; i++) {
		const struct fault_row *row = &fault_rows[i];
		printf("| `%s` | `%s` | %s | %s | %s | ", row->name, counter_rows[row->counter].name,
		       meanwhile_names[row->meanwhile], row->loud ? "yes" : "-", row->forcible ? "`--force`" : "-");
		cell(row->meaning);
		fputs(" | ", stdout);
		cell(row->advice);
		puts(" |");
	}
}

static void md_alarms(void)
{
	puts("| alarm | meanwhile | what | what to do |\n| --- | --- | --- | --- |");
	for (int i = 0; i < ALARMS; i++) {
		printf("| `%s` | %s | ", alarm_rows[i].name, meanwhile_names[alarm_rows[i].meanwhile]);
		cell(alarm_rows[i].meaning);
		fputs(" | ", stdout);
		cell(alarm_rows[i].advice);
		puts(" |");
	}
}

static void md_exit_codes(void)
{
	puts("| exit code | what |\n| --- | --- |");
	for (int i = 0; i < EXIT_CODES; i++)
		printf("| %d | %s |\n", i, exit_code_text[i]);
}

/* The example as it stands in its file, but for the licence line: `line` prints one. */
static void copy_example(void (*line)(const char *text))
{
	FILE *file = example_path != NULL ? fopen(example_path, "re") : NULL;
	char text[512];

	if (file == NULL) {
		fprintf(stderr, "gen-docs: the example's path is needed\n");
		exit(EXIT_FAILURE);
	}
	while (fgets(text, sizeof(text), file) != NULL)
		if (strstr(text, "SPDX-License-Identifier") == NULL)
			line(text);
	fclose(file);
}

static void md_line(const char *text)
{
	fputs(text, stdout);
}

static void md_example(void)
{
	puts("```yaml");
	copy_example(md_line);
	puts("```");
}

/* Names, for tools/dev/check-docs: every command, and every setting as it is written. */
static void list_commands(void)
{
	for (int i = 0; i < COMMANDS; i++)
		puts(commands[i].name);
}

static void list_keys(void)
{
	for (size_t i = 0; i < setting_count; i++)
		printf("%s.%s\n", section_path(&setting_rows[i]), setting_rows[i].key);
	for (int kind = 0; kind < LIMIT_KINDS; kind++)
		puts(limit_kind_name[kind]);
}

/* roff, man(7). A point or quote at a line's start would be a request, a hyphen is to stay one. */
static void roff(const char *text)
{
	if (*text == '.' || *text == '\'')
		fputs("\\&", stdout);
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			fputs("\\e", stdout);
		else if (*text == '-')
			fputs("\\-", stdout);
		else
			putchar(*text);
	}
}

static void roff_line(const char *text)
{
	roff(text);
	putchar('\n');
}

static void roff_raw(const char *text)
{
	roff(text); /* has its own line end */
}

/* A term in bold, then what it means. */
static void roff_term(const char *term, const char *more, const char *help)
{
	fputs(".TP\n\\fB", stdout);
	roff(term);
	fputs("\\fR", stdout);
	roff(more);
	putchar('\n');
	roff_line(help);
}

static void roff_head(const char *title, int section, const char *name, const char *what)
{
	puts(".\\\" SPDX-License-Identifier: BSD-3-Clause");
	puts(".\\\" Made by tools/dev/gen_docs.c.");
	printf(".TH %s %d \"\" \"Sluice %s\" \"Sluice\"\n.SH NAME\n%s \\- ", title, section, SLUICE_VERSION, name);
	roff_line(what);
}

static void man_command(const struct command *command)
{
	char usage[256];

	fputs(".SS ", stdout);
	roff_line(usage_text(command, usage, sizeof(usage)));
	roff_line(command->help);
	puts(command->right == RIGHT_ADMIN ? "(needs the admin right)" : "(the read right will do)");
	for (const struct arg *arg = command->args; arg->name != NULL; arg++) {
		char term[40];
		snprintf(term, sizeof(term), "%s%s", arg->option ? "--" : "", arg->name);
		roff_term(term, arg->required ? "" : " (optional)", arg->help);
	}
	fputs(".PP\nExample:\n.PP\n.nf\n.RS 4\n", stdout);
	fputs("sluicectl ", stdout);
	roff_line(command->example);
	puts(".RE\n.fi");
}

static void man_counters(void)
{
	puts(".SH COUNTERS\nWhat \\fBsluicectl drops\\fR names, by class.");
	for (size_t class = 0; class < sizeof(class_names) / sizeof(class_names[0]); class ++) {
		printf(".SS %s: %s\n", class_names[class], class_help[class]);
		for (int i = 0; i < COUNTERS; i++)
			if (counter_rows[i].class == (enum counter_class) class)
				roff_term(counter_rows[i].name, "", counter_rows[i].help);
	}
}

static void man_option(const struct option_row *row)
{
	char term[40], help[200];

	snprintf(term, sizeof(term), "--%s%s%s", row->name, row->value != NULL ? " " : "",
		 row->value != NULL ? row->value : "");
	snprintf(help, sizeof(help), "%s%s%s", row->help, row->environment != NULL ? "; else " : "",
		 row->environment != NULL ? row->environment : "");
	roff_term(term, "", help);
}

static void man_sluicectl(void)
{
	roff_head("SLUICECTL", 1, "sluicectl", "quarantine, limit, release and explain customers' mail");
	puts(".SH SYNOPSIS\n\\fBsluicectl\\fR [OPTION ...] COMMAND ...\n"
	     ".SH DESCRIPTION\nSays one thing to \\fBsluiced\\fR and prints its answer. An order is on disk before it\n"
	     "is answered, and the answer says when the gate enforced it.\n.SH COMMANDS");
	for (int i = 0; i < COMMANDS; i++)
		man_command(&commands[i]);
	puts(".SH OPTIONS");
	for (int i = 0; i < OPTIONS; i++)
		man_option(&option_rows[i]);
	puts(".SH EXIT STATUS");
	for (int i = 0; i < EXIT_CODES; i++) {
		char code[8];
		snprintf(code, sizeof(code), "%d", i);
		roff_term(code, "", exit_code_text[i]);
	}
	puts(".SH ENVIRONMENT");
	roff_term("SLUICE_ADMIN_SOCKET", "", "default /run/sluice/admin.sock");
	roff_term("SLUICE_READ_SOCKET", "",
		  "default /run/sluice/read.sock; commands that only read use it first, when they may");
	for (int i = 0; i < OPTIONS; i++)
		if (option_rows[i].environment != NULL)
			roff_term(option_rows[i].environment, "", option_rows[i].help);
	man_counters();
	puts(".SH SEE ALSO\n\\fBsluice.yaml\\fR(5)");
}

static void man_settings(void)
{
	const char *section = "";
	char more[160], range[96];

	puts(".SH SETTINGS");
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &setting_rows[i];
		if (strcmp(section, section_path(setting)) != 0) {
			section = section_path(setting);
			fputs(".SS ", stdout);
			roff_line(section);
		}
		range_text(setting, range, sizeof(range));
		snprintf(more, sizeof(more), " (%s%s%s)", range, setting->initial != NULL ? "; default " : "",
			 setting->initial != NULL ? setting->initial : "");
		roff_term(setting->key, more, setting->help);
	}
}

static void man_yaml(void)
{
	roff_head("SLUICE.YAML", 5, "sluice.yaml", "configuration of sluiced");
	puts(".SH DESCRIPTION\n\\fB/etc/sluice/sluice.yaml\\fR says who the customers are, who the providers are, and\n"
	     "what is limited. An unknown key is an error; \\fBsluiced \\-\\-check \\-\\-config\\fR FILE says all\n"
	     "errors at once, each with its line. SIGHUP makes \\fBsluiced\\fR read it again; a wrong one changes\n"
	     "nothing. Sockets, groups and the directory are taken at the next start only.");
	man_settings();
	puts(".SH LIMITS");
	for (int kind = 0; kind < LIMIT_KINDS; kind++)
		roff_term(limit_kind_name[kind], "", limit_help[kind]);
	puts(".SH EXAMPLE\n.nf");
	copy_example(roff_raw);
	puts(".fi\n.SH SEE ALSO\n\\fBsluicectl\\fR(1)");
}

static const struct {
	const char *name;
	void (*print)(void);
} outputs[] = {
	{ "settings", md_settings },	       { "limits", md_limits },		 { "commands", md_commands },
	{ "counters", md_counters },	       { "faults", md_faults },		 { "alarms", md_alarms },
	{ "exit-codes", md_exit_codes },       { "example", md_example },	 { "command-names", list_commands },
	{ "setting-names", list_keys },	       { "sluicectl.1", man_sluicectl }, { "sluice.yaml.5", man_yaml },
	{ "sluicectl.bash", completion_bash }, { "_sluicectl", completion_zsh },
};

int main(int argc, char **argv)
{
	example_path = argc > 2 ? argv[2] : NULL;
	for (size_t i = 0; argc > 1 && i < sizeof(outputs) / sizeof(outputs[0]); i++) {
		if (strcmp(outputs[i].name, argv[1]) != 0)
			continue;
		outputs[i].print();
		return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	fputs("usage: gen-docs OUTPUT [EXAMPLE]; OUTPUT is one of:", stderr);
	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++)
		fprintf(stderr, " %s", outputs[i].name);
	fputc('\n', stderr);
	return EXIT_FAILURE;
}
