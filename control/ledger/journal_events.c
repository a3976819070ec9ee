/* SPDX-License-Identifier: BSD-3-Clause */
/* The audit: what was done, when, by whom. The table takes new rows only. And how much time has passed. */
#include <stdio.h>
#include <string.h>

#include "ledger/journal_parts.h"

int journal_note(struct journal *journal, const struct event *event)
{
	sqlite3_stmt *statement = journal_prepare(
		journal, "INSERT INTO events (at_ms, what, decision, author, text) VALUES (?, ?, ?, ?, ?)");

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_int64(statement, 1, event->at_ms);
	sqlite3_bind_text(statement, 2, event->what, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 3, (int64_t)event->decision);
	sqlite3_bind_text(statement, 4, event->author, -1, SQLITE_STATIC);
	sqlite3_bind_text(statement, 5, event->text, -1, SQLITE_STATIC);
	return journal_finish(journal, statement, "note an event");
}

static void read_event(sqlite3_stmt *statement, struct event *ret_event)
{
	*ret_event = (struct event){ .id = (uint64_t)sqlite3_column_int64(statement, 0),
				     .at_ms = sqlite3_column_int64(statement, 1),
				     .decision = (uint64_t)sqlite3_column_int64(statement, 3) };
	journal_text(statement, 2, ret_event->what, sizeof(ret_event->what));
	journal_text(statement, 4, ret_event->author, sizeof(ret_event->author));
	journal_text(statement, 5, ret_event->text, sizeof(ret_event->text));
}

int journal_events(struct journal *journal, const struct event_filter *filter,
		   void (*each)(void *context, const struct event *event), void *context)
{
	sqlite3_stmt *statement = journal_prepare(
		journal,
		"SELECT id, at_ms, what, decision, author, text FROM events WHERE (?1 = 0 OR decision = ?1) "
		"AND at_ms >= ?2 AND (?3 = 0 OR id < ?3) "
		"AND (?5 IS NULL OR decision IN (SELECT id FROM decisions WHERE scope = ?5 "
		"OR substr(scope, 1, length(?5) + 1) = ?5 || '/') "
		"OR (decision = 0 AND substr(text, 1, length(?5) + 1) = ?5 || ' ')) ORDER BY id DESC LIMIT ?4");
	struct event event;
	int step;

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_int64(statement, 1, (int64_t)filter->decision);
	sqlite3_bind_int64(statement, 2, filter->since_ms);
	sqlite3_bind_int64(statement, 3, (int64_t)filter->before);
	sqlite3_bind_int64(statement, 4, filter->most);
	if (filter->scope != NULL)
		sqlite3_bind_text(statement, 5, filter->scope, -1, SQLITE_STATIC);
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		read_event(statement, &event);
		each(context, &event);
	}
	sqlite3_finalize(statement);
	return step == SQLITE_DONE ? 0 : journal_failed(journal, "read events");
}

int journal_clock(struct journal *journal, struct served_mark *ret_mark)
{
	sqlite3_stmt *statement = journal_prepare(journal, "SELECT boot, boot_ms, served_ms FROM clock");

	*ret_mark = (struct served_mark){ 0 };
	if (statement == NULL)
		return -EIO;
	int step = sqlite3_step(statement);
	if (step == SQLITE_ROW) {
		journal_text(statement, 0, ret_mark->boot, sizeof(ret_mark->boot));
		ret_mark->boot_ms = sqlite3_column_int64(statement, 1);
		ret_mark->served_ms = sqlite3_column_int64(statement, 2);
	}
	sqlite3_finalize(statement);
	return step == SQLITE_ROW || step == SQLITE_DONE ? 0 : journal_failed(journal, "read the clock");
}

int journal_put_clock(struct journal *journal, const struct served_mark *mark)
{
	sqlite3_stmt *statement = journal_prepare(
		journal, "INSERT OR REPLACE INTO clock (one, boot, boot_ms, served_ms) VALUES (1, ?, ?, ?)");

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_text(statement, 1, mark->boot, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, mark->boot_ms);
	sqlite3_bind_int64(statement, 3, mark->served_ms);
	return journal_finish(journal, statement, "note the time");
}
