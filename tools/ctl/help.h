/* SPDX-License-Identifier: BSD-3-Clause */
/* Help from the tables. */
#ifndef SLUICE_HELP_H
#define SLUICE_HELP_H

#include <stdio.h>

#include "commands.h"

void help_all(FILE *out);
void help_command(FILE *out, const struct command *command);

#endif
