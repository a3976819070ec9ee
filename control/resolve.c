/* SPDX-License-Identifier: BSD-3-Clause */
#include "resolve.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <fnmatch.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <time.h>

#include <ares.h>

#include "log.h"
#include "units.h"

#define ADDRESSES_MOST 1024 /* of a provider */
#define HOST_ADDRESSES_MOST 64
#define TRY_MS 2000
#define TRIES 2
#define MISSES_MOST 2
#define SECOND 1000000000ull
#define SOCKETS_MOST 64

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
	bool failed;
	uint64_t ttl_s; /* the least of this round */
	struct known *known;
	size_t known_count;
	struct resolve_status status;
};

struct io {
	ares_socket_t socket;
	sd_event_source *source;
};

struct resolver {
	sd_event *event;
	const struct config *config;
	resolve_changed *changed;
	void *context;
	ares_channel channel;
	struct io io[SOCKETS_MOST];
	sd_event_source *timeout;
	struct lookup *lookup; /* [config->provider_count] */
	struct address_set *set;
	size_t first_rounds; /* providers that had theirs */
};

static void arm_timeout(struct resolver *resolver);

static int on_socket(sd_event_source *source, int descriptor, uint32_t events, void *context)
{
	struct resolver *resolver = context;

	(void)source;
	ares_process_fd(resolver->channel, events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? descriptor : ARES_SOCKET_BAD,
			events & EPOLLOUT ? descriptor : ARES_SOCKET_BAD);
	arm_timeout(resolver);
	return 0;
}

static struct io *io_of(struct resolver *resolver, ares_socket_t socket)
{
	for (int i = 0; i < SOCKETS_MOST; i++)
		if (resolver->io[i].source != NULL && resolver->io[i].socket == socket)
			return &resolver->io[i];
	for (int i = 0; i < SOCKETS_MOST; i++)
		if (resolver->io[i].source == NULL)
			return &resolver->io[i];
	return NULL;
}

/* c-ares says which sockets it waits on. */
static void on_state(void *context, ares_socket_t socket, int readable, int writable)
{
	struct resolver *resolver = context;
	struct io *io = io_of(resolver, socket);
	uint32_t events = (readable ? EPOLLIN : 0u) | (writable ? EPOLLOUT : 0u);

	if (io == NULL)
		return; /* its timeout will bring it on */
	if (events == 0) {
		io->source = sd_event_source_disable_unref(io->source);
		return;
	}
	if (io->source != NULL)
		sd_event_source_set_io_events(io->source, events);
	else if (sd_event_add_io(resolver->event, &io->source, socket, events, on_socket, resolver) >= 0)
		io->socket = socket;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *context)
{
	struct resolver *resolver = context;

	(void)source, (void)usec;
	ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	arm_timeout(resolver);
	return 0;
}

static void set_timer(sd_event *event, sd_event_source **source, uint64_t usec, sd_event_time_handler_t handler,
		      void *context)
{
	if (*source == NULL)
		sd_event_add_time_relative(event, source, CLOCK_MONOTONIC, usec, 1000, handler, context);
	else if (sd_event_source_set_time_relative(*source, usec) >= 0)
		sd_event_source_set_enabled(*source, SD_EVENT_ONESHOT);
}

static void arm_timeout(struct resolver *resolver)
{
	struct timeval room, *next = ares_timeout(resolver->channel, NULL, &room);

	if (next == NULL)
		return;
	uint64_t usec = (uint64_t)next->tv_sec * 1000000u + (uint64_t)next->tv_usec;
	set_timer(resolver->event, &resolver->timeout, usec, on_timeout, resolver);
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
	if (lookup->known_count == ADDRESSES_MOST)
		return;
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

static int64_t wall_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_REALTIME, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
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

static void on_addresses(void *context, int status, int timeouts, struct ares_addrinfo *result)
{
	struct host_query *query = context;

	(void)timeouts;
	if (status == ARES_EDESTRUCTION) {
		free(query);
		return;
	}
	if (status == ARES_SUCCESS)
		take_addresses(query->lookup, result);
	else
		note_problem(query->lookup, query->name, ares_strerror(status));
	if (result != NULL)
		ares_freeaddrinfo(result);
	close_query(query->lookup);
	free(query);
}

static void look_up_host(struct lookup *lookup, const char *host)
{
	const struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC, .ai_flags = ARES_AI_NOSORT };
	struct host_query *query = host_query(lookup, host);

	if (query != NULL)
		ares_getaddrinfo(lookup->resolver->channel, host, NULL, &hints, on_addresses, query);
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

static void on_mx(void *context, int status, int timeouts, unsigned char *answer, int size)
{
	struct host_query *query = context;
	struct ares_mx_reply *replies = NULL;

	(void)timeouts;
	if (status == ARES_EDESTRUCTION) {
		free(query);
		return;
	}
	if (status == ARES_SUCCESS)
		status = ares_parse_mx_reply(answer, size, &replies);
	if (status == ARES_SUCCESS)
		take_mx(query->lookup, query->name, replies);
	else if (status == ARES_ENODATA)
		look_up_host(query->lookup, query->name); /* RFC 5321 section 5.1: the domain itself */
	else
		note_problem(query->lookup, query->name, ares_strerror(status));
	ares_free_data(replies);
	close_query(query->lookup);
	free(query);
}

static void look_up_domain(struct lookup *lookup, const char *domain)
{
	struct host_query *query = host_query(lookup, domain);

	if (query != NULL)
		ares_query(lookup->resolver->channel, domain, ns_c_in, ns_t_mx, on_mx, query);
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
	arm_timeout(lookup->resolver);
}

static int on_refresh(sd_event_source *source, uint64_t usec, void *context)
{
	(void)source, (void)usec;
	start_round(context);
	return 0;
}

static int open_channel(struct resolver *resolver)
{
	struct ares_options options = {
		.timeout = TRY_MS, .tries = TRIES, .sock_state_cb = on_state, .sock_state_cb_data = resolver
	};
	const char *server = resolver->config->settings.resolver;

	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
	    ares_init_options(&resolver->channel, &options,
			      ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) != ARES_SUCCESS)
		return -ENOMEM;
	return server == NULL || ares_set_servers_csv(resolver->channel, server) == ARES_SUCCESS ? 0 : -EINVAL;
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
	int ret = resolver->lookup == NULL || resolver->set == NULL ? -ENOMEM : open_channel(resolver);
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
	if (resolver->channel != NULL)
		ares_destroy(resolver->channel);
	sd_event_source_disable_unref(resolver->timeout);
	for (size_t i = 0; resolver->lookup != NULL && i < resolver->config->provider_count; i++) {
		sd_event_source_disable_unref(resolver->lookup[i].timer);
		free(resolver->lookup[i].known);
		free(resolver->set[i].address);
	}
	free(resolver->lookup);
	free(resolver->set);
	free(resolver);
	ares_library_cleanup();
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
