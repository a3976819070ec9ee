/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration's file, replaced whole: FILE is the new one at once, or still the old one, whatever happens; the
 * one before is FILE.previous. */
#ifndef SLUICE_CONFIG_FILE_H
#define SLUICE_CONFIG_FILE_H

#include <stddef.h>

#define CONFIG_PATH_MAX 4096

/* "FILE.previous". Returns `out`. */
char *config_file_previous(const char *path, char *out, size_t size);

/* 0 or a negative errno: then the file is what it was. */
int config_file_replace(const char *path, const char *text, size_t size);

/* The file and the one before change places. -ENOENT: there is none. */
int config_file_swap(const char *path);

#endif
