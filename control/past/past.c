/* SPDX-License-Identifier: BSD-3-Clause */
#include "past/past.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

#define MINUTE_MS 60000
#define LATE_MS 15000 /* a minute is not counted that is as much too long or too short */

static void *take_memory(size_t count, size_t size)
{
	void *memory = calloc(count > 0 ? count : 1, size);

	if (memory == NULL)
		abort(); /* as the policy does */
	return memory;
}

static int by_key(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct scope_key));
}

const struct past_use *past_use_of(const struct past_minute *minute, const struct scope_key *key)
{
	if (minute->count == 0)
		return NULL;
	return bsearch(key, minute->use, minute->count, sizeof(*minute->use), by_key);
}

static struct past_minute totals_of(int64_t now_ms, const struct wire_ROW_METER *rows, uint32_t count)
{
	struct past_minute total = { now_ms, take_memory(count, sizeof(*total.use)), count };

	for (uint32_t i = 0; i < count; i++)
		total.use[i] = (struct past_use){ rows[i].key, rows[i].connections, rows[i].admitted, rows[i].messages,
						  rows[i].bytes };
	qsort(total.use, count, sizeof(*total.use), by_key);
	return total;
}

/* A meter that was forgotten meanwhile counts from 0 again. */
static uint64_t more(uint64_t now, uint64_t before)
{
	return now >= before ? now - before : now;
}

/* Of those that were looked at before; of others it is not known since when they count. */
static struct past_minute differences(const struct past_minute *now, const struct past_minute *before)
{
	struct past_minute minute = { now->end_ms, take_memory(now->count, sizeof(*minute.use)), 0 };

	for (uint32_t i = 0; i < now->count; i++) {
		const struct past_use *is = &now->use[i], *was = past_use_of(before, &is->key);
		if (was != NULL)
			minute.use[minute.count++] =
				(struct past_use){ is->key, is->open, more(is->admitted, was->admitted),
						   more(is->messages, was->messages), more(is->bytes, was->bytes) };
	}
	return minute;
}

void past_take(struct past *past, int64_t now_ms, uint64_t boot, const struct wire_ROW_METER *rows, uint32_t count)
{
	struct past_minute total = totals_of(now_ms, rows, count);
	int64_t took = now_ms - past->total.end_ms;

	if (past->boot == boot && llabs(took - MINUTE_MS) <= LATE_MS) {
		struct past_minute *minute = &past->minute[past->next];
		free(minute->use);
		*minute = differences(&total, &past->total);
		past->next = (past->next + 1) % PAST_MINUTES;
		past->kept += past->kept < PAST_MINUTES;
	}
	free(past->total.use);
	past->total = total;
	past->boot = boot;
}

void past_finish(struct past *past)
{
	for (unsigned i = 0; i < PAST_MINUTES; i++)
		free(past->minute[i].use);
	free(past->total.use);
	*past = (struct past){ 0 };
}

const struct past_minute *past_minute_at(const struct past *past, unsigned place)
{
	return &past->minute[(past->next + PAST_MINUTES - past->kept + place) % PAST_MINUTES];
}

struct scope_key *past_keys(const struct past *past, size_t *ret_count)
{
	size_t all = 0, count = 0;

	for (unsigned i = 0; i < past->kept; i++)
		all += past_minute_at(past, i)->count;
	struct scope_key *keys = take_memory(all, sizeof(*keys));
	for (unsigned i = 0; i < past->kept; i++)
		for (uint32_t k = 0; k < past_minute_at(past, i)->count; k++)
			keys[count++] = past_minute_at(past, i)->use[k].key;
	qsort(keys, count, sizeof(*keys), by_key);
	*ret_count = 0;
	for (size_t i = 0; i < count; i++)
		if (*ret_count == 0 || by_key(&keys[*ret_count - 1], &keys[i]) != 0)
			keys[(*ret_count)++] = keys[i];
	return keys;
}
