/* SPDX-License-Identifier: BSD-3-Clause */
#include "ledger/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/journal_parts.h"
#include "log.h"

#define BUSY_MS 2000

static const char first_tables[] =
	"CREATE TABLE IF NOT EXISTS names (id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL,"
	"  name TEXT NOT NULL, UNIQUE (kind, name));"
	"CREATE TABLE IF NOT EXISTS decisions (id INTEGER PRIMARY KEY AUTOINCREMENT, scope TEXT NOT NULL,"
	"  action INTEGER NOT NULL, settings TEXT NOT NULL, reason TEXT NOT NULL, author TEXT NOT NULL,"
	"  created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL DEFAULT 0,"
	"  ended_by TEXT NOT NULL DEFAULT '');"
	"CREATE INDEX IF NOT EXISTS decisions_in_force ON decisions (ended_ms) WHERE ended_ms = 0;"
	"CREATE TABLE IF NOT EXISTS addresses (provider INTEGER NOT NULL, address BLOB NOT NULL,"
	"  PRIMARY KEY (provider, address)) WITHOUT ROWID;";

static const char decisions_told_whole[] =
	"ALTER TABLE decisions ADD COLUMN incident TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE decisions ADD COLUMN superseded_by INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE decisions ADD COLUMN deadline_ms INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE clock (one INTEGER PRIMARY KEY CHECK (one = 1), boot TEXT NOT NULL, boot_ms INTEGER NOT NULL,"
	"  served_ms INTEGER NOT NULL);"
	"CREATE TABLE events (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, what TEXT NOT NULL,"
	"  decision INTEGER NOT NULL, author TEXT NOT NULL, text TEXT NOT NULL);"
	"CREATE INDEX events_of_decision ON events (decision);"
	/* What was said stays said. */
	"CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events do not change'); END;"
	"CREATE TRIGGER events_remain BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events do not go'); END;";

static const char imported_customers[] =
	"CREATE TABLE customers (name TEXT PRIMARY KEY, id INTEGER NOT NULL, sources TEXT NOT NULL,"
	"  weight INTEGER NOT NULL, limits TEXT NOT NULL) WITHOUT ROWID;";

static const char secrets[] = "CREATE TABLE secrets (name TEXT PRIMARY KEY,"
			      "  value INTEGER NOT NULL) WITHOUT ROWID;";

static const char tiers[] =
	"ALTER TABLE customers ADD COLUMN tier INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE customers ADD COLUMN at TEXT NOT NULL DEFAULT '';"
	"CREATE TABLE standings (customer INTEGER PRIMARY KEY, tier INTEGER NOT NULL, step INTEGER NOT NULL,"
	"  by_hand INTEGER NOT NULL, held INTEGER NOT NULL, since_ms INTEGER NOT NULL, messages INTEGER NOT NULL,"
	"  inferred INTEGER NOT NULL, declined INTEGER NOT NULL);";

static const char usual_volumes[] =
	"ALTER TABLE decisions ADD COLUMN used INTEGER NOT NULL DEFAULT 0;"
	"CREATE TABLE usual (customer INTEGER NOT NULL, hour INTEGER NOT NULL, volumes INTEGER NOT NULL,"
	"  PRIMARY KEY (customer, hour)) WITHOUT ROWID;";

static const char pools[] = "ALTER TABLE customers ADD COLUMN members TEXT NOT NULL DEFAULT '';";

/* From each version of the tables to the next. A row is never changed once it was released. */
static const char *const steps[] = {
	first_tables, decisions_told_whole, imported_customers, secrets, tiers, usual_volumes, pools
};

#define STEPS (int)(sizeof(steps) / sizeof(steps[0]))

int journal_failed(const struct journal *journal, const char *what)
{
	log_error("journal: %s: %s", what, sqlite3_errmsg(journal->database));
	switch (sqlite3_errcode(journal->database) & 0xff) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	default:
		return -EIO;
	}
}

int journal_run(struct journal *journal, const char *sql)
{
	return sqlite3_exec(journal->database, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : journal_failed(journal, sql);
}

int journal_begin(struct journal *journal, bool *ret_own)
{
	*ret_own = sqlite3_get_autocommit(journal->database) != 0;
	return *ret_own ? journal_run(journal, "BEGIN IMMEDIATE") : 0;
}

int journal_settle(struct journal *journal, bool own, int ret)
{
	if (!own)
		return ret;
	if (ret == 0)
		ret = journal_run(journal, "COMMIT");
	if (ret < 0 && !sqlite3_get_autocommit(journal->database))
		sqlite3_exec(journal->database, "ROLLBACK", NULL, NULL, NULL);
	return ret;
}

static int number_of(struct journal *journal, const char *sql, int *ret_number)
{
	sqlite3_stmt *statement = journal_prepare(journal, sql);

	if (statement == NULL)
		return -EIO;
	int ret = sqlite3_step(statement) == SQLITE_ROW ? 0 : journal_failed(journal, sql);
	*ret_number = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return ret;
}

static int take_step(struct journal *journal, int step)
{
	char version[64];
	bool own;
	int ret = journal_begin(journal, &own);

	snprintf(version, sizeof(version), "PRAGMA user_version = %d", step + 1);
	if (ret == 0)
		ret = journal_run(journal, steps[step]);
	if (ret == 0)
		ret = journal_run(journal, version);
	return journal_settle(journal, own, ret);
}

static int make_tables(struct journal *journal)
{
	int step = 0, ret = journal_run(journal, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
						 "PRAGMA wal_autocheckpoint = 25000;");

	if (ret == 0)
		ret = number_of(journal, "PRAGMA user_version", &step);
	if (ret == 0 && step > STEPS) {
		log_error("journal: made by a newer sluiced (version %d of its tables, %d is known)", step, STEPS);
		return -EIO;
	}
	for (; ret == 0 && step < STEPS; step++)
		ret = take_step(journal, step);
	return ret;
}

/* Two daemons on one directory would each believe that its own ledger is all there is. */
static int take_lock(struct journal *journal, const char *directory)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/lock", directory);
	journal->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (journal->lock < 0) {
		log_error("journal: %s: %s", path, strerror(errno));
		return -EIO;
	}
	if (flock(journal->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		log_error("journal: another sluiced uses %s", directory);
	else
		log_error("journal: %s: %s", path, strerror(errno));
	return errno == EWOULDBLOCK ? -EBUSY : -EIO;
}

static int open_database(struct journal *journal, const char *directory)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/sluice.db", directory);
	if (sqlite3_open(path, &journal->database) == SQLITE_OK && make_tables(journal) == 0)
		return 0;
	log_error("journal: %s: %s", path, sqlite3_errmsg(journal->database));
	return -EIO;
}

int journal_open(const char *directory, struct journal **ret_journal)
{
	struct journal *journal = calloc(1, sizeof(*journal));

	if (journal == NULL)
		return -ENOMEM;
	mkdir(directory, 0750);
	int ret = take_lock(journal, directory);
	if (ret == 0)
		ret = open_database(journal, directory);
	if (ret < 0) {
		journal_close(journal);
		return ret;
	}
	sqlite3_busy_timeout(journal->database, BUSY_MS);
	*ret_journal = journal;
	return 0;
}

void journal_close(struct journal *journal)
{
	if (journal == NULL)
		return;
	sqlite3_finalize(journal->known_id);
	sqlite3_finalize(journal->new_id);
	sqlite3_finalize(journal->put_customer);
	sqlite3_finalize(journal->put_standing);
	sqlite3_finalize(journal->standing);
	sqlite3_close(journal->database);
	if (journal->lock >= 0)
		close(journal->lock);
	free(journal);
}

sqlite3_stmt *journal_prepare(struct journal *journal, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(journal->database, sql, -1, &statement, NULL) != SQLITE_OK)
		journal_failed(journal, sql);
	return statement;
}

int journal_finish(struct journal *journal, sqlite3_stmt *statement, const char *what)
{
	if (statement == NULL)
		return -EIO;
	int ret = sqlite3_step(statement) == SQLITE_DONE ? 0 : journal_failed(journal, what);
	sqlite3_finalize(statement);
	return ret;
}

void journal_text(sqlite3_stmt *statement, int column, char *out, size_t size)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	snprintf(out, size, "%s", text != NULL ? (const char *)text : "");
}
