/* SPDX-License-Identifier: BSD-3-Clause */
/* A good configuration: every key arrives where it belongs, and what is not said has its default. */
#include "config/config.h"

#include <string.h>
#include <unistd.h>

#include "unit.h"
#include "units.h"

#define S 1000000000ull

static const char everything[] = "gate: { socket: /tmp/gate }\n"
				 "daemon:\n"
				 "  directory: /tmp/store\n"
				 "  admin-socket: /tmp/admin\n"
				 "  read-socket: /tmp/read\n"
				 "  admin-group: mail\n"
				 "  read-group: adm\n"
				 "  resolver: 192.0.2.53\n"
				 "  refresh-min: 10s\n"
				 "  refresh-max: 10min\n"
				 "smtp:\n"
				 "  ports: [25, 2525]\n"
				 "  refuse: rst\n"
				 "  max-hold: 5s\n"
				 "  idle-timeout: 1h\n"
				 "  bulk-minimum: 25%\n"
				 "  hold-budget: { banner: 20s, command: 2s, body: 40s }\n"
				 "providers:\n"
				 "  - name: google\n"
				 "    domains: [gmail.com, googlemail.com]\n"
				 "    mx: ['*.google.com']\n"
				 "    hosts: [extra.example]\n"
				 "    addresses: [192.0.2.0/24, 2001:db8::/32]\n"
				 "    limits: { connections: 100, connection-rate: 10/s burst 20, byte-rate: 10MB/s,\n"
				 "              message-rate: 100/s burst 50 }\n"
				 "    each-customer: { connections: 10 }\n"
				 "    each-source: { connection-rate: 5/s }\n"
				 "    each-remote: { byte-rate: 1MB/s }\n"
				 "  - { name: other, hosts: [mx.other.example] }\n"
				 "customers:\n"
				 "  - name: acme\n"
				 "    weight: 3\n"
				 "    sources:\n"
				 "      - 10.0.0.0/24\n"
				 "      - { prefix: 10.1.0.1, ports: 20000-29999, vlan: 7 }\n"
				 "      - { prefix: 10.1.0.1, ports: 25, vlan: 0, stream: transactional }\n"
				 "    limits: { connections: 50 }\n"
				 "    at: { google: { connections: 5 }, other: { connections: 6 } }\n"
				 "  - { name: beta, sources: [10.0.0.0/25] }\n"
				 "defaults:\n"
				 "  gate: { byte-rate: 1GB/s }\n"
				 "  each-customer: { connections: 20 }\n"
				 "  each-source: { connections: 30 }\n"
				 "  each-remote: { connections: 40 }\n"
				 "unknown:\n"
				 "  customer: { action: deny }\n"
				 "  provider: { action: limit, limits: { connections: 2 } }\n";

static struct config *good(const char *text, size_t size)
{
	char *errors = NULL;
	struct config *config = config_parse("file", text, size, &errors);

	ck_assert_msg(config != NULL, "%s", errors);
	ck_assert_ptr_null(errors);
	return config;
}

START_TEST(scalars)
{
	struct config *config = good(everything, sizeof(everything) - 1);
	const struct settings *settings = &config->settings;

	ck_assert_str_eq(settings->gate_socket, "/tmp/gate");
	ck_assert_str_eq(settings->directory, "/tmp/store");
	ck_assert_str_eq(settings->admin_socket, "/tmp/admin");
	ck_assert_str_eq(settings->read_socket, "/tmp/read");
	ck_assert_str_eq(settings->admin_group, "mail");
	ck_assert_str_eq(settings->read_group, "adm");
	ck_assert_str_eq(settings->resolver, "192.0.2.53");
	ck_assert_uint_eq(settings->refresh_min, 10 * S);
	ck_assert_uint_eq(settings->refresh_max, 600 * S);
	ck_assert_uint_eq(settings->refuse, REFUSE_RST);
	ck_assert_uint_eq(settings->max_hold, 5 * S);
	ck_assert_uint_eq(settings->idle_timeout, 3600 * S);
	ck_assert_uint_eq(settings->hold_banner, 20 * S);
	ck_assert_uint_eq(settings->hold_command, 2 * S);
	ck_assert_uint_eq(settings->hold_body, 40 * S);
	ck_assert_uint_eq(config->ports, 2);
	ck_assert_uint_eq(config->port[0], 25);
	ck_assert_uint_eq(config->port[1], 2525);
	config_destroy(config);
}
END_TEST

static void check_limit(const struct limits *limits, enum limit_kind kind, uint64_t amount)
{
	ck_assert_uint_eq(limits->has, 1u << kind);
	ck_assert_uint_eq(limits->kind[kind].amount, amount);
}

START_TEST(providers)
{
	struct config *config = good(everything, sizeof(everything) - 1);
	const struct provider *google = config_provider(config, "google"), *other = config_provider(config, "other");
	char text[64];

	ck_assert_uint_eq(config->provider_count, 2);
	ck_assert_ptr_eq(google, &config->providers[0]);
	ck_assert_ptr_eq(other, &config->providers[1]);
	ck_assert_ptr_null(config_provider(config, "acme"));
	ck_assert_uint_eq(google->domains.count, 2);
	ck_assert_str_eq(google->domains.text[1], "googlemail.com");
	ck_assert_uint_eq(google->mx.count, 1);
	ck_assert_str_eq(google->mx.text[0], "*.google.com");
	ck_assert_str_eq(google->hosts.text[0], "extra.example");
	ck_assert_uint_eq(google->address_count, 2);
	const struct prefix *second = &google->addresses[1];
	ck_assert_str_eq(prefix_format(&second->address, second->plen, text, sizeof(text)), "2001:db8::/32");
	ck_assert_uint_eq(google->limits.has, 15);
	ck_assert_uint_eq(google->limits.kind[LIMIT_MESSAGE_RATE].amount, 100);
	ck_assert_uint_eq(google->limits.kind[LIMIT_MESSAGE_RATE].burst, 50);
	ck_assert_uint_eq(google->limits.kind[LIMIT_CONNECTION_RATE].burst, 20);
	check_limit(&google->each_customer, LIMIT_CONNECTIONS, 10);
	check_limit(&google->each_source, LIMIT_CONNECTION_RATE, 5);
	check_limit(&google->each_remote, LIMIT_BYTE_RATE, 1000000);
	ck_assert_uint_eq(other->domains.count + other->mx.count + other->address_count + other->limits.has, 0);
	config_destroy(config);
}
END_TEST

START_TEST(customers)
{
	struct config *config = good(everything, sizeof(everything) - 1);
	const struct customer *acme = config_customer(config, "acme"), *beta = config_customer(config, "beta");

	ck_assert_uint_eq(config->customer_count, 2);
	ck_assert_ptr_null(config_customer(config, "google"));
	ck_assert_int_eq(acme->sources[1].stream, STREAM_BULK);
	ck_assert_int_eq(acme->sources[2].stream, STREAM_TRANSACTIONAL);
	ck_assert_uint_eq(config->settings.bulk_minimum, 25);
	ck_assert_uint_eq(acme->weight, 3);
	ck_assert_uint_eq(acme->source_count, 3);
	ck_assert_uint_eq(acme->sources[0].prefix.plen, 120);
	ck_assert_uint_eq(acme->sources[0].port_low, 0);
	ck_assert_uint_eq(acme->sources[0].port_high, 65535);
	ck_assert_uint_eq(acme->sources[0].vlan, WIRE_VLAN_ANY);
	ck_assert_uint_eq(acme->sources[1].port_low, 20000);
	ck_assert_uint_eq(acme->sources[1].port_high, 29999);
	ck_assert_uint_eq(acme->sources[1].vlan, 7);
	ck_assert_uint_eq(acme->sources[2].port_low, 25);
	ck_assert_uint_eq(acme->sources[2].port_high, 25);
	ck_assert_uint_eq(acme->sources[2].vlan, 0);
	check_limit(&acme->limits, LIMIT_CONNECTIONS, 50);
	ck_assert_uint_eq(acme->at_count, 2);
	ck_assert_str_eq(acme->at[1].provider, "other");
	check_limit(&acme->at[1].limits, LIMIT_CONNECTIONS, 6);
	ck_assert_uint_eq(beta->weight, 1);
	ck_assert_uint_eq(beta->limits.has + beta->at_count, 0);
	config_destroy(config);
}
END_TEST

START_TEST(defaults_and_unknown)
{
	struct config *config = good(everything, sizeof(everything) - 1);

	check_limit(&config->gate, LIMIT_BYTE_RATE, 1000000000);
	check_limit(&config->each_customer, LIMIT_CONNECTIONS, 20);
	check_limit(&config->each_source, LIMIT_CONNECTIONS, 30);
	check_limit(&config->each_remote, LIMIT_CONNECTIONS, 40);
	ck_assert(config->unknown_customer.deny);
	ck_assert_uint_eq(config->unknown_customer.limits.has, 0);
	ck_assert(!config->unknown_provider.deny);
	check_limit(&config->unknown_provider.limits, LIMIT_CONNECTIONS, 2);
	config_destroy(config);
}
END_TEST

START_TEST(who_may_ask_over_tls)
{
	static const char text[] = "daemon: { listen: '[2001:db8::1]:8443', certificate: /c, key: /k, client-ca: /a }\n"
				   "access:\n"
				   "  - { name: g, right: read, token-sha256: "
				   "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff }\n"
				   "  - { name: n, right: admin, certificate: night-shift.example }\n";
	char *errors = NULL;
	struct config *config = config_parse("f", text, strlen(text), &errors);

	ck_assert_msg(config != NULL, "%s", errors);
	ck_assert_str_eq(config->settings.listen, "[2001:db8::1]:8443");
	ck_assert_str_eq(config->settings.client_ca, "/a");
	ck_assert_uint_eq(config->access_count, 2);
	const struct access *token = &config->access[0], *certificate = &config->access[1];
	ck_assert_str_eq(token->name, "g");
	ck_assert(token->has_token && !token->admin && token->certificate == NULL);
	for (unsigned i = 0; i < ACCESS_HASH - 1; i++)
		ck_assert_uint_eq(token->token[i], i);
	ck_assert_uint_eq(token->token[ACCESS_HASH - 1], 0xff);
	ck_assert_str_eq(certificate->certificate, "night-shift.example");
	ck_assert(!certificate->has_token && certificate->admin);
	config_destroy(config);
}
END_TEST

START_TEST(nothing_said)
{
	struct config *config = good("{}", 2);

	ck_assert_str_eq(config->settings.directory, "/var/lib/sluice");
	ck_assert_ptr_null(config->settings.resolver);
	ck_assert_uint_eq(config->settings.refuse, REFUSE_421);
	ck_assert_uint_eq(config->settings.refresh_min, 30 * S);
	ck_assert_uint_eq(config->settings.idle_timeout, 1200 * S);
	ck_assert_uint_eq(config->ports, 3);
	ck_assert_uint_eq(config->port[0], 25);
	ck_assert_uint_eq(config->port[1], 465);
	ck_assert_uint_eq(config->port[2], 587);
	ck_assert_uint_eq(config->provider_count + config->customer_count, 0);
	ck_assert_uint_eq(config->gate.has + config->each_customer.has + config->each_source.has, 0);
	ck_assert(!config->unknown_customer.deny && !config->unknown_provider.deny);
	config_destroy(config);
}
END_TEST

START_TEST(from_a_file)
{
	char path[UNIT_PATH], *errors = NULL;
	int descriptor = mkstemp(unit_template(path, "config"));
	const size_t size = sizeof(everything) - 1;

	ck_assert_int_ge(descriptor, 0);
	ck_assert_int_eq(write(descriptor, everything, size), (ssize_t)size);
	struct config *config = config_load(path, &errors);
	ck_assert_msg(config != NULL, "%s", errors);
	ck_assert_uint_eq(config->customer_count, 2);
	config_destroy(config);
	ck_assert_int_eq(ftruncate(descriptor, 0), 0);
	ck_assert_ptr_null(config_load(path, &errors));
	ck_assert_ptr_nonnull(strstr(errors, ":1:1: the file is empty\n"));
	free(errors);
	close(descriptor);
	unlink(path);
	ck_assert_ptr_null(config_load(path, &errors));
	ck_assert_ptr_nonnull(strstr(errors, ": No such file or directory\n"));
	free(errors);
}
END_TEST

static void put_file(const char *folder, const char *name, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void remove_all(const char *folder)
{
	static const char *const names[] = { "main", "more", "bad" };
	char path[64];

	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

/* Providers of another file are there for the customers that follow; its errors are said with its name. */
START_TEST(included)
{
	char folder[UNIT_PATH], path[UNIT_PATH + 8], *errors = NULL, said[512];

	ck_assert_ptr_nonnull(mkdtemp(unit_template(folder, "config")));
	snprintf(path, sizeof(path), "%s/main", folder);
	put_file(folder, "more", "providers: [{name: p, mx: ['*.p.example']}]\ndomains: [a.example]\n");
	put_file(folder, "bad", "customers: []\n");
	put_file(folder, "main",
		 "include: [more]\ndomains: [b.example]\n"
		 "customers: [{name: c, sources: [10.0.0.1], at: {p: {connections: 1}}}]\n");
	struct config *config = config_load(path, &errors);
	ck_assert_msg(config != NULL, "%s", errors);
	ck_assert_str_eq(config->providers[0].name, "p");
	ck_assert_uint_eq(config->domains.count, 2);
	config_destroy(config);

	put_file(folder, "main", "include: [bad, none]\ngates: {}\n");
	ck_assert_ptr_null(config_load(path, &errors));
	snprintf(said, sizeof(said),
		 "%s/bad:1:1: unknown key \"customers\"; expected one of: providers, domains\n"
		 "%s:1:16: include: \"none\": No such file or directory\n%s:2:1: unknown key \"gates\"; ",
		 folder, path, path);
	ck_assert_msg(strncmp(errors, said, strlen(said)) == 0, "%s", errors);
	free(errors);
	remove_all(folder);
}
END_TEST

UNIT_MAIN("config", included, scalars, providers, customers, defaults_and_unknown, who_may_ask_over_tls, nothing_said,
	  from_a_file)
