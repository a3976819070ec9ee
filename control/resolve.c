/* SPDX-License-Identifier: BSD-3-Clause */
#include "resolve.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <fnmatch.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ares.h>

#include "channel.h"
#include "clocks.h"
#include "log.h"

#define ADDRESSES_MOST 1024 /* of a provider */
#define HOST_ADDRESSES_MOST 64
#define MISSES_MOST 2
#define SECOND 1000000000ull

struct known {
	struct address address;
	unsigned missed; /* rounds in a row without it */
	bool seen;	 /* in this round */
};

struct lookup {
	struct resolver *resolver;
	size_t provider;
	const struct provider *config;
	sd_event_source *timer;
	unsigned open; /* queries under way */
	bool failed, full;
	uint64_t ttl_s; /* the least of this round */
	struct known *known;
	size_t known_count;
	struct resolve_status status;
};

struct resolver {
	sd_event *event;
	const struct config *config;
	resolve_changed *changed;
	void *context;
	struct channel *channel;
	struct lookup *lookup; /* [config->provider_count] */
	struct address_set *set;
	size_t first_rounds; /* providers that had theirs */
};

static void set_timer(sd_event *event, sd_event_source **source, uint64_t usec, sd_event_time_handler_t handler,
		      void *context)
{
	if (*source == NULL)
		sd_event_add_time_relative(event, source, CLOCK_MONOTONIC, usec, 1000, handler, context);
	else if (sd_event_source_set_time_relative(*source, usec) >= 0)
		sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
}

static void note_problem(struct lookup *lookup, const char *name, const char *what)
{
	if (lookup->status.problem[0] == '\0')
		snprintf(lookup->status.problem, sizeof(lookup->status.problem), "%.80s: %s", name, what);
	log_warning("provider %s: %s: %s; what was known stays", lookup->config->name, name, what);
	lookup->failed = true;
}

static void see_address(struct lookup *lookup, const struct address *address)
{
	for (size_t i = 0; i < lookup->known_count; i++) {
		if (memcmp(&lookup->known[i].address, address, sizeof(*address)) != 0)
			continue;
		lookup->known[i].seen = true;
		return;
	}
	if (lookup->known_count == ADDRESSES_MOST) {
		if (!lookup->full)
			log_warning("provider %s: more than %d addresses, the others are not taken",
				    lookup->config->name, ADDRESSES_MOST);
		lookup->full = true;
		return;
	}
	struct known *grown = realloc(lookup->known, (lookup->known_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return;
	lookup->known = grown;
	grown[lookup->known_count++] = (struct known){ .address = *address, .seen = true };
}

static bool same_set(const struct address_set *set, const struct lookup *lookup)
{
	if (set->count != lookup->known_count)
		return false;
	for (size_t i = 0; i < set->count; i++)
		if (memcmp(&set->address[i], &lookup->known[i].address, sizeof(set->address[i])) != 0)
			return false;
	return true;
}

static void copy_set(struct address_set *set, const struct lookup *lookup)
{
	struct address *grown = realloc(set->address, (lookup->known_count + 1) * sizeof(*grown));

	if (grown == NULL)
		return;
	set->address = grown;
	set->count = lookup->known_count;
	for (size_t i = 0; i < set->count; i++)
		set->address[i] = lookup->known[i].address;
}

static void forget_missed(struct lookup *lookup)
{
	size_t kept = 0;

	for (size_t i = 0; i < lookup->known_count; i++) {
		struct known known = lookup->known[i];
		known.missed = known.seen || lookup->failed ? 0 : known.missed + 1;
		known.seen = false;
		if (known.missed < MISSES_MOST)
			lookup->known[kept++] = known;
	}
	lookup->known_count = kept;
}

static int on_refresh(sd_event_source *source, uint64_t usec, void *context);

static uint64_t next_round_usec(const struct lookup *lookup)
{
	const struct settings *settings = &lookup->resolver->config->settings;
	uint64_t ns = lookup->ttl_s * SECOND;

	if (lookup->failed || ns < settings->refresh_min)
		ns = settings->refresh_min;
	if (ns > settings->refresh_max)
		ns = settings->refresh_max;
	return ns / 1000;
}

static void end_round(struct lookup *lookup)
{
	struct resolver *resolver = lookup->resolver;
	bool first = lookup->status.rounds++ == 0;

	forget_missed(lookup);
	lookup->status.resolved_ms = lookup->failed ? lookup->status.resolved_ms : wall_ms();
	if (!lookup->failed)
		lookup->status.problem[0] = '\0';
	set_timer(resolver->event, &lookup->timer, next_round_usec(lookup), on_refresh, lookup);
	bool same = same_set(&resolver->set[lookup->provider], lookup);
	if (!same)
		copy_set(&resolver->set[lookup->provider], lookup);
	resolver->first_rounds += first;
	if (!same || (first && resolver_settled(resolver)))
		resolver->changed(resolver->context, lookup->provider);
}

static void close_query(struct lookup *lookup)
{
	if (--lookup->open == 0)
		end_round(lookup);
}

struct host_query {
	struct lookup *lookup;
	char name[256];
};

static struct host_query *host_query(struct lookup *lookup, const char *name)
{
	struct host_query *query = calloc(1, sizeof(*query));

	if (query == NULL)
		return NULL;
	query->lookup = lookup;
	snprintf(query->name, sizeof(query->name), "%s", name);
	lookup->open++;
	return query;
}

static bool read_node(const struct ares_addrinfo_node *node, struct address *ret_address)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (node->ai_family == AF_INET) {
		memcpy(ret_address->byte, mapped, sizeof(mapped));
		memcpy(ret_address->byte + 12, &((struct sockaddr_in *)node->ai_addr)->sin_addr, 4);
		return true;
	}
	if (node->ai_family != AF_INET6)
		return false;
	memcpy(ret_address->byte, &((struct sockaddr_in6 *)node->ai_addr)->sin6_addr, 16);
	return true;
}

static void take_addresses(struct lookup *lookup, const struct ares_addrinfo *result)
{
	struct address address;
	unsigned count = 0;

	for (const struct ares_addrinfo_node *node = result->nodes; node != NULL; node = node->ai_next) {
		if (!read_node(node, &address) || ++count > HOST_ADDRESSES_MOST)
			continue;
		see_address(lookup, &address);
		if (node->ai_ttl >= 0 && (uint64_t)node->ai_ttl < lookup->ttl_s)
			lookup->ttl_s = (uint64_t)node->ai_ttl;
	}
}

/* The channel is being destroyed: what this resolver was asked for is nobody's business any more. */
static bool is_over(const struct host_query *query, int status)
{
	return status == ARES_EDESTRUCTION || query->lookup->resolver->changed == NULL;
}

static void on_addresses(void *context, int status, int timeouts, struct ares_addrinfo *result)
{
	struct host_query *query = context;

	(void)timeouts;
	if (!is_over(query, status)) {
		if (status == ARES_SUCCESS)
			take_addresses(query->lookup, result);
		else if (status != ARES_ENODATA) /* many a host has addresses of one kind only */
			note_problem(query->lookup, query->name, ares_strerror(status));
		close_query(query->lookup);
	}
	if (result != NULL)
		ares_freeaddrinfo(result);
	free(query);
}

/* Each family by itself: asked for both at once, c-ares is content when one of them was answered. */
static void look_up_family(struct lookup *lookup, const char *host, int family)
{
	const struct ares_addrinfo_hints hints = { .ai_family = family, .ai_flags = ARES_AI_NOSORT };
	struct host_query *query = host_query(lookup, host);

	if (query != NULL)
		ares_getaddrinfo(channel_ares(lookup->resolver->channel), host, NULL, &hints, on_addresses, query);
	else
		lookup->failed = true;
}

static void look_up_host(struct lookup *lookup, const char *host)
{
	look_up_family(lookup, host, AF_INET);
	look_up_family(lookup, host, AF_INET6);
}

/* A host counts when no pattern is given, or one fits. */
static bool host_fits(const struct provider *provider, const char *host)
{
	if (provider->mx.count == 0)
		return true;
	for (size_t i = 0; i < provider->mx.count; i++)
		if (fnmatch(provider->mx.text[i], host, FNM_CASEFOLD) == 0)
			return true;
	return false;
}

static void take_mx(struct lookup *lookup, const char *domain, const struct ares_mx_reply *replies)
{
	for (const struct ares_mx_reply *mx = replies; mx != NULL; mx = mx->next) {
		if (mx->host[0] == '\0')
			continue; /* RFC 7505: takes no mail */
		if (host_fits(lookup->config, mx->host))
			look_up_host(lookup, mx->host);
		else
			log_info("provider %s: %s has MX %s, which no pattern fits: not taken", lookup->config->name,
				 domain, mx->host);
	}
}

/* c-ares does not tell an MX record's time. */
static void note_ttl(struct lookup *lookup, const unsigned char *answer, int size)
{
	ns_msg message;
	ns_rr record;

	if (ns_initparse(answer, size, &message) < 0)
		return;
	for (int i = 0; i < ns_msg_count(message, ns_s_an); i++)
		if (ns_parserr(&message, ns_s_an, i, &record) == 0 && ns_rr_ttl(record) < lookup->ttl_s)
			lookup->ttl_s = ns_rr_ttl(record);
}

static void read_mx(struct host_query *query, int status, const unsigned char *answer, int size)
{
	struct ares_mx_reply *replies = NULL;

	if (status == ARES_SUCCESS)
		note_ttl(query->lookup, answer, size);
	if (status == ARES_SUCCESS)
		status = ares_parse_mx_reply(answer, size, &replies);
	if (status == ARES_SUCCESS)
		take_mx(query->lookup, query->name, replies);
	else if (status == ARES_ENODATA)
		look_up_host(query->lookup, query->name); /* RFC 5321 section 5.1: the domain itself */
	else
		note_problem(query->lookup, query->name, ares_strerror(status));
	ares_free_data(replies);
}

static void on_mx(void *context, int status, int timeouts, unsigned char *answer, int size)
{
	struct host_query *query = context;

	(void)timeouts;
	if (!is_over(query, status)) {
		read_mx(query, status, answer, size);
		close_query(query->lookup);
	}
	free(query);
}

static void look_up_domain(struct lookup *lookup, const char *domain)
{
	struct host_query *query = host_query(lookup, domain);

	if (query == NULL)
		lookup->failed = true;
	else
		ares_query(channel_ares(lookup->resolver->channel), domain, ns_c_in, ns_t_mx, on_mx, query);
}

static void start_round(struct lookup *lookup)
{
	const struct provider *provider = lookup->config;

	lookup->failed = false;
	lookup->ttl_s = UINT32_MAX;
	lookup->open = 1; /* until all are asked: an answer may come at once */
	for (size_t i = 0; i < provider->domains.count; i++)
		look_up_domain(lookup, provider->domains.text[i]);
	for (size_t i = 0; i < provider->hosts.count; i++)
		look_up_host(lookup, provider->hosts.text[i]);
	close_query(lookup);
	channel_asked(lookup->resolver->channel);
}

static int on_refresh(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source, (void)usec;
	start_round(context);
	return 0;
}

int resolver_create(sd_event *event, const struct config *config, resolve_changed *changed, void *context,
		    struct resolver **ret_resolver)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));

	if (resolver == NULL)
		return -ENOMEM;
	*resolver = (struct resolver){ .event = event, .config = config, .changed = changed, .context = context };
	resolver->lookup = calloc(config->provider_count + 1, sizeof(*resolver->lookup));
	resolver->set = calloc(config->provider_count + 1, sizeof(*resolver->set));
	int ret = resolver->lookup == NULL || resolver->set == NULL
			  ? -ENOMEM
			  : channel_create(event, config->settings.resolver, &resolver->channel);
	if (ret < 0) {
		resolver_destroy(resolver);
		return ret;
	}
	for (size_t i = 0; i < config->provider_count; i++) {
		resolver->lookup[i].resolver = resolver;
		resolver->lookup[i].provider = i;
		resolver->lookup[i].config = &config->providers[i];
	}
	*ret_resolver = resolver;
	return 0;
}

void resolver_destroy(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	resolver->changed = NULL; /* what is under way ends now, and is not this configuration's */
	channel_destroy(resolver->channel);
	for (size_t i = 0; resolver->lookup != NULL && i < resolver->config->provider_count; i++) {
		sd_event_source_disable_unref(resolver->lookup[i].timer);
		free(resolver->lookup[i].known);
		free(resolver->set[i].address);
	}
	free(resolver->lookup);
	free(resolver->set);
	free(resolver);
}

void resolver_remember(struct resolver *resolver, size_t provider, const struct address *address)
{
	see_address(&resolver->lookup[provider], address);
	copy_set(&resolver->set[provider], &resolver->lookup[provider]);
}

void resolver_start(struct resolver *resolver)
{
	for (size_t i = 0; i < resolver->config->provider_count; i++)
		start_round(&resolver->lookup[i]);
}

const struct address_set *resolver_sets(const struct resolver *resolver)
{
	return resolver->set;
}

const struct resolve_status *resolver_status(const struct resolver *resolver, size_t provider)
{
	return &resolver->lookup[provider].status;
}

bool resolver_settled(const struct resolver *resolver)
{
	return resolver->first_rounds == resolver->config->provider_count;
}
