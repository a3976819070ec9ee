/* SPDX-License-Identifier: BSD-3-Clause */
/* What a shell needs to complete sluicectl's words, from the tables of commands and options. Prints to stdout. */
#ifndef SLUICE_COMPLETION_H
#define SLUICE_COMPLETION_H

void completion_bash(void);
void completion_zsh(void);

#endif
