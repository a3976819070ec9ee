/* SPDX-License-Identifier: BSD-3-Clause */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "log.h"

#define BUSY_MS 2000

struct journal {
	sqlite3 *database;
	sqlite3_stmt *known_id; /* asked twice for each decision at a start */
	int lock;
};

static const char schema[] =
	"PRAGMA journal_mode = WAL;"
	"PRAGMA synchronous = FULL;"
	"CREATE TABLE IF NOT EXISTS names (id INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL,"
	"  name TEXT NOT NULL, UNIQUE (kind, name));"
	"CREATE TABLE IF NOT EXISTS decisions (id INTEGER PRIMARY KEY AUTOINCREMENT, scope TEXT NOT NULL,"
	"  action INTEGER NOT NULL, settings TEXT NOT NULL, reason TEXT NOT NULL, author TEXT NOT NULL,"
	"  created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL DEFAULT 0,"
	"  ended_by TEXT NOT NULL DEFAULT '');"
	"CREATE INDEX IF NOT EXISTS decisions_in_force ON decisions (ended_ms) WHERE ended_ms = 0;"
	"CREATE TABLE IF NOT EXISTS addresses (provider INTEGER NOT NULL, address BLOB NOT NULL,"
	"  PRIMARY KEY (provider, address)) WITHOUT ROWID;";

static int failed(const struct journal *journal, const char *what)
{
	log_error("journal: %s: %s", what, sqlite3_errmsg(journal->database));
	return -EIO;
}

static int run(struct journal *journal, const char *sql)
{
	return sqlite3_exec(journal->database, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(journal, sql);
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
	if (sqlite3_open(path, &journal->database) == SQLITE_OK && run(journal, schema) == 0)
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
	sqlite3_close(journal->database);
	if (journal->lock >= 0)
		close(journal->lock);
	free(journal);
}

static sqlite3_stmt *prepare(struct journal *journal, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(journal->database, sql, -1, &statement, NULL) != SQLITE_OK)
		failed(journal, sql);
	return statement;
}

/* Runs a statement that gives no rows. */
static int finish(struct journal *journal, sqlite3_stmt *statement, const char *what)
{
	if (statement == NULL)
		return -EIO;
	int ret = sqlite3_step(statement) == SQLITE_DONE ? 0 : failed(journal, what);
	sqlite3_finalize(statement);
	return ret;
}

uint32_t journal_known_id(struct journal *journal, enum name_kind kind, const char *name)
{
	uint32_t id = 0;

	if (journal->known_id == NULL)
		journal->known_id = prepare(journal, "SELECT id FROM names WHERE kind = ? AND name = ?");
	sqlite3_stmt *statement = journal->known_id;
	if (statement == NULL)
		return 0;
	sqlite3_bind_int(statement, 1, kind);
	sqlite3_bind_text(statement, 2, name, -1, SQLITE_TRANSIENT);
	if (sqlite3_step(statement) == SQLITE_ROW)
		id = (uint32_t)sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return id;
}

uint32_t journal_id(struct journal *journal, enum name_kind kind, const char *name)
{
	uint32_t id = journal_known_id(journal, kind, name);

	if (id != 0)
		return id;
	sqlite3_stmt *statement = prepare(journal, "INSERT INTO names (kind, name) VALUES (?, ?)");
	if (statement == NULL)
		return 0;
	sqlite3_bind_int(statement, 1, kind);
	sqlite3_bind_text(statement, 2, name, -1, SQLITE_STATIC);
	if (finish(journal, statement, "store a name") < 0)
		return 0;
	return (uint32_t)sqlite3_last_insert_rowid(journal->database);
}

int journal_add(struct journal *journal, struct decision *decision)
{
	sqlite3_stmt *statement = prepare(
		journal, "INSERT INTO decisions (scope, action, settings, reason, author, created_ms, expires_ms) "
			 "VALUES (?, ?, ?, ?, ?, ?, ?)");

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_text(statement, 1, decision->scope, -1, SQLITE_STATIC);
	sqlite3_bind_int(statement, 2, decision->action);
	sqlite3_bind_text(statement, 3, decision->values, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 4, decision->reason, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 5, decision->author, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 6, decision->created_ms);
	sqlite3_bind_int64(statement, 7, decision->expires_ms);
	int ret = finish(journal, statement, "store a decision");
	if (ret == 0)
		decision->id = (uint64_t)sqlite3_last_insert_rowid(journal->database);
	return ret;
}

int journal_end(struct journal *journal, uint64_t id, int64_t now_ms, const char *by)
{
	sqlite3_stmt *statement =
		prepare(journal, "UPDATE decisions SET ended_ms = ?, ended_by = ? WHERE id = ? AND ended_ms = 0");

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_int64(statement, 1, now_ms);
	sqlite3_bind_text(statement, 2, by, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 3, (int64_t)id);
	return finish(journal, statement, "end a decision");
}

static void copy_text(sqlite3_stmt *statement, int column, char *out, size_t size)
{
	const unsigned char *text = sqlite3_column_text(statement, column);

	snprintf(out, size, "%s", text != NULL ? (const char *)text : "");
}

static void read_limits(struct decision *decision)
{
	char values[VALUES_MAX], *rest = values;

	memcpy(values, decision->values, sizeof(values));
	/* A burst follows its rate after a blank: settings are told apart by a semicolon. */
	for (char *text = strsep(&rest, ";"); text != NULL && text[0] != '\0'; text = strsep(&rest, ";"))
		if (decision_setting(text, &decision->limits) != NULL)
			log_warning("journal: decision %llu: \"%s\" is not a limit any more",
				    (unsigned long long)decision->id, text);
}

static void read_decision(sqlite3_stmt *statement, struct decision *ret_decision)
{
	memset(ret_decision, 0, sizeof(*ret_decision));
	ret_decision->id = (uint64_t)sqlite3_column_int64(statement, 0);
	copy_text(statement, 1, ret_decision->scope, sizeof(ret_decision->scope));
	ret_decision->action = sqlite3_column_int(statement, 2) == DECIDE_LIMIT ? DECIDE_LIMIT : DECIDE_QUARANTINE;
	copy_text(statement, 3, ret_decision->values, sizeof(ret_decision->values));
	copy_text(statement, 4, ret_decision->reason, sizeof(ret_decision->reason));
	copy_text(statement, 5, ret_decision->author, sizeof(ret_decision->author));
	ret_decision->created_ms = sqlite3_column_int64(statement, 6);
	ret_decision->expires_ms = sqlite3_column_int64(statement, 7);
	ret_decision->ended_ms = sqlite3_column_int64(statement, 8);
	copy_text(statement, 9, ret_decision->ended_by, sizeof(ret_decision->ended_by));
	read_limits(ret_decision);
}

#define DECISION_COLUMNS                                                                                               \
	"SELECT id, scope, action, settings, reason, author, created_ms, expires_ms, ended_ms, ended_by FROM "         \
	"decisions "

/* Takes the statement. */
static int read_decisions(struct journal *journal, sqlite3_stmt *statement,
			  void (*each)(void *context, const struct decision *decision), void *context)
{
	struct decision decision;
	int step;

	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		read_decision(statement, &decision);
		each(context, &decision);
	}
	sqlite3_finalize(statement);
	return step == SQLITE_DONE ? 0 : failed(journal, "read decisions");
}

int journal_decisions(struct journal *journal, bool all, void (*each)(void *context, const struct decision *decision),
		      void *context)
{
	sqlite3_stmt *statement = prepare(journal, DECISION_COLUMNS "WHERE ended_ms = 0 OR ? ORDER BY id");

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_int(statement, 1, all);
	return read_decisions(journal, statement, each, context);
}

static int count_decisions(struct journal *journal, bool all, uint64_t *ret_total)
{
	sqlite3_stmt *statement = prepare(journal, all ? "SELECT count(*) FROM decisions"
						       : "SELECT count(*) FROM decisions WHERE ended_ms = 0");

	if (statement == NULL)
		return -EIO;
	int ret = sqlite3_step(statement) == SQLITE_ROW ? 0 : failed(journal, "count decisions");
	*ret_total = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return ret;
}

int journal_newest(struct journal *journal, bool all, uint32_t most, uint64_t *ret_total,
		   void (*each)(void *context, const struct decision *decision), void *context)
{
	int ret = count_decisions(journal, all, ret_total);

	if (ret < 0)
		return ret;
	sqlite3_stmt *statement =
		prepare(journal, all ? DECISION_COLUMNS "ORDER BY id DESC LIMIT ?"
				     : DECISION_COLUMNS "WHERE ended_ms = 0 ORDER BY id DESC LIMIT ?");
	if (statement == NULL)
		return -EIO;
	sqlite3_bind_int64(statement, 1, most);
	return read_decisions(journal, statement, each, context);
}

static int put_address(struct journal *journal, uint32_t provider, const struct address *address)
{
	sqlite3_stmt *statement = prepare(journal, "INSERT OR IGNORE INTO addresses (provider, address) VALUES (?, ?)");

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_int64(statement, 1, provider);
	sqlite3_bind_blob(statement, 2, address->byte, sizeof(address->byte), SQLITE_STATIC);
	return finish(journal, statement, "store an address");
}

static int delete_addresses(struct journal *journal, uint32_t provider)
{
	sqlite3_stmt *statement = prepare(journal, "DELETE FROM addresses WHERE provider = ?");

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_int64(statement, 1, provider);
	return finish(journal, statement, "forget addresses");
}

int journal_put_addresses(struct journal *journal, uint32_t provider, const struct address *addresses, size_t count)
{
	int ret = run(journal, "BEGIN");

	if (ret < 0)
		return ret;
	ret = delete_addresses(journal, provider);
	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = put_address(journal, provider, &addresses[i]);
	int end = run(journal, ret == 0 ? "COMMIT" : "ROLLBACK");
	return ret < 0 ? ret : end;
}

int journal_addresses(struct journal *journal, uint32_t provider,
		      void (*each)(void *context, const struct address *address), void *context)
{
	sqlite3_stmt *statement = prepare(journal, "SELECT address FROM addresses WHERE provider = ?");
	struct address address;

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_int64(statement, 1, provider);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		if (sqlite3_column_bytes(statement, 0) != sizeof(address.byte))
			continue;
		memcpy(address.byte, sqlite3_column_blob(statement, 0), sizeof(address.byte));
		each(context, &address);
	}
	sqlite3_finalize(statement);
	return 0;
}
