/* SPDX-License-Identifier: BSD-3-Clause */
/* Readers look things up as a worker does while the writer publishes one generation after the other. All records
 * of a generation carry its number, so that a reader who sees two of them mixed, or a freed one, knows at once. */
#include <string.h>

#include "apply.h"
#include "race.h"
#include "table.h"
#include "table_write.h"

#define READERS 2
#define CUSTOMERS 48u
#define PROVIDERS 12u
#define LOOKS 8

static struct table_store *store;
static _Atomic bool over;
static _Atomic unsigned long lookups;

static struct address address_of(uint8_t net, uint32_t number)
{
	return (struct address){ { [10] = 0xff, 0xff, 10, net, 0, (uint8_t)number } };
}

static uint32_t tag_of(uint32_t layout)
{
	return 1 + layout % 500000;
}

/* A third of the customers has no decision, another third each time: slots are filled and freed. */
static bool has_verdict(uint32_t customer, uint64_t serial)
{
	return (customer + serial) % 3 != 0;
}

static void look_customer(const struct rcu_view *view, const struct table *table, uint32_t i)
{
	const struct sender sender = { address_of(1, i), 1024, 0 };
	const struct scope_key key = { .scope = SCOPE_CUSTOMER, .customer = i + 1 };
	uint32_t tag = tag_of(table_layout(table)), customer = table_customer(view, table, &sender);
	struct limits limits;

	require(customer == tag * CUSTOMERS + i, "customer %u of tag %u", customer, tag);
	table_limits(view, table, &key, &limits);
	require(limits.has == 1u << LIMIT_CONNECTIONS && limits.kind[LIMIT_CONNECTIONS].amount == tag, "limits of %u",
		tag);
}

static void look_provider(const struct rcu_view *view, const struct table *table, uint32_t i)
{
	const struct address remote = address_of(2, i);
	uint32_t tag = tag_of(table_layout(table)), provider = table_provider(view, table, &remote);

	require(provider == tag * PROVIDERS + i, "provider %u of tag %u", provider, tag);
	require(table_settings(table)->max_hold_ms == tag, "settings of %u", table_settings(table)->max_hold_ms);
}

static void look_verdict(const struct rcu_view *view, const struct table *table, uint32_t i)
{
	const struct scopes scopes = { .key[SCOPE_CUSTOMER] = { .scope = SCOPE_CUSTOMER, .customer = i + 1 } };
	const struct wire_PUT_VERDICT *verdict = table_verdict(view, table, &scopes);
	uint64_t serial = table_serial(table);

	require((verdict != NULL) == has_verdict(i, serial), "a verdict in %llu", (unsigned long long)serial);
	if (verdict == NULL)
		return;
	require(verdict->decision == serial, "decision %llu", (unsigned long long)verdict->decision);
	for (size_t at = 0; at < sizeof(verdict->reason) - 1; at++)
		require(verdict->reason[at] == (char)('a' + serial % 26), "a reason of two generations");
}

static void take_turn(struct rcu_view *view, uint64_t *random)
{
	const struct table *table = table_current(view, store);

	for (int look = 0; table != NULL && look < LOOKS; look++) {
		look_customer(view, table, race_random(random, CUSTOMERS));
		look_provider(view, table, race_random(random, PROVIDERS));
		look_verdict(view, table, race_random(random, CUSTOMERS));
	}
	rcu_quiescent(view);
	atomic_fetch_add_explicit(&lookups, LOOKS, memory_order_relaxed);
}

/* As a worker: quiescent each turn, away now and then; once in a long while it leaves and another comes. */
static void *reader(void *argument)
{
	uint64_t random = (uintptr_t)argument;
	struct rcu_view view;

	rcu_view_open(&view);
	while (!atomic_load_explicit(&over, memory_order_relaxed)) {
		take_turn(&view, &random);
		if (race_random(&random, 64) == 0) {
			rcu_offline(&view);
			usleep(race_random(&random, 200));
			rcu_online(&view);
		}
		if (race_random(&random, 4096) == 0) {
			rcu_view_close(&view);
			rcu_view_open(&view);
		}
	}
	rcu_view_close(&view);
	return NULL;
}

static void put(struct apply *apply, enum wire_type type, const void *record)
{
	char error[WIRE_ERROR_MAX] = "";

	require(apply_record(apply, type, record, error) == 0, "%s", error);
}

static void put_verdicts(struct apply *apply, uint64_t serial)
{
	for (uint32_t i = 0; i < CUSTOMERS; i++) {
		struct wire_PUT_VERDICT verdict = { .key = { .scope = SCOPE_CUSTOMER, .customer = i + 1 },
						    .action = ACTION_QUARANTINE,
						    .decision = serial };
		const struct wire_DEL_VERDICT none = { .key = verdict.key };
		memset(verdict.reason, (int)('a' + serial % 26), sizeof(verdict.reason) - 1);
		if (has_verdict(i, serial))
			put(apply, WIRE_PUT_VERDICT, &verdict);
		else
			put(apply, WIRE_DEL_VERDICT, &none);
	}
}

static void put_layout(struct apply *apply, uint32_t tag)
{
	const struct wire_PUT_SETTINGS settings = {
		.max_hold_ms = tag, .idle_timeout_s = 1, .ports = 1, .port[0] = 25
	};

	put(apply, WIRE_PUT_SETTINGS, &settings);
	for (uint32_t i = 0; i < CUSTOMERS; i++) {
		const struct wire_PUT_IDENTITY identity = { .address = address_of(1, i),
							    .port_high = UINT16_MAX,
							    .vlan = WIRE_VLAN_ANY,
							    .plen = 128,
							    .customer = tag * CUSTOMERS + i };
		const struct wire_PUT_LIMITS limits = {
			.key = { .scope = SCOPE_CUSTOMER, .customer = i + 1 },
			.limits = { .has = 1u << LIMIT_CONNECTIONS, .kind[LIMIT_CONNECTIONS].amount = tag },
		};
		put(apply, WIRE_PUT_IDENTITY, &identity);
		put(apply, WIRE_PUT_LIMITS, &limits);
	}
	for (uint32_t i = 0; i < PROVIDERS; i++) {
		const struct wire_PUT_DESTINATION destination = { .address = address_of(2, i),
								  .provider = tag * PROVIDERS + i,
								  .plen = 128 };
		put(apply, WIRE_PUT_DESTINATION, &destination);
	}
}

static void begin(struct apply *apply, uint64_t generation, uint32_t mode)
{
	const struct wire_BEGIN frame = { .generation = generation, .mode = mode };
	char error[WIRE_ERROR_MAX] = "";

	require(apply_begin(apply, &frame, error) == 0, "%s", error);
}

static void publish(struct apply *apply, uint64_t serial, uint32_t mode, bool layout)
{
	const struct wire_COMMIT commit = { .generation = serial };
	char error[WIRE_ERROR_MAX] = "";
	struct table_times times;

	begin(apply, serial, mode);
	if (layout)
		put_layout(apply, tag_of((uint32_t)serial));
	put_verdicts(apply, serial);
	require(apply_commit(apply, &commit, &times, error) == 0, "%s", error);
}

/* A batch that ends in a record nobody takes: nothing of it may be seen. */
static void fail(struct apply *apply, uint64_t serial, uint32_t mode)
{
	const struct wire_PUT_DESTINATION wrong = { .plen = 200 };
	char error[WIRE_ERROR_MAX];

	begin(apply, serial, mode);
	put_layout(apply, 7);
	put_verdicts(apply, serial + 1);
	require(apply_record(apply, WIRE_PUT_DESTINATION, &wrong, error) < 0, "a wrong record was taken");
}

/* So that decisions alone are not a new layout. */
static void be_told(void *context, const struct scope_key *keys, uint32_t count)
{
	(void)context;
	require(count > 0 && keys[0].scope == SCOPE_CUSTOMER, "%u changes", count);
}

int main(void)
{
	struct apply apply = { .store = store = table_store_create() };
	uint64_t end = race_end(), random = 1, serial = 0;
	pthread_t thread[READERS];

	require(store != NULL, "no memory");
	table_store_watch(store, be_told, NULL);
	for (uintptr_t i = 0; i < READERS; i++)
		thread[i] = race_start(reader, (void *)(i + 11));
	while (clock_now() < end) {
		uint32_t kind = race_random(&random, 8), mode = kind % 2 == 0 && serial > 0 ? WIRE_DELTA : WIRE_FULL;
		if (kind == 7)
			fail(&apply, serial + 1, mode);
		else
			publish(&apply, serial + 1, mode, mode == WIRE_FULL || kind == 2);
		serial += kind != 7;
	}
	atomic_store(&over, true);
	for (int i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	table_store_destroy(store);
	require(serial > 20 && lookups > 1000, "%llu generations, %lu lookups: too few to mean anything",
		(unsigned long long)serial, lookups);
	printf("%llu generations, %lu lookups\n", (unsigned long long)serial, lookups);
	return 0;
}
