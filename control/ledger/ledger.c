/* SPDX-License-Identifier: BSD-3-Clause */
#include "ledger/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/precedence.h"

typedef int comparison(const struct decision *a, const struct decision *b);

static int by_number(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_id(const struct decision *a, const struct decision *b)
{
	return by_number((int64_t)a->id, (int64_t)b->id);
}

static int compare_scope(const struct decision *a, const struct decision *b)
{
	int order = memcmp(&a->key, &b->key, sizeof(a->key));

	return order != 0 ? order : compare_id(a, b);
}

static int compare_expiry(const struct decision *a, const struct decision *b)
{
	int order = by_number(a->expires_ms, b->expires_ms);

	return order != 0 ? order : compare_id(a, b);
}

/* How many stand before this one: its place, if it is there. */
static size_t place_of(const struct order *order, comparison *compare, const struct decision *decision)
{
	size_t low = 0, high = order->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (compare(order->at[middle], decision) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int reserve(struct order *order)
{
	if (order->count < order->room)
		return 0;
	size_t room = order->room * 2 + 16;
	struct decision **grown = realloc(order->at, room * sizeof(struct decision *));
	if (grown == NULL)
		return -ENOMEM;
	order->at = grown;
	order->room = room;
	return 0;
}

/* There is room. */
static void insert(struct order *order, comparison *compare, struct decision *decision)
{
	size_t place = place_of(order, compare, decision);

	memmove(order->at + place + 1, order->at + place, (order->count - place) * sizeof(struct decision *));
	order->at[place] = decision;
	order->count++;
}

static void drop(struct order *order, comparison *compare, const struct decision *decision)
{
	size_t place = place_of(order, compare, decision);

	order->count--;
	memmove(order->at + place, order->at + place + 1, (order->count - place) * sizeof(struct decision *));
}

void ledger_finish(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->by_id.count; i++)
		free(ledger->by_id.at[i]);
	free(ledger->by_id.at);
	free(ledger->by_scope.at);
	free(ledger->by_expiry.at);
	*ledger = (struct ledger){ 0 };
}

/* A copy that stays where it is, with room for it in each order; NULL when memory is out. */
static struct decision *take_in(struct ledger *ledger, const struct decision *decision)
{
	if (reserve(&ledger->by_id) < 0 || reserve(&ledger->by_scope) < 0 || reserve(&ledger->by_expiry) < 0)
		return NULL;
	struct decision *own = malloc(sizeof(*own));
	if (own == NULL)
		return NULL;
	*own = *decision;
	ledger->count++;
	return own;
}

int ledger_add(struct ledger *ledger, const struct decision *decision)
{
	struct decision *own = take_in(ledger, decision);

	if (own == NULL)
		return -ENOMEM;
	insert(&ledger->by_id, compare_id, own);
	insert(&ledger->by_scope, compare_scope, own);
	if (own->expires_ms != 0)
		insert(&ledger->by_expiry, compare_expiry, own);
	return 0;
}

int ledger_append(struct ledger *ledger, const struct decision *decision)
{
	struct decision *own = take_in(ledger, decision);

	if (own == NULL)
		return -ENOMEM;
	ledger->by_id.at[ledger->by_id.count++] = own;
	ledger->by_scope.at[ledger->by_scope.count++] = own;
	if (own->expires_ms != 0)
		ledger->by_expiry.at[ledger->by_expiry.count++] = own;
	return 0;
}

#define SORTED(name)                                                                                                   \
	static int sort_##name(const void *a, const void *b)                                                           \
	{                                                                                                              \
		return compare_##name(*(struct decision *const *)a, *(struct decision *const *)b);                     \
	}
SORTED(id)
SORTED(scope)
SORTED(expiry)

static void sort(struct order *order, int (*compare)(const void *a, const void *b))
{
	if (order->count > 0)
		qsort(order->at, order->count, sizeof(struct decision *), compare);
}

void ledger_sort(struct ledger *ledger)
{
	sort(&ledger->by_id, sort_id);
	sort(&ledger->by_scope, sort_scope);
	sort(&ledger->by_expiry, sort_expiry);
}

struct decision *ledger_find(const struct ledger *ledger, uint64_t id)
{
	const struct decision wanted = { .id = id };
	size_t place = place_of(&ledger->by_id, compare_id, &wanted);

	return place < ledger->count && ledger->by_id.at[place]->id == id ? ledger->by_id.at[place] : NULL;
}

bool ledger_remove(struct ledger *ledger, uint64_t id, struct decision *ret_decision)
{
	struct decision *found = ledger_find(ledger, id);

	if (found == NULL)
		return false;
	drop(&ledger->by_id, compare_id, found);
	drop(&ledger->by_scope, compare_scope, found);
	if (found->expires_ms != 0)
		drop(&ledger->by_expiry, compare_expiry, found);
	ledger->count--;
	*ret_decision = *found;
	free(found);
	return true;
}

size_t ledger_from(const struct ledger *ledger, const struct scope_key *key)
{
	const struct decision wanted = { .key = *key };

	return place_of(&ledger->by_scope, compare_scope, &wanted);
}

size_t ledger_on(const struct ledger *ledger, const struct scope_key *key, struct decision *const **ret_first)
{
	size_t first = ledger_from(ledger, key), end = first;

	while (end < ledger->count && memcmp(&ledger->by_scope.at[end]->key, key, sizeof(*key)) == 0)
		end++;
	*ret_first = end > first ? ledger->by_scope.at + first : NULL;
	return end - first;
}

const struct decision *ledger_verdict(const struct ledger *ledger, const struct scope_key *key)
{
	struct decision *const *on;
	size_t count = ledger_on(ledger, key, &on);

	return precedence_verdict(on, count);
}

void ledger_overlay(const struct ledger *ledger, const struct scope_key *key, struct limits *limits)
{
	struct decision *const *on;
	size_t count = ledger_on(ledger, key, &on);

	precedence_limits(on, count, limits);
}

size_t ledger_expired(const struct ledger *ledger, int64_t now_ms, int64_t served_now_ms, uint64_t *ids, size_t most)
{
	const struct order *order = &ledger->by_expiry;
	size_t found = 0;

	for (size_t i = 0; i < order->count && order->at[i]->expires_ms <= now_ms && found < most; i++)
		if (order->at[i]->deadline_ms <= served_now_ms)
			ids[found++] = order->at[i]->id;
	return found;
}

int64_t ledger_next_expiry(const struct ledger *ledger)
{
	return ledger->by_expiry.count > 0 ? ledger->by_expiry.at[0]->expires_ms : 0;
}
