/* SPDX-License-Identifier: BSD-3-Clause */
/* top: the gate's meters twice, a second apart, and who waits now; what changed in between are the rates. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-event.h>

#include "clocks.h"
#include "commands/cmd_rows.h"
#include "commands/commands_table.h"
#include "commands/pools.h"
#include "daemon.h"

#define MEASURE_USEC 1000000u
#define ROWS_SHOWN 20
#define WAITING_MOST 10000 /* flows that are looked at for it */

/* The figures by the order's words; rates are a second's. */
#define FIGURES(X) X(connections) X(waiting) X(admitted) X(messages) X(bytes) X(refused)

enum figure {
#define X(name) FIGURE_##name,
	FIGURES(X)
#undef X
		FIGURE_COUNT
};

static const char *const figure_name[FIGURE_COUNT] = {
#define X(name) [FIGURE_##name] = #name,
	FIGURES(X)
#undef X
};

struct line {
	uint32_t id;
	double figure[FIGURE_COUNT];
};

struct top {
	struct request *request;
	enum scope scope;
	enum figure order;
	struct wire_ROW_METER *before;
	size_t before_count;
	uint64_t before_usec;
	double seconds;
	struct line *line; /* by id, then by the order */
	size_t count;
	sd_event_source *timer;
};

static void drop(void *work)
{
	struct top *top = work;

	sd_event_source_disable_unref(top->timer);
	free(top->before);
	free(top->line);
	free(top);
}

static uint32_t id_of(const struct top *top, uint32_t customer, uint32_t provider)
{
	return top->scope == SCOPE_CUSTOMER ? customer : provider;
}

static const char *name_of(const struct top *top, uint32_t id)
{
	const struct policy *policy = &top->request->daemon->policy;

	return top->scope == SCOPE_CUSTOMER ? policy_customer(policy, id) : policy_provider(policy, id);
}

static int by_key(const void *left, const void *right)
{
	return memcmp(left, right, sizeof(struct scope_key));
}

static int by_id(const void *left, const void *right)
{
	const struct line *a = left, *b = right;

	return (a->id > b->id) - (a->id < b->id);
}

/* The most first. */
static int by_figure(const void *left, const void *right, void *context)
{
	const struct line *a = left, *b = right;
	enum figure order = *(const enum figure *)context;

	if (a->figure[order] != b->figure[order])
		return a->figure[order] < b->figure[order] ? 1 : -1;
	return by_id(left, right);
}

static json_t *row_of(const struct top *top, const struct line *line)
{
	json_t *row = json_pack("{s:s}", "name", name_of(top, line->id));

	for (int i = 0; i < FIGURE_COUNT; i++) {
		bool whole = i == FIGURE_connections || i == FIGURE_waiting || i == FIGURE_bytes;
		json_object_set_new(row, figure_name[i],
				    whole ? json_integer((json_int_t)line->figure[i]) : json_real(line->figure[i]));
	}
	return row;
}

static void answer(struct top *top)
{
	struct request *request = top->request;
	uint64_t most = request_count(request, "most", ROWS_SHOWN);
	json_t *rows = json_array(), *reply = rows_reply(rows);
	struct pools_seen seen = { 0 };

	qsort_r(top->line, top->count, sizeof(*top->line), by_figure, &top->order);
	for (size_t i = 0; i < top->count && i < most; i++)
		json_array_append_new(rows, row_of(top, &top->line[i]));
	for (size_t i = 0; top->scope == SCOPE_CUSTOMER && i < top->count && i < most; i++)
		pools_see(&seen, config_customer_of(request->daemon->config, top->line[i].id));
	json_object_set_new(reply, "measured_ms", json_real(top->seconds * 1000));
	json_object_set_new(reply, "total", json_integer((json_int_t)top->count));
	pools_mention(reply, &seen);
	request_reply(request, reply);
}

static bool refuse_gone(struct request *request, const struct rows *rows)
{
	if (rows == NULL)
		request_refuse(request, NULL, "the gate went away while it was asked");
	return rows == NULL;
}

static void tell_waiting(void *context, const struct rows *rows)
{
	struct request *request = context;
	struct top *top = request->work;

	if (refuse_gone(request, rows))
		return;
	for (uint32_t i = 0; i < rows->count; i++) {
		const struct wire_ROW_FLOW *flow = (const struct wire_ROW_FLOW *)rows->row + i;
		const struct line key = { .id = id_of(top, flow->customer, flow->provider) };
		struct line *line = bsearch(&key, top->line, top->count, sizeof(key), by_id);
		if (line != NULL)
			line->figure[FIGURE_waiting]++;
	}
	answer(top);
}

static void ask(struct request *request, const struct wire_QUERY *query,
		void (*done)(void *context, const struct rows *rows))
{
	if (link_query(request->daemon->link, query, done, request) < 0)
		request_refuse(request, NULL, "the gate is not connected, and only it knows");
}

/* What has been since the first look; a meter that is new has no before. */
static void set_figures(struct line *line, const struct wire_ROW_METER *now, const struct wire_ROW_METER *before,
			double seconds)
{
	static const struct wire_ROW_METER none;

	/* The gate has been started anew, or the meter has: its figures begin again. */
	if (before == NULL || before->admitted > now->admitted || before->bytes > now->bytes)
		before = &none;
	line->figure[FIGURE_connections] = now->connections;
	line->figure[FIGURE_admitted] = (double)(now->admitted - before->admitted) / seconds;
	line->figure[FIGURE_messages] = (double)(now->messages - before->messages) / seconds;
	line->figure[FIGURE_bytes] = (double)(now->bytes - before->bytes) / seconds;
	line->figure[FIGURE_refused] = (double)(now->refused - before->refused) / seconds;
}

static bool make_lines(struct top *top, const struct rows *rows)
{
	const struct wire_ROW_METER *meter = rows->row;

	top->line = calloc(rows->count + 1, sizeof(*top->line));
	for (uint32_t i = 0; top->line != NULL && i < rows->count; i++) {
		struct line *line = &top->line[top->count++];
		line->id = id_of(top, meter[i].key.customer, meter[i].key.provider);
		set_figures(line, &meter[i],
			    top->before_count > 0 ? bsearch(&meter[i].key, top->before, top->before_count,
							    sizeof(*top->before), by_key)
						  : NULL,
			    top->seconds);
	}
	if (top->line != NULL)
		qsort(top->line, top->count, sizeof(*top->line), by_id);
	return top->line != NULL;
}

static void tell_second(void *context, const struct rows *rows)
{
	const struct wire_QUERY query = {
		.what = QUERY_FLOWS, .most = WAITING_MOST, .customer = ID_ANY, .provider = ID_ANY, .waiting = 1
	};
	struct request *request = context;
	struct top *top = request->work;

	if (refuse_gone(request, rows))
		return;
	top->seconds = (double)(steady_usec() - top->before_usec) / 1e6;
	if (make_lines(top, rows))
		ask(request, &query, tell_waiting);
	else
		request_refuse(request, NULL, "no memory");
}

static struct wire_QUERY meters_of(enum scope scope)
{
	return (struct wire_QUERY){ .what = QUERY_METERS, .customer = ID_ANY, .provider = ID_ANY, .scope = scope };
}

static int on_measured(sd_event_source *source, uint64_t usec, void *context)
{
	struct top *top = context;
	const struct wire_QUERY query = meters_of(top->scope);

	(void)source, (void)usec;
	ask(top->request, &query, tell_second);
	return 0;
}

static void tell_first(void *context, const struct rows *rows)
{
	struct request *request = context;
	struct top *top = request->work;

	if (refuse_gone(request, rows))
		return;
	top->before_usec = steady_usec();
	top->before = calloc(rows->count + 1, sizeof(*top->before));
	if (top->before != NULL) {
		memcpy(top->before, rows->row, rows->count * sizeof(*top->before));
		top->before_count = rows->count;
		qsort(top->before, top->before_count, sizeof(*top->before), by_key);
	}
	if (top->before == NULL || sd_event_add_time_relative(request->daemon->event, &top->timer, CLOCK_MONOTONIC,
							      MEASURE_USEC, 1000, on_measured, top) < 0)
		request_refuse(request, NULL, "no memory");
}

static enum figure order_of(const struct request *request)
{
	const char *text = request_text(request, "order");

	for (int i = 0; text != NULL && i < FIGURE_COUNT; i++)
		if (strcmp(text, figure_name[i]) == 0)
			return (enum figure)i;
	return FIGURE_messages;
}

void command_TOP(struct request *request)
{
	const char *what = request_text(request, "what");
	struct top *top = calloc(1, sizeof(*top));

	if (top == NULL) {
		request_refuse(request, NULL, "no memory");
		return;
	}
	*top = (struct top){ .request = request,
			     .scope = what != NULL && strcmp(what, "providers") == 0 ? SCOPE_PROVIDER : SCOPE_CUSTOMER,
			     .order = order_of(request) };
	request->work = top;
	request->drop = drop;
	const struct wire_QUERY query = meters_of(top->scope);
	ask(request, &query, tell_first);
}
