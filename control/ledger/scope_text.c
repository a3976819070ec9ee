/* SPDX-License-Identifier: BSD-3-Clause */
#include "ledger/scope_text.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "units.h"

enum part { PART_GATE, PART_CUSTOMER, PART_PROVIDER, PART_SOURCE, PART_REMOTE, PART_DOMAIN, PARTS };

static const char *const part_name[PARTS] = { "gate", "customer", "provider", "source", "remote", "domain" };

/* Which scope a set of parts makes. */
static const struct {
	unsigned parts;
	enum scope scope;
} combinations[] = {
	{ 1u << PART_GATE, SCOPE_GATE },
	{ 1u << PART_CUSTOMER, SCOPE_CUSTOMER },
	{ 1u << PART_PROVIDER, SCOPE_PROVIDER },
	{ 1u << PART_SOURCE, SCOPE_SOURCE },
	{ 1u << PART_REMOTE, SCOPE_REMOTE },
	{ 1u << PART_DOMAIN, SCOPE_DOMAIN },
	{ 1u << PART_CUSTOMER | 1u << PART_PROVIDER, SCOPE_CUSTOMER_PROVIDER },
	{ 1u << PART_SOURCE | 1u << PART_PROVIDER, SCOPE_SOURCE_PROVIDER },
};

const char *const scope_kind_name[SCOPES] = {
	[SCOPE_CUSTOMER_PROVIDER] = "customer/provider",
	[SCOPE_SOURCE_PROVIDER] = "source/provider",
	[SCOPE_REMOTE] = "remote",
	[SCOPE_CUSTOMER] = "customer",
	[SCOPE_SOURCE] = "source",
	[SCOPE_DOMAIN] = "domain",
	[SCOPE_PROVIDER] = "provider",
	[SCOPE_GATE] = "gate",
};

static int find_part(const char *text, size_t size)
{
	for (int part = 0; part < PARTS; part++)
		if (strlen(part_name[part]) == size && strncmp(part_name[part], text, size) == 0)
			return part;
	return -EINVAL;
}

static int set_name(uint32_t (*find)(void *context, const char *name, char *error), void *context, const char *name,
		    uint32_t *ret_id, char *ret_error)
{
	*ret_id = ID_UNKNOWN;
	if (strcmp(name, "unknown") == 0)
		return 0;
	*ret_id = find(context, name, ret_error);
	return *ret_id != 0 ? 0 : -EINVAL;
}

/* "::" stands for any in a key, and "0.0.0.0" is nobody's. */
static bool is_zero(const struct address *address)
{
	static const struct address zero[] = { { { 0 } }, { { [10] = 0xff, [11] = 0xff } } };

	return memcmp(address, &zero[0], sizeof(*address)) == 0 || memcmp(address, &zero[1], sizeof(*address)) == 0;
}

/* RFC 5321 section 4.1.2, and UTF-8 as RFC 6531 has it. The root's dot is nobody's. */
bool domain_text(const char *text, char *ret_domain)
{
	size_t size = strlen(text);

	if (size > 1 && text[size - 1] == '.')
		size--;
	if (size == 0 || size >= DOMAIN_TEXT_MAX || text[0] == '.' || text[0] == '-')
		return false;
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)text[i];
		if (!isalnum(byte) && strchr("-._", byte) == NULL && byte < 0x80)
			return false;
		ret_domain[i] = (char)(byte < 0x80 ? tolower(byte) : byte);
	}
	ret_domain[size] = '\0';
	return true;
}

static int set_domain(struct scope_key *key, const char *value, struct domain_key domains, char *ret_error)
{
	char domain[DOMAIN_TEXT_MAX];

	if (domain_text(value, domain)) {
		key->address = domain_scope(domain_of(domains, domain, strlen(domain))).address;
		return 0;
	}
	snprintf(ret_error, SCOPE_ERROR_MAX, "\"%.100s\" is not a mail domain", value);
	return -EINVAL;
}

static int set_part(struct scope_key *key, enum part part, const char *value, const struct name_finder *finder,
		    char *ret_error)
{
	switch (part) {
	case PART_CUSTOMER:
		return set_name(finder->customer, finder->context, value, &key->customer, ret_error);
	case PART_PROVIDER:
		return set_name(finder->provider, finder->context, value, &key->provider, ret_error);
	case PART_SOURCE:
	case PART_REMOTE:
		if (address_parse(value, &key->address) == 0 && !is_zero(&key->address))
			return 0;
		snprintf(ret_error, SCOPE_ERROR_MAX, "\"%.200s\" is not an IPv4 or IPv6 address", value);
		return -EINVAL;
	case PART_DOMAIN:
		return set_domain(key, value, finder->domains, ret_error);
	default:
		return 0;
	}
}

/* "customer:acme": up to a stroke, or the end. */
static int take_part(const char **text, const struct name_finder *finder, struct scope_key *key, unsigned *parts,
		     char *ret_error)
{
	size_t size = strcspn(*text, "/"), word = strcspn(*text, ":/");
	char value[DOMAIN_TEXT_MAX];
	int part = find_part(*text, word);
	bool valued = (*text)[word] == ':';

	if (part < 0 || valued != (part != PART_GATE) || size - word > sizeof(value) || *parts & 1u << part) {
		snprintf(ret_error, SCOPE_ERROR_MAX,
			 "\"%.60s\" is not a scope; write gate, customer:C, provider:P, customer:C/provider:P, "
			 "source:IP, "
			 "source:IP/provider:P, remote:IP or domain:D",
			 *text);
		return -EINVAL;
	}
	snprintf(value, sizeof(value), "%.*s", valued ? (int)(size - word - 1) : 0, *text + word + 1);
	*parts |= 1u << part;
	*text += size;
	return set_part(key, part, value, finder, ret_error);
}

int scope_parse(const char *text, const struct name_finder *finder, struct scope_key *ret_key, char *ret_error)
{
	struct scope_key key;
	const char *at = text;
	unsigned parts = 0;
	int ret;

	memset(&key, 0, sizeof(key));
	do {
		at += at > text; /* over the stroke */
		ret = take_part(&at, finder, &key, &parts, ret_error);
		if (ret < 0)
			return ret;
	} while (*at == '/');
	for (size_t i = 0; i < sizeof(combinations) / sizeof(combinations[0]); i++) {
		if (combinations[i].parts != parts)
			continue;
		key.scope = (uint8_t)combinations[i].scope;
		*ret_key = key;
		return 0;
	}
	snprintf(ret_error, SCOPE_ERROR_MAX, "\"%.60s\": these do not go together in one scope", text);
	return -EINVAL;
}

bool scope_complete(const char *text, char *out, size_t size)
{
	bool bare = strcspn(text, ":") >= strcspn(text, "/") && strcmp(text, "gate") != 0 && text[0] != '/';

	return (size_t)snprintf(out, size, "%s%s", bare ? "customer:" : "", text) < size;
}
