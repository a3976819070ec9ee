/* SPDX-License-Identifier: BSD-3-Clause */
/* Imported customers: those beside the ones that the configuration has. */
#include <stdlib.h>
#include <string.h>

#include "customers/customer_text.h"
#include "customers/customers.h"
#include "ledger/journal_parts.h"
#include "log.h"
#include "units.h"

int journal_put_customer(struct journal *journal, const struct customer *customer)
{
	char limits[VALUES_MAX], *sources = sources_text(customer), *at = at_text(customer),
				 *members = members_text(customer);

	if (journal->put_customer == NULL)
		journal->put_customer =
			journal_prepare(journal, "INSERT OR REPLACE INTO customers (name, id, sources, "
						 "weight, limits, tier, at, members) VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
	sqlite3_stmt *statement = journal->put_customer;
	if (statement == NULL || sources == NULL || at == NULL || members == NULL) {
		free(sources);
		free(at);
		free(members);
		return -EIO;
	}
	sqlite3_bind_text(statement, 1, customer->name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(statement, 2, customer->id);
	sqlite3_bind_text(statement, 3, sources, -1, free);
	sqlite3_bind_int64(statement, 4, (sqlite3_int64)customer->weight);
	sqlite3_bind_text(statement, 5, limits_format(&customer->limits, ';', limits, sizeof(limits)), -1,
			  SQLITE_STATIC);
	sqlite3_bind_int64(statement, 6, customer->tier);
	sqlite3_bind_text(statement, 7, at, -1, free);
	sqlite3_bind_text(statement, 8, members, -1, free);
	int ret = sqlite3_step(statement) == SQLITE_DONE ? 0 : journal_failed(journal, "store a customer");
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return ret;
}

int journal_remove_customer(struct journal *journal, const char *name)
{
	sqlite3_stmt *statement = journal_prepare(journal, "DELETE FROM customers WHERE name = ?");

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
	return journal_finish(journal, statement, "remove a customer");
}

static const char *column(sqlite3_stmt *statement, int number)
{
	const unsigned char *text = sqlite3_column_text(statement, number);

	return text != NULL ? (const char *)text : "";
}

/* false: what is stored is none, which the log says. */
static bool read_customer(sqlite3_stmt *statement, struct customer *ret_customer)
{
	*ret_customer = (struct customer){ .name = strdup(column(statement, 0)),
					   .id = (uint32_t)sqlite3_column_int64(statement, 1),
					   .weight = (uint64_t)sqlite3_column_int64(statement, 3),
					   .tier = (uint8_t)sqlite3_column_int64(statement, 5) };
	const char *expected = sources_parse(column(statement, 2), ret_customer);

	if (expected == NULL)
		expected = limits_parse(column(statement, 4), &ret_customer->limits);
	if (expected == NULL)
		expected = at_parse(column(statement, 6), ret_customer);
	if (expected == NULL)
		expected = members_parse(column(statement, 7), ret_customer);
	if (expected == NULL && ret_customer->tier >= TIERS)
		expected = TIER_EXPECTED;
	if (expected == NULL && ret_customer->name != NULL)
		return true;
	log_error("journal: customer \"%s\": expected %s: left out", column(statement, 0),
		  expected != NULL ? expected : "memory");
	customer_finish(ret_customer);
	return false;
}

int journal_customers(struct journal *journal, void (*each)(void *context, struct customer *customer), void *context)
{
	sqlite3_stmt *statement = journal_prepare(
		journal, "SELECT name, id, sources, weight, limits, tier, at, members FROM customers ORDER BY name");
	struct customer customer;
	int step;

	if (statement == NULL)
		return -EIO;
	while ((step = sqlite3_step(statement)) == SQLITE_ROW)
		if (read_customer(statement, &customer))
			each(context, &customer);
	sqlite3_finalize(statement);
	return step == SQLITE_DONE ? 0 : journal_failed(journal, "read customers");
}

size_t journal_customer_count(struct journal *journal)
{
	sqlite3_stmt *statement = journal_prepare(journal, "SELECT count(*) FROM customers");
	size_t count = 0;

	if (statement != NULL && sqlite3_step(statement) == SQLITE_ROW)
		count = (size_t)sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return count;
}

void journal_tidy(struct journal *journal, bool all)
{
	sqlite3_exec(journal->database, all ? "PRAGMA wal_checkpoint(TRUNCATE)" : "PRAGMA wal_checkpoint(PASSIVE)",
		     NULL, NULL, NULL);
}
