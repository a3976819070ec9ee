/* SPDX-License-Identifier: BSD-3-Clause */
/* What is printed on: a terminal has a width, and may have colours. */
#ifndef SLUICE_LOOK_H
#define SLUICE_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct look {
	size_t width; /* 0: as wide as it comes */
	bool colour;
};

/* Of the file's terminal. A pipe gets everything, uncut and plain; so does who set NO_COLOR, as to colours. */
struct look look_of(FILE *file);

#endif
