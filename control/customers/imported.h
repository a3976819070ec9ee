/* SPDX-License-Identifier: BSD-3-Clause */
/* Customers beside those that the configuration has: kept in the journal, behind the written ones in the
 * configuration's list. All that changes them is done whole or not at all. */
#ifndef SLUICE_IMPORTED_H
#define SLUICE_IMPORTED_H

#include "customers/import.h"
#include "daemon.h"

/* Adds what the journal has to a configuration that was just read. A customer that is written there too is as
 * written; a source that both have is the written one's. Both are said in the log. */
int imported_load(struct daemon *daemon, struct config *config);

/* Stores what was read, in place of what its names had, and pushes. 0, or -EINVAL and, in import->errors, what is
 * wrong with which line; or another negative errno. Takes the customers. */
int imported_take(struct daemon *daemon, struct import *import, const char *author, uint64_t *ret_generation);

/* 0, -ENOENT when there is no such imported customer, or another negative errno. */
int imported_remove(struct daemon *daemon, const char *name, const char *author, uint64_t *ret_generation);

#endif
