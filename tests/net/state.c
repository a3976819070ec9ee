/* SPDX-License-Identifier: BSD-3-Clause */
/* What a gate would enforce that starts from its last-state file now: the file is loaded as the gate loads it, and
 * each decision and each customer's own limit of connections is a line. Nothing is printed, and the exit code is 1,
 * when there is no file it would take.
 *
 * test_state PATH */
#include <stdio.h>
#include <stdlib.h>

#include "apply.h"
#include "log.h"
#include "state.h"
#include "table_write.h"

static int print(void *context, enum wire_type type, const void *record)
{
	const struct wire_PUT_VERDICT *verdict = record;
	const struct wire_PUT_LIMITS *limits = record;

	(void)context;
	if (type == WIRE_PUT_VERDICT)
		printf("quarantine %u %s\n", verdict->key.customer, verdict->reason);
	else if (type == WIRE_PUT_LIMITS && limits->key.scope == SCOPE_CUSTOMER)
		printf("connections %u %llu\n", limits->key.customer,
		       (unsigned long long)limits->limits.kind[LIMIT_CONNECTIONS].amount);
	return 0;
}

int main(int argc, char **argv)
{
	struct apply apply = { .store = table_store_create() };
	struct state state = { .path = argc == 2 ? argv[1] : NULL };

	log_init("test_state", LOG_LEVEL_WARNING);
	if (state.path == NULL || apply.store == NULL || state_load(&state, &apply) < 0)
		return EXIT_FAILURE;
	table_walk(apply.store, print, NULL);
	table_store_destroy(apply.store);
	return EXIT_SUCCESS;
}
