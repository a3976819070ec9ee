/* SPDX-License-Identifier: BSD-3-Clause */
/* What customers usually send: a row for each of their hours of the week that is known, the figures packed into one
 * number. */
#include "brake/brakes.h"
#include "ledger/journal_parts.h"

#define KIND_BITS 16

static int64_t packed(const struct usual_hour *usual)
{
	int64_t volumes = 0;

	for (unsigned i = 0; i < USUAL_KINDS; i++)
		volumes |= (int64_t)usual->kind[i] << i * KIND_BITS;
	return volumes;
}

static struct usual_hour unpacked(int64_t volumes)
{
	struct usual_hour usual;

	for (unsigned i = 0; i < USUAL_KINDS; i++)
		usual.kind[i] = (uint16_t)(volumes >> i * KIND_BITS);
	return usual;
}

static int put_all(struct journal *journal, unsigned hour, struct brake *const *brakes, size_t count)
{
	sqlite3_stmt *statement =
		journal_prepare(journal, "INSERT OR REPLACE INTO usual (customer, hour, volumes) VALUES (?, ?, ?)");
	int ret = statement != NULL ? 0 : -EIO;

	for (size_t i = 0; ret == 0 && i < count; i++) {
		sqlite3_bind_int64(statement, 1, brakes[i]->customer);
		sqlite3_bind_int64(statement, 2, hour);
		sqlite3_bind_int64(statement, 3, packed(&brakes[i]->usual.hour[hour]));
		if (sqlite3_step(statement) != SQLITE_DONE)
			ret = journal_failed(journal, "store what is usual");
		sqlite3_reset(statement);
	}
	sqlite3_finalize(statement);
	return ret;
}

int journal_put_usual(struct journal *journal, unsigned hour, struct brake *const *brakes, size_t count)
{
	bool own;
	int ret = journal_begin(journal, &own);

	return ret < 0 ? ret : journal_settle(journal, own, put_all(journal, hour, brakes, count));
}

int journal_usual(struct journal *journal,
		  void (*each)(void *context, uint32_t customer, unsigned hour, const struct usual_hour *usual),
		  void *context)
{
	sqlite3_stmt *statement = journal_prepare(journal, "SELECT customer, hour, volumes FROM usual");
	int step;

	if (statement == NULL)
		return -EIO;
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		const struct usual_hour usual = unpacked(sqlite3_column_int64(statement, 2));
		uint64_t hour = (uint64_t)sqlite3_column_int64(statement, 1);
		if (hour < USUAL_HOURS)
			each(context, (uint32_t)sqlite3_column_int64(statement, 0), (unsigned)hour, &usual);
	}
	sqlite3_finalize(statement);
	return step == SQLITE_DONE ? 0 : journal_failed(journal, "read what is usual");
}
