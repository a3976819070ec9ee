/* SPDX-License-Identifier: BSD-3-Clause */
/* Human units: what is read can be written, and read again as the same. A text that is refused changes nothing. */
#include "fuzz.h"

#include "units.h"

static void number(int (*parse)(const char *text, uint64_t *ret), const char *text)
{
	uint64_t value = 4711;

	if (parse(text, &value) < 0)
		must(value == 4711);
}

static void duration(const char *text)
{
	uint64_t ns = 4711, again = 0;
	char out[64];

	if (duration_parse(text, &ns) < 0)
		must(ns == 4711);
	else
		must(duration_parse(duration_format(ns, out, sizeof(out)), &again) == 0 && again == ns);
}

static void limit(enum limit_kind kind, const char *text)
{
	const struct limit before = { 4, 7, 11 };
	struct limit limit = before, again;
	char out[128];

	if (limit_parse(kind, text, &limit) < 0) {
		must(memcmp(&limit, &before, sizeof(limit)) == 0);
		return;
	}
	must(limit.per_ns > 0 && limit.burst > 0);
	must(limit_parse(kind, limit_format(kind, &limit, out, sizeof(out)), &again) == 0);
	must(memcmp(&limit, &again, sizeof(limit)) == 0);
}

static void prefix(const char *text)
{
	struct address address, again;
	uint8_t plen, again_plen;
	char out[128];

	if (address_parse(text, &address) == 0)
		must(address_parse(address_format(&address, out, sizeof(out)), &again) == 0 &&
		     memcmp(&address, &again, sizeof(address)) == 0);
	if (prefix_parse(text, &address, &plen) < 0)
		return;
	must(plen <= 128 && prefix_parse(prefix_format(&address, plen, out, sizeof(out)), &again, &again_plen) == 0);
	must(plen == again_plen && memcmp(&address, &again, sizeof(address)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	char *text = take_text(&bytes);

	number(count_parse, text);
	number(size_parse, text);
	duration(text);
	for (int kind = 0; kind < LIMIT_KINDS; kind++)
		limit(kind, text);
	prefix(text);
	free(text);
	return 0;
}
