/* SPDX-License-Identifier: BSD-3-Clause */
/* The page as a collector would read it. */
#include <stdbool.h>
#include <string.h>

#include "commands/metrics.h"
#include "histogram.h"
#include "unit.h"

static struct link_status gate_link;
static struct ledger ledger;
static struct alarms alarms;
static struct config config;
static struct policy policy = { .config = &config };
static const size_t tiers[TIERS] = { [TIER_NEW] = 7 };
static uint64_t enforced[HISTOGRAM_CELLS];

static struct metrics nothing(void)
{
	return (struct metrics){ .link = &gate_link,
				 .ledger = &ledger,
				 .alarms = &alarms,
				 .policy = &policy,
				 .enforced = enforced,
				 .tiers = tiers };
}

static char *page_of(const struct metrics *metrics)
{
	size_t size = 0;
	char *page = metrics_page(metrics, &size);

	ck_assert_ptr_nonnull(page);
	ck_assert_uint_eq(strlen(page), size);
	return page;
}

static void has(const char *page, const char *line)
{
	const char *at = strstr(page, line);

	ck_assert_msg(at != NULL && (at == page || at[-1] == '\n') && at[strlen(line)] == '\n', "no \"%s\" in\n%s",
		      line, page);
}

/* Families stand together, each is named once before its samples, and the page has its end. */
static void is_well_formed(const char *page)
{
	char family[128] = "", line[512], seen[16384] = "\n";

	ck_assert_str_eq(page + strlen(page) - 6, "# EOF\n");
	for (const char *at = page; *at != '\0'; at += strcspn(at, "\n") + 1) {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
		if (sscanf(line, "# TYPE %127s", family) == 1) {
			char mark[132];
			snprintf(mark, sizeof(mark), "\n%s\n", family);
			ck_assert_msg(strstr(seen, mark) == NULL, "%s is there twice", family);
			strcat(seen, mark + 1);
		} else if (line[0] != '#') {
			ck_assert_msg(strncmp(line, family, strlen(family)) == 0, "%s in family %s", line, family);
		}
	}
}

START_TEST(without_a_gate)
{
	const struct metrics metrics = nothing();
	char *page = page_of(&metrics);

	is_well_formed(page);
	has(page, "sluice_gate_connected 0");
	has(page, "sluice_decisions{action=\"quarantine\"} 0");
	has(page, "sluice_alarms{alarm=\"gate-gone\"} 0");
	has(page, "sluice_enforced_seconds_count{} 0");
	has(page, "sluice_customers{tier=\"new\"} 7");
	has(page, "sluice_customers{tier=\"trusted\"} 0");
	ck_assert_ptr_null(strstr(page, "sluice_gate_events"));
	free(page);
}
END_TEST

START_TEST(with_a_gate)
{
	const struct wire_ROW_STATUS status = { .flows = 12, .busy_permille = 250, .uptime_ns = 1500000000 };
	struct wire_ROW_COUNTERS counters = { .counter = { [COUNT_CUT_TURN] = 3 } };
	const struct wire_ROW_METER unknown = { .key = { .scope = SCOPE_CUSTOMER },
						.connections = 4,
						.bytes = 1ull << 40 };
	struct metrics metrics = nothing();

	metrics.status = &status;
	metrics.counters = &counters;
	metrics.customers.row = &unknown;
	metrics.customers.count = 1;
	char *page = page_of(&metrics);
	is_well_formed(page);
	has(page, "sluice_gate_flows 12");
	has(page, "sluice_gate_busy_ratio 0.250");
	has(page, "sluice_gate_uptime_seconds 1.500");
	has(page, "sluice_gate_events_total{name=\"cut-turn\",class=\"cut\"} 3");
	has(page, "sluice_customer_connections{customer=\"unknown\"} 4");
	has(page, "sluice_customer_bytes_total{customer=\"unknown\"} 1099511627776");
	free(page);
}
END_TEST

START_TEST(histograms)
{
	struct wire_ROW_WAITS waits[2] = { { .unit = WAIT_MESSAGE, .scope = SCOPE_PROVIDER }, { .scope = SCOPE_GATE } };
	struct metrics metrics = nothing();
	unsigned long long before = 0, count;
	int buckets = 0;

	for (uint64_t us = 1; us < 100000000; us *= 3)
		waits[0].cell[histogram_cell(us * 1000)] += us % 7 + 1;
	metrics.waits.row = waits;
	metrics.waits.count = 2;
	char *page = page_of(&metrics);
	is_well_formed(page);
	static const char bucket[] = "sluice_wait_seconds_bucket{unit=\"message\",scope=\"provider\",le=\"";
	for (const char *at = page; (at = strstr(at, bucket)) != NULL; at++, buckets++) {
		ck_assert_int_eq(sscanf(strchr(at, '}'), "} %llu", &count), 1);
		ck_assert_uint_ge(count, before);
		before = count;
	}
	ck_assert_int_gt(buckets, 8);
	ck_assert_uint_eq(before, histogram_total(waits[0].cell));
	ck_assert_msg(strstr(page, "scope=\"gate\"") == NULL, "nothing waited there");
	free(page);
}
END_TEST

UNIT_MAIN("metrics", without_a_gate, with_a_gate, histograms)
