/* SPDX-License-Identifier: BSD-3-Clause */
/* What every unit program's main() does: run its cases, name those that failed, and end in the line that
 * tools/check adds up. */
#ifndef SLUICE_UNIT_H
#define SLUICE_UNIT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

/* Takes the suite. For `return` in main(). */
static inline int unit_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);

	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner), passed = srunner_ntests_run(runner) - failed;
	srunner_free(runner);
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
