/* SPDX-License-Identifier: BSD-3-Clause */
/* scenario [-v] FILE|FOLDER...: runs each file (of a folder: each *.txt in it) against a gate of its own. The
 * last line is for tools/check to add up. */
#include <glob.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "scenario.h"

#define STORY_LINES 16

/* The last lines of what went in and came out, or all of it. */
static void print_story(const struct scenario *scenario, bool all)
{
	const char *text = scenario->story_text, *at = text + scenario->story_size;
	unsigned lines = 0;

	while (at > text && (all || lines <= STORY_LINES)) {
		at--;
		lines += *at == '\n';
	}
	printf("%s", *at == '\n' ? at + 1 : at);
}

static bool run(const char *file, bool verbose)
{
	static struct scenario scenario;
	char copy[512], *name;
	bool well = scenario_run(&scenario, file);

	snprintf(copy, sizeof(copy), "%s", file);
	name = basename(copy);
	name[strcspn(name, ".")] = '\0';
	if (verbose)
		print_story(&scenario, true);
	if (well)
		printf("ok   %s: %s\n", name, scenario.what);
	else
		printf("FAIL %s %s:%u: %s\n", name, file, scenario.line, scenario.what);
	if (!well && !verbose)
		print_story(&scenario, false);
	fflush(stdout);
	scenario_end(&scenario);
	return well;
}

struct tally {
	unsigned passed, failed;
};

static void run_all(const char *name, bool verbose, struct tally *tally)
{
	char pattern[512];
	glob_t files;

	/* A folder has such files; a file is found by its own name. */
	snprintf(pattern, sizeof(pattern), "%s/*.txt", name);
	if (glob(pattern, 0, NULL, &files) != 0)
		glob(name, GLOB_NOMAGIC, NULL, &files);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		bool well = run(files.gl_pathv[i], verbose);
		tally->passed += well;
		tally->failed += !well;
	}
	globfree(&files);
}

int main(int argc, char **argv)
{
	bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
	struct tally tally = { 0 };

	log_init("scenario", LOG_LEVEL_WARNING);
	if (bench_start(argv[0]) < 0)
		return EXIT_FAILURE;
	for (int i = verbose ? 2 : 1; i < argc; i++)
		run_all(argv[i], verbose, &tally);
	printf("%u passed, %u failed\n", tally.passed, tally.failed);
	bench_stop();
	return tally.failed == 0 && tally.passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
