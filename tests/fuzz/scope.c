/* SPDX-License-Identifier: BSD-3-Clause */
/* Scopes as people write them: what is taken here, the gate takes too. */
#include "fuzz.h"

#include <stdio.h>

#include "apply.h"
#include "ledger/scope_text.h"
#include "table_write.h"
#include "wire.h"

static uint32_t find(void *context, const char *name, char *error)
{
	(void)context;
	if (strcmp(name, "acme") == 0)
		return 1;
	if (strcmp(name, "google") == 0)
		return 2;
	snprintf(error, SCOPE_ERROR_MAX, "no \"%s\"", name);
	return 0;
}

static void put_to_gate(const struct scope_key *key)
{
	const struct wire_BEGIN begin = { .generation = 1, .mode = WIRE_FULL };
	const struct wire_PUT_LIMITS limits = { .key = *key, .limits.has = 1 };
	struct apply apply = { .store = table_store_create() };
	char error[WIRE_ERROR_MAX];

	must(apply.store != NULL && apply_begin(&apply, &begin, error) == 0);
	must(apply_record(&apply, WIRE_PUT_LIMITS, &limits, error) == 0);
	apply_abort(&apply);
	table_store_destroy(apply.store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct name_finder finder = { find, find, NULL, { 12345678901 } };
	struct bytes bytes = { data, size };
	char error[SCOPE_ERROR_MAX] = "", *text = take_text(&bytes);
	struct scope_key key;

	if (scope_parse(text, &finder, &key, error) == 0)
		put_to_gate(&key);
	else
		must(memchr(error, '\0', sizeof(error)) != NULL && error[0] != '\0');
	free(text);
	return 0;
}
