/* SPDX-License-Identifier: BSD-3-Clause */
#include "report_meters.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "frame.h"
#include "meters.h"
#include "table_published.h"

/* A step takes well below a millisecond. */
#define CHAINS_A_STEP 4096u

struct tally {
	const struct control_config *config;
	struct wire_QUERY query;
	struct frame_buffer *out;     /* of this step */
	struct wire_ROW_METER *first; /* with an order: the first so far, [query.most] */
	uint32_t least;		      /* where the least of them is */
	uint64_t now;
	uint32_t at; /* how far it is */
	uint32_t rows;
	int ret;
};

static bool wanted(const struct scope_key *key, const struct wire_QUERY *query)
{
	/* A customer's account at a domain is no scope. */
	if (key->scope == SCOPE_DOMAIN && key->customer != 0)
		return false;
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
static void fill_use(const struct tally *tally, const struct meter *meter, struct wire_ROW_METER *ret_row)
{
	const struct meter_messages *messages = meter_messages(tally->config->meters, meter);

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
static void fill_limits(const struct tally *tally, const struct meter *meter, struct wire_ROW_METER *row)
{
	const struct meters *meters = tally->config->meters;

	table_published_limits(tally->config->store, &meter->key, &row->limits);
	put_bucket(row, LIMIT_CONNECTION_RATE, &meter->connection_rate, tally->now);
	put_bucket(row, LIMIT_BYTE_RATE, meter_bytes(meters, meter), tally->now);
	put_bucket(row, LIMIT_MESSAGE_RATE, &meter_messages(meters, meter)->rate, tally->now);
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

static void find_least(struct tally *tally)
{
	uint32_t order = tally->query.order;

	tally->least = 0;
	for (uint32_t i = 1; i < tally->rows; i++)
		if (value_of(&tally->first[i], order) < value_of(&tally->first[tally->least], order))
			tally->least = i;
}

/* Among the first, in place of the least of them: rare once the walk is under way. */
static void rank(struct tally *tally, const struct meter *meter, struct wire_ROW_METER *row)
{
	bool full = tally->rows == tally->query.most;
	uint32_t order = tally->query.order;

	if (full && value_of(row, order) <= value_of(&tally->first[tally->least], order))
		return;
	fill_limits(tally, meter, row);
	tally->first[full ? tally->least : tally->rows++] = *row;
	if (tally->rows == tally->query.most)
		find_least(tally);
}

static void put_meter(struct tally *tally, const struct meter *meter)
{
	struct wire_ROW_METER row;

	if (tally->ret < 0)
		return;
	if (tally->first == NULL && tally->query.most != 0 && tally->rows >= tally->query.most)
		return;
	fill_use(tally, meter, &row);
	if (tally->first != NULL) {
		rank(tally, meter, &row);
		return;
	}
	fill_limits(tally, meter, &row);
	tally->ret = frame_put(tally->out, WIRE_ROW_METER, &row);
	tally->rows++;
}

static void take(void *context, const struct meter *meter)
{
	struct tally *tally = context;

	if (wanted(&meter->key, &tally->query))
		put_meter(tally, meter);
}

static int by_value(const void *left, const void *right, void *order)
{
	uint64_t a = value_of(left, *(const uint32_t *)order), b = value_of(right, *(const uint32_t *)order);

	return (a < b) - (a > b);
}

static void put_first(struct tally *tally)
{
	uint32_t order = tally->query.order;

	qsort_r(tally->first, tally->rows, sizeof(*tally->first), by_value, &order);
	for (uint32_t i = 0; tally->ret == 0 && i < tally->rows; i++)
		tally->ret = frame_put(tally->out, WIRE_ROW_METER, &tally->first[i]);
}

static void take_volume(void *context, const struct meter *meter)
{
	struct tally *tally = context;
	const struct wire_ROW_VOLUME row = { .customer = meter->key.customer,
					     .admitted = view_load(&meter->admitted),
					     .messages = view_load(&meter_messages(tally->config->meters, meter)->all),
					     .bytes = view_load(&meter->bytes),
					     .braked = view_load(&meter->braked) };

	if (tally->ret < 0 || meter->key.scope != SCOPE_CUSTOMER || meter->key.customer == ID_UNKNOWN ||
	    (tally->query.customer != ID_ANY && tally->query.customer != meter->key.customer) ||
	    (tally->query.waiting != 0 && row.braked == 0))
		return;
	tally->ret = frame_put(tally->out, WIRE_ROW_VOLUME, &row);
	tally->rows++;
}

int tally_begin(const struct control_config *config, const struct wire_QUERY *query, uint64_t now,
		struct tally **ret_tally)
{
	struct tally *tally = calloc(1, sizeof(*tally));

	if (tally == NULL)
		return -ENOMEM;
	tally->config = config;
	tally->query = *query;
	tally->now = now;
	if (query->what == QUERY_METERS && query->order != ORDER_NONE) {
		tally->first = calloc(query->most, sizeof(*tally->first));
		if (tally->first == NULL) {
			tally_finish(tally);
			return -ENOMEM;
		}
	}
	*ret_tally = tally;
	return 0;
}

void tally_finish(struct tally *tally)
{
	if (tally != NULL)
		free(tally->first);
	free(tally);
}

/* Those of these very keys need no search. */
static void take_exact(struct tally *tally)
{
	struct meters *meters = tally->config->meters;

	for (int scope = 0; scope < SCOPES; scope++) {
		const struct scope_key *key = &tally->query.key[scope];
		uint32_t hash;
		if (key->scope != scope)
			continue;
		meter_hashes(meters, key, 1, &hash);
		uint32_t index = meter_find(meters, key, hash);
		if (index != 0)
			put_meter(tally, meter_at(meters, index));
	}
}

/* True: that was all. */
static bool look(struct tally *tally)
{
	bool volumes = tally->query.what == QUERY_VOLUMES;

	if (tally->config->meters == NULL)
		return true;
	if (!volumes && tally->query.exact != 0) {
		take_exact(tally);
		return true;
	}
	tally->at = meters_walk(tally->config->meters, tally->at, CHAINS_A_STEP, tally->now, INT32_MAX,
				volumes ? take_volume : take, tally);
	return tally->at == 0;
}

int tally_step(struct tally *tally, struct frame_buffer *out, uint32_t *ret_rows)
{
	tally->out = out;
	bool all = look(tally);

	if (all && tally->first != NULL)
		put_first(tally);
	*ret_rows = tally->rows;
	return tally->ret < 0 ? tally->ret : all;
}
