/* SPDX-License-Identifier: BSD-3-Clause */
/* What is stored is there again, under the same number, and a file that is no journal is not taken for one. */
#include "ledger/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "log.h"
#include "unit.h"

static char folder[UNIT_PATH];

static struct journal *open_it(void)
{
	struct journal *journal = NULL;

	ck_assert_int_eq(journal_open(folder, &journal), 0);
	ck_assert_ptr_nonnull(journal);
	return journal;
}

static struct journal *begin(void)
{
	ck_assert_ptr_nonnull(mkdtemp(unit_template(folder, "journal")));
	return open_it();
}

static void end(struct journal *journal)
{
	DIR *directory = opendir(folder);
	struct dirent *entry;

	journal_close(journal);
	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)) != NULL)
		unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	ck_assert_int_eq(rmdir(folder), 0);
}

static int end_one(struct journal *journal, uint64_t id, int64_t at_ms, const char *by)
{
	const struct ending ending = { .id = id, .at_ms = at_ms, .by = by };

	return journal_end(journal, &ending);
}

struct list {
	struct decision decision[16];
	size_t count;
};

static void note(void *context, const struct decision *decision)
{
	struct list *list = context;

	ck_assert_uint_lt(list->count, 16);
	list->decision[list->count++] = *decision;
}

static struct list list_of(struct journal *journal, bool all)
{
	struct list list = { .count = 0 };

	ck_assert_int_eq(journal_decisions(journal, all, note, &list), 0);
	return list;
}

static const struct decision quarantine = { .scope = "customer:acme",
					    .action = DECIDE_QUARANTINE,
					    .reason = "trap hits; ticket '4711'",
					    .author = "root",
					    .created_ms = 1700000000123,
					    .expires_ms = 1700086400123 };
static const struct decision limit = { .scope = "customer:acme/provider:google",
				       .action = DECIDE_LIMIT,
				       .values = "connections=2;byte-rate=1MB/s burst 64kB",
				       .author = "uid 1000",
				       .created_ms = 1700000001000 };

static void check_same(const struct decision *stored, const struct decision *added)
{
	ck_assert_str_eq(stored->scope, added->scope);
	ck_assert_int_eq(stored->action, added->action);
	ck_assert_str_eq(stored->values, added->values);
	ck_assert_str_eq(stored->reason, added->reason);
	ck_assert_str_eq(stored->author, added->author);
	ck_assert_int_eq(stored->created_ms, added->created_ms);
	ck_assert_int_eq(stored->expires_ms, added->expires_ms);
	ck_assert_uint_eq(stored->generation, 0);
}

START_TEST(decisions_are_there_again)
{
	struct journal *journal = begin();
	struct decision first = quarantine, second = limit;

	ck_assert_uint_eq(list_of(journal, true).count, 0);
	ck_assert_int_eq(journal_add(journal, &first), 0);
	ck_assert_int_eq(journal_add(journal, &second), 0);
	ck_assert_uint_gt(first.id, 0);
	ck_assert_uint_gt(second.id, first.id);
	journal_close(journal);
	journal = open_it();
	struct list list = list_of(journal, false);
	ck_assert_uint_eq(list.count, 2);
	ck_assert_uint_eq(list.decision[0].id, first.id);
	ck_assert_uint_eq(list.decision[1].id, second.id);
	check_same(&list.decision[0], &quarantine);
	check_same(&list.decision[1], &limit);
	ck_assert_uint_eq(list.decision[0].limits.has, 0);
	ck_assert_uint_eq(list.decision[1].limits.has, 1u << LIMIT_CONNECTIONS | 1u << LIMIT_BYTE_RATE);
	ck_assert_uint_eq(list.decision[1].limits.kind[LIMIT_BYTE_RATE].burst, 64000);
	end(journal);
}
END_TEST

START_TEST(an_end_is_kept)
{
	struct journal *journal = begin();
	struct decision first = quarantine, second = limit, third = quarantine;

	ck_assert_int_eq(journal_add(journal, &first), 0);
	ck_assert_int_eq(journal_add(journal, &second), 0);
	ck_assert_int_eq(end_one(journal, second.id, 1700000005000, "root: done"), 0);
	/* A second end does not rewrite the first. */
	ck_assert_int_eq(end_one(journal, second.id, 1700000009000, "mallory"), 0);
	journal_close(journal);
	journal = open_it();
	ck_assert_uint_eq(list_of(journal, false).count, 1);
	ck_assert_uint_eq(list_of(journal, false).decision[0].id, first.id);
	struct list all = list_of(journal, true);
	ck_assert_uint_eq(all.count, 2);
	ck_assert_int_eq(all.decision[1].ended_ms, 1700000005000);
	ck_assert_str_eq(all.decision[1].ended_by, "root: done");
	ck_assert_int_eq(all.decision[0].ended_ms, 0);
	/* An id is never given twice, whatever has ended. */
	ck_assert_int_eq(journal_add(journal, &third), 0);
	ck_assert_uint_gt(third.id, second.id);
	end(journal);
}
END_TEST

START_TEST(names_keep_their_ids)
{
	struct journal *journal = begin();
	uint32_t acme = journal_id(journal, NAME_CUSTOMER, "acme"), same = journal_id(journal, NAME_PROVIDER, "acme");
	uint32_t upper = journal_id(journal, NAME_CUSTOMER, "Acme"), quote = journal_id(journal, NAME_CUSTOMER, "a'b");

	ck_assert_uint_ne(acme, ID_UNKNOWN);
	ck_assert_uint_ne(acme, same);
	ck_assert_uint_ne(acme, upper);
	ck_assert_uint_ne(quote, ID_UNKNOWN);
	ck_assert_uint_eq(journal_id(journal, NAME_CUSTOMER, "acme"), acme);
	ck_assert_uint_eq(journal_known_id(journal, NAME_CUSTOMER, "acme"), acme);
	ck_assert_uint_eq(journal_known_id(journal, NAME_CUSTOMER, "nobody"), 0);
	journal_close(journal);
	journal = open_it();
	uint32_t next = journal_id(journal, NAME_CUSTOMER, "beta");
	ck_assert_uint_eq(journal_id(journal, NAME_CUSTOMER, "acme"), acme);
	ck_assert_uint_eq(journal_id(journal, NAME_PROVIDER, "acme"), same);
	ck_assert_uint_eq(journal_id(journal, NAME_CUSTOMER, "a'b"), quote);
	ck_assert(next != acme && next != same && next != upper && next != quote);
	end(journal);
}
END_TEST

struct addresses {
	struct address address[8];
	size_t count;
};

static void note_address(void *context, const struct address *address)
{
	struct addresses *list = context;

	ck_assert_uint_lt(list->count, 8);
	list->address[list->count++] = *address;
}

static struct addresses addresses_of(struct journal *journal, uint32_t provider)
{
	struct addresses list = { .count = 0 };

	ck_assert_int_eq(journal_addresses(journal, provider, note_address, &list), 0);
	return list;
}

START_TEST(addresses)
{
	static const struct address some[] = { { { 1 } }, { { 2, [15] = 9 } }, { { 3 } }, { { 1 } } };
	struct journal *journal = begin();

	ck_assert_uint_eq(addresses_of(journal, 4).count, 0);
	ck_assert_int_eq(journal_put_addresses(journal, 4, some, 4), 0);
	ck_assert_int_eq(journal_put_addresses(journal, 5, some, 1), 0);
	journal_close(journal);
	journal = open_it();
	struct addresses list = addresses_of(journal, 4);
	ck_assert_uint_eq(list.count, 3); /* one of them twice */
	ck_assert_mem_eq(list.address, some, 3 * sizeof(some[0]));
	ck_assert_int_eq(journal_put_addresses(journal, 4, some + 1, 1), 0);
	list = addresses_of(journal, 4);
	ck_assert_uint_eq(list.count, 1);
	ck_assert_mem_eq(list.address, some + 1, sizeof(some[0]));
	ck_assert_int_eq(journal_put_addresses(journal, 4, NULL, 0), 0);
	ck_assert_uint_eq(addresses_of(journal, 4).count, 0);
	ck_assert_uint_eq(addresses_of(journal, 5).count, 1);
	end(journal);
}
END_TEST

static void write_file(const char *name, const char *bytes, size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(descriptor, 0);
	ck_assert_int_eq(write(descriptor, bytes, size), (ssize_t)size);
	close(descriptor);
}

START_TEST(a_file_that_is_no_journal)
{
	static const char text[] = "this is not a database, and it is longer than the head of one: "
				   "0123456789012345678901234567890123456789012345678901234567890123456789";
	struct journal *journal = NULL;

	log_init("unit", 0); /* what it says of it is of no interest here */
	end(begin());
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	write_file("sluice.db", text, sizeof(text));
	ck_assert_int_eq(journal_open(folder, &journal), -EIO);
	ck_assert_ptr_null(journal);
	end(NULL);
}
END_TEST

/* The head is good, the pages are not: it may open, but says so when it is asked. */
START_TEST(a_journal_with_broken_pages)
{
	static const char garbage[65536] = { [0 ... 65535] = 0x5a };
	struct journal *journal = begin();
	struct list list = { .count = 0 };
	struct decision decision = quarantine;

	ck_assert_int_eq(journal_add(journal, &decision), 0);
	journal_close(journal);
	log_init("unit", 0);
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/sluice.db", folder);
	int descriptor = open(path, O_WRONLY | O_CLOEXEC);
	off_t size = lseek(descriptor, 0, SEEK_END);
	ck_assert_int_gt(size, 4096);
	ck_assert_int_eq(pwrite(descriptor, garbage, (size_t)size - 4096, 4096), size - 4096);
	close(descriptor);
	journal = NULL;
	int ret = journal_open(folder, &journal);
	ck_assert(ret == 0 || ret == -EIO);
	if (ret == 0) {
		ck_assert_int_eq(journal_decisions(journal, true, note, &list), -EIO);
		ck_assert_int_lt(journal_add(journal, &decision), 0);
	}
	end(journal);
}
END_TEST

START_TEST(folders)
{
	struct journal *journal = NULL;
	char path[PATH_MAX];

	log_init("unit", 0);
	end(begin());
	/* One level is made, more are a mistake. */
	snprintf(path, sizeof(path), "%s/not/there", folder);
	ck_assert_int_eq(journal_open(path, &journal), -EIO);
	ck_assert_ptr_null(journal);
	end(open_it());
	journal_close(NULL);
}
END_TEST

START_TEST(one_at_a_time)
{
	struct journal *journal = begin(), *second = NULL;

	log_init("unit", 0);
	ck_assert_int_eq(journal_open(folder, &second), -EBUSY);
	ck_assert_ptr_null(second);
	journal_close(journal);
	end(open_it());
}
END_TEST

START_TEST(the_newest_first)
{
	struct journal *journal = begin();
	struct list list = { .count = 0 };
	uint64_t total = 0;

	for (int i = 0; i < 5; i++) {
		struct decision decision = quarantine;
		ck_assert_int_eq(journal_add(journal, &decision), 0);
		if (i == 3)
			ck_assert_int_eq(end_one(journal, decision.id, 5, "x"), 0);
	}
	ck_assert_int_eq(journal_newest(journal, false, 2, &total, note, &list), 0);
	ck_assert_uint_eq(total, 4);
	ck_assert_uint_eq(list.count, 2);
	ck_assert_uint_eq(list.decision[0].id, 5);
	ck_assert_uint_eq(list.decision[1].id, 3);
	list.count = 0;
	ck_assert_int_eq(journal_newest(journal, true, 10, &total, note, &list), 0);
	ck_assert_uint_eq(total, 5);
	ck_assert_uint_eq(list.count, 5);
	ck_assert_uint_eq(list.decision[1].id, 4);
	end(journal);
}
END_TEST

static void note_event(void *context, const struct event *event)
{
	struct event **at = context;

	*(*at)++ = *event;
}

/* Each change is an event with it; what is an event stays one. */
START_TEST(events)
{
	struct journal *journal = begin();
	struct decision first = quarantine, second = quarantine;
	struct event event[16] = { 0 }, *at = event;
	const struct event_filter all = { .most = 16 }, of_first = { .decision = 1, .most = 16 },
				  older = { .before = 3, .most = 1 };

	snprintf(first.incident, sizeof(first.incident), "INC-7");
	ck_assert_int_eq(journal_add(journal, &first), 0);
	ck_assert_int_eq(journal_add(journal, &second), 0);
	ck_assert_int_eq(journal_end(journal, &(struct ending){ first.id, 77, "root", second.id }), 0);
	ck_assert_int_eq(journal_end(journal, &(struct ending){ first.id, 78, "mallory", 0 }), 0);
	ck_assert_int_eq(journal_events(journal, &all, note_event, &at), 0);
	ck_assert_int_eq(at - event, 3);
	ck_assert_str_eq(event[0].what, "superseded");
	ck_assert_str_eq(event[0].text, "by decision 2");
	ck_assert_str_eq(event[0].author, "root");
	ck_assert_int_eq(event[0].at_ms, 77);
	ck_assert_str_eq(event[2].what, "quarantine");
	ck_assert_str_eq(event[2].text, "customer:acme: trap hits; ticket '4711'");
	at = event;
	ck_assert_int_eq(journal_events(journal, &of_first, note_event, &at), 0);
	ck_assert_int_eq(at - event, 2);
	at = event;
	ck_assert_int_eq(journal_events(journal, &older, note_event, &at), 0);
	ck_assert_int_eq(at - event, 1);
	ck_assert_uint_eq(event[0].id, 2);
	journal_close(journal);
	journal = open_it();
	struct list list = list_of(journal, true);
	ck_assert_uint_eq(list.decision[0].superseded_by, second.id);
	ck_assert_str_eq(list.decision[0].incident, "INC-7");
	end(journal);
}
END_TEST

/* The same after another start, another one by another name. */
START_TEST(secrets)
{
	struct journal *journal = begin();
	uint64_t first = journal_secret(journal, "domains"), other = journal_secret(journal, "other");

	ck_assert_uint_ne(first, 0);
	ck_assert_uint_ne(first, other);
	ck_assert_uint_eq(journal_secret(journal, "domains"), first);
	journal_close(journal);
	journal = open_it();
	ck_assert_uint_eq(journal_secret(journal, "domains"), first);
	end(journal);
}
END_TEST

static int run_sql(const char *sql)
{
	char path[PATH_MAX];
	sqlite3 *database;

	snprintf(path, sizeof(path), "%s/sluice.db", folder);
	ck_assert_int_eq(sqlite3_open(path, &database), SQLITE_OK);
	int ret = sqlite3_exec(database, sql, NULL, NULL, NULL);
	sqlite3_close(database);
	return ret;
}

START_TEST(events_are_never_rewritten)
{
	struct journal *journal = begin();
	struct decision decision = quarantine;

	ck_assert_int_eq(journal_add(journal, &decision), 0);
	ck_assert_int_ne(run_sql("UPDATE events SET author = 'nobody'"), SQLITE_OK);
	ck_assert_int_ne(run_sql("DELETE FROM events"), SQLITE_OK);
	end(journal);
}
END_TEST

/* All of several changes, or none of them. */
START_TEST(together_or_not_at_all)
{
	struct journal *journal = begin();
	struct decision first = quarantine, second = limit;
	bool own, inner;

	ck_assert_int_eq(journal_begin(journal, &own), 0);
	ck_assert(own);
	ck_assert_int_eq(journal_begin(journal, &inner), 0);
	ck_assert(!inner);
	ck_assert_int_eq(journal_add(journal, &first), 0);
	ck_assert_int_eq(journal_settle(journal, inner, 0), 0);
	ck_assert_int_eq(journal_add(journal, &second), 0);
	ck_assert_int_eq(journal_settle(journal, own, -ENOMEM), -ENOMEM);
	ck_assert_uint_eq(list_of(journal, true).count, 0);
	ck_assert_int_eq(journal_begin(journal, &own), 0);
	ck_assert_int_eq(journal_add(journal, &first), 0);
	ck_assert_int_eq(journal_settle(journal, own, 0), 0);
	ck_assert_uint_eq(list_of(journal, true).count, 1);
	end(journal);
}
END_TEST

/* A journal of before there were versions goes on; one of a later version is left alone. */
START_TEST(older_and_newer_tables)
{
	struct journal *journal = begin();
	struct decision decision = quarantine;

	ck_assert_int_eq(journal_add(journal, &decision), 0);
	journal_close(journal);
	ck_assert_int_eq(run_sql("DROP TABLE events; DROP TABLE clock; DROP TABLE customers; DROP TABLE secrets; "
				 "DROP TABLE standings; DROP TABLE usual; "
				 "PRAGMA user_version = 0;"
				 "ALTER TABLE decisions DROP COLUMN incident;"
				 "ALTER TABLE decisions DROP COLUMN superseded_by;"
				 "ALTER TABLE decisions DROP COLUMN used;"
				 "ALTER TABLE decisions DROP COLUMN deadline_ms;"),
			 SQLITE_OK);
	journal = open_it();
	ck_assert_uint_eq(list_of(journal, false).count, 1);
	check_same(&list_of(journal, false).decision[0], &quarantine);
	ck_assert_int_eq(journal_add(journal, &decision), 0);
	journal_close(journal);
	ck_assert_int_eq(run_sql("PRAGMA user_version = 9999"), SQLITE_OK);
	log_init("unit", 0);
	journal = NULL;
	ck_assert_int_eq(journal_open(folder, &journal), -EIO);
	end(NULL);
}
END_TEST

START_TEST(the_clock)
{
	struct journal *journal = begin();
	struct served_mark mark;

	ck_assert_int_eq(journal_clock(journal, &mark), 0);
	ck_assert_int_eq(mark.served_ms, 0);
	ck_assert_str_eq(mark.boot, "");
	mark = (struct served_mark){ "boot", 5, 6 };
	ck_assert_int_eq(journal_put_clock(journal, &mark), 0);
	mark.served_ms = 7;
	ck_assert_int_eq(journal_put_clock(journal, &mark), 0);
	journal_close(journal);
	journal = open_it();
	ck_assert_int_eq(journal_clock(journal, &mark), 0);
	ck_assert_int_eq(mark.served_ms, 7);
	ck_assert_str_eq(mark.boot, "boot");
	end(journal);
}
END_TEST

UNIT_MAIN("journal", secrets, decisions_are_there_again, an_end_is_kept, names_keep_their_ids, addresses,
	  a_file_that_is_no_journal, a_journal_with_broken_pages, folders, one_at_a_time, the_newest_first, events,
	  events_are_never_rewritten, together_or_not_at_all, older_and_newer_tables, the_clock)
