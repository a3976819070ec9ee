/* SPDX-License-Identifier: BSD-3-Clause */
/* Where customers stand: a row for each that is not as the configuration or its import has it. */
#include "customers/warm_up.h"
#include "ledger/journal_parts.h"

int journal_put_standing(struct journal *journal, uint32_t customer, const struct standing *standing)
{
	const int64_t values[] = { customer,
				   standing->tier,
				   standing->step,
				   standing->by_hand,
				   standing->held,
				   standing->since_ms,
				   (int64_t)standing->sent.messages,
				   (int64_t)standing->sent.inferred,
				   (int64_t)standing->sent.declined };

	if (journal->put_standing == NULL)
		journal->put_standing = journal_prepare(
			journal, "INSERT OR REPLACE INTO standings (customer, tier, step, by_hand, held, since_ms, "
				 "messages, inferred, declined) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
	sqlite3_stmt *statement = journal->put_standing;
	if (statement == NULL)
		return -EIO;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		sqlite3_bind_int64(statement, (int)i + 1, values[i]);
	int ret = sqlite3_step(statement) == SQLITE_DONE ? 0 : journal_failed(journal, "store where a customer stands");
	sqlite3_reset(statement);
	return ret;
}

int journal_remove_standing(struct journal *journal, uint32_t customer)
{
	sqlite3_stmt *statement = journal_prepare(journal, "DELETE FROM standings WHERE customer = ?");

	if (statement == NULL)
		return -EIO;
	sqlite3_bind_int64(statement, 1, customer);
	return journal_finish(journal, statement, "forget where a customer stands");
}

/* What a row says; what is out of range (it was written by another hand) counts as the beginning. */
static void read_standing(sqlite3_stmt *statement, struct standing *ret_standing)
{
	const int tier = sqlite3_column_int(statement, 1), step = sqlite3_column_int(statement, 2);

	*ret_standing = (struct standing){
		.tier = (uint8_t)(tier >= 0 && tier < TIERS ? tier : TIER_NEW),
		.step = (uint8_t)(step >= 0 && step < WARM_UP_STEPS_MOST ? step : 0),
		.by_hand = sqlite3_column_int(statement, 3) != 0,
		.held = sqlite3_column_int(statement, 4) != 0,
		.since_ms = sqlite3_column_int64(statement, 5),
		.sent = { (uint64_t)sqlite3_column_int64(statement, 6), (uint64_t)sqlite3_column_int64(statement, 7),
			  (uint64_t)sqlite3_column_int64(statement, 8) },
	};
}

#define COLUMNS "SELECT customer, tier, step, by_hand, held, since_ms, messages, inferred, declined FROM standings"

bool journal_standing(struct journal *journal, uint32_t customer, struct standing *ret_standing)
{
	if (journal->standing == NULL)
		journal->standing = journal_prepare(journal, COLUMNS " WHERE customer = ?");
	if (journal->standing == NULL)
		return false;
	sqlite3_bind_int64(journal->standing, 1, customer);
	bool found = sqlite3_step(journal->standing) == SQLITE_ROW;
	if (found)
		read_standing(journal->standing, ret_standing);
	sqlite3_reset(journal->standing);
	return found;
}

int journal_standings(struct journal *journal,
		      void (*each)(void *context, uint32_t customer, const struct standing *standing), void *context)
{
	sqlite3_stmt *statement = journal_prepare(journal, COLUMNS);
	struct standing standing;
	int step;

	if (statement == NULL)
		return -EIO;
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		read_standing(statement, &standing);
		each(context, (uint32_t)sqlite3_column_int64(statement, 0), &standing);
	}
	sqlite3_finalize(statement);
	return step == SQLITE_DONE ? 0 : journal_failed(journal, "read where customers stand");
}
