/* SPDX-License-Identifier: BSD-3-Clause */
#include "customers/customer_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/decision.h"
#include "units.h"

#define SOURCE_TEXT_MOST 128
#define WEIGHT_EXPECTED "a number from 1 to 1000"

_Static_assert(WEIGHT_MOST == 1000, "WEIGHT_EXPECTED says so");

bool customer_name_fits(const char *text)
{
	size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return size > 0 && size <= CUSTOMER_NAME_MOST && text[size] == '\0' && strcmp(text, "unknown") != 0;
}

/* Digits alone, and all of them; moves on past them. */
static bool take_port(const char **text, uint16_t *ret_port)
{
	size_t digits = strspn(*text, "0123456789");
	unsigned long port = strtoul(*text, NULL, 10);

	if (digits == 0 || digits > 5 || port > UINT16_MAX)
		return false;
	*text += digits;
	*ret_port = (uint16_t)port;
	return true;
}

bool ports_parse(const char *text, uint16_t *ret_low, uint16_t *ret_high)
{
	bool good = take_port(&text, ret_low);

	*ret_high = *ret_low;
	if (good && *text == '-') {
		text++;
		good = take_port(&text, ret_high);
	}
	return good && *text == '\0' && *ret_low <= *ret_high;
}

const char *weight_parse(const char *text, uint64_t *ret_weight)
{
	uint64_t weight;

	if (count_parse(text, &weight) < 0 || weight == 0 || weight > WEIGHT_MOST)
		return WEIGHT_EXPECTED;
	*ret_weight = weight;
	return NULL;
}

static const char *parse_stream(const char *text, enum stream *ret_stream)
{
	for (int stream = 0; stream < STREAMS; stream++) {
		if (strcmp(text, stream_name[stream]) != 0)
			continue;
		*ret_stream = (enum stream)stream;
		return NULL;
	}
	return "stream=bulk or stream=transactional";
}

static const char *parse_option(const char *text, struct source *source)
{
	uint64_t vlan;

	if (strncmp(text, "ports=", 6) == 0)
		return ports_parse(text + 6, &source->port_low, &source->port_high) ? NULL : "ports=" PORTS_EXPECTED;
	if (strncmp(text, "stream=", 7) == 0)
		return parse_stream(text + 7, &source->stream);
	if (strncmp(text, "vlan=", 5) != 0)
		return "ports=, vlan= or stream= after the prefix";
	if (count_parse(text + 5, &vlan) < 0 || vlan > 4094)
		return "vlan=" VLAN_EXPECTED;
	source->vlan = (uint16_t)vlan;
	return NULL;
}

static const char *parse_source(const char *text, size_t size, struct source *ret_source)
{
	char copy[SOURCE_TEXT_MOST], *rest = copy;

	*ret_source = (struct source){ .port_high = UINT16_MAX, .vlan = WIRE_VLAN_ANY };
	if (size >= sizeof(copy))
		return PREFIX_EXPECTED;
	memcpy(copy, text, size);
	copy[size] = '\0';
	if (prefix_parse(strsep(&rest, ";"), &ret_source->prefix.address, &ret_source->prefix.plen) < 0)
		return PREFIX_EXPECTED;
	for (char *option = strsep(&rest, ";"); option != NULL; option = strsep(&rest, ";")) {
		const char *expected = parse_option(option, ret_source);
		if (expected != NULL)
			return expected;
	}
	return NULL;
}

static bool add_source(struct customer *customer, const struct source *source)
{
	struct source *grown = realloc(customer->sources, (customer->source_count + 1) * sizeof(*grown));

	if (grown == NULL)
		return false;
	customer->sources = grown;
	grown[customer->source_count++] = *source;
	return true;
}

const char *sources_parse(const char *text, struct customer *customer)
{
	for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
		size_t size = strcspn(text, " ");
		struct source source;
		const char *expected = parse_source(text, size, &source);
		if (expected != NULL)
			return expected;
		if (customer->source_count == CUSTOMER_SOURCES_MOST)
			return "at most 256 sources";
		if (!add_source(customer, &source))
			return "memory for it";
		text += size;
	}
	return customer->source_count > 0 ? NULL : "at least one source";
}

static void print_source(FILE *stream, const struct source *source)
{
	char prefix[64];

	fputs(prefix_format(&source->prefix.address, source->prefix.plen, prefix, sizeof(prefix)), stream);
	if (source->port_low > 0 || source->port_high < UINT16_MAX)
		fprintf(stream, ";ports=%u-%u", source->port_low, source->port_high);
	if (source->vlan != WIRE_VLAN_ANY)
		fprintf(stream, ";vlan=%u", source->vlan);
	if (source->stream != STREAM_BULK) /* which nothing said comes to */
		fprintf(stream, ";stream=%s", stream_name[source->stream]);
}

char *sources_text(const struct customer *customer)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (stream == NULL)
		return NULL;
	for (size_t i = 0; i < customer->source_count; i++) {
		if (i > 0)
			fputc(' ', stream);
		print_source(stream, &customer->sources[i]);
	}
	if (fclose(stream) == 0)
		return text;
	free(text);
	return NULL;
}

/* A burst follows its rate after a blank: settings are told apart by a semicolon. */
const char *limits_parse(const char *text, struct limits *limits)
{
	char copy[VALUES_MAX], *rest = copy;
	const char *wrong = NULL;

	if (strlen(text) >= sizeof(copy))
		return "shorter limits";
	strcpy(copy, text);
	for (char *setting = strsep(&rest, ";"); setting != NULL && setting[0] != '\0'; setting = strsep(&rest, ";")) {
		const char *expected = decision_setting(setting, limits);
		wrong = wrong == NULL ? expected : wrong; /* the others count all the same */
	}
	return wrong;
}

struct limits *customer_add_at(struct customer *customer, const char *provider)
{
	struct at *grown = realloc(customer->at, (customer->at_count + 1) * sizeof(*grown));

	if (grown == NULL)
		abort(); /* a configuration that does not fit into memory */
	customer->at = grown;
	grown += customer->at_count++;
	*grown = (struct at){ .provider = strdup(provider) };
	if (grown->provider == NULL)
		abort();
	return &grown->limits;
}

const char *at_parse(const char *text, struct customer *customer)
{
	char copy[CUSTOMER_NAME_MOST + VALUES_MAX];

	while (*text != '\0') {
		const size_t size = strcspn(text, "|"), name = strcspn(text, " |");
		if (name == size || size >= sizeof(copy))
			return "a provider and its limits";
		memcpy(copy, text, size);
		copy[size] = copy[name] = '\0';
		const char *expected = limits_parse(copy + name + 1, customer_add_at(customer, copy));
		if (expected != NULL)
			return expected;
		text += size + (text[size] == '|');
	}
	return NULL;
}

char *at_text(const struct customer *customer)
{
	char *text = NULL, limits[VALUES_MAX];
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (stream == NULL)
		return NULL;
	for (size_t i = 0; i < customer->at_count; i++)
		fprintf(stream, "%s%s %s", i > 0 ? "|" : "", customer->at[i].provider,
			limits_format(&customer->at[i].limits, ';', limits, sizeof(limits)));
	if (fclose(stream) == 0)
		return text;
	free(text);
	return NULL;
}

static void add_member(struct customer *customer, const char *name)
{
	struct strings *members = &customer->members;
	char **grown = realloc(members->text, (members->count + 1) * sizeof(*grown));

	if (grown == NULL)
		abort(); /* a configuration that does not fit into memory */
	members->text = grown;
	grown[members->count] = strdup(name);
	if (grown[members->count++] == NULL)
		abort();
}

const char *members_parse(const char *text, struct customer *customer)
{
	char name[CUSTOMER_NAME_MOST + 1];

	for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
		const size_t size = strcspn(text, " ");
		snprintf(name, sizeof(name), "%.*s", (int)size, text);
		if (size > CUSTOMER_NAME_MOST || !customer_name_fits(name))
			return "names of 1 to 64 letters, digits, - _ . (and not \"unknown\"), apart by blanks";
		add_member(customer, name);
		text += size;
	}
	return NULL;
}

char *members_text(const struct customer *customer)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (stream == NULL)
		return NULL;
	for (size_t i = 0; i < customer->members.count; i++)
		fprintf(stream, "%s%s", i > 0 ? " " : "", customer->members.text[i]);
	if (fclose(stream) == 0)
		return text;
	free(text);
	return NULL;
}
