/* SPDX-License-Identifier: BSD-3-Clause */
#include "units.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000000000ull
#define PACKET_BYTES 15000u /* least default burst of a byte rate: ten full packets */

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit durations[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", SECOND },
	{ "min", 60 * SECOND },
	{ "h", 3600 * SECOND },
	{ "d", 86400 * SECOND },
	{ "m", 60 * SECOND },
	{ "w", 604800 * SECOND },
	{ NULL, 0 },
};

static const struct unit counts[] = { { "", 1 }, { "k", 1000 }, { "M", 1000000 }, { "G", 1000000000 }, { NULL, 0 } };

static const struct unit sizes[] = {
	{ "", 1 },	  { "B", 1 },	     { "k", 1000 },	     { "kB", 1000 },
	{ "M", 1000000 }, { "MB", 1000000 }, { "G", 1000000000 },    { "GB", 1000000000 },
	{ "KiB", 1024 },  { "kiB", 1024 },   { "MiB", 1024 * 1024 }, { "GiB", 1024 * 1024 * 1024 },
	{ NULL, 0 },
};

static const struct unit bits[] = {
	{ "bit", 1 }, { "kbit", 1000 }, { "Mbit", 1000000 }, { "Gbit", 1000000000 }, { NULL, 0 }
};

/* The digits at *text; moves on past them. */
static int take_number(const char **text, uint64_t *ret_number)
{
	char *end;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	errno = 0;
	unsigned long long number = strtoull(*text, &end, 10);
	if (errno != 0)
		return -ERANGE;
	*text = end;
	*ret_number = number;
	return 0;
}

/* The word of letters at *text, as a row of `units`; moves on past it. */
static const struct unit *take_unit(const char **text, const struct unit *units)
{
	size_t size = 0;

	while (isalpha((unsigned char)(*text)[size]))
		size++;
	for (const struct unit *unit = units; unit->name != NULL; unit++) {
		if (strlen(unit->name) != size || strncmp(unit->name, *text, size) != 0)
			continue;
		*text += size;
		return unit;
	}
	return NULL;
}

static int take_amount(const char **text, const struct unit *units, uint64_t *ret_amount)
{
	uint64_t number, amount;
	int ret = take_number(text, &number);

	if (ret < 0)
		return ret;
	const struct unit *unit = take_unit(text, units);
	if (unit == NULL)
		return -EINVAL;
	if (__builtin_mul_overflow(number, unit->factor, &amount))
		return -ERANGE;
	*ret_amount = amount;
	return 0;
}

static int whole_amount(const char *text, const struct unit *units, uint64_t *ret_amount)
{
	uint64_t amount;
	int ret = take_amount(&text, units, &amount);

	if (ret < 0)
		return ret;
	if (*text != '\0')
		return -EINVAL;
	*ret_amount = amount;
	return 0;
}

int duration_parse(const char *text, uint64_t *ret_ns)
{
	uint64_t total = 0, part;

	do {
		int ret = take_amount(&text, durations, &part);
		if (ret < 0)
			return ret;
		if (__builtin_add_overflow(total, part, &total))
			return -ERANGE;
	} while (*text != '\0');
	*ret_ns = total;
	return 0;
}

int count_parse(const char *text, uint64_t *ret_count)
{
	return whole_amount(text, counts, ret_count);
}

int size_parse(const char *text, uint64_t *ret_bytes)
{
	return whole_amount(text, sizes, ret_bytes);
}

/* "s", "min", "5s": the time after the stroke. */
static int take_per(const char **text, uint64_t *ret_ns)
{
	uint64_t number = 1, ns;

	if (isdigit((unsigned char)**text) && take_number(text, &number) < 0)
		return -ERANGE;
	const struct unit *unit = take_unit(text, durations);
	if (unit == NULL || number == 0)
		return -EINVAL;
	if (__builtin_mul_overflow(number, unit->factor, &ns))
		return -ERANGE;
	*ret_ns = ns;
	return 0;
}

static int take_rate_amount(enum limit_kind kind, const char **text, uint64_t *ret_amount)
{
	const char *at = *text;
	int ret = take_amount(text, kind == LIMIT_BYTE_RATE ? sizes : counts, ret_amount);

	if (ret != -EINVAL || kind != LIMIT_BYTE_RATE)
		return ret;
	*text = at;
	uint64_t number;
	ret = take_amount(text, bits, &number);
	if (ret < 0)
		return ret;
	if (number > 0 && number < 8)
		return -EINVAL; /* less than a byte would be none */
	*ret_amount = number / 8;
	return 0;
}

static uint64_t default_burst(enum limit_kind kind, const struct limit *limit)
{
	if (kind != LIMIT_BYTE_RATE)
		return 1;
	__uint128_t tenth = (__uint128_t)limit->amount * (SECOND / 10) / limit->per_ns;
	if (tenth > UINT64_MAX)
		return UINT64_MAX;
	return tenth > PACKET_BYTES ? (uint64_t)tenth : PACKET_BYTES;
}

static int take_burst(enum limit_kind kind, const char *text, uint64_t *ret_burst)
{
	static const char word[] = "burst";

	while (*text == ' ')
		text++;
	if (strncmp(text, word, sizeof(word) - 1) != 0)
		return -EINVAL;
	text += sizeof(word) - 1;
	while (*text == ' ')
		text++;
	int ret = kind == LIMIT_BYTE_RATE ? size_parse(text, ret_burst) : count_parse(text, ret_burst);
	return ret == 0 && *ret_burst == 0 ? -EINVAL : ret;
}

int rate_parse(enum limit_kind kind, const char *text, struct limit *ret_limit)
{
	struct limit limit;
	int ret = take_rate_amount(kind, &text, &limit.amount);

	if (ret < 0)
		return ret;
	if (*text++ != '/')
		return -EINVAL;
	ret = take_per(&text, &limit.per_ns);
	if (ret < 0)
		return ret;
	limit.burst = default_burst(kind, &limit);
	if (*text == ' ')
		ret = take_burst(kind, text, &limit.burst);
	else if (*text != '\0')
		return -EINVAL;
	if (ret == 0)
		*ret_limit = limit;
	return ret;
}

int limit_parse(enum limit_kind kind, const char *text, struct limit *ret_limit)
{
	uint64_t count;

	if (kind != LIMIT_CONNECTIONS)
		return rate_parse(kind, text, ret_limit);
	int ret = count_parse(text, &count);
	if (ret == 0)
		*ret_limit = (struct limit){ .amount = count, .per_ns = 1, .burst = 1 };
	return ret;
}

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

int address_parse(const char *text, struct address *ret_address)
{
	struct address address;

	if (inet_pton(AF_INET6, text, address.byte) == 1) {
		*ret_address = address;
		return 0;
	}
	memcpy(address.byte, mapped, sizeof(mapped));
	if (inet_pton(AF_INET, text, address.byte + 12) != 1)
		return -EINVAL;
	*ret_address = address;
	return 0;
}

static bool is_ipv4(const struct address *address)
{
	return memcmp(address->byte, mapped, sizeof(mapped)) == 0;
}

/* The bits after the prefix must be 0: a typing error there would silently mean something else. */
static bool is_network(const struct address *address, uint8_t plen)
{
	for (unsigned bit = plen; bit < 128; bit++)
		if (address->byte[bit / 8] & 0x80u >> bit % 8)
			return false;
	return true;
}

int prefix_parse(const char *text, struct address *ret_address, uint8_t *ret_plen)
{
	char host[INET6_ADDRSTRLEN];
	struct address address;
	const char *stroke = strchr(text, '/');
	size_t size = stroke != NULL ? (size_t)(stroke - text) : strlen(text);
	uint64_t plen;

	if (size >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, size);
	host[size] = '\0';
	if (address_parse(host, &address) < 0)
		return -EINVAL;
	bool ipv4 = strchr(host, ':') == NULL;
	plen = ipv4 ? 32 : 128;
	if (stroke != NULL && (count_parse(stroke + 1, &plen) < 0 || plen > (ipv4 ? 32 : 128)))
		return -EINVAL;
	plen += ipv4 ? 96 : 0;
	if (!is_network(&address, (uint8_t)plen))
		return -EINVAL;
	*ret_address = address;
	*ret_plen = (uint8_t)plen;
	return 0;
}

/* The largest unit that divides it. */
static const struct unit *unit_of(const struct unit *units, size_t count, uint64_t amount)
{
	const struct unit *best = &units[0];

	for (size_t i = 0; i < count; i++)
		if (amount % units[i].factor == 0 && units[i].factor >= best->factor)
			best = &units[i];
	return best;
}

char *duration_format(uint64_t ns, char *out, size_t size)
{
	const struct unit *unit = ns == 0 ? &durations[3] : unit_of(durations, 7, ns);

	snprintf(out, size, "%llu%s", (unsigned long long)(ns / unit->factor), unit->name);
	return out;
}

char *span_format(uint64_t ns, char *out, size_t size)
{
	static const struct unit units[] = { { "d", 86400 * SECOND },
					     { "h", 3600 * SECOND },
					     { "min", 60 * SECOND },
					     { "s", SECOND },
					     { "ms", 1000000 } };
	const size_t last = sizeof(units) / sizeof(units[0]) - 1;
	size_t first = 0;

	while (first < last && ns < units[first].factor)
		first++;
	unsigned long long whole = ns / units[first].factor;
	unsigned long long part = first + 1 < last ? ns % units[first].factor / units[first + 1].factor : 0;
	if (part > 0)
		snprintf(out, size, "%llu%s %llu%s", whole, units[first].name, part, units[first + 1].name);
	else
		snprintf(out, size, "%llu%s", whole, units[first].name);
	return out;
}

static void per_format(uint64_t per_ns, char *out, size_t size)
{
	const struct unit *unit = unit_of(durations, 7, per_ns);

	if (unit->factor == per_ns)
		snprintf(out, size, "%s", unit->name);
	else
		snprintf(out, size, "%llu%s", (unsigned long long)(per_ns / unit->factor), unit->name);
}

static const struct unit decimal_sizes[] = { { "B", 1 }, { "kB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 } };

static void bytes_format(uint64_t bytes, char *out, size_t size)
{
	const struct unit *unit = bytes == 0 ? &decimal_sizes[0] : unit_of(decimal_sizes, 4, bytes);

	snprintf(out, size, "%llu%s", (unsigned long long)(bytes / unit->factor), unit->name);
}

char *limit_format(enum limit_kind kind, const struct limit *limit, char *out, size_t size)
{
	char amount[32], per[32], burst[32];

	if (kind == LIMIT_CONNECTIONS) {
		snprintf(out, size, "%llu", (unsigned long long)limit->amount);
		return out;
	}
	per_format(limit->per_ns, per, sizeof(per));
	if (kind == LIMIT_BYTE_RATE) {
		bytes_format(limit->amount, amount, sizeof(amount));
		bytes_format(limit->burst, burst, sizeof(burst));
	} else {
		snprintf(amount, sizeof(amount), "%llu", (unsigned long long)limit->amount);
		snprintf(burst, sizeof(burst), "%llu", (unsigned long long)limit->burst);
	}
	snprintf(out, size, "%s/%s burst %s", amount, per, burst);
	return out;
}

char *limits_format(const struct limits *limits, char separator, char *out, size_t size)
{
	const char between[] = { separator, '\0' };
	size_t used = 0;
	char text[96];

	out[0] = '\0';
	for (int kind = 0; kind < LIMIT_KINDS && used < size; kind++)
		if (limits->has & 1u << kind)
			used += (size_t)snprintf(out + used, size - used, "%s%s=%s", used > 0 ? between : "",
						 limit_kind_name[kind],
						 limit_format(kind, &limits->kind[kind], text, sizeof(text)));
	return out;
}

char *address_format(const struct address *address, char *out, size_t size)
{
	char text[INET6_ADDRSTRLEN];

	if (is_ipv4(address))
		inet_ntop(AF_INET, address->byte + 12, text, sizeof(text));
	else
		inet_ntop(AF_INET6, address->byte, text, sizeof(text));
	snprintf(out, size, "%s", text);
	return out;
}

char *prefix_format(const struct address *address, uint8_t plen, char *out, size_t size)
{
	char text[INET6_ADDRSTRLEN];
	bool ipv4 = is_ipv4(address) && plen >= 96;

	address_format(address, text, sizeof(text));
	if (plen == 128)
		snprintf(out, size, "%s", text);
	else
		snprintf(out, size, "%s/%u", text, ipv4 ? plen - 96u : plen);
	return out;
}
