/* SPDX-License-Identifier: BSD-3-Clause */
#include "policy.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/scope_text.h"
#include "units.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

void policy_init(struct policy *policy)
{
	memset(policy, 0, sizeof(*policy));
	policy->whole = true;
	policy->settings = (struct wire_PUT_SETTINGS){ .max_hold_ms = 3000,
						       .hold_budget_ms = { 3000, 30000, 3000, 0, 30000 },
						       .idle_timeout_s = 1200,
						       .ports = 3,
						       .port = { 25, 465, 587 },
						       .bulk_percent = 10,
						       .domain_point = 0x1f3d5b79a2c4e6 };
}

/* The id of a name, given at its first mention. */
static uint32_t id_of(char names[POLICY_NAMES][32], const char *name)
{
	for (uint32_t i = 0; i < POLICY_NAMES; i++) {
		if (names[i][0] == '\0')
			strncpy(names[i], name, sizeof(names[i]) - 1); /* the rest of it is 0 */
		if (strcmp(names[i], name) == 0)
			return i + 1;
	}
	return ID_UNKNOWN;
}

static uint32_t find_customer(void *context, const char *name, char *error)
{
	(void)error;
	return strcmp(name, "*") == 0 ? ID_ANY : id_of(((struct policy *)context)->customer, name);
}

static uint32_t find_provider(void *context, const char *name, char *error)
{
	(void)error;
	return strcmp(name, "*") == 0 ? ID_ANY : id_of(((struct policy *)context)->provider, name);
}

const char *policy_scope(struct policy *policy, const char *text, struct scope_key *ret_key)
{
	static char error[SCOPE_ERROR_MAX];
	const struct name_finder finder = { find_customer, find_provider, policy, { policy->settings.domain_point } };

	if (text == NULL)
		return "a scope is missing, as customer:acme";
	*ret_key = scope_key_of(SCOPE_DOMAIN, 0, 0);
	if (strcmp(text, "domain:*") == 0)
		return NULL;
	if (strncmp(text, "tier:", 5) == 0) {
		*ret_key = scope_key_of(SCOPE_CUSTOMER, ID_ANY, 0);
		ret_key->tier = (uint8_t)atoi(text + 5);
		return NULL;
	}
	if (strncmp(text, "brake:", 6) == 0) {
		*ret_key = scope_key_of(SCOPE_CUSTOMER, find_customer(policy, text + 6, error), 0);
		ret_key->ceiling = CEILING_BRAKE;
		return NULL;
	}
	return scope_parse(text, &finder, ret_key, error) < 0 ? error : NULL;
}

static bool same_thing(const struct record *a, const struct record *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case WIRE_PUT_IDENTITY:
		return memcmp(a, b, offsetof(struct record, identity.customer)) == 0;
	case WIRE_PUT_DESTINATION:
		return a->destination.plen == b->destination.plen &&
		       memcmp(&a->destination, &b->destination, sizeof(struct address)) == 0;
	default:
		return memcmp(&a->key, &b->key, sizeof(a->key)) == 0;
	}
}

/* In the place of one that says of the same thing, or behind. */
static const char *put(struct records *records, const struct record *record)
{
	unsigned i = 0;

	while (i < records->count && !same_thing(&records->record[i], record))
		i++;
	if (i == POLICY_RECORDS)
		return "too many records";
	records->record[i] = *record;
	records->count += i == records->count;
	return NULL;
}

static void take_out(struct records *records, enum wire_type type, const struct scope_key *key)
{
	for (unsigned i = 0; i < records->count; i++) {
		struct record *record = &records->record[i];
		if (record->type != type || memcmp(&record->key, key, sizeof(*key)) != 0)
			continue;
		*record = records->record[--records->count];
		return;
	}
}

static const char *change(struct policy *policy, const struct record *record)
{
	const char *wrong = put(&policy->all, record);

	policy->begun = true;
	return wrong != NULL ? wrong : put(&policy->news, record);
}

static const char *delete (struct policy *policy, enum wire_type type, enum wire_type put_type, struct words words)
{
	struct record record;

	memset(&record, 0, sizeof(record));
	record.type = type;
	const char *wrong = policy_scope(policy, words_take(&words), &record.key);
	if (wrong != NULL)
		return wrong;
	take_out(&policy->all, put_type, &record.key);
	take_out(&policy->news, put_type, &record.key);
	return put(&policy->news, &record);
}

/* "ports=40000-40099", "vlan=5" */
static const char *read_sender(struct words *words, struct wire_PUT_IDENTITY *identity)
{
	unsigned low, high;
	int64_t vlan;

	while (words->count > 0) {
		const char *ports = word_value(words->first, "ports"), *tag = word_value(words->first, "vlan");
		if (ports != NULL && sscanf(ports, "%u-%u", &low, &high) == 2) {
			identity->port_low = (uint16_t)low;
			identity->port_high = (uint16_t)high;
		} else if (tag != NULL && number_read(tag, &vlan)) {
			identity->vlan = (uint16_t)vlan;
		} else if (strcmp(words->first->text, "transactional") == 0) {
			identity->stream = STREAM_TRANSACTIONAL;
		} else {
			return "ports=LOW-HIGH, vlan=N or transactional may follow";
		}
		words_take(words);
	}
	return NULL;
}

const char *policy_customer(struct policy *policy, struct words words)
{
	const char *name = words_take(&words), *prefix = words_take(&words);
	struct record record;

	memset(&record, 0, sizeof(record));
	record.type = WIRE_PUT_IDENTITY;
	struct wire_PUT_IDENTITY *identity = &record.identity;
	if (prefix == NULL || prefix_parse(prefix, &identity->address, &identity->plen) < 0)
		return "customer NAME PREFIX [ports=LOW-HIGH] [vlan=N] [transactional]";
	identity->port_high = UINT16_MAX;
	identity->vlan = WIRE_VLAN_ANY;
	identity->customer = id_of(policy->customer, name);
	policy->whole = true;
	const char *wrong = read_sender(&words, identity);
	return wrong != NULL ? wrong : change(policy, &record);
}

const char *policy_provider(struct policy *policy, struct words words)
{
	const char *name = words_take(&words), *prefix = words_take(&words);
	struct record record;

	memset(&record, 0, sizeof(record));
	record.type = WIRE_PUT_DESTINATION;
	struct wire_PUT_DESTINATION *destination = &record.destination;
	if (prefix == NULL || prefix_parse(prefix, &destination->address, &destination->plen) < 0)
		return "provider NAME PREFIX";
	destination->provider = id_of(policy->provider, name);
	policy->whole = true;
	return change(policy, &record);
}

const char *policy_serves(struct policy *policy, struct words words)
{
	const char *address = words_take(&words), *domain = words_take(&words), *way = words_take(&words);
	struct record record;
	struct scope_key key;
	char scope[80];

	if (way == NULL || (strcmp(way, "config") != 0 && strcmp(way, "dns") != 0))
		return "serves ADDRESS DOMAIN config|dns";
	memset(&record, 0, sizeof(record));
	record.type = WIRE_PUT_SERVES;
	snprintf(scope, sizeof(scope), "remote:%.60s", address);
	const char *wrong = policy_scope(policy, scope, &record.key);
	snprintf(scope, sizeof(scope), "domain:%.60s", domain);
	if (wrong == NULL)
		wrong = policy_scope(policy, scope, &key);
	record.serves.domain = domain_in(&key);
	record.serves.way = strcmp(way, "dns") == 0 ? DOMAIN_DNS : DOMAIN_CONFIG;
	policy->whole = true;
	return wrong != NULL ? wrong : change(policy, &record);
}

static const struct {
	const char *name;
	size_t offset;
	uint64_t unit_ns;
} durations[] = {
	{ "max-hold", offsetof(struct wire_PUT_SETTINGS, max_hold_ms), 1000000 },
	{ "hold-banner", offsetof(struct wire_PUT_SETTINGS, hold_budget_ms[PHASE_BANNER]), 1000000 },
	{ "hold-command", offsetof(struct wire_PUT_SETTINGS, hold_budget_ms[PHASE_COMMAND]), 1000000 },
	{ "hold-body", offsetof(struct wire_PUT_SETTINGS, hold_budget_ms[PHASE_BODY]), 1000000 },
	{ "idle-timeout", offsetof(struct wire_PUT_SETTINGS, idle_timeout_s), 1000000000 },
};

const char *policy_setting(struct policy *policy, struct words words)
{
	const char *name = words_take(&words), *value = words_take(&words);
	uint64_t ns;

	policy->whole = policy->begun = true;
	if (value == NULL)
		return "setting NAME VALUE";
	if (strcmp(name, "refuse") == 0) {
		policy->settings.refuse = strcmp(value, "rst") == 0 ? REFUSE_RST : REFUSE_421;
		return NULL;
	}
	if (strcmp(name, "bulk-minimum") == 0) {
		policy->settings.bulk_percent = (uint32_t)atoi(value);
		return NULL;
	}
	for (unsigned i = 0; i < ROWS(durations); i++) {
		if (strcmp(durations[i].name, name) != 0)
			continue;
		if (!time_read(value, &ns))
			return "not a duration";
		*(uint32_t *)((char *)&policy->settings + durations[i].offset) = (uint32_t)(ns / durations[i].unit_ns);
		return NULL;
	}
	return "no such setting: refuse, max-hold, hold-banner, hold-command, hold-body, idle-timeout, bulk-minimum";
}

/* "connection-rate=10/s burst 4": the words up to the next key belong to the value. */
static const char *read_limit(struct words *words, struct limits *limits)
{
	const char *tier = word_value(words->first, "tier");
	char text[96];

	if (tier != NULL) {
		words_take(words);
		limits->tier = (uint16_t)atoi(tier);
		return NULL;
	}
	for (int kind = 0; kind < LIMIT_KINDS; kind++) {
		const char *value = word_value(words->first, limit_kind_name[kind]);
		if (value == NULL)
			continue;
		int size = snprintf(text, sizeof(text), "%s", value);
		words_take(words);
		while (words->count > 0 && strchr(words->first->text, '=') == NULL && size < (int)sizeof(text))
			size += snprintf(text + size, sizeof(text) - (size_t)size, " %s", words_take(words));
		limits->has |= 1u << kind;
		return limit_parse(kind, text, &limits->kind[kind]) < 0 ? "not a limit's value" : NULL;
	}
	return "limit SCOPE [connections=N] [connection-rate=N/TIME [burst N]] [byte-rate=SIZE/TIME [burst SIZE]] "
	       "[message-rate=N/TIME [burst N]] [tier=N]";
}

const char *policy_limit(struct policy *policy, struct words words)
{
	struct record record;

	memset(&record, 0, sizeof(record));
	record.type = WIRE_PUT_LIMITS;
	const char *wrong = policy_scope(policy, words_take(&words), &record.key);
	while (wrong == NULL && words.count > 0)
		wrong = read_limit(&words, &record.limits.limits);
	return wrong != NULL ? wrong : change(policy, &record);
}

const char *policy_unlimit(struct policy *policy, struct words words)
{
	return delete (policy, WIRE_DEL_LIMITS, WIRE_PUT_LIMITS, words);
}

const char *policy_release(struct policy *policy, struct words words)
{
	return delete (policy, WIRE_DEL_VERDICT, WIRE_PUT_VERDICT, words);
}

const char *policy_quarantine(struct policy *policy, struct words words)
{
	struct record record;

	memset(&record, 0, sizeof(record));
	record.type = WIRE_PUT_VERDICT;
	const char *wrong = policy_scope(policy, words_take(&words), &record.key);
	struct wire_PUT_VERDICT *verdict = &record.verdict;
	verdict->action = ACTION_QUARANTINE;
	verdict->decision = ++policy->decision;
	snprintf(verdict->reason, sizeof(verdict->reason), "spam");
	while (wrong == NULL && words.count > 0) {
		if (words_take_if(&words, "reason") && words.count > 0)
			snprintf(verdict->reason, sizeof(verdict->reason), "%s", words_take(&words));
		else if (words_take_if(&words, "refuse") && words_take_if(&words, "rst"))
			verdict->refuse = REFUSE_RST;
		else if (words_take_if(&words, "except"))
			verdict->action = ACTION_PASS;
		else
			wrong = "quarantine SCOPE [reason \"TEXT\"] [refuse rst]";
	}
	return wrong != NULL ? wrong : change(policy, &record);
}

static int put_all(struct bench *bench, const struct records *records, char *ret_error)
{
	int ret = 0;

	for (unsigned i = 0; ret == 0 && i < records->count; i++)
		ret = apply_record(&bench->apply, records->record[i].type, &records->record[i].key, ret_error);
	return ret;
}

const char *policy_publish(struct policy *policy, struct bench *bench)
{
	static char error[WIRE_ERROR_MAX];

	if (!policy->begun || (!policy->whole && policy->news.count == 0))
		return NULL;
	int ret = bench_begin(bench, policy->whole ? WIRE_FULL : WIRE_DELTA, error);
	if (ret == 0 && policy->whole)
		ret = apply_record(&bench->apply, WIRE_PUT_SETTINGS, &policy->settings, error);
	if (ret == 0)
		ret = put_all(bench, policy->whole ? &policy->all : &policy->news, error);
	if (ret == 0)
		ret = bench_commit(bench, error);
	policy->whole = false;
	policy->news.count = 0;
	return ret < 0 ? error : NULL;
}
