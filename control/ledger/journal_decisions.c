/* SPDX-License-Identifier: BSD-3-Clause */
/* Decisions as they are stored, and every change of one as an event in the same transaction. */
#include <stdio.h>
#include <string.h>

#include "ledger/journal_parts.h"
#include "log.h"

static int insert(struct journal *journal, struct decision *decision)
{
	sqlite3_stmt *statement =
		journal_prepare(journal, "INSERT INTO decisions (scope, action, settings, reason, author, created_ms, "
					 "expires_ms, incident, deadline_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_text(statement, 1, decision->scope, -1, SQLITE_STATIC);
	sqlite3_bind_int(statement, 2, decision->action);
	sqlite3_bind_text(statement, 3, decision->values, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 4, decision->reason, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 5, decision->author, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 6, decision->created_ms);
	sqlite3_bind_int64(statement, 7, decision->expires_ms);
	sqlite3_bind_text(statement, 8, decision->incident, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 9, decision->deadline_ms);
	int ret = journal_finish(journal, statement, "store a decision");
	if (ret == 0)
		decision->id = (uint64_t)sqlite3_last_insert_rowid(journal->database);
	return ret;
}

int journal_add(struct journal *journal, struct decision *decision)
{
	struct event event = { .at_ms = decision->created_ms };
	bool own;
	int ret = journal_begin(journal, &own);

	if (ret < 0)
		return ret;
	ret = insert(journal, decision);
	event.decision = decision->id;
	snprintf(event.what, sizeof(event.what), "%s", decision_action_name[decision->action]);
	snprintf(event.author, sizeof(event.author), "%s", decision->author);
	snprintf(event.text, sizeof(event.text), "%s%s%s%s%s", decision->scope, decision->values[0] != '\0' ? " " : "",
		 decision->values, decision->reason[0] != '\0' ? ": " : "", decision->reason);
	if (ret == 0)
		ret = journal_note(journal, &event);
	ret = journal_settle(journal, own, ret);
	if (ret < 0)
		decision->id = 0;
	return ret;
}

static int update(struct journal *journal, const struct ending *ending)
{
	sqlite3_stmt *statement = journal_prepare(journal, "UPDATE decisions SET ended_ms = ?, ended_by = ?, "
							   "superseded_by = ? WHERE id = ? AND ended_ms = 0");

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_int64(statement, 1, ending->at_ms);
	sqlite3_bind_text(statement, 2, ending->by, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 3, (int64_t)ending->superseded_by);
	sqlite3_bind_int64(statement, 4, (int64_t)ending->id);
	return journal_finish(journal, statement, "end a decision");
}

int journal_end(struct journal *journal, const struct ending *ending)
{
	struct event event = { .at_ms = ending->at_ms, .decision = ending->id };
	bool own;
	int ret = journal_begin(journal, &own);

	if (ret < 0)
		return ret;
	ret = update(journal, ending);
	snprintf(event.what, sizeof(event.what), "%s", ending->superseded_by != 0 ? "superseded" : "ended");
	snprintf(event.author, sizeof(event.author), "%.63s", ending->by);
	if (ending->superseded_by != 0)
		snprintf(event.text, sizeof(event.text), "by decision %llu", (unsigned long long)ending->superseded_by);
	/* A second end changes nothing, and so is no event. */
	if (ret == 0 && sqlite3_changes(journal->database) > 0)
		ret = journal_note(journal, &event);
	return journal_settle(journal, own, ret);
}

int journal_use(struct journal *journal, uint64_t id, uint64_t used)
{
	sqlite3_stmt *statement = journal_prepare(journal, "UPDATE decisions SET used = ? WHERE id = ?");

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_int64(statement, 1, (int64_t)used);
	sqlite3_bind_int64(statement, 2, (int64_t)id);
	return journal_finish(journal, statement, "note what was used");
}

static void read_limits(struct decision *decision)
{
	const char *expected = decision_values(decision);

	if (expected != NULL)
		log_warning("journal: decision %llu: \"%s\": expected %s", (unsigned long long)decision->id,
			    decision->values, expected);
}

static void read_decision(sqlite3_stmt *statement, struct decision *ret_decision)
{
	memset(ret_decision, 0, sizeof(*ret_decision));
	ret_decision->id = (uint64_t)sqlite3_column_int64(statement, 0);
	journal_text(statement, 1, ret_decision->scope, sizeof(ret_decision->scope));
	int action = sqlite3_column_int(statement, 2);
	ret_decision->action = action == DECIDE_LIMIT || action == DECIDE_ALLOW ? action : DECIDE_QUARANTINE;
	journal_text(statement, 3, ret_decision->values, sizeof(ret_decision->values));
	journal_text(statement, 4, ret_decision->reason, sizeof(ret_decision->reason));
	journal_text(statement, 5, ret_decision->author, sizeof(ret_decision->author));
	ret_decision->created_ms = sqlite3_column_int64(statement, 6);
	ret_decision->expires_ms = sqlite3_column_int64(statement, 7);
	ret_decision->ended_ms = sqlite3_column_int64(statement, 8);
	journal_text(statement, 9, ret_decision->ended_by, sizeof(ret_decision->ended_by));
	journal_text(statement, 10, ret_decision->incident, sizeof(ret_decision->incident));
	ret_decision->superseded_by = (uint64_t)sqlite3_column_int64(statement, 11);
	ret_decision->deadline_ms = sqlite3_column_int64(statement, 12);
	ret_decision->used = (uint64_t)sqlite3_column_int64(statement, 13);
	read_limits(ret_decision);
}

#define DECISION_COLUMNS                                                                                               \
	"SELECT id, scope, action, settings, reason, author, created_ms, expires_ms, ended_ms, ended_by, incident, "   \
	"superseded_by, deadline_ms, used FROM decisions "

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
	return step == SQLITE_DONE ? 0 : journal_failed(journal, "read decisions");
}

int journal_decisions(struct journal *journal, bool all, void (*each)(void *context, const struct decision *decision),
		      void *context)
{
	sqlite3_stmt *statement = journal_prepare(journal, DECISION_COLUMNS "WHERE ended_ms = 0 OR ? ORDER BY id");

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_int(statement, 1, all);
	return read_decisions(journal, statement, each, context);
}

static int count_decisions(struct journal *journal, bool all, uint64_t *ret_total)
{
	sqlite3_stmt *statement = journal_prepare(journal, all ? "SELECT count(*) FROM decisions"
							       : "SELECT count(*) FROM decisions WHERE ended_ms = 0");

	if (statement == NULL)
		return -EIO;
	int ret = sqlite3_step(statement) == SQLITE_ROW ? 0 : journal_failed(journal, "count decisions");
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
		journal_prepare(journal, all ? DECISION_COLUMNS "ORDER BY id DESC LIMIT ?"
					     : DECISION_COLUMNS "WHERE ended_ms = 0 ORDER BY id DESC LIMIT ?");
	if (statement == NULL)
		return -EIO;
	sqlite3_bind_int64(statement, 1, most);
	return read_decisions(journal, statement, each, context);
}

/* An end that came by itself is no order, and neither is one by a newer decision: that is there itself. */
int journal_released(struct journal *journal, int64_t since_ms,
		     void (*each)(void *context, const char *scope, int64_t at_ms), void *context)
{
	sqlite3_stmt *statement =
		journal_prepare(journal, "SELECT scope, ended_ms FROM decisions WHERE ended_ms > ? AND action != ? "
					 "AND superseded_by = 0 AND ended_by != 'expired'");
	char scope[SCOPE_TEXT_MAX];
	int step;

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_int64(statement, 1, since_ms);
	sqlite3_bind_int(statement, 2, DECIDE_ALLOW);
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		journal_text(statement, 0, scope, sizeof(scope));
		each(context, scope, sqlite3_column_int64(statement, 1));
	}
	sqlite3_finalize(statement);
	return step == SQLITE_DONE ? 0 : journal_failed(journal, "read what was released of late");
}
