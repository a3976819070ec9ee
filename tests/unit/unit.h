/* SPDX-License-Identifier: BSD-3-Clause */
/* What every unit program's main() does: run its cases, name those that failed, and end in the line that
 * tools/check adds up. */
#ifndef SLUICE_UNIT_H
#define SLUICE_UNIT_H

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where this program's files go: gone with it, also what a case left that failed or took too long. */
static char unit_folder[] = "/tmp/unit-XXXXXX";

#define UNIT_PATH 40 /* of a file or folder right there */

/* For mkdtemp() and mkstemp(). */
static inline char *unit_template(char path[UNIT_PATH], const char *name)
{
	snprintf(path, UNIT_PATH, "%s/%s-XXXXXX", unit_folder, name);
	return path;
}

static inline int unit_remove(const char *path, const struct stat *status, int flag, struct FTW *place)
{
	(void)status, (void)flag, (void)place;
	return remove(path);
}

/* Takes the suite. For `return` in main(). */
static inline int unit_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);

	if (mkdtemp(unit_folder) == NULL)
		perror(unit_folder);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner), passed = srunner_ntests_run(runner) - failed;
	srunner_free(runner);
	nftw(unit_folder, unit_remove, 8, FTW_DEPTH | FTW_PHYS);
	printf("%d passed, %d failed\n", passed, failed);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* A suite of one test case, which most modules are. */
static inline Suite *unit_suite(const char *name, const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);

	for (size_t i = 0; i < count; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return suite;
}

#define UNIT_MAIN(name, ...)                                                                                           \
	int main(void)                                                                                                 \
	{                                                                                                              \
		const TTest *const tests[] = { __VA_ARGS__ };                                                          \
		return unit_run(unit_suite(name, tests, sizeof(tests) / sizeof(tests[0])));                            \
	}

#endif
