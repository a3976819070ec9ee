/* SPDX-License-Identifier: BSD-3-Clause */
#include "completion.h"

#include <stdio.h>

#include "commands.h"
#include "limit.h"
#include "options.h"

/* The shell's words, or its function that finds them, for a value of each type; "" for free text. */
static const char *const bash_values[ARG_TYPES] = {
	[ARG_CUSTOMER] = "$(_sluicectl_names customers)",
	[ARG_PROVIDER] = "$(_sluicectl_names providers)",
	[ARG_SCOPE] = "gate $(_sluicectl_names customers)",
	[ARG_DURATION] = "30min 1h 4h 24h 7d",
	[ARG_TARGET] = "$(_sluicectl_names decisions) $(_sluicectl_names customers)",
	[ARG_SETTING] = "$_sluicectl_settings",
	[ARG_FLAG] = "",
	[ARG_COUNT] = "10 100 1000",
	[ARG_FILE] = "$(compgen -f -- \"$word\")",
	[ARG_TEXT] = "",
	[ARG_INCIDENT] = "",
	[ARG_CHOICE] = "", /* its own words */
};

static const char *const zsh_values[ARG_TYPES] = {
	[ARG_CUSTOMER] = "_sluicectl_customers",
	[ARG_PROVIDER] = "_sluicectl_providers",
	[ARG_SCOPE] = "_sluicectl_customers",
	[ARG_DURATION] = "(30min 1h 4h 24h 7d)",
	[ARG_TARGET] = "_sluicectl_decisions",
	[ARG_SETTING] = "_sluicectl_settings",
	[ARG_FLAG] = "",
	[ARG_COUNT] = "(10 100 1000)",
	[ARG_FILE] = "_files",
	[ARG_TEXT] = " ",
	[ARG_INCIDENT] = " ",
	[ARG_CHOICE] = "", /* its own words */
};

static void bash_settings(void)
{
	fputs("_sluicectl_settings=\"", stdout);
	for (int kind = 0; kind < LIMIT_KINDS; kind++)
		printf("%s%s=", kind > 0 ? " " : "", limit_kind_name[kind]);
	puts("\"\n");
}

static const char *bash_value(const struct arg *arg)
{
	return arg->type == ARG_CHOICE ? arg->choices : bash_values[arg->type];
}

static void bash_command(const struct command *command)
{
	for (const struct arg *arg = command->args; arg->name != NULL; arg++)
		if (arg->option && arg->type != ARG_FLAG)
			printf("\t%s,--%s) words=\"%s\" ;;\n", command->name, arg->name, bash_value(arg));
	printf("\t%s,*) words=\"", command->name);
	for (const struct arg *arg = command->args; arg->name != NULL; arg++)
		if (arg->option)
			printf("--%s ", arg->name);
		else
			printf("%s ", bash_value(arg));
	puts("$common\" ;;");
}

void completion_bash(void)
{
	puts("# SPDX-License-Identifier: BSD-3-Clause\n# bash completion of sluicectl; made by "
	     "tools/dev/gen_docs.c.\n");
	puts("_sluicectl_names() {\n\tsluicectl \"$1\" 2>/dev/null | awk 'NR > 1 { print $1 }'\n}\n");
	bash_settings();
	puts("_sluicectl() {\n"
	     "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command= words= at common");
	fputs("\tcommon=\"", stdout);
	for (int i = 0; i < OPTIONS; i++)
		printf("%s--%s", i > 0 ? " " : "", option_rows[i].name);
	puts("\"\n\tfor at in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n\t\tcase $at in");
	fputs("\t\t", stdout);
	for (int i = 0; i < COMMANDS; i++)
		printf("%s%s", i > 0 ? " | " : "", commands[i].name);
	puts(") command=$at && break ;;\n\t\tesac\n\tdone\n\tcase $command,$before in");
	for (int i = 0; i < OPTIONS; i++)
		if (option_rows[i].value != NULL)
			printf("\t*,--%s) mapfile -t COMPREPLY < <(compgen -f -- \"$word\") && return ;;\n",
			       option_rows[i].name);
	for (int i = 0; i < COMMANDS; i++)
		bash_command(&commands[i]);
	fputs("\t*) words=\"", stdout);
	for (int i = 0; i < COMMANDS; i++)
		printf("%s ", commands[i].name);
	puts("$common\" ;;\n\tesac\n\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n}\n\n"
	     "complete -F _sluicectl sluicectl");
}

/* Within single quotes and brackets of _arguments. */
static void zsh_text(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\'')
			fputs("'\\''", stdout);
		else if (*text == '[' || *text == ']' || *text == ':')
			printf("\\%c", *text);
		else
			putchar(*text);
}

static void zsh_arg(const struct arg *arg, unsigned place)
{
	printf(" \\\n\t\t\t'");
	if (arg->option && arg->type == ARG_FLAG) {
		printf("--%s[", arg->name);
		zsh_text(arg->help);
		fputs("]'", stdout);
		return;
	}
	if (arg->option) {
		printf("--%s=[", arg->name);
		zsh_text(arg->help);
		putchar(']');
	} else if (arg->many) {
		putchar('*');
	} else {
		printf("%u", place);
	}
	if (arg->type == ARG_CHOICE)
		printf(":%s:(%s)'", arg->name, arg->choices);
	else
		printf(":%s:%s'", arg->name, zsh_values[arg->type]);
}

static void zsh_names(void)
{
	static const char *const lists[] = { "customers", "providers", "decisions" };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		printf("_sluicectl_%s() {\n\tcompadd -- ${(f)\"$(sluicectl %s 2>/dev/null | awk 'NR > 1 { print $1 "
		       "}')\"}\n}\n\n",
		       lists[i], lists[i]);
	fputs("_sluicectl_settings() {\n\tcompadd -S '' --", stdout);
	for (int kind = 0; kind < LIMIT_KINDS; kind++)
		printf(" %s=", limit_kind_name[kind]);
	puts("\n}\n");
}

static void zsh_common(void)
{
	for (int i = 0; i < OPTIONS; i++) {
		printf(" \\\n\t\t'--%s%s[", option_rows[i].name, option_rows[i].value != NULL ? "=" : "");
		zsh_text(option_rows[i].help);
		printf(option_rows[i].value != NULL ? "]:%s:_files'" : "]'", option_rows[i].value);
	}
}

void completion_zsh(void)
{
	puts("#compdef sluicectl\n# SPDX-License-Identifier: BSD-3-Clause\n"
	     "# zsh completion of sluicectl; made by tools/dev/gen_docs.c.\n");
	zsh_names();
	puts("_sluicectl() {\n\tlocal context state state_descr line\n\ttypeset -A opt_args\n\tlocal -a commands=(");
	for (int i = 0; i < COMMANDS; i++) {
		printf("\t\t'%s:", commands[i].name);
		zsh_text(commands[i].help);
		puts("'");
	}
	fputs("\t)\n\t_arguments -C", stdout);
	zsh_common();
	puts(" \\\n\t\t'1:command:->command' '*::argument:->argument'\n\tcase $state in\n"
	     "\tcommand) _describe command commands ;;\n\targument)\n\t\tcase $words[1] in");
	for (int i = 0; i < COMMANDS; i++) {
		if (commands[i].args[0].name == NULL)
			continue;
		printf("\t\t%s) _arguments", commands[i].name);
		unsigned place = 0;
		for (const struct arg *arg = commands[i].args; arg->name != NULL; arg++)
			zsh_arg(arg, place += !arg->option);
		puts(" ;;");
	}
	puts("\t\tesac\n\t\t;;\n\tesac\n}\n\n_sluicectl \"$@\"");
}
