/* SPDX-License-Identifier: BSD-3-Clause */
#include "commands/stop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clocks.h"
#include "commands/commands_table.h"
#include "customers/whose.h"
#include "daemon.h"
#include "ledger/scope_text.h"
#include "units.h"

#define MS 1000000u
#define NUMBERS 9000u /* of four digits: no script guesses one */

struct blast_limits stop_limits(const struct daemon *daemon)
{
	const struct settings *settings = &daemon->config->settings;

	return (struct blast_limits){ settings->blast_customers, settings->blast_volume, settings->blast_least,
				      (int64_t)(settings->blast_window / MS) };
}

void hits_add(struct hits *hits, uint32_t customer)
{
	if (customer == ID_UNKNOWN || customer == ID_ANY)
		return;
	if ((hits->count & (hits->count - 1)) == 0) { /* room is a power of two */
		uint32_t *grown = realloc(hits->customer, (hits->count > 0 ? hits->count * 2 : 1) * sizeof(*grown));
		if (grown == NULL)
			abort();
		hits->customer = grown;
	}
	hits->customer[hits->count++] = customer;
}

static void add_all(const struct config *config, struct hits *hits)
{
	for (size_t i = 0; i < config->customer_count; i++)
		hits_add(hits, config->customers[i].id);
}

void hits_of_scope(const struct daemon *daemon, const struct scope_key *key, struct hits *hits)
{
	const struct sender sender = { .address = key->address };
	const struct customer *owner = NULL;

	switch ((enum scope)key->scope) {
	case SCOPE_CUSTOMER:
	case SCOPE_CUSTOMER_PROVIDER:
		hits_add(hits, key->customer);
		break;
	case SCOPE_SOURCE:
	case SCOPE_SOURCE_PROVIDER:
		if (whose_source(daemon->config, &sender, &owner) != NULL)
			hits_add(hits, owner->id);
		break;
	case SCOPE_GATE:
		add_all(daemon->config, hits);
		break;
	default:
		break;
	}
}

static bool same_limits(const struct limits *a, const struct limits *b)
{
	char left[512], right[512];

	limits_format(a, ' ', left, sizeof(left));
	limits_format(b, ' ', right, sizeof(right));
	return strcmp(left, right) == 0;
}

static bool same_sources(const struct customer *a, const struct customer *b)
{
	if (a->source_count != b->source_count)
		return false;
	for (size_t i = 0; i < a->source_count; i++) {
		const struct source *left = &a->sources[i], *right = &b->sources[i];
		if (!prefix_equal(&left->prefix, &right->prefix) || left->port_low != right->port_low ||
		    left->port_high != right->port_high || left->vlan != right->vlan)
			return false;
	}
	return true;
}

/* A tier that is not said is the one it has. */
bool hits_differ(const struct customer *now, const struct customer *next)
{
	if (!same_limits(&now->limits, &next->limits) || now->weight != next->weight ||
	    (next->tier != TIERS && now->tier != next->tier) || now->at_count != next->at_count ||
	    !same_sources(now, next))
		return true;
	for (size_t i = 0; i < now->at_count; i++)
		if (strcmp(now->at[i].provider, next->at[i].provider) != 0 ||
		    !same_limits(&now->at[i].limits, &next->at[i].limits))
			return true;
	return false;
}

static bool same_for_each(const struct config *now, const struct config *next)
{
	bool tiers = true;

	for (int tier = 0; tier < TIERS; tier++)
		tiers &= same_limits(&now->tiers.of[tier].limits, &next->tiers.of[tier].limits);
	return tiers && same_limits(&now->gate, &next->gate) &&
	       same_limits(&now->each_customer, &next->each_customer) &&
	       same_limits(&now->each_source, &next->each_source) &&
	       same_limits(&now->each_remote, &next->each_remote) && same_limits(&now->each_domain, &next->each_domain);
}

void hits_of_config(const struct config *now, const struct config *next, struct hits *hits)
{
	if (!same_for_each(now, next)) {
		add_all(now, hits);
		return;
	}
	for (size_t i = 0; i < now->written_count; i++) {
		const struct customer *customer = config_customer(next, now->customers[i].name);
		if (customer == NULL || hits_differ(&now->customers[i], customer))
			hits_add(hits, now->customers[i].id);
	}
}

static int by_id(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

static void sort(struct hits *hits)
{
	size_t kept = 0;

	if (hits->count > 0)
		qsort(hits->customer, hits->count, sizeof(*hits->customer), by_id);
	for (size_t i = 0; i < hits->count; i++)
		if (kept == 0 || hits->customer[kept - 1] != hits->customer[i])
			hits->customer[kept++] = hits->customer[i];
	hits->count = kept;
}

/* Of all, by messages, as the spike brake has learned it: a sum over very many, made once an hour. */
static double all_volume(struct daemon *daemon)
{
	const struct brakes *brakes = &daemon->brakes;

	if (daemon->usual.hour == brakes->hour + 1)
		return daemon->usual.volume;
	daemon->usual.volume = 0;
	for (size_t i = 0; i < brakes->room; i++)
		if (brakes->of[i] != NULL)
			daemon->usual.volume += brakes_usual(brakes, (uint32_t)i, LIMIT_MESSAGE_RATE);
	daemon->usual.hour = brakes->hour + 1;
	return daemon->usual.volume;
}

static struct blast_size size_of(struct daemon *daemon, const struct blast_limits *limits, const struct hits *hits)
{
	struct blast *blast = &daemon->blast;
	struct blast_size size = { .customers = blast_with(blast, limits, hits, boot_ms()),
				   .all = daemon->config->customer_count };

	if (size.customers <= limits->least || daemon->brakes.count == 0)
		return size;
	for (size_t i = 0; i < blast->count; i++)
		size.volume += brakes_usual(&daemon->brakes, blast->hit[i].customer, LIMIT_MESSAGE_RATE);
	for (size_t i = 0; i < hits->count; i++)
		if (!blast_has(blast, hits->customer[i]))
			size.volume += brakes_usual(&daemon->brakes, hits->customer[i], LIMIT_MESSAGE_RATE);
	size.all_volume = all_volume(daemon);
	return size;
}

static uint32_t roll_number(void)
{
	uint32_t number = 0;

	getrandom(&number, sizeof(number), 0);
	return 1000 + number % NUMBERS;
}

/* "12 of 40 customers (30 %)", with their volume where that is known. */
static char *size_text(const struct blast_size *size, char *out, size_t room)
{
	size_t all = size->all > 0 ? size->all : 1;
	int used = snprintf(out, room, "%zu of %zu customers (%zu %%", size->customers, size->all,
			    size->customers * 100 / all);

	if (size->all_volume > 0 && used > 0 && (size_t)used < room)
		used += snprintf(out + used, room - (size_t)used, ", %.0f %% of the usual mail",
				 size->volume * 100 / size->all_volume);
	if (used > 0 && (size_t)used < room)
		snprintf(out + used, room - (size_t)used, ")");
	return out;
}

static void answer_stopped(struct request *request, const struct blast_limits *limits, const struct blast_size *size,
			   size_t own)
{
	struct daemon *daemon = request->daemon;
	char radius[128], window[32], text[400];

	uint32_t number = blast_stop(&daemon->blast, own, roll_number(), boot_ms());
	size_text(size, radius, sizeof(radius));
	duration_format((uint64_t)limits->window_ms * MS, window, sizeof(window));
	snprintf(text, sizeof(text),
		 "nothing is done: with it %s would be restricted or released within %s. Is that meant? Then "
		 "\"sluicectl confirm %u\", and the order again",
		 radius, window, number);
	if (daemon->blast.stop.orders == 1) {
		char what[300];
		snprintf(what, sizeof(what), "%s: would make it %s within %s", request->command->name, radius, window);
		request_note(request, "stopped", what);
		snprintf(daemon->stopped, sizeof(daemon->stopped), "%s by %.64s, %s", request->command->name,
			 request->author, radius);
	}
	stop_look(daemon);
	request_reply(request, json_pack("{s:b, s:b, s:I, s:s}", "ok", 1, "preview", 1, "confirm", (json_int_t)number,
					 "message", text));
}

bool stop_order(struct request *request, struct hits *hits)
{
	struct daemon *daemon = request->daemon;
	const struct blast_limits limits = stop_limits(daemon);
	bool stopped = false;

	sort(hits);
	const struct blast_size size = size_of(daemon, &limits, hits);
	if (hits->count > 0 && blast_exceeds(&limits, &size) &&
	    !blast_granted(&daemon->blast, hits->count, boot_ms())) {
		answer_stopped(request, &limits, &size, hits->count);
		stopped = true;
	} else if (hits->count > 0) {
		blast_note(&daemon->blast, hits, boot_ms());
	}
	free(hits->customer);
	*hits = (struct hits){ 0 };
	return stopped;
}

void stop_look(struct daemon *daemon)
{
	const struct blast_limits limits = stop_limits(daemon);
	const struct stop *stop = &daemon->blast.stop;

	blast_given_up(&daemon->blast, &limits, boot_ms());
	if (stop->number == 0)
		alarms_clear(&daemon->alarms, ALARM_ORDERS_STOPPED, "", wall_ms());
	else
		alarms_raise(&daemon->alarms, ALARM_ORDERS_STOPPED, "", wall_ms(),
			     "%llu stopped, the first: %s; \"sluicectl confirm %u\"", (unsigned long long)stop->orders,
			     daemon->stopped, stop->number);
}

void command_CONFIRM(struct request *request)
{
	struct daemon *daemon = request->daemon;
	const struct blast_limits limits = stop_limits(daemon);
	const uint64_t number = request_count(request, "number", 0), orders = daemon->blast.stop.orders;
	const size_t customers = daemon->blast.stop.customers;
	const char *reason = request_text(request, "reason");
	char text[512];

	if (number > UINT32_MAX || !blast_confirm(&daemon->blast, &limits, (uint32_t)number, boot_ms())) {
		request_refuse(request, "number", "nothing waits under %llu; \"sluicectl alarms\" says what does",
			       (unsigned long long)number);
		return;
	}
	snprintf(text, sizeof(text), "%llu stopped%s%s; %s", (unsigned long long)orders, reason != NULL ? ": " : "",
		 reason != NULL ? reason : "", daemon->stopped);
	request_note(request, "confirmed", text);
	stop_look(daemon);
	snprintf(text, sizeof(text), "confirmed, %llu order%s to be given again%s: what was hit before counts no more",
		 (unsigned long long)orders, orders == 1 ? " is" : "s are",
		 customers > 1 ? ", as large as they were" : "");
	request_reply(request, json_pack("{s:b, s:s}", "ok", 1, "message", text));
}

static void was_hit(struct daemon *daemon, const struct scope_key *key, int64_t at_ms)
{
	struct hits hits = { 0 };
	int64_t ago = wall_ms() - at_ms;

	hits_of_scope(daemon, key, &hits);
	for (size_t i = 0; i < hits.count; i++)
		blast_append(&daemon->blast, hits.customer[i], boot_ms() - (ago > 0 ? ago : 0));
	free(hits.customer);
}

static void was_ended(void *context, const char *scope, int64_t at_ms)
{
	struct scope_key key;
	char error[SCOPE_ERROR_MAX];

	if (daemon_known_scope(context, scope, &key, error) == 0)
		was_hit(context, &key, at_ms);
}

int stop_restore(struct daemon *daemon)
{
	int64_t since_ms = wall_ms() - stop_limits(daemon).window_ms;

	for (size_t i = 0; i < daemon->ledger.count; i++) {
		const struct decision *decision = ledger_at(&daemon->ledger, i);
		if (decision->action != DECIDE_ALLOW && decision->created_ms > since_ms)
			was_hit(daemon, &decision->key, decision->created_ms);
	}
	int ret = journal_released(daemon->journal, since_ms, was_ended, daemon);
	blast_sort(&daemon->blast);
	return ret;
}
