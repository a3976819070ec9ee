/* SPDX-License-Identifier: BSD-3-Clause */
#include "dns/resolve.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ares.h>

#include "clocks.h"
#include "dns/channel.h"
#include "dns/known.h"
#include "dns/mx.h"
#include "dns/sets.h"
#include "log.h"

#define ADDRESSES_MOST 4096 /* of a lookup */
#define HOST_ADDRESSES_MOST 64
#define SECOND 1000000000ull

/* A provider's own domains and hosts; or, the last one, the domains that are nobody's. */
struct lookup {
	struct resolver *resolver;
	size_t provider; /* of the last one: none */
	const char *name;
	const struct strings *domains, *hosts;
	sd_event_source *timer;
	unsigned open; /* queries under way */
	bool failed, full;
	uint64_t ttl_s;	      /* the least of this round */
	struct knowns *known; /* its place in the resolver's */
	struct resolve_status status;
};

struct resolver {
	sd_event *event;
	const struct config *config;
	resolve_changed *changed;
	void *context;
	struct channel *channel;
	struct lookup *lookup; /* [config->provider_count + 1] */
	struct knowns *known;  /* the same */
	struct sets sets;
	size_t first_rounds; /* lookups that had theirs */
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
	log_warning("%s: %s: %s; what was known stays", lookup->name, name, what);
	lookup->failed = true;
}

static bool is_known(const struct resolver *resolver, const struct known *seen)
{
	for (size_t i = 0; i <= resolver->config->provider_count; i++)
		if (knowns_has(&resolver->known[i], seen->provider, &seen->address))
			return true;
	return false;
}

static void see_address(struct lookup *lookup, const struct known *seen)
{
	if (knowns_see(lookup->known, seen, ADDRESSES_MOST))
		return;
	if (!lookup->full)
		log_warning("%s: more than %d addresses, the others are not taken", lookup->name, ADDRESSES_MOST);
	lookup->full = true;
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

/* `settled`: somebody is to be told even when nothing changed. */
static void tell_changed(struct resolver *resolver, bool settled)
{
	bool *changed = calloc(resolver->config->provider_count + 1, sizeof(*changed));

	if (changed == NULL)
		abort();
	sets_update(&resolver->sets, resolver->known, resolver->config->provider_count + 1, boot_ms(), changed);
	for (size_t i = 0; i < resolver->config->provider_count; i++) {
		if (!changed[i] && !settled)
			continue;
		resolver->changed(resolver->context, i);
		settled = false;
	}
	free(changed);
}

static void end_round(struct lookup *lookup)
{
	struct resolver *resolver = lookup->resolver;
	bool first = lookup->status.rounds++ == 0;
	int64_t now_ms = boot_ms();

	sets_look(&resolver->sets, lookup->known, lookup->failed, now_ms);
	knowns_end_round(lookup->known, lookup->failed, now_ms, resolver->sets.keep_ms);
	lookup->status.resolved_ms = lookup->failed ? lookup->status.resolved_ms : wall_ms();
	if (!lookup->failed)
		lookup->status.problem[0] = '\0';
	set_timer(resolver->event, &lookup->timer, next_round_usec(lookup), on_refresh, lookup);
	resolver->first_rounds += first;
	tell_changed(resolver, first && resolver_settled(resolver));
}

static void close_query(struct lookup *lookup)
{
	if (--lookup->open == 0)
		end_round(lookup);
}

struct host_query {
	struct lookup *lookup;
	size_t provider;    /* whose the addresses will be */
	const char *domain; /* that led here, the configuration's own text; NULL: none */
	char name[256];
};

static struct host_query *host_query(struct lookup *lookup, const char *name, size_t provider)
{
	struct host_query *query = calloc(1, sizeof(*query));

	if (query == NULL)
		return NULL;
	query->lookup = lookup;
	query->provider = provider;
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

static void take_addresses(const struct host_query *query, const struct ares_addrinfo *result)
{
	struct lookup *lookup = query->lookup;
	struct known seen = { .provider = query->provider,
			      .since_ms = boot_ms(),
			      .missed_ms = KNOWN_EVER,
			      .seen = true,
			      .led = true,
			      .domain = query->domain };
	unsigned count = 0;

	for (const struct ares_addrinfo_node *node = result->nodes; node != NULL; node = node->ai_next) {
		if (!read_node(node, &seen.address) || ++count > HOST_ADDRESSES_MOST)
			continue;
		seen.fresh = !is_known(lookup->resolver, &seen);
		see_address(lookup, &seen);
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
			take_addresses(query, result);
		else if (status != ARES_ENODATA) /* many a host has addresses of one kind only */
			note_problem(query->lookup, query->name, ares_strerror(status));
		close_query(query->lookup);
	}
	if (result != NULL)
		ares_freeaddrinfo(result);
	free(query);
}

/* Where to look: a host, whose its addresses will be, and the domain that led here. */
struct lead {
	const char *host;
	size_t provider;
	const char *domain;
};

/* Each family by itself: asked for both at once, c-ares is content when one of them was answered. */
static void look_up_family(struct lookup *lookup, const struct lead *lead, int family)
{
	const struct ares_addrinfo_hints hints = { .ai_family = family, .ai_flags = ARES_AI_NOSORT };
	struct host_query *query = host_query(lookup, lead->host, lead->provider);

	if (query == NULL) {
		lookup->failed = true;
		return;
	}
	query->domain = lead->domain;
	ares_getaddrinfo(channel_ares(lookup->resolver->channel), lead->host, NULL, &hints, on_addresses, query);
}

static void look_up_host(struct lookup *lookup, const struct lead *lead)
{
	look_up_family(lookup, lead, AF_INET);
	look_up_family(lookup, lead, AF_INET6);
}

/* A provider's domains may say that all their hosts are its own, by giving no pattern. Otherwise a host is the
 * provider's whose pattern it fits: domains move from one to another. */
static void look_up_mx(struct lookup *lookup, const char *domain, const char *host)
{
	const struct config *config = lookup->resolver->config;
	size_t provider = lookup->provider;

	if (provider == config->provider_count || config->providers[provider].mx.count > 0)
		provider = mx_provider(config, host);
	if (provider == config->provider_count)
		log_info("%s: %s has MX %s, which no pattern fits: not taken", lookup->name, domain, host);
	else
		look_up_host(lookup, &(struct lead){ host, provider, domain });
}

static void take_mx(struct lookup *lookup, const char *domain, const struct ares_mx_reply *replies)
{
	for (const struct ares_mx_reply *mx = replies; mx != NULL; mx = mx->next)
		if (mx->host[0] != '\0') /* RFC 7505: takes no mail */
			look_up_mx(lookup, domain, mx->host);
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

/* RFC 5321 section 5.1: a domain without MX is its own host. */
static void look_up_itself(struct lookup *lookup, const char *domain)
{
	if (lookup->provider < lookup->resolver->config->provider_count)
		look_up_host(lookup, &(struct lead){ domain, lookup->provider, domain });
	else
		look_up_mx(lookup, domain, domain);
}

static void read_mx(struct host_query *query, int status, const unsigned char *answer, int size)
{
	struct ares_mx_reply *replies = NULL;

	if (status == ARES_SUCCESS)
		note_ttl(query->lookup, answer, size);
	if (status == ARES_SUCCESS)
		status = ares_parse_mx_reply(answer, size, &replies);
	if (status == ARES_SUCCESS)
		take_mx(query->lookup, query->domain, replies);
	else if (status == ARES_ENODATA)
		look_up_itself(query->lookup, query->domain);
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
	struct host_query *query = host_query(lookup, domain, lookup->provider);

	if (query == NULL) {
		lookup->failed = true;
		return;
	}
	query->domain = domain;
	ares_query(channel_ares(lookup->resolver->channel), domain, ns_c_in, ns_t_mx, on_mx, query);
}

static void start_round(struct lookup *lookup)
{
	lookup->failed = false;
	lookup->ttl_s = UINT32_MAX;
	lookup->open = 1; /* until all are asked: an answer may come at once */
	for (size_t i = 0; i < lookup->domains->count; i++)
		look_up_domain(lookup, lookup->domains->text[i]);
	for (size_t i = 0; i < lookup->hosts->count; i++)
		look_up_host(lookup, &(struct lead){ lookup->hosts->text[i], lookup->provider, NULL });
	close_query(lookup);
	channel_asked(lookup->resolver->channel);
}

static int on_refresh(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source, (void)usec;
	start_round(context);
	return 0;
}

static void open_lookup(struct resolver *resolver, size_t at)
{
	static const struct strings none;
	struct lookup *lookup = &resolver->lookup[at];

	*lookup = (struct lookup){ .resolver = resolver,
				   .known = &resolver->known[at],
				   .provider = at,
				   .name = "domains",
				   .domains = &resolver->config->domains,
				   .hosts = &none };
	if (at == resolver->config->provider_count)
		return;
	lookup->name = resolver->config->providers[at].name;
	lookup->domains = &resolver->config->providers[at].domains;
	lookup->hosts = &resolver->config->providers[at].hosts;
}

int resolver_create(sd_event *event, const struct config *config, resolve_changed *changed, void *context,
		    struct resolver **ret_resolver)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));

	if (resolver == NULL)
		return -ENOMEM;
	*resolver = (struct resolver){ .event = event, .config = config, .changed = changed, .context = context };
	resolver->lookup = calloc(config->provider_count + 1, sizeof(*resolver->lookup));
	resolver->known = calloc(config->provider_count + 1, sizeof(*resolver->known));
	bool room = sets_init(&resolver->sets, config->provider_count, config->settings.keep_addresses);
	int ret = resolver->lookup == NULL || resolver->known == NULL || !room
			  ? -ENOMEM
			  : channel_create(event, config->settings.resolver, &resolver->channel);
	if (ret < 0) {
		resolver_destroy(resolver);
		return ret;
	}
	for (size_t i = 0; i <= config->provider_count; i++)
		open_lookup(resolver, i);
	*ret_resolver = resolver;
	return 0;
}

void resolver_destroy(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	resolver->changed = NULL; /* what is under way ends now, and is not this configuration's */
	channel_destroy(resolver->channel);
	for (size_t i = 0; resolver->lookup != NULL && i <= resolver->config->provider_count; i++) {
		sd_event_source_disable_unref(resolver->lookup[i].timer);
		if (resolver->known != NULL)
			free(resolver->known[i].known);
	}
	free(resolver->lookup);
	free(resolver->known);
	sets_finish(&resolver->sets);
	free(resolver);
}

void resolver_remember(struct resolver *resolver, size_t provider, const struct address *address)
{
	/* By whose domains it was found is not remembered: it stays until none of them leads there any more. */
	const struct known seen = {
		.address = *address, .provider = provider, .since_ms = KNOWN_EVER, .missed_ms = KNOWN_EVER
	};

	for (size_t i = 0; i <= resolver->config->provider_count; i++)
		if (resolver->lookup[i].domains->count + resolver->lookup[i].hosts->count > 0)
			see_address(&resolver->lookup[i], &seen);
}

void resolver_remembered(struct resolver *resolver)
{
	bool *changed = calloc(resolver->config->provider_count + 1, sizeof(*changed));

	if (changed == NULL)
		abort();
	sets_update(&resolver->sets, resolver->known, resolver->config->provider_count + 1, boot_ms(), changed);
	free(changed);
}

void resolver_start(struct resolver *resolver)
{
	for (size_t i = 0; i <= resolver->config->provider_count; i++)
		start_round(&resolver->lookup[i]);
}

const struct address_set *resolver_sets(const struct resolver *resolver)
{
	return resolver->sets.set;
}

const struct resolve_status *resolver_status(const struct resolver *resolver, size_t provider)
{
	return &resolver->lookup[provider].status;
}

const char *resolver_moved(const struct resolver *resolver, size_t provider)
{
	return sets_moved(&resolver->sets, provider);
}

bool resolver_settled(const struct resolver *resolver)
{
	return resolver->first_rounds == resolver->config->provider_count + 1;
}
