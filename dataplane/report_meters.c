/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_meters.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "control.h"
#include "frame.h"
#include "meters.h"
#include "table_published.h"

struct answer {
	const struct control_config *config;
	const struct wire_QUERY *query;
	struct frame_buffer *out;
	struct wire_ROW_METER *first; /* with an order: the first so far, [query->most] */
	uint32_t least;		      /* where the least of them is */
	uint64_t now;
	uint32_t rows;
	int ret;
};

static bool wanted(const struct scope_key *key, const struct wire_QUERY *query)
{
	/* A customer's account at a domain is no scope. */
	if (key->scope == SCOPE_DOMAIN && key->customer != 0)
		return false;
	if (query->exact != 0)
		return memcmp(&query->key[key->scope], key, sizeof(*key)) == 0;
	return (query->scope == SCOPES || query->scope == key->scope) &&
	       (query->customer == ID_ANY || query->customer == key->customer) &&
	       (query->provider == ID_ANY || query->provider == key->provider);
}

static void put_bucket(struct wire_ROW_METER *row, enum limit_kind kind, const struct bucket *bucket, uint64_t now)
{
	uint64_t when = bucket_when(bucket, 1, now);

	if ((row->limits.has & 1u << kind) == 0)
		return;
	row->left[kind] = bucket_left(bucket, now);
	row->ready_ns[kind] = when == BUCKET_NEVER ? UINT64_MAX : when - now;
}

/* What it has used: all there is to rank by. */
static void fill_use(const struct answer *answer, const struct meter *meter, struct wire_ROW_METER *ret_row)
{
	const struct meter_messages *messages = meter_messages(answer->config->meters, meter);

	memset(ret_row, 0, sizeof(*ret_row));
	ret_row->key = meter->key;
	ret_row->connections = atomic_load_explicit(&meter->connections, memory_order_relaxed);
	ret_row->admitted = view_load(&meter->admitted);
	ret_row->refused = view_load(&meter->refused);
	ret_row->bytes = view_load(&meter->bytes);
	ret_row->messages = view_load(&messages->all);
	ret_row->inferred = view_load(&messages->inferred);
	ret_row->declined = view_load(&messages->declined);
}

/* Its limits, and what is left of them. */
static void fill_limits(const struct answer *answer, const struct meter *meter, struct wire_ROW_METER *row)
{
	const struct meters *meters = answer->config->meters;

	table_published_limits(answer->config->store, &meter->key, &row->limits);
	put_bucket(row, LIMIT_CONNECTION_RATE, &meter->connection_rate, answer->now);
	put_bucket(row, LIMIT_BYTE_RATE, meter_bytes(meters, meter), answer->now);
	put_bucket(row, LIMIT_MESSAGE_RATE, &meter_messages(meters, meter)->rate, answer->now);
}

static uint64_t value_of(const struct wire_ROW_METER *row, uint32_t order)
{
	switch ((enum meter_order)order) {
	case ORDER_CONNECTIONS:
		return row->connections;
	case ORDER_MESSAGES:
		return row->messages;
	case ORDER_BYTES:
		return row->bytes;
	default:
		return row->refused;
	}
}

static void find_least(struct answer *answer)
{
	uint32_t order = answer->query->order;

	answer->least = 0;
	for (uint32_t i = 1; i < answer->rows; i++)
		if (value_of(&answer->first[i], order) < value_of(&answer->first[answer->least], order))
			answer->least = i;
}

/* Among the first, in place of the least of them: rare once the walk is under way. */
static void rank(struct answer *answer, const struct meter *meter, struct wire_ROW_METER *row)
{
	bool full = answer->rows == answer->query->most;
	uint32_t order = answer->query->order;

	if (full && value_of(row, order) <= value_of(&answer->first[answer->least], order))
		return;
	fill_limits(answer, meter, row);
	answer->first[full ? answer->least : answer->rows++] = *row;
	if (answer->rows == answer->query->most)
		find_least(answer);
}

static void take(void *context, const struct meter *meter)
{
	struct answer *answer = context;
	struct wire_ROW_METER row;

	if (answer->ret < 0 || !wanted(&meter->key, answer->query))
		return;
	if (answer->first == NULL && answer->query->most != 0 && answer->rows >= answer->query->most)
		return;
	fill_use(answer, meter, &row);
	if (answer->first != NULL) {
		rank(answer, meter, &row);
		return;
	}
	fill_limits(answer, meter, &row);
	answer->ret = frame_put(answer->out, WIRE_ROW_METER, &row);
	answer->rows++;
}

static int by_value(const void *left, const void *right, void *order)
{
	uint64_t a = value_of(left, *(const uint32_t *)order), b = value_of(right, *(const uint32_t *)order);

	return (a < b) - (a > b);
}

static void put_first(struct answer *answer)
{
	uint32_t order = answer->query->order;

	qsort_r(answer->first, answer->rows, sizeof(*answer->first), by_value, &order);
	for (uint32_t i = 0; answer->ret == 0 && i < answer->rows; i++)
		answer->ret = frame_put(answer->out, WIRE_ROW_METER, &answer->first[i]);
}

int report_meters(const struct control_config *config, const struct wire_QUERY *query, struct frame_buffer *out,
		  uint32_t *ret_rows)
{
	struct answer answer = { .config = config, .query = query, .out = out, .now = clock_now() };

	if (config->meters == NULL)
		return 0;
	if (query->order != ORDER_NONE) {
		answer.first = calloc(query->most, sizeof(*answer.first));
		if (answer.first == NULL)
			return -ENOMEM;
	}
	meters_walk(config->meters, answer.now, INT32_MAX, take, &answer);
	if (answer.first != NULL)
		put_first(&answer);
	free(answer.first);
	*ret_rows = answer.rows;
	return answer.ret;
}

static void take_volume(void *context, const struct meter *meter)
{
	struct answer *answer = context;
	const struct wire_ROW_VOLUME row = { .customer = meter->key.customer,
					     .admitted = view_load(&meter->admitted),
					     .messages = view_load(&meter_messages(answer->config->meters, meter)->all),
					     .bytes = view_load(&meter->bytes),
					     .braked = view_load(&meter->braked) };

	if (answer->ret < 0 || meter->key.scope != SCOPE_CUSTOMER || meter->key.customer == ID_UNKNOWN ||
	    (answer->query->customer != ID_ANY && answer->query->customer != meter->key.customer) ||
	    (answer->query->waiting != 0 && row.braked == 0))
		return;
	answer->ret = frame_put(answer->out, WIRE_ROW_VOLUME, &row);
	answer->rows++;
}

int report_volumes(const struct control_config *config, const struct wire_QUERY *query, struct frame_buffer *out,
		   uint32_t *ret_rows)
{
	struct answer answer = { .config = config, .query = query, .out = out, .now = clock_now() };

	if (config->meters == NULL)
		return 0;
	meters_walk(config->meters, answer.now, INT32_MAX, take_volume, &answer);
	*ret_rows = answer.rows;
	return answer.ret;
}
