/* SPDX-License-Identifier: BSD-3-Clause */
/* What the journal's own files share; for journal*.c only. */
#ifndef SLUICE_JOURNAL_PARTS_H
#define SLUICE_JOURNAL_PARTS_H

#include <errno.h>

#include <sqlite3.h>

#include "ledger/journal.h"

struct journal {
	sqlite3 *database;
	/* Kept prepared: what is asked for each of many. */
	sqlite3_stmt *known_id, *new_id, *put_customer, *put_standing, *standing;
	int lock;
};

/* Says in the log what SQLite has against it; returns -ENOSPC, -EROFS, or -EIO for all else. */
int journal_failed(const struct journal *journal, const char *what);

int journal_run(struct journal *journal, const char *sql);

/* NULL on failure. / Runs one that gives no rows, and takes it; NULL is a failure. */
sqlite3_stmt *journal_prepare(struct journal *journal, const char *sql);
int journal_finish(struct journal *journal, sqlite3_stmt *statement, const char *what);

/* A column's text, cut to `size`. */
void journal_text(sqlite3_stmt *statement, int column, char *out, size_t size);

#endif
