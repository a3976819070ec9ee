/* SPDX-License-Identifier: BSD-3-Clause */
#include "apply.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "domain.h"
#include "frame.h"
#include "table_write.h"

#define HOLD_MOST_MS 600000u
#define IDLE_MOST_S 604800u
#define STALE_MOST_S (7 * 86400u)

static int __attribute__((format(printf, 2, 3))) refuse(char *ret_error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(ret_error, WIRE_ERROR_MAX, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

static bool all_zero(const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < size; i++)
		if (byte[i] != 0)
			return false;
	return true;
}

static int check_settings(const struct wire_PUT_SETTINGS *settings, char *ret_error)
{
	if (settings->refuse >= REFUSE_MODES)
		return refuse(ret_error, "PUT_SETTINGS: refuse %u, expected 0 to %d", settings->refuse,
			      REFUSE_MODES - 1);
	if (settings->max_hold_ms > HOLD_MOST_MS)
		return refuse(ret_error, "PUT_SETTINGS: max_hold_ms %u, at most %u", settings->max_hold_ms,
			      HOLD_MOST_MS);
	for (int phase = 0; phase < PHASES; phase++)
		if (settings->hold_budget_ms[phase] > HOLD_MOST_MS)
			return refuse(ret_error, "PUT_SETTINGS: hold_budget_ms[%d] %u, at most %u", phase,
				      settings->hold_budget_ms[phase], HOLD_MOST_MS);
	if (settings->idle_timeout_s == 0 || settings->idle_timeout_s > IDLE_MOST_S)
		return refuse(ret_error, "PUT_SETTINGS: idle_timeout_s %u, expected 1 to %u", settings->idle_timeout_s,
			      IDLE_MOST_S);
	if (settings->stale_after_s > STALE_MOST_S || settings->decay_s > STALE_MOST_S)
		return refuse(ret_error, "PUT_SETTINGS: stale_after_s %u, decay_s %u, at most %u",
			      settings->stale_after_s, settings->decay_s, STALE_MOST_S);
	if (settings->ports == 0 || settings->ports > WIRE_PORTS_MAX)
		return refuse(ret_error, "PUT_SETTINGS: %u ports, expected 1 to %u", settings->ports, WIRE_PORTS_MAX);
	for (int i = 0; i < settings->ports; i++)
		if (settings->port[i] == 0)
			return refuse(ret_error, "PUT_SETTINGS: port[%d] is 0", i);
	if (settings->bulk_percent > 100)
		return refuse(ret_error, "PUT_SETTINGS: bulk_percent %u, at most 100", settings->bulk_percent);
	if (settings->domain_point >= DOMAIN_PRIME)
		return refuse(ret_error, "PUT_SETTINGS: domain_point %llu is no residue",
			      (unsigned long long)settings->domain_point);
	return all_zero(settings->zero, sizeof(settings->zero)) && settings->zero_end == 0
		       ? 0
		       : refuse(ret_error, "PUT_SETTINGS: zero is not 0");
}

/* The bits after the prefix are 0. */
static bool is_network(const struct address *address, uint8_t plen)
{
	for (unsigned bit = plen; bit < 128; bit++)
		if (address->byte[bit / 8] & 0x80u >> bit % 8)
			return false;
	return true;
}

static int check_prefix(const char *name, const struct address *address, uint8_t plen, char *ret_error)
{
	if (plen > 128)
		return refuse(ret_error, "%s: plen %u, at most 128", name, plen);
	return is_network(address, plen) ? 0 : refuse(ret_error, "%s: address has bits after plen %u", name, plen);
}

static int check_id(const char *name, const char *field, uint32_t id, char *ret_error)
{
	if (id != ID_UNKNOWN && id != ID_ANY)
		return 0;
	return refuse(ret_error, "%s: %s %u, expected 1 to %u", name, field, id, ID_ANY - 1);
}

static int check_identity(const struct wire_PUT_IDENTITY *identity, char *ret_error)
{
	int ret = check_prefix("PUT_IDENTITY", &identity->address, identity->plen, ret_error);

	if (ret == 0)
		ret = check_id("PUT_IDENTITY", "customer", identity->customer, ret_error);
	if (ret < 0)
		return ret;
	if (identity->port_low > identity->port_high)
		return refuse(ret_error, "PUT_IDENTITY: port_low %u is above port_high %u", identity->port_low,
			      identity->port_high);
	if (identity->vlan > 4095 && identity->vlan != WIRE_VLAN_ANY)
		return refuse(ret_error, "PUT_IDENTITY: vlan %u, expected 0 to 4095 or %u", identity->vlan,
			      WIRE_VLAN_ANY);
	if (identity->stream >= STREAMS)
		return refuse(ret_error, "PUT_IDENTITY: stream %u, expected 0 to %d", identity->stream, STREAMS - 1);
	return identity->zero_end == 0 ? 0 : refuse(ret_error, "PUT_IDENTITY: zero is not 0");
}

static int check_destination(const struct wire_PUT_DESTINATION *destination, char *ret_error)
{
	int ret = check_prefix("PUT_DESTINATION", &destination->address, destination->plen, ret_error);

	if (ret == 0)
		ret = check_id("PUT_DESTINATION", "provider", destination->provider, ret_error);
	if (ret == 0 && !all_zero(destination->zero, sizeof(destination->zero)))
		return refuse(ret_error, "PUT_DESTINATION: zero is not 0");
	return ret;
}

/* Which fields a scope's key uses. */
static const struct {
	bool customer, provider, address;
} scope_fields[SCOPES] = {
	[SCOPE_CUSTOMER_PROVIDER] = { .customer = true, .provider = true },
	[SCOPE_SOURCE_PROVIDER] = { .provider = true, .address = true },
	[SCOPE_REMOTE] = { .provider = true, .address = true },
	[SCOPE_CUSTOMER] = { .customer = true },
	[SCOPE_SOURCE] = { .address = true },
	[SCOPE_DOMAIN] = { .address = true },
	[SCOPE_PROVIDER] = { .provider = true },
};

static bool is_limits(const char *name)
{
	return strcmp(name, "PUT_LIMITS") == 0 || strcmp(name, "DEL_LIMITS") == 0;
}

/* Tiers are of customers, and a key with one is for each of them. */
static bool is_tier_of_each(const char *name, const struct scope_key *key)
{
	return is_limits(name) && key->tier <= TIERS_MOST && key->scope == SCOPE_CUSTOMER && key->customer == ID_ANY;
}

/* Those of a blind gate are for each of a scope, a brake is a customer's; nothing but limits has one. */
static bool is_ceiling(const char *name, const struct scope_key *key)
{
	if (is_limits(name) && key->ceiling == CEILING_BRAKE)
		return key->scope == SCOPE_CUSTOMER && key->customer != ID_UNKNOWN && key->tier == 0;
	return is_limits(name) && key->ceiling == CEILING_BLIND &&
	       (!scope_fields[key->scope].customer || key->customer == ID_ANY) &&
	       (!scope_fields[key->scope].provider || key->provider == ID_ANY) &&
	       all_zero(&key->address, sizeof(key->address));
}

/* The name of a domain, if it has one. */
static int check_domain(const char *name, const struct scope_key *key, char *ret_error)
{
	if (key->scope != SCOPE_DOMAIN || all_zero(key->address.byte + sizeof(uint64_t), sizeof(uint64_t)))
		return 0;
	return refuse(ret_error, "%s: a domain's name is the first 8 bytes of its address", name);
}

static int check_key(const char *name, const struct scope_key *key, char *ret_error)
{
	if (key->scope >= SCOPES)
		return refuse(ret_error, "%s: scope %u, expected 0 to %d", name, key->scope, SCOPES - 1);
	if (key->zero != 0)
		return refuse(ret_error, "%s: key.zero is not 0", name);
	if (key->tier != 0 && !is_tier_of_each(name, key))
		return refuse(ret_error, "%s: key.tier %u, expected 0, or 1 to %u on limits for each customer", name,
			      key->tier, TIERS_MOST);
	if (key->ceiling != 0 && !is_ceiling(name, key))
		return refuse(ret_error,
			      "%s: key.ceiling %u, expected 0, or on limits 1 for each, 2 for one customer or each",
			      name, key->ceiling);
	if (!scope_fields[key->scope].customer && key->customer != 0)
		return refuse(ret_error, "%s: scope %u has no customer", name, key->scope);
	if (!scope_fields[key->scope].provider && key->provider != 0)
		return refuse(ret_error, "%s: scope %u has no provider", name, key->scope);
	if (!scope_fields[key->scope].address && !all_zero(&key->address, sizeof(key->address)))
		return refuse(ret_error, "%s: scope %u has no address", name, key->scope);
	return check_domain(name, key, ret_error);
}

static int check_serves(const struct wire_PUT_SERVES *serves, char *ret_error)
{
	int ret = check_key("PUT_SERVES", &serves->key, ret_error);

	if (ret < 0)
		return ret;
	if (serves->key.scope != SCOPE_REMOTE || serves->key.provider != 0)
		return refuse(ret_error, "PUT_SERVES: the key is a remote without a provider");
	if (serves->way != DOMAIN_CONFIG && serves->way != DOMAIN_DNS)
		return refuse(ret_error, "PUT_SERVES: way %u, expected %d or %d", serves->way, DOMAIN_CONFIG,
			      DOMAIN_DNS);
	return serves->domain != DOMAIN_NONE ? 0 : refuse(ret_error, "PUT_SERVES: no domain");
}

/* One customer has a tier. */
static bool may_have_tier(const struct scope_key *key)
{
	return key->scope == SCOPE_CUSTOMER && key->customer != ID_ANY && key->customer != ID_UNKNOWN;
}

static int check_limits(const struct wire_PUT_LIMITS *record, char *ret_error)
{
	const struct limits *limits = &record->limits;
	int ret = check_key("PUT_LIMITS", &record->key, ret_error);

	if (ret < 0)
		return ret;
	if (limits->tier != 0 && !may_have_tier(&record->key))
		return refuse(ret_error, "PUT_LIMITS: limits.tier on what is no customer");
	if (limits->tier > TIERS_MOST)
		return refuse(ret_error, "PUT_LIMITS: limits.tier %u, at most %u", limits->tier, TIERS_MOST);
	if ((limits->has == 0 && limits->weight == 0 && limits->tier == 0) || limits->has >> LIMIT_KINDS != 0)
		return refuse(ret_error, "PUT_LIMITS: has 0x%x, expected 0x1 to 0x%x", limits->has,
			      (1u << LIMIT_KINDS) - 1);
	if (limits->weight > WEIGHT_MOST)
		return refuse(ret_error, "PUT_LIMITS: weight %u, at most %u", limits->weight, WEIGHT_MOST);
	if (record->key.ceiling == CEILING_BRAKE && limits->has & 1u << LIMIT_CONNECTIONS)
		return refuse(ret_error, "PUT_LIMITS: a brake is of rates");
	if (record->zero != 0)
		return refuse(ret_error, "PUT_LIMITS: zero is not 0");
	for (int kind = LIMIT_CONNECTION_RATE; kind < LIMIT_KINDS; kind++) {
		const struct limit *limit = &limits->kind[kind];
		if (limits->has & 1u << kind && (limit->per_ns == 0 || limit->burst == 0))
			return refuse(ret_error, "PUT_LIMITS: %s per_ns and burst are at least 1",
				      limit_kind_name[kind]);
	}
	return 0;
}

static int check_verdict(const struct wire_PUT_VERDICT *verdict, char *ret_error)
{
	int ret = check_key("PUT_VERDICT", &verdict->key, ret_error);

	if (ret < 0)
		return ret;
	if (verdict->key.scope == SCOPE_REMOTE && verdict->key.provider != 0)
		return refuse(ret_error, "PUT_VERDICT: a decision on a remote names no provider");
	if (verdict->key.scope == SCOPE_DOMAIN && domain_in(&verdict->key) == DOMAIN_NONE)
		return refuse(ret_error, "PUT_VERDICT: a decision on a domain names it");
	if (verdict->action >= ACTIONS)
		return refuse(ret_error, "PUT_VERDICT: action %u, expected 0 to %d", verdict->action, ACTIONS - 1);
	if (verdict->refuse >= REFUSE_MODES)
		return refuse(ret_error, "PUT_VERDICT: refuse %u, expected 0 to %d", verdict->refuse, REFUSE_MODES - 1);
	if (!all_zero(verdict->zero, sizeof(verdict->zero)))
		return refuse(ret_error, "PUT_VERDICT: zero is not 0");
	if (memchr(verdict->reason, '\0', sizeof(verdict->reason)) == NULL)
		return refuse(ret_error, "PUT_VERDICT: reason has no end within %u bytes", WIRE_REASON_MAX);
	/* It goes into an SMTP reply: a line break there would be a reply of its own. */
	for (const char *at = verdict->reason; *at != '\0'; at++)
		if ((unsigned char)*at > 126 || !isprint((unsigned char)*at))
			return refuse(ret_error, "PUT_VERDICT: reason has a byte 0x%02x, only printable ASCII is taken",
				      (unsigned char)*at);
	return 0;
}

static int check(enum wire_type type, const void *record, char *ret_error)
{
	switch (type) {
	case WIRE_PUT_SETTINGS:
		return check_settings(record, ret_error);
	case WIRE_PUT_IDENTITY:
		return check_identity(record, ret_error);
	case WIRE_PUT_DESTINATION:
		return check_destination(record, ret_error);
	case WIRE_DEL_DESTINATIONS:
		return ((const struct wire_DEL_DESTINATIONS *)record)->zero == 0
			       ? 0
			       : refuse(ret_error, "DEL_DESTINATIONS: zero is not 0");
	case WIRE_PUT_SERVES:
		return check_serves(record, ret_error);
	case WIRE_PUT_LIMITS:
		return check_limits(record, ret_error);
	case WIRE_PUT_VERDICT:
		return check_verdict(record, ret_error);
	case WIRE_DEL_LIMITS:
	case WIRE_DEL_VERDICT:
		return check_key(frame_rows[type].name, record, ret_error);
	default:
		return refuse(ret_error, "%s is not a record", frame_rows[type].name);
	}
}

int apply_begin(struct apply *apply, const struct wire_BEGIN *begin, char *ret_error)
{
	if (begin->mode != WIRE_DELTA && begin->mode != WIRE_FULL)
		return refuse(ret_error, "BEGIN: mode %u, expected 0 or 1", begin->mode);
	int ret = table_begin(apply->store, begin->generation, (int)begin->mode);
	if (ret == -ENOENT)
		snprintf(ret_error, WIRE_ERROR_MAX, "BEGIN: a difference before anything complete: send it all");
	else if (ret == -EBUSY)
		snprintf(ret_error, WIRE_ERROR_MAX, "BEGIN: another batch is open");
	else if (ret < 0)
		snprintf(ret_error, WIRE_ERROR_MAX, "BEGIN: %s", strerror(-ret));
	if (ret < 0)
		return ret;
	apply->open = true;
	apply->generation = begin->generation;
	apply->records = 0;
	return 0;
}

void apply_abort(struct apply *apply)
{
	if (apply->open)
		table_abort(apply->store);
	apply->open = false;
}

int apply_record(struct apply *apply, enum wire_type type, const void *record, char *ret_error)
{
	if (!apply->open) {
		snprintf(ret_error, WIRE_ERROR_MAX, "%s outside BEGIN and COMMIT", frame_rows[type].name);
		return -EPROTO;
	}
	int ret = check(type, record, ret_error);
	if (ret == 0)
		ret = table_put(apply->store, type, record, ret_error);
	if (ret < 0)
		apply_abort(apply);
	else
		apply->records++;
	return ret;
}

int apply_blind(struct apply *apply, uint32_t permille)
{
	return table_blind(apply->store, permille);
}

int apply_commit(struct apply *apply, const struct wire_COMMIT *commit, struct table_times *ret_times, char *ret_error)
{
	int ret;

	if (!apply->open) {
		snprintf(ret_error, WIRE_ERROR_MAX, "COMMIT without BEGIN");
		return -EPROTO;
	}
	if (commit->generation != apply->generation)
		ret = refuse(ret_error, "COMMIT of generation %llu, BEGIN was of %llu",
			     (unsigned long long)commit->generation, (unsigned long long)apply->generation);
	else
		ret = table_commit(apply->store, ret_times);
	if (ret == -EINVAL && ret_error[0] == '\0')
		snprintf(ret_error, WIRE_ERROR_MAX, "COMMIT: no PUT_SETTINGS");
	if (ret < 0)
		apply_abort(apply);
	apply->open = false;
	return ret;
}
