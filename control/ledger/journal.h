/* SPDX-License-Identifier: BSD-3-Clause */
/* What survives everything: decisions, the ids behind names, the addresses DNS gave last. SQLite in WAL mode,
 * synchronous: when a function that writes returns 0 it is on disk. */
#ifndef SLUICE_JOURNAL_H
#define SLUICE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/decision.h"
#include "ledger/served.h"

struct journal;

/* DIRECTORY/sluice.db, made when it is not there; this process alone has it until it closes it. 0 or a negative
 * errno (-EBUSY: another has it), said in the log. */
int journal_open(const char *directory, struct journal **ret_journal);
void journal_close(struct journal *journal);

enum name_kind { NAME_CUSTOMER, NAME_PROVIDER };

/* The id of a name, the same for ever; given now if it is new. 0 on failure. */
uint32_t journal_id(struct journal *journal, enum name_kind kind, const char *name);

/* The same, but 0 for a name that never had one. */
uint32_t journal_known_id(struct journal *journal, enum name_kind kind, const char *name);

/* A number nobody else knows, the same for ever: made at the first question. 0 on failure. */
uint64_t journal_secret(struct journal *journal, const char *name);

/* Around several calls that are to be on disk together, or not at all: *ret_own is false when somebody did before,
 * whose journal_settle() is the one that counts. `ret` < 0 gives all up; returns it, or how the storing went. */
int journal_begin(struct journal *journal, bool *ret_own);
int journal_settle(struct journal *journal, bool own, int ret);

/* Stores a decision and gives it its id / notes its end. Both note an event. */
struct ending {
	uint64_t id;
	int64_t at_ms;
	const char *by;
	uint64_t superseded_by; /* 0: by nothing */
};

int journal_add(struct journal *journal, struct decision *decision);
int journal_end(struct journal *journal, const struct ending *ending);

/* So much of an allowance is used. */
int journal_use(struct journal *journal, uint64_t id, uint64_t used);

/* Calls `each` with what was released by somebody since then: the scope, and when. */
int journal_released(struct journal *journal, int64_t since_ms,
		     void (*each)(void *context, const char *scope, int64_t at_ms), void *context);

/* What customers usually send: stores `hour` of some of them, all or none / calls `each` with every stored hour. */
struct brake;
struct usual_hour;
int journal_put_usual(struct journal *journal, unsigned hour, struct brake *const *brakes, size_t count);
int journal_usual(struct journal *journal,
		  void (*each)(void *context, uint32_t customer, unsigned hour, const struct usual_hour *usual),
		  void *context);

/* Calls `each` with stored decisions, oldest first: those that did not end, or all. `key` is not filled. */
int journal_decisions(struct journal *journal, bool all, void (*each)(void *context, const struct decision *decision),
		      void *context);

/* The same for people: newest first, at most `most`; *ret_total is how many there are. */
int journal_newest(struct journal *journal, bool all, uint32_t most, uint64_t *ret_total,
		   void (*each)(void *context, const struct decision *decision), void *context);

/* What was done, for ever: rows are only ever added. */
struct event {
	uint64_t id; /* given when it is noted */
	int64_t at_ms;
	char what[24];	   /* "quarantine", "ended", ... */
	uint64_t decision; /* 0: it is about none */
	char author[AUTHOR_MAX];
	char text[SCOPE_TEXT_MAX + VALUES_MAX + WIRE_REASON_MAX + 8];
};

struct event_filter {
	uint64_t decision; /* 0: all */
	const char *scope; /* of decisions on it, and on what is narrower: "customer:acme"; NULL: all */
	int64_t since_ms;
	uint64_t before; /* an event's id, for the next page; 0: from the newest on */
	uint32_t most;
};

int journal_note(struct journal *journal, const struct event *event);

/* Newest first. */
int journal_events(struct journal *journal, const struct event_filter *filter,
		   void (*each)(void *context, const struct event *event), void *context);

/* The last mark of served.h; zeroes when there is none. */
int journal_clock(struct journal *journal, struct served_mark *ret_mark);
int journal_put_clock(struct journal *journal, const struct served_mark *mark);

/* Imported customers: stores one in place of what its name had / forgets it / calls `each`, which takes what it gets,
 * in the names' order / how many there are. */
struct customer;
int journal_put_customer(struct journal *journal, const struct customer *customer);
int journal_remove_customer(struct journal *journal, const char *name);
int journal_customers(struct journal *journal, void (*each)(void *context, struct customer *customer), void *context);
size_t journal_customer_count(struct journal *journal);

/* Where customers stand (warm_up.h), by their ids: stores one / forgets one / finds one, true when there is one / calls
 * `each` with all. */
struct standing;
int journal_put_standing(struct journal *journal, uint32_t customer, const struct standing *standing);
int journal_remove_standing(struct journal *journal, uint32_t customer);
bool journal_standing(struct journal *journal, uint32_t customer, struct standing *ret_standing);
int journal_standings(struct journal *journal,
		      void (*each)(void *context, uint32_t customer, const struct standing *standing), void *context);

/* What was written goes where it belongs: now and then, so that it is no order that takes the time; `all` of it after
 * much was written at once. */
void journal_tidy(struct journal *journal, bool all);

/* Replaces / lists the addresses last known of a provider. */
int journal_put_addresses(struct journal *journal, uint32_t provider, const struct address *addresses, size_t count);
int journal_addresses(struct journal *journal, uint32_t provider,
		      void (*each)(void *context, const struct address *address), void *context);

#endif
