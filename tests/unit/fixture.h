/* SPDX-License-Identifier: BSD-3-Clause */
/* A program whose cases each begin and end with the same steps. */
#ifndef SLUICE_FIXTURE_H
#define SLUICE_FIXTURE_H

#include "unit.h"

#define FIXTURE_MAIN(name, before, after, ...)                                                                         \
	int main(void)                                                                                                 \
	{                                                                                                              \
		const TTest *const tests[] = { __VA_ARGS__ };                                                          \
		Suite *suite = suite_create(name);                                                                     \
		TCase *tcase = tcase_create(name);                                                                     \
		tcase_add_checked_fixture(tcase, before, after);                                                       \
		for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)                                          \
			tcase_add_test(tcase, tests[i]);                                                               \
		suite_add_tcase(suite, tcase);                                                                         \
		return unit_run(suite);                                                                                \
	}

#endif
