/* SPDX-License-Identifier: BSD-3-Clause */
#include "table_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clock.h"
#include "map.h"
#include "prefixes.h"
#include "table_parts.h"

/* `heir`: the map that takes its place, which may share most of it. */
static void release_map(struct map *map, struct map *heir)
{
	if (map != NULL && --map->references == 0)
		map_destroy(map, heir);
}

static void release_prefixes(struct prefixes *prefixes)
{
	if (prefixes != NULL && --prefixes->references == 0)
		prefixes_destroy(prefixes);
}

static void table_free(struct table *table, const struct table *heir)
{
	if (table == NULL)
		return;
	release_map(table->limits, heir != NULL ? heir->limits : NULL);
	release_map(table->verdicts, heir != NULL ? heir->verdicts : NULL);
	release_map(table->serves, heir != NULL ? heir->serves : NULL);
	release_prefixes(table->identities);
	release_prefixes(table->destinations);
	free(table);
}

struct table_store *table_store_create(void)
{
	struct table_store *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return NULL;
	if (getrandom(store->secret, sizeof(store->secret), 0) == sizeof(store->secret))
		return store;
	free(store);
	return NULL;
}

void table_store_destroy(struct table_store *store)
{
	if (store == NULL)
		return;
	table_free(store->draft, NULL);
	table_free(store->published, NULL);
	changes_free(&store->changes);
	free(store);
}

void table_store_watch(struct table_store *store, changes_watcher *watcher, void *context)
{
	store->watcher = watcher;
	store->watching = context;
}

static int make_empty(struct table_store *store, struct table *draft)
{
	draft->limits = map_create(sizeof(struct wire_PUT_LIMITS), store->secret);
	draft->verdicts = map_create(sizeof(struct wire_PUT_VERDICT), store->secret);
	draft->serves = map_create(sizeof(struct wire_PUT_SERVES), store->secret);
	draft->identities = prefixes_create(store->secret);
	draft->destinations = prefixes_create(store->secret);
	if (draft->limits == NULL || draft->verdicts == NULL || draft->serves == NULL || draft->identities == NULL ||
	    draft->destinations == NULL)
		return -ENOMEM;
	return 0;
}

static void share_all(struct table *draft, const struct table *base)
{
	*draft = *base;
	draft->limits->references++;
	draft->verdicts->references++;
	draft->serves->references++;
	draft->identities->references++;
	draft->destinations->references++;
}

int table_begin(struct table_store *store, uint64_t generation, int mode)
{
	if (store->draft != NULL)
		return -EBUSY;
	if (mode == WIRE_DELTA && store->published == NULL)
		return -ENOENT;
	struct table *draft = calloc(1, sizeof(*draft));
	if (draft == NULL)
		return -ENOMEM;
	int ret = 0;
	if (mode == WIRE_DELTA)
		share_all(draft, store->published);
	else
		ret = make_empty(store, draft);
	if (ret < 0) {
		table_free(draft, NULL);
		return ret;
	}
	draft->generation = generation;
	store->draft = draft;
	store->draft_layout = mode == WIRE_FULL;
	changes_clear(&store->changes);
	return 0;
}

void table_abort(struct table_store *store)
{
	table_free(store->draft, NULL);
	store->draft = NULL;
}

/* A part that is shared with what is published is copied before the first change. */
static struct map *own_map(struct map **map)
{
	if ((*map)->references == 1)
		return *map;
	struct map *copy = map_copy(*map);
	if (copy == NULL)
		return NULL;
	release_map(*map, NULL);
	*map = copy;
	return copy;
}

static struct prefixes *own_prefixes(struct prefixes **prefixes)
{
	if ((*prefixes)->references == 1)
		return *prefixes;
	struct prefixes *copy = prefixes_copy(*prefixes);
	if (copy == NULL)
		return NULL;
	release_prefixes(*prefixes);
	*prefixes = copy;
	return copy;
}

static int put_record(struct map **map, const void *record)
{
	struct map *own = own_map(map);

	return own == NULL ? -ENOMEM : map_put(own, record);
}

/* To delete what is not there is no mistake: a difference says what is to be, not what was. */
static int delete_record(struct map **map, const struct scope_key *key)
{
	if (map_find(*map, key) == NULL)
		return 0;
	struct map *own = own_map(map);
	return own == NULL ? -ENOMEM : map_delete(own, key);
}

static int put_rule(struct prefixes **prefixes, const struct prefix_rule *rule)
{
	struct prefixes *own = own_prefixes(prefixes);

	return own == NULL ? -ENOMEM : prefixes_add(own, rule);
}

static int put_identity(struct table *draft, const struct wire_PUT_IDENTITY *record)
{
	const struct prefix_rule rule = { .address = record->address,
					  .plen = record->plen,
					  .vlan = record->vlan,
					  .port_low = record->port_low,
					  .port_high = record->port_high,
					  .stream = record->stream,
					  .id = record->customer };
	return put_rule(&draft->identities, &rule);
}

static int put_destination(struct table *draft, const struct wire_PUT_DESTINATION *record)
{
	const struct prefix_rule rule = { .address = record->address,
					  .plen = record->plen,
					  .vlan = WIRE_VLAN_ANY,
					  .port_high = UINT16_MAX,
					  .id = record->provider };
	return put_rule(&draft->destinations, &rule);
}

static int forget_services(struct table *draft)
{
	struct map *none = map_create(sizeof(struct wire_PUT_SERVES), draft->serves->secret);

	if (none == NULL)
		return -ENOMEM;
	release_map(draft->serves, NULL);
	draft->serves = none;
	return 0;
}

static int forget_destinations(struct table *draft)
{
	struct prefixes *none = prefixes_create_like(draft->destinations);

	if (none == NULL)
		return -ENOMEM;
	release_prefixes(draft->destinations);
	draft->destinations = none;
	return forget_services(draft);
}

static int put_settings(struct table *draft, const struct wire_PUT_SETTINGS *record)
{
	draft->settings = *record;
	draft->has_settings = true;
	return 0;
}

static int put(struct table *draft, enum wire_type type, const void *record)
{
	switch (type) {
	case WIRE_PUT_SETTINGS:
		return put_settings(draft, record);
	case WIRE_PUT_IDENTITY:
		return put_identity(draft, record);
	case WIRE_PUT_DESTINATION:
		return put_destination(draft, record);
	case WIRE_DEL_DESTINATIONS:
		return forget_destinations(draft);
	case WIRE_PUT_SERVES:
		return put_record(&draft->serves, record);
	case WIRE_PUT_LIMITS:
		return put_record(&draft->limits, record);
	case WIRE_DEL_LIMITS:
		return delete_record(&draft->limits, record);
	case WIRE_PUT_VERDICT:
		return put_record(&draft->verdicts, record);
	case WIRE_DEL_VERDICT:
		return delete_record(&draft->verdicts, record);
	default:
		return -EPROTO;
	}
}

/* A remote's meter is one of a provider: its decision names none. */
static int note_change(struct table_store *store, const struct scope_key *key)
{
	struct scope_key met = *key;

	if (met.scope == SCOPE_REMOTE)
		met.provider = prefixes_find(store->draft->destinations, &met.address, 0, 0);
	return changes_add(&store->changes, &met);
}

int table_put(struct table_store *store, enum wire_type type, const void *record, char *ret_error)
{
	if (store->draft == NULL) {
		snprintf(ret_error, WIRE_ERROR_MAX, "a record outside BEGIN and COMMIT");
		return -EPROTO;
	}
	if (store->watcher == NULL || (type != WIRE_PUT_VERDICT && type != WIRE_DEL_VERDICT))
		store->draft_layout = true;
	int ret = put(store->draft, type, record);
	if (ret == 0 && !store->draft_layout)
		ret = note_change(store, record);
	if (ret < 0)
		snprintf(ret_error, WIRE_ERROR_MAX, "%s", strerror(-ret));
	return ret;
}

/* Parts are built by whoever owns them alone: a shared one was built before. */
static int build(struct table *draft)
{
	int ret = 0;

	if (draft->identities->references == 1)
		ret = prefixes_build(draft->identities);
	if (ret == 0 && draft->destinations->references == 1)
		ret = prefixes_build(draft->destinations);
	return ret;
}

static void tell_watcher(struct table_store *store)
{
	if (store->watcher != NULL && !store->draft_layout)
		store->watcher(store->watching, store->changes.key, store->changes.count);
}

int table_commit(struct table_store *store, struct table_times *ret_times)
{
	struct table *draft = store->draft;
	uint64_t start = clock_now();

	if (draft == NULL || !draft->has_settings)
		return -EINVAL;
	int ret = build(draft);
	if (ret < 0)
		return ret;
	draft->serial = ++store->serial;
	store->draft_layout |= draft->blind != store->blind;
	draft->blind = store->blind;
	if (store->draft_layout)
		draft->layout = (uint32_t)draft->serial;
	struct table *old = rcu_swap(&store->current, draft);
	store->published = draft;
	store->draft = NULL;
	uint64_t swapped = clock_now();
	rcu_wait_readers();
	tell_watcher(store);
	*ret_times = (struct table_times){ swapped - start, clock_now() - swapped };
	table_free(old, draft);
	return 0;
}

int table_blind(struct table_store *store, uint32_t permille)
{
	struct table_times times;

	store->blind = permille;
	if (store->published == NULL || store->draft != NULL || store->published->blind == permille)
		return 0;
	int ret = table_begin(store, store->published->generation, WIRE_DELTA);
	if (ret == 0)
		ret = table_commit(store, &times);
	if (ret < 0)
		table_abort(store);
	return ret;
}

const struct wire_PUT_SETTINGS *table_published_settings(const struct table_store *store)
{
	return store->published != NULL ? &store->published->settings : NULL;
}

void table_sizes(const struct table_store *store, struct table_sizes *ret_sizes)
{
	const struct table *table = store->published;

	*ret_sizes = (struct table_sizes){ 0 };
	if (table == NULL)
		return;
	*ret_sizes = (struct table_sizes){ table->identities->count, table->destinations->count, table->limits->count,
					   table->verdicts->count,   table->generation,		 true };
}

void table_published_limits(const struct table_store *store, const struct scope_key *key, struct limits *ret_limits)
{
	/* The only writer reads what only it could free: it needs no reader's turn. */
	static const struct rcu_view writer = { 1 };

	*ret_limits = (struct limits){ 0 };
	if (store->published != NULL)
		table_limits(&writer, store->published, key, ret_limits);
}

typedef int walk_each(void *context, enum wire_type type, const void *record);

static int walk_identities(const struct prefixes *prefixes, walk_each *each, void *context)
{
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && i < prefixes->count; i++) {
		const struct prefix_rule *rule = &prefixes->rule[i];
		const struct wire_PUT_IDENTITY record = { .address = rule->address,
							  .port_low = rule->port_low,
							  .port_high = rule->port_high,
							  .vlan = rule->vlan,
							  .plen = rule->plen,
							  .stream = rule->stream,
							  .customer = rule->id };
		ret = each(context, WIRE_PUT_IDENTITY, &record);
	}
	return ret;
}

static int walk_destinations(const struct prefixes *prefixes, walk_each *each, void *context)
{
	int ret = 0;

	for (uint32_t i = 0; ret == 0 && i < prefixes->count; i++) {
		const struct prefix_rule *rule = &prefixes->rule[i];
		const struct wire_PUT_DESTINATION record = { .address = rule->address,
							     .provider = rule->id,
							     .plen = rule->plen };
		ret = each(context, WIRE_PUT_DESTINATION, &record);
	}
	return ret;
}

/* A walk over records that tells their type on. */
struct typed {
	enum wire_type type;
	walk_each *each;
	void *context;
};

static int tell_type(void *context, const void *record)
{
	const struct typed *typed = context;

	return typed->each(typed->context, typed->type, record);
}

static int walk_map(const struct map *map, enum wire_type type, walk_each *each, void *context)
{
	struct typed typed = { type, each, context };

	return map_walk(map, tell_type, &typed);
}

int table_walk(const struct table_store *store, walk_each *each, void *context)
{
	const struct table *table = store->published;

	if (table == NULL)
		return -ENOENT;
	int ret = each(context, WIRE_PUT_SETTINGS, &table->settings);
	if (ret == 0)
		ret = walk_identities(table->identities, each, context);
	if (ret == 0)
		ret = walk_destinations(table->destinations, each, context);
	if (ret == 0)
		ret = walk_map(table->serves, WIRE_PUT_SERVES, each, context);
	if (ret == 0)
		ret = walk_map(table->limits, WIRE_PUT_LIMITS, each, context);
	if (ret == 0)
		ret = walk_map(table->verdicts, WIRE_PUT_VERDICT, each, context);
	return ret;
}
