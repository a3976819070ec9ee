/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/sets.h"

#include <stdio.h>
#include <stdlib.h>

#include "units.h"

#define MS 1000000u

bool sets_init(struct sets *sets, size_t providers, uint64_t keep_ns)
{
	*sets = (struct sets){ .providers = providers, .keep_ms = (int64_t)(keep_ns / MS) };
	sets->set = calloc(providers + 1, sizeof(*sets->set));
	sets->move = calloc(providers + 1, sizeof(*sets->move));
	return sets->set != NULL && sets->move != NULL;
}

void sets_finish(struct sets *sets)
{
	for (size_t i = 0; sets->set != NULL && i < sets->providers; i++)
		address_set_finish(&sets->set[i]);
	free(sets->set);
	free(sets->move);
}

static void note_odd(struct move *move, const struct turn *turn, int64_t now_ms)
{
	move->odd_ms = now_ms;
	if (turn->fresh * 2 >= turn->now && turn->fresh > 0)
		snprintf(move->odd, sizeof(move->odd), "%u of %u addresses were never seen before", turn->fresh,
			 turn->now);
	else
		snprintf(move->odd, sizeof(move->odd), "%u addresses, where %u were a moment ago", turn->now,
			 turn->before);
}

/* It stays noted for as long as what the answer lacks is kept. */
void sets_look(struct sets *sets, const struct knowns *round, bool failed, int64_t now_ms)
{
	struct turn *turns = calloc(sets->providers + 1, sizeof(*turns));

	if (turns == NULL)
		abort();
	knowns_turns(round, turns, sets->providers);
	for (size_t i = 0; i < sets->providers; i++) {
		struct move *move = &sets->move[i];
		if (turn_is_odd(&turns[i], failed))
			note_odd(move, &turns[i], now_ms);
		else if (now_ms - move->odd_ms >= sets->keep_ms)
			move->odd[0] = '\0';
	}
	free(turns);
}

/* To be freed. */
static struct found *find_all(const struct knowns *knowns, size_t lookups, size_t *ret_count)
{
	size_t most = 1, count = 0;

	for (size_t i = 0; i < lookups; i++)
		most += knowns[i].count;
	struct found *all = calloc(most, sizeof(*all));
	if (all == NULL)
		abort();
	for (size_t i = 0; i < lookups; i++)
		count += knowns_all(&knowns[i], all + count);
	*ret_count = count;
	return all;
}

/* True when it is another one now. */
static bool update_set(struct address_set *set, struct found *found, size_t count)
{
	struct address_set fresh;

	if (!found_set(found, count, &fresh) || address_sets_equal(set, &fresh)) {
		address_set_finish(&fresh);
		return false;
	}
	address_set_finish(set);
	*set = fresh;
	return true;
}

static void note_claim(struct move *move, const struct found *late, size_t count)
{
	char text[64];

	move->claim[0] = '\0';
	if (count > 0)
		snprintf(move->claim, sizeof(move->claim), "%s is another provider's, and stays so: not taken%s%.64s",
			 address_format(&late[0].address, text, sizeof(text)), late[0].domain != NULL ? " for " : "",
			 late[0].domain != NULL ? late[0].domain : "");
}

void sets_update(struct sets *sets, const struct knowns *knowns, size_t count, int64_t now_ms, bool *changed)
{
	size_t total, first = 0;
	struct found *all = find_all(knowns, count, &total);

	found_settle(all, total, now_ms, sets->keep_ms);
	for (size_t i = 0; i < sets->providers; i++) {
		size_t taken = first, end;
		while (taken < total && all[taken].provider == i && !all[taken].late)
			taken++;
		for (end = taken; end < total && all[end].provider == i;)
			end++;
		changed[i] = update_set(&sets->set[i], all + first, taken - first);
		note_claim(&sets->move[i], all + taken, end - taken);
		first = end;
	}
	free(all);
}

const char *sets_moved(const struct sets *sets, size_t provider)
{
	const struct move *move = &sets->move[provider];

	return move->claim[0] != '\0' ? move->claim : move->odd;
}
