/* SPDX-License-Identifier: BSD-3-Clause */
#include "daemon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alarms/vitals.h"
#include "api/hub.h"
#include "api/request.h"
#include "api/serve.h"
#include "api/tidings.h"
#include "brake/watch_volumes.h"
#include "clocks.h"
#include "commands/concern.h"
#include "commands/stop.h"
#include "config/settings.h"
#include "customers/imported.h"
#include "decide.h"
#include "domain.h"
#include "ledger/scope_text.h"
#include "log.h"
#include "past/watch_past.h"
#include "units.h"

#define PATIENCE_USEC 3000000u /* for the first answers of DNS */

#define CONTESTS_MOST 1000

/* Names are looked for in the journal: a decision may be on one the configuration has dropped. */
static uint32_t stored_customer(void *context, const char *name, char *error)
{
	uint32_t id = journal_known_id(((struct daemon *)context)->journal, NAME_CUSTOMER, name);

	if (id == 0)
		snprintf(error, SCOPE_ERROR_MAX, "no customer \"%.64s\", now or ever before", name);
	return id;
}

static uint32_t stored_provider(void *context, const char *name, char *error)
{
	uint32_t id = journal_known_id(((struct daemon *)context)->journal, NAME_PROVIDER, name);

	if (id == 0)
		snprintf(error, SCOPE_ERROR_MAX, "no provider \"%.64s\", now or ever before", name);
	return id;
}

/* A new decision names what there is now. */
static uint32_t known_customer(void *context, const char *name, char *error)
{
	const struct customer *customer = config_customer(((struct daemon *)context)->config, name);

	if (customer == NULL)
		snprintf(error, SCOPE_ERROR_MAX, "no customer \"%.64s\"; \"sluicectl customers\" lists them", name);
	return customer != NULL ? customer->id : 0;
}

static uint32_t known_provider(void *context, const char *name, char *error)
{
	const struct provider *provider = config_provider(((struct daemon *)context)->config, name);

	if (provider == NULL)
		snprintf(error, SCOPE_ERROR_MAX, "no provider \"%.64s\"; \"sluicectl providers\" lists them", name);
	return provider != NULL ? provider->id : 0;
}

int daemon_scope(struct daemon *daemon, const char *text, struct scope_key *ret_key, char *ret_error)
{
	const struct name_finder finder = { known_customer, known_provider, daemon, { daemon->config->domain_point } };

	return scope_parse(text, &finder, ret_key, ret_error);
}

int daemon_known_scope(struct daemon *daemon, const char *text, struct scope_key *ret_key, char *ret_error)
{
	const struct name_finder finder = {
		stored_customer, stored_provider, daemon, { daemon->config->domain_point }
	};

	return scope_parse(text, &finder, ret_key, ret_error);
}

/* Ids for names, and the customers that were imported. */
static int complete_config(struct daemon *daemon, struct config *config)
{
	for (size_t i = 0; i < config->customer_count; i++) {
		config->customers[i].id = journal_id(daemon->journal, NAME_CUSTOMER, config->customers[i].name);
		if (config->customers[i].id == 0)
			return -EIO;
	}
	for (size_t i = 0; i < config->provider_count; i++) {
		config->providers[i].id = journal_id(daemon->journal, NAME_PROVIDER, config->providers[i].name);
		if (config->providers[i].id == 0)
			return -EIO;
	}
	uint64_t secret = journal_secret(daemon->journal, "domains");
	config->domain_point = domain_key(secret).point;
	int ret = secret != 0 ? imported_load(daemon, config) : -EIO;
	standings_flush(daemon);
	return ret == 0 ? standings_load(daemon, config) : ret;
}

static bool is_warned(const struct daemon *daemon, const struct contest *contest)
{
	for (size_t i = 0; i < daemon->contest_count; i++) {
		const struct contest *known = &daemon->contest[i];
		if (known->owner == contest->owner && known->provider == contest->provider &&
		    prefix_equal(&known->prefix, &contest->prefix))
			return true;
	}
	return false;
}

/* Said once: providers that share hosts do so for good. */
static void warn_shared(void *context, const struct prefix *prefix, size_t owner, size_t provider)
{
	struct daemon *daemon = context;
	const struct provider *providers = daemon->config->providers;
	const struct contest contest = { *prefix, providers[owner].id, providers[provider].id };
	char text[64];

	if (daemon->contest_count == CONTESTS_MOST || is_warned(daemon, &contest))
		return;
	log_warning("%s is provider %s's and provider %s's: it counts as %s's, who stands first",
		    prefix_format(&prefix->address, prefix->plen, text, sizeof(text)), providers[owner].name,
		    providers[provider].name, providers[owner].name);
	struct contest *grown = realloc(daemon->contest, (daemon->contest_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return;
	daemon->contest = grown;
	grown[daemon->contest_count++] = contest;
}

static void on_resolved(void *context, size_t provider)
{
	struct daemon *daemon = context;
	const struct address_set *set = &resolver_sets(daemon->resolver)[provider];

	journal_put_addresses(daemon->journal, daemon->config->providers[provider].id, set->address, set->count);
	policy_shared(&daemon->policy, warn_shared, daemon);
	/* Before all have answered once the gate keeps what it has. */
	if (daemon->link != NULL && resolver_settled(daemon->resolver))
		link_want_destinations(daemon->link);
}

static int on_patience(sd_event_source *source, uint64_t usec, void *context)
{
	struct daemon *daemon = context;

	(void)source, (void)usec;
	if (!resolver_settled(daemon->resolver))
		log_warning("DNS has not answered for all providers: going on with what was known");
	link_want_all(daemon->link);
	return 0;
}

struct remembering {
	struct daemon *daemon;
	size_t provider;
};

static void remember(void *context, const struct address *address)
{
	const struct remembering *remembering = context;

	resolver_remember(remembering->daemon->resolver, remembering->provider, address);
}

static int create_resolver(struct daemon *daemon, const struct config *config)
{
	int ret = resolver_create(daemon->event, config, on_resolved, daemon, &daemon->resolver);

	if (ret < 0) {
		log_error("resolver: %s", strerror(-ret));
		return ret;
	}
	for (size_t i = 0; i < config->provider_count; i++) {
		struct remembering remembering = { daemon, i };
		journal_addresses(daemon->journal, config->providers[i].id, remember, &remembering);
	}
	resolver_remembered(daemon->resolver);
	return 0;
}

static struct config *load_config(const char *path)
{
	char *errors = NULL, *rest;
	struct config *config = config_load(path, &errors);

	rest = errors;
	for (char *line = strsep(&rest, "\n"); line != NULL && line[0] != '\0'; line = strsep(&rest, "\n"))
		log_error("%s", line);
	free(errors);
	return config;
}

/* What survived the last run. */
static int restore_all(struct daemon *daemon)
{
	int ret = journal_open(daemon->config->settings.directory, &daemon->journal);

	if (ret == 0)
		ret = complete_config(daemon, daemon->config);
	if (ret == 0)
		ret = volumes_restore(daemon);
	return ret == 0 ? decide_restore(daemon) : ret;
}

/* It stays in force, and holds nobody: somebody may have meant to rename. */
static void warn_orphans(const struct daemon *daemon)
{
	char why[CONCERN_MAX];

	for (size_t i = 0; i < daemon->ledger.count; i++) {
		const struct decision *decision = ledger_at(&daemon->ledger, i);
		if (concern_orphan(daemon->config, decision, why))
			log_warning("decision %llu on %s: %s", (unsigned long long)decision->id, decision->scope, why);
	}
}

int daemon_start(struct daemon *daemon, const char *config_path)
{
	daemon->config_path = config_path;
	daemon->started_ms = wall_ms();
	daemon->config = load_config(config_path);
	if (daemon->config == NULL)
		return -EINVAL;
	int ret = restore_all(daemon);
	if (ret == 0)
		ret = create_resolver(daemon, daemon->config);
	if (ret < 0)
		return ret;
	warn_orphans(daemon);
	ret = stop_restore(daemon);
	if (ret < 0)
		return ret;
	daemon->policy.brakes = &daemon->brakes;
	policy_init(&daemon->policy, daemon->config, &daemon->ledger, resolver_sets(daemon->resolver));
	decide_start(daemon);
	ret = hub_create(daemon->event, &daemon->hub);
	if (ret < 0)
		return ret;
	daemon->alarms.changed = tell_alarm;
	daemon->alarms.context = daemon;
	ret = server_create(daemon, &daemon->server);
	if (ret < 0)
		return ret;
	/* Generations go on rising over restarts, so that none is ever taken for another. */
	ret = link_create(daemon->event, daemon->config->settings.gate_socket, &daemon->policy,
			  (uint64_t)daemon->started_ms, request_enforced, daemon, &daemon->link);
	if (ret < 0)
		return ret;
	ret = vitals_create(daemon, &daemon->vitals);
	if (ret == 0)
		ret = volumes_create(daemon, &daemon->volumes);
	if (ret == 0)
		ret = watch_past_create(daemon, &daemon->past);
	if (ret < 0)
		return ret;
	standings_start(daemon);
	resolver_start(daemon->resolver);
	if (resolver_settled(daemon->resolver))
		link_want_all(daemon->link); /* nobody to wait for: no provider has anything to resolve */
	else
		sd_event_add_time_relative(daemon->event, &daemon->patience, CLOCK_MONOTONIC, PATIENCE_USEC, 1000,
					   on_patience, daemon);
	return 0;
}

void daemon_stop(struct daemon *daemon)
{
	sd_event_source_disable_unref(daemon->patience);
	decide_stop(daemon);
	request_stored(daemon);
	standings_stop(daemon);
	link_destroy(daemon->link); /* answers who asked the gate, out of all the rest */
	vitals_destroy(daemon->vitals);
	volumes_destroy(daemon->volumes);
	watch_past_destroy(daemon->past);
	if (daemon->hub != NULL)
		hub_finish(daemon->hub);
	server_destroy(daemon->server);
	hub_destroy(daemon->hub);
	daemon->alarms.changed = NULL;
	request_end_all(daemon);
	resolver_destroy(daemon->resolver);
	policy_finish(&daemon->policy);
	brakes_finish(&daemon->brakes);
	blast_finish(&daemon->blast);
	ledger_finish(&daemon->ledger);
	journal_close(daemon->journal);
	config_destroy(daemon->config);
	alarms_finish(&daemon->alarms);
	free(daemon->contest);
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* What is taken at a start only stays what it is, in the new configuration too. */
static void keep_fixed(const struct daemon *daemon, struct config *config)
{
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &setting_rows[i];
		char **now = (char **)((char *)&daemon->config->settings + setting->offset);
		char **next = (char **)((char *)&config->settings + setting->offset);
		if (setting->type > SETTING_ENDPOINT || same_text(*now, *next))
			continue;
		log_warning("%s: %s.%s is \"%s\" now, but stays \"%s\" until the next start", daemon->config_path,
			    setting->section, setting->key, *next != NULL ? *next : "", *now != NULL ? *now : "");
		free(*next);
		*next = *now != NULL ? strdup(*now) : NULL;
	}
}

static void take_config(struct daemon *daemon, struct config *config, struct resolver *old_resolver)
{
	struct config *old = daemon->config;

	keep_fixed(daemon, config);
	daemon->config = config;
	policy_finish(&daemon->policy);
	policy_init(&daemon->policy, config, &daemon->ledger, resolver_sets(daemon->resolver));
	resolver_destroy(old_resolver);
	config_destroy(old);
	warn_orphans(daemon);
	link_want_all(daemon->link);
	resolver_start(daemon->resolver);
	log_info("%s: read again", daemon->config_path);
}

void daemon_reload(struct daemon *daemon)
{
	struct config *config = load_config(daemon->config_path);
	struct resolver *old_resolver = daemon->resolver;

	daemon->reload.at_ms = wall_ms();
	daemon->reload.taken =
		config != NULL && complete_config(daemon, config) == 0 && create_resolver(daemon, config) == 0;
	tell_reload(daemon, daemon->reload.taken);
	if (daemon->reload.taken) {
		alarms_clear(&daemon->alarms, ALARM_CONFIG_REFUSED, "", wall_ms());
		take_config(daemon, config, old_resolver);
		return;
	}
	log_error("%s: not taken, the old configuration stays in force", daemon->config_path);
	alarms_raise(&daemon->alarms, ALARM_CONFIG_REFUSED, "", wall_ms(), "%s", daemon->config_path);
	daemon->resolver = old_resolver;
	if (config != NULL)
		standings_load(daemon, daemon->config); /* it is this one's customers again that are counted */
	config_destroy(config);
}
