/* SPDX-License-Identifier: BSD-3-Clause */
#include "config/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "endpoint.h"
#include "units.h"

#define FIELD(name) offsetof(struct settings, name)
#define MS 1000000ull
#define S (1000 * MS)
#define H (3600 * S)

const struct setting setting_rows[] = {
	{ "gate", "socket", SETTING_PATH, FIELD(gate_socket), 0, 0, "/run/sluice/gate.sock",
	  "the gate's control socket" },
	{ "daemon", "directory", SETTING_PATH, FIELD(directory), 0, 0, "/var/lib/sluice", "where decisions are kept" },
	{ "daemon", "admin-socket", SETTING_PATH, FIELD(admin_socket), 0, 0, "/run/sluice/admin.sock",
	  "socket for all commands" },
	{ "daemon", "read-socket", SETTING_PATH, FIELD(read_socket), 0, 0, "/run/sluice/read.sock",
	  "socket for commands that only read" },
	{ "daemon", "admin-group", SETTING_TEXT, FIELD(admin_group), 0, 0, "root", "group that may use admin-socket" },
	{ "daemon", "read-group", SETTING_TEXT, FIELD(read_group), 0, 0, "root", "group that may use read-socket" },
	{ "daemon", "listen", SETTING_ENDPOINT, FIELD(listen), 0, 0, NULL,
	  "the API over TLS, for those under access; default: none" },
	{ "daemon", "certificate", SETTING_PATH, FIELD(certificate), 0, 0, NULL, "the server's, PEM, with its chain" },
	{ "daemon", "key", SETTING_PATH, FIELD(key), 0, 0, NULL, "its private key, PEM" },
	{ "daemon", "client-ca", SETTING_PATH, FIELD(client_ca), 0, 0, NULL,
	  "who signs clients' certificates, PEM; default: none are asked for" },
	{ "daemon", "resolver", SETTING_ADDRESS, FIELD(resolver), 0, 0, NULL, "DNS server; default: the system's" },
	{ "daemon", "refresh-min", SETTING_DURATION, FIELD(refresh_min), S, 24 * H, "30s",
	  "DNS answers are kept at least so long" },
	{ "daemon", "refresh-max", SETTING_DURATION, FIELD(refresh_max), S, 24 * H, "1h",
	  "DNS answers are kept at most so long" },
	{ "daemon", "keep-addresses", SETTING_DURATION, FIELD(keep_addresses), 0, 720 * H, "1d",
	  "an address stays its provider's so long after DNS has ceased to give it" },
	{ "smtp", "refuse", SETTING_REFUSE, FIELD(refuse), 0, 0, "421", "how new connections are refused: 421 or rst" },
	{ "smtp", "max-hold", SETTING_DURATION, FIELD(max_hold), 0, 600 * S, "3s",
	  "a new connection waits at most so long for its turn" },
	{ "smtp", "idle-timeout", SETTING_DURATION, FIELD(idle_timeout), S, 168 * H, "20min",
	  "a silent connection is forgotten after so long" },
	{ "smtp", "queue-life", SETTING_DURATION, FIELD(queue_life), H, 720 * H, "5d",
	  "MTAs give up mail after so long: quarantines older than half of it, or a day, are an alarm" },
	{ "smtp", "bulk-minimum", SETTING_PERCENT, FIELD(bulk_minimum), 0, 0, "10%",
	  "what bulk mail is sure of where transactional mail waits too" },
	{ "blind", "stale-after", SETTING_DURATION, FIELD(stale_after), S, 168 * H, "10min",
	  "the gate grows blind when the daemon is silent for longer" },
	{ "blind", "decay", SETTING_DURATION, FIELD(blind_decay), 0, 168 * H, "10min",
	  "limits reach their ceilings over so long, and are back over as long" },
	{ "import", "tier", SETTING_TIER, FIELD(import_tier), 0, 0, "normal",
	  "of imported customers of whom their file says none, when they come" },
	{ "blast-radius", "customers", SETTING_PERCENT, FIELD(blast_customers), 0, 0, "10%",
	  "an order that makes it more of them than this, within window, waits for sluicectl confirm" },
	{ "blast-radius", "volume", SETTING_PERCENT, FIELD(blast_volume), 0, 0, "25%",
	  "the same of their usual mail, as far as the spike brake has learned it" },
	{ "blast-radius", "window", SETTING_DURATION, FIELD(blast_window), S, 24 * H, "10min",
	  "orders of so long count together" },
	{ "blast-radius", "at-least", SETTING_COUNT, FIELD(blast_least), 1, 1000000000, "50",
	  "so many customers are never too many" },
	{ "brake", "mode", SETTING_CHOICE, FIELD(brake_mode), 0, 0, "off",
	  "the spike brake: off, learn what is usual, or hold customers to it", "off learn hold" },
	{ "brake", "factor", SETTING_COUNT, FIELD(brake_factor), 1, BRAKE_FACTOR_MOST, "5",
	  "a customer may send so many times what is usual for it at this hour of the week" },
	{ "brake", "burst", SETTING_DURATION, FIELD(brake_burst), S, 24 * H, "12min",
	  "of that, what so long gives may leave at once" },
	{ "brake", "connections", SETTING_COUNT, FIELD(brake_connections), 1, 1000000000000, "1000",
	  "an hour, that each customer may make however little is usual" },
	{ "brake", "messages", SETTING_COUNT, FIELD(brake_messages), 1, 1000000000000, "1000",
	  "an hour, that each may send however little is usual" },
	{ "brake", "bytes", SETTING_SIZE, FIELD(brake_bytes), 1000000, 1000000000000000, "1GB",
	  "an hour, that each may send however little is usual" },
	{ "hold-budget", "banner", SETTING_DURATION, FIELD(hold_banner), 0, 600 * S, "30s",
	  "longest hold before the server's banner" },
	{ "hold-budget", "command", SETTING_DURATION, FIELD(hold_command), 0, 600 * S, "3s",
	  "longest hold of commands" },
	{ "hold-budget", "body", SETTING_DURATION, FIELD(hold_body), 0, 600 * S, "30s",
	  "longest hold inside a message" },
};

const size_t setting_count = sizeof(setting_rows) / sizeof(setting_rows[0]);

const struct setting *setting_find(const char *section, const char *key)
{
	for (size_t i = 0; i < setting_count; i++)
		if (strcmp(setting_rows[i].section, section) == 0 && strcmp(setting_rows[i].key, key) == 0)
			return &setting_rows[i];
	return NULL;
}

static const char *set_text(const struct setting *setting, void *settings, const char *text)
{
	char **field = (char **)((char *)settings + setting->offset);
	struct address address;
	struct endpoint endpoint;

	if (text[0] == '\0')
		return "a text that is not empty";
	if (setting->type == SETTING_PATH && (text[0] != '/' || strlen(text) > 100))
		return "an absolute path of at most 100 bytes";
	if (setting->type == SETTING_ENDPOINT && endpoint_parse(text, &endpoint) < 0)
		return "an address and a port, such as 192.0.2.1:8443 or [2001:db8::1]:8443";
	if (setting->type == SETTING_ADDRESS && address_parse(text, &address) < 0)
		return "an IPv4 or IPv6 address";
	free(*field);
	*field = strdup(text);
	return NULL;
}

static const char *set_duration(const struct setting *setting, void *settings, const char *text)
{
	static char expected[96];
	char least[32], most[32];
	uint64_t ns;

	if (duration_parse(text, &ns) == 0 && ns >= setting->least && ns <= setting->most) {
		memcpy((char *)settings + setting->offset, &ns, sizeof(ns));
		return NULL;
	}
	snprintf(expected, sizeof(expected), "a duration from %s to %s, such as 30s",
		 duration_format(setting->least, least, sizeof(least)),
		 duration_format(setting->most, most, sizeof(most)));
	return expected;
}

static const char *set_refuse(const struct setting *setting, void *settings, const char *text)
{
	uint64_t mode = strcmp(text, "rst") == 0 ? REFUSE_RST : REFUSE_421;

	if (mode == REFUSE_421 && strcmp(text, "421") != 0)
		return "421 or rst";
	memcpy((char *)settings + setting->offset, &mode, sizeof(mode));
	return NULL;
}

static const char *set_percent(const struct setting *setting, void *settings, const char *text)
{
	char *end;
	uint64_t percent = strtoul(text, &end, 10);

	if (strspn(text, "0123456789") == 0 || strcmp(end, "%") != 0 || percent > 100)
		return "a share from 0% to 100%, such as 10%";
	memcpy((char *)settings + setting->offset, &percent, sizeof(percent));
	return NULL;
}

static const char *set_tier(const struct setting *setting, void *settings, const char *text)
{
	uint64_t tier = tier_find(text);

	if (tier == TIERS)
		return TIER_EXPECTED;
	memcpy((char *)settings + setting->offset, &tier, sizeof(tier));
	return NULL;
}

static const char *set_choice(const struct setting *setting, void *settings, const char *text)
{
	static char expected[96];
	uint64_t place = 0;

	for (const char *word = setting->choices; *word != '\0'; word += strspn(word, " "), place++) {
		size_t size = strcspn(word, " ");
		if (strlen(text) == size && memcmp(text, word, size) == 0) {
			memcpy((char *)settings + setting->offset, &place, sizeof(place));
			return NULL;
		}
		word += size;
	}
	snprintf(expected, sizeof(expected), "one of: %s", setting->choices);
	return expected;
}

/* A count, or a size in bytes. */
static const char *set_number(const struct setting *setting, void *settings, const char *text)
{
	static char expected[96];
	bool size = setting->type == SETTING_SIZE;
	uint64_t number;

	if ((size ? size_parse(text, &number) : count_parse(text, &number)) == 0 && number >= setting->least &&
	    number <= setting->most) {
		memcpy((char *)settings + setting->offset, &number, sizeof(number));
		return NULL;
	}
	snprintf(expected, sizeof(expected), "a %s from %llu to %llu, such as %s", size ? "size" : "count",
		 (unsigned long long)setting->least, (unsigned long long)setting->most, setting->initial);
	return expected;
}

const char *setting_set(const struct setting *setting, void *settings, const char *text)
{
	switch (setting->type) {
	case SETTING_DURATION:
		return set_duration(setting, settings, text);
	case SETTING_REFUSE:
		return set_refuse(setting, settings, text);
	case SETTING_PERCENT:
		return set_percent(setting, settings, text);
	case SETTING_TIER:
		return set_tier(setting, settings, text);
	case SETTING_CHOICE:
		return set_choice(setting, settings, text);
	case SETTING_COUNT:
	case SETTING_SIZE:
		return set_number(setting, settings, text);
	default:
		return set_text(setting, settings, text);
	}
}
