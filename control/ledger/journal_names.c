/* SPDX-License-Identifier: BSD-3-Clause */
/* Ids behind names, and the addresses last known of a provider. */
#include <string.h>

#include "ledger/journal_parts.h"

/* A statement kept in `slot`, on one name; NULL when it cannot be made. */
static sqlite3_stmt *on_name(struct journal *journal, sqlite3_stmt **slot, const char *sql, enum name_kind kind,
			     const char *name)
{
	if (*slot == NULL)
		*slot = journal_prepare(journal, sql);
	if (*slot == NULL)
		return NULL;
	sqlite3_bind_int(*slot, 1, kind);
	sqlite3_bind_text(*slot, 2, name, -1, SQLITE_TRANSIENT);
	return *slot;
}

uint32_t journal_known_id(struct journal *journal, enum name_kind kind, const char *name)
{
	sqlite3_stmt *statement =
		on_name(journal, &journal->known_id, "SELECT id FROM names WHERE kind = ? AND name = ?", kind, name);
	uint32_t id = 0;

	if (statement == NULL)
		return 0;
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
	sqlite3_stmt *statement =
		on_name(journal, &journal->new_id, "INSERT INTO names (kind, name) VALUES (?, ?)", kind, name);
	if (statement == NULL)
		return 0;
	bool stored = sqlite3_step(statement) == SQLITE_DONE || journal_failed(journal, "store a name") == 0;
	sqlite3_reset(statement);
	return stored ? (uint32_t)sqlite3_last_insert_rowid(journal->database) : 0;
}

static int put_address(struct journal *journal, uint32_t provider, const struct address *address)
{
	sqlite3_stmt *statement =
		journal_prepare(journal, "INSERT OR IGNORE INTO addresses (provider, address) VALUES (?, ?)");

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_int64(statement, 1, provider);
	sqlite3_bind_blob(statement, 2, address->byte, sizeof(address->byte), SQLITE_STATIC);
	return journal_finish(journal, statement, "store an address");
}

static int delete_addresses(struct journal *journal, uint32_t provider)
{
	sqlite3_stmt *statement = journal_prepare(journal, "DELETE FROM addresses WHERE provider = ?");

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_int64(statement, 1, provider);
	return journal_finish(journal, statement, "forget addresses");
}

int journal_put_addresses(struct journal *journal, uint32_t provider, const struct address *addresses, size_t count)
{
	bool own;
	int ret = journal_begin(journal, &own);

	if (ret < 0)
		return ret;
	ret = delete_addresses(journal, provider);
	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = put_address(journal, provider, &addresses[i]);
	return journal_settle(journal, own, ret);
}

int journal_addresses(struct journal *journal, uint32_t provider,
		      void (*each)(void *context, const struct address *address), void *context)
{
	sqlite3_stmt *statement = journal_prepare(journal, "SELECT address FROM addresses WHERE provider = ?");
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

/* SQLite's random() is seeded by the kernel's; 2^62 values. */
uint64_t journal_secret(struct journal *journal, const char *name)
{
	sqlite3_stmt *statement = journal_prepare(
		journal, "INSERT OR IGNORE INTO secrets (name, value) VALUES (?, (random() >> 2) & (1 << 62) - 1)");
	uint64_t value = 0;

	if (statement == NULL)
		return 0;
	sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	if (journal_finish(journal, statement, "store a secret") < 0)
		return 0;
	statement = journal_prepare(journal, "SELECT value FROM secrets WHERE name = ?");
	if (statement == NULL)
		return 0;
	sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW)
		value = (uint64_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}
