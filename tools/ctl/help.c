/* SPDX-License-Identifier: BSD-3-Clause */
#include "help.h"

#include "exit_codes.h"
#include "options.h"

static void usage_of(const struct command *command, char *out, size_t size)
{
	size_t used = (size_t)snprintf(out, size, "%s", command->name);

	for (const struct arg *arg = command->args; arg->name != NULL && used < size; arg++) {
		const char *open = arg->required ? "" : "[", *close = arg->required ? "" : "]";
		if (arg->option)
			used += (size_t)snprintf(out + used, size - used, " %s--%s%s%s", open, arg->name,
						 arg->type == ARG_FLAG ? "" : " ...", close);
		else
			used += (size_t)snprintf(out + used, size - used, " %s%s%s%s", open, arg->name,
						 arg->many ? " ..." : "", close);
	}
}

static void show_option(FILE *out, const struct option_row *row)
{
	char option[40];

	snprintf(option, sizeof(option), "--%s %s", row->name, row->value != NULL ? row->value : "");
	fprintf(out, "  %-18s %s%s%s%s\n", option, row->help, row->environment != NULL ? " ($" : "",
		row->environment != NULL ? row->environment : "", row->environment != NULL ? ")" : "");
}

void help_all(FILE *out)
{
	fputs("usage: sluicectl [OPTION ...] COMMAND ...\n\n"
	      "Speaks with sluiced: holds, limits and explains customers' mail.\n\n",
	      out);
	for (int i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].help);
	fputs("\n", out);
	for (int i = 0; i < OPTIONS; i++)
		show_option(out, &option_rows[i]);
	fputs("\nThe socket is $SLUICE_ADMIN_SOCKET or /run/sluice/admin.sock; commands that only\n"
	      "read use $SLUICE_READ_SOCKET or /run/sluice/read.sock first.\n"
	      "\"sluicectl COMMAND --help\" says more. Exit codes:\n",
	      out);
	for (int i = 0; i < EXIT_CODES; i++)
		fprintf(out, "  %-13d %s\n", i, exit_code_text[i]);
}

void help_command(FILE *out, const struct command *command)
{
	char usage[256];

	usage_of(command, usage, sizeof(usage));
	fprintf(out, "usage: sluicectl %s\n\n%s\n\n", usage, command->help);
	for (const struct arg *arg = command->args; arg->name != NULL; arg++)
		fprintf(out, "  %s%-10s %s\n", arg->option ? "--" : "  ", arg->name, arg->help);
	fprintf(out, "\nexample: sluicectl %s\n", command->example);
}
