/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration: what text says, checked, with defaults filled in. Text in, struct out; config_load() alone
 * reads files. */
#ifndef SLUICE_CONFIG_H
#define SLUICE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "customers/tier.h"
#include "limit.h"
#include "scope.h"
#include "wire.h"

/* Scalars, one row each in settings.c. */
struct settings {
	char *gate_socket;
	char *directory, *admin_socket, *read_socket, *admin_group, *read_group, *resolver;
	char *listen, *certificate, *key, *client_ca;					   /* NULL: none */
	uint64_t refresh_min, refresh_max, keep_addresses;				   /* ns */
	uint64_t refuse;								   /* enum refuse_mode */
	uint64_t bulk_minimum;								   /* per cent */
	uint64_t max_hold, hold_banner, hold_command, hold_body, idle_timeout, queue_life; /* ns */
	uint64_t stale_after, blind_decay;						   /* ns */
	uint64_t import_tier;			/* enum tier: of imported customers whose file says none */
	uint64_t brake_mode;			/* enum brake_mode */
	uint64_t brake_factor, brake_burst;	/* times; ns */
	uint64_t blast_customers, blast_volume; /* per cent */
	uint64_t blast_least, blast_window;	/* customers; ns */
	uint64_t brake_connections, brake_messages, brake_bytes; /* an hour */
};

struct strings {
	char **text;
	size_t count;
};

struct prefix {
	struct address address;
	uint8_t plen;
};

struct source {
	struct prefix prefix;
	uint16_t port_low, port_high, vlan;
	uint32_t line, column; /* where it is written, from 0 on */
	enum stream stream;
};

struct provider {
	char *name;
	uint32_t id; /* given by the journal, not by the text */
	struct strings domains, mx, hosts;
	struct prefix *addresses;
	size_t address_count;
	struct limits limits, each_customer, each_source, each_remote;
};

/* Limits of a customer at one provider. */
struct at {
	char *provider;
	struct limits limits;
};

/* A mail domain with limits of its own, or whose addresses are told here. */
struct mail_domain {
	char *name; /* as domain_text() has it */
	struct address *addresses;
	size_t address_count;
	struct limits limits;
};

struct customer {
	char *name;
	uint32_t id;
	uint64_t weight; /* share among customers that wait for the same provider */
	struct source *sources;
	size_t source_count;
	struct limits limits;
	struct at *at;
	size_t at_count;
	struct strings members;	   /* of a pool, see pool.h; none: it is an ordinary customer */
	uint8_t tier;		   /* enum tier, as it is written */
	struct standing *standing; /* what became of that, see standings.h; NULL: nothing */
};

struct unknown {
	bool deny;
	struct limits limits;
};

#define ACCESS_HASH 32 /* SHA-256 */

/* Who may ask over TLS: by a token, of which only the hash is known, or by a certificate's common name. */
struct access {
	char *name, *certificate;
	uint8_t token[ACCESS_HASH];
	bool has_token, admin;
};

struct config {
	struct settings settings;
	uint16_t port[WIRE_PORTS_MAX];
	uint16_t ports;
	struct provider *providers;
	size_t provider_count;
	struct strings domains; /* whose MX hosts are their providers' by the patterns of these */
	struct mail_domain *mail_domains;
	size_t mail_domain_count;
	uint64_t domain_point; /* by which domains are named in keys; given by the journal, not by the text */
	struct customer *customers;
	size_t customer_count;
	size_t written_count;	   /* of them, those the text has: they stand first, imported ones behind them */
	uint32_t *by_name, *by_id; /* their places, see customers.h */
	struct member {
		const char *name; /* the pool's own */
		uint32_t pool;	  /* its place */
	} * members;		  /* of all pools, sorted */
	size_t member_count;
	struct limits gate, each_customer, each_source, each_remote, each_domain;
	struct limits ceiling[SCOPES]; /* for each of a scope, when the gate is blind */
	struct tiers tiers;
	struct unknown unknown_customer, unknown_provider;
	struct access *access;
	size_t access_count;
};

/* Parses `size` bytes of `text`; `file` is its name in messages. NULL when anything is wrong: then
 * *ret_errors has all of it, a line each, "file:line:column: what", to be freed. */
struct config *config_parse(const char *file, const char *text, size_t size, char **ret_errors);

/* The same from a file, and from those it includes. */
struct config *config_load(const char *file, char **ret_errors);

/* Of a text that is to stand in a file's place: checked as config_load() would. */
struct config *config_of_text(const char *file, const char *text, size_t size, char **ret_errors);

void config_destroy(struct config *config);

/* A file's bytes, with a 0 behind them, to be freed; NULL and errno when it cannot be read, or has more than 64 MiB. */
char *config_read_file(const char *file, size_t *ret_size);

bool prefix_equal(const struct prefix *a, const struct prefix *b);

const struct provider *config_provider(const struct config *config, const char *name);
const struct mail_domain *config_mail_domain(const struct config *config, const char *name);
const struct customer *config_customer(const struct config *config, const char *name);
const struct customer *config_customer_of(const struct config *config, uint32_t id);

#endif
