/* SPDX-License-Identifier: BSD-3-Clause */
#include "commands/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "counters.h"
#include "histogram.h"
#include "ledger/scope_text.h"

/* Bounds of a histogram's buckets: each fourth octave's half is plenty, 100 cells would be many series. */
#define BUCKET_CELLS (2 * HISTOGRAM_STEPS)

static void family(FILE *page, const char *name, const char *type, const char *unit, const char *help)
{
	fprintf(page, "# TYPE %s %s\n", name, type);
	if (unit != NULL)
		fprintf(page, "# UNIT %s %s\n", name, unit);
	fprintf(page, "# HELP %s %s.\n", name, help);
}

static void gauge(FILE *page, const char *name, const char *help, uint64_t value)
{
	family(page, name, "gauge", NULL, help);
	fprintf(page, "%s %" PRIu64 "\n", name, value);
}

static void put_link(FILE *page, const struct link_status *link)
{
	gauge(page, "sluice_gate_connected", "The gate is connected to the daemon", link->connected);
	gauge(page, "sluice_gate_ready", "Its tables are complete: SMTP passes", link->connected && link->ready);
	gauge(page, "sluice_gate_generations_open", "Changes not yet enforced", link->wanted - link->enforced);
}

static void put_status(FILE *page, const struct wire_ROW_STATUS *status)
{
	gauge(page, "sluice_gate_flows", "Connections in the flow table", status->flows);
	gauge(page, "sluice_gate_flows_max", "Its size", status->flows_most);
	gauge(page, "sluice_gate_meters", "Meters in use", status->meters);
	gauge(page, "sluice_gate_meters_max", "As many as there may be", status->meters_most);
	gauge(page, "sluice_gate_held_packets", "Packets that wait in the gate", status->held);
	gauge(page, "sluice_gate_workers", "Workers", status->workers);
	family(page, "sluice_gate_busy_ratio", "gauge", "ratio", "Of the busiest worker's time, since the last look");
	fprintf(page, "sluice_gate_busy_ratio %.3f\n", status->busy_permille / 1000.0);
	family(page, "sluice_gate_blind_ratio", "gauge", "ratio",
	       "How far limits are on the way to the ceilings of a gate that does not hear its daemon");
	fprintf(page, "sluice_gate_blind_ratio %.3f\n", status->blind_permille / 1000.0);
	family(page, "sluice_gate_uptime_seconds", "gauge", "seconds", "Since the gate started");
	fprintf(page, "sluice_gate_uptime_seconds %.3f\n", (double)status->uptime_ns / 1e9);
}

static void put_counters(FILE *page, const struct wire_ROW_COUNTERS *counters)
{
	static const char *const classes[] = {
		[CLASS_TRAFFIC] = "traffic", [CLASS_DROP] = "drop", [CLASS_REFUSE] = "refuse",
		[CLASS_CUT] = "cut",	     [CLASS_HOLD] = "hold", [CLASS_FAULT] = "fault",
	};

	family(page, "sluice_gate_events", "counter", NULL, "The gate's counters, as sluicectl drops explains them");
	for (int i = 0; i < COUNTERS; i++)
		fprintf(page, "sluice_gate_events_total{name=\"%s\",class=\"%s\"} %" PRIu64 "\n", counter_rows[i].name,
			classes[counter_rows[i].class], counters->counter[i]);
}

/* Buckets are cumulative; the sum is at most a quarter too high, as the cells are. */
static void put_histogram(FILE *page, const char *name, const char *labels, const uint64_t cell[HISTOGRAM_CELLS])
{
	const char *comma = labels[0] != '\0' ? "," : "";
	uint64_t seen = 0;
	double sum = 0;

	for (unsigned i = 0; i < HISTOGRAM_CELLS; i++) {
		bool last = i == HISTOGRAM_CELLS - 1;
		seen += cell[i];
		sum += (double)cell[i] * (double)histogram_end(last ? i - 1 : i) / 1e9;
		if (!last && i % BUCKET_CELLS == 0)
			fprintf(page, "%s_bucket{%s%sle=\"%.9g\"} %" PRIu64 "\n", name, labels, comma,
				(double)histogram_end(i) / 1e9, seen);
	}
	fprintf(page, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, labels, comma, seen);
	fprintf(page, "%s_count{%s} %" PRIu64 "\n%s_sum{%s} %.6f\n", name, labels, seen, name, labels, sum);
}

static void put_waits(FILE *page, const struct metrics *metrics)
{
	static const char *const units[WAIT_UNIT_COUNT] = {
#define X(name, text) [WAIT_##name] = text,
		WAIT_UNITS(X)
#undef X
	};
	char labels[96];

	family(page, "sluice_wait_seconds", "histogram", "seconds",
	       "How long what had to wait did, by what it was and the kind of scope that held it");
	for (uint32_t i = 0; i < metrics->waits.count; i++) {
		const struct wire_ROW_WAITS *row = &metrics->waits.row[i];
		if (histogram_total(row->cell) == 0)
			continue;
		snprintf(labels, sizeof(labels), "unit=\"%s\",scope=\"%s\"",
			 row->unit < WAIT_UNIT_COUNT ? units[row->unit] : "?",
			 row->scope < SCOPES ? scope_kind_name[row->scope] : "?");
		put_histogram(page, "sluice_wait_seconds", labels, row->cell);
	}
}

/* What a scope's meters count. */
static const struct {
	const char *name, *type, *suffix, *help;
	size_t offset, size;
} uses[] = {
#define USE(name, type, suffix, field, help)                                                                           \
	{                                                                                                              \
		name, type, suffix, help, offsetof(struct wire_ROW_METER, field),                                      \
			sizeof(((struct wire_ROW_METER *)0)->field)                                                    \
	}
	USE("connections", "gauge", "", connections, "Connections now"),
	USE("admitted", "counter", "_total", admitted, "Connections let in"),
	USE("refused", "counter", "_total", refused, "Connections refused"),
	USE("messages", "counter", "_total", messages, "Messages, inside TLS as inferred"),
	USE("messages_inferred", "counter", "_total", inferred, "Of them those inside TLS"),
	USE("messages_declined", "counter", "_total", declined, "Of the others those answered 4xx or 5xx"),
	USE("bytes", "counter", "_total", bytes, "IP bytes from the MTAs"),
#undef USE
};

static uint64_t use_of(const struct wire_ROW_METER *row, size_t offset, size_t size)
{
	const void *field = (const char *)row + offset;

	return size == sizeof(uint32_t) ? *(const uint32_t *)field : *(const uint64_t *)field;
}

static void put_uses(FILE *page, const char *what, const struct wire_ROW_METER *row, uint32_t count,
		     const struct policy *policy)
{
	bool customer = count > 0 && row[0].key.scope == SCOPE_CUSTOMER;
	char name[64];

	for (size_t use = 0; count > 0 && use < sizeof(uses) / sizeof(uses[0]); use++) {
		snprintf(name, sizeof(name), "sluice_%s_%s", what, uses[use].name);
		family(page, name, uses[use].type, NULL, uses[use].help);
		for (uint32_t i = 0; i < count; i++)
			fprintf(page, "%s%s{%s=\"%s\"} %" PRIu64 "\n", name, uses[use].suffix, what,
				customer ? policy_customer(policy, row[i].key.customer)
					 : policy_provider(policy, row[i].key.provider),
				use_of(&row[i], uses[use].offset, uses[use].size));
	}
}

static void put_ledger(FILE *page, const struct ledger *ledger)
{
	uint64_t count[DECISION_ACTIONS] = { 0 };

	for (size_t i = 0; i < ledger->count; i++)
		count[ledger_at(ledger, i)->action]++;
	family(page, "sluice_decisions", "gauge", NULL, "Decisions in force");
	for (int action = 0; action < DECISION_ACTIONS; action++)
		fprintf(page, "sluice_decisions{action=\"%s\"} %" PRIu64 "\n", decision_action_name[action],
			count[action]);
}

static void put_alarms(FILE *page, const struct alarms *alarms)
{
	uint64_t on[ALARMS] = { 0 };

	for (size_t i = 0; i < alarms->count; i++)
		on[alarms->alarm[i].kind]++;
	family(page, "sluice_alarms", "gauge", NULL, "Alarms that are on");
	for (int kind = 0; kind < ALARMS; kind++)
		fprintf(page, "sluice_alarms{alarm=\"%s\"} %" PRIu64 "\n", alarm_rows[kind].name, on[kind]);
	family(page, "sluice_alarms_raised", "counter", NULL, "Alarms that went on since the daemon's start");
	for (int kind = 0; kind < ALARMS; kind++)
		fprintf(page, "sluice_alarms_raised_total{alarm=\"%s\"} %" PRIu64 "\n", alarm_rows[kind].name,
			alarms->raised[kind]);
}

static void put_tiers(FILE *page, const size_t tiers[TIERS])
{
	family(page, "sluice_customers", "gauge", NULL, "Customers, by their tier");
	for (int tier = 0; tier < TIERS; tier++)
		fprintf(page, "sluice_customers{tier=\"%s\"} %zu\n", tier_name[tier], tiers[tier]);
}

static void put_stopped(FILE *page, const struct metrics *metrics)
{
	gauge(page, "sluice_orders_unconfirmed", "Orders that would hit too many at once, and wait", metrics->waiting);
	family(page, "sluice_orders_stopped", "counter", NULL, "Orders that would have, since the daemon's start");
	fprintf(page, "sluice_orders_stopped_total %" PRIu64 "\n", metrics->stopped);
}

static void put_brake(FILE *page, const struct metrics *metrics)
{
	gauge(page, "sluice_brake_held_customers", "Customers the spike brake holds", metrics->held.now);
	gauge(page, "sluice_brake_known_customers", "Customers whose usual volume is known", metrics->usual);
	family(page, "sluice_brake_holds", "counter", NULL, "So often it began to hold one, since the daemon's start");
	fprintf(page, "sluice_brake_holds_total %" PRIu64 "\n", metrics->held.ever);
}

static void put_all(FILE *page, const struct metrics *metrics)
{
	put_link(page, metrics->link);
	put_ledger(page, metrics->ledger);
	put_alarms(page, metrics->alarms);
	put_tiers(page, metrics->tiers);
	put_brake(page, metrics);
	put_stopped(page, metrics);
	family(page, "sluice_enforced_seconds", "histogram", "seconds", "From an order's request to its enforcement");
	put_histogram(page, "sluice_enforced_seconds", "", metrics->enforced);
	if (metrics->status != NULL)
		put_status(page, metrics->status);
	if (metrics->counters != NULL)
		put_counters(page, metrics->counters);
	if (metrics->waits.count > 0)
		put_waits(page, metrics);
	put_uses(page, "provider", metrics->providers.row, metrics->providers.count, metrics->policy);
	put_uses(page, "customer", metrics->customers.row, metrics->customers.count, metrics->policy);
	fputs("# EOF\n", page);
}

char *metrics_page(const struct metrics *metrics, size_t *ret_size)
{
	char *text = NULL;
	FILE *page = open_memstream(&text, ret_size);

	if (page == NULL)
		return NULL;
	put_all(page, metrics);
	if (fclose(page) == 0)
		return text;
	free(text);
	return NULL;
}
