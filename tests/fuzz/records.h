/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames to a table: what several targets end in. */
#ifndef SLUICE_FUZZ_RECORDS_H
#define SLUICE_FUZZ_RECORDS_H

#include "apply.h"
#include "frame.h"
#include "fuzz.h"
#include "table_write.h"

/* Bytes as frames: a type, how many bytes follow, and these; the rest of the struct is 0. */
static inline void records_encode(struct bytes *bytes, struct frame_buffer *out)
{
	while (bytes->left > 0) {
		uint8_t payload[WIRE_FRAME_MAX] = { 0 };
		enum wire_type type = take8(bytes) % WIRE_TYPES;
		for (uint8_t left = take8(bytes), i = 0; i < left; i++)
			payload[i] = take8(bytes);
		must(frame_put(out, type, payload) == 0);
	}
}

static inline void records_look_up(const struct table_store *store, struct bytes bytes)
{
	struct rcu_view view;
	struct scopes scopes = { 0 };
	struct sender sender = { .port = take16(&bytes), .vlan = take16(&bytes) };
	struct limits limits;

	for (size_t i = 0; i < sizeof(sender.address); i++)
		sender.address.byte[i] = take8(&bytes);
	for (int scope = 0; scope < SCOPES; scope++)
		scopes.key[scope] = (struct scope_key){ .scope = (uint8_t)scope, .customer = take8(&bytes) };
	rcu_view_open(&view);
	const struct table *table = table_current(&view, store);
	if (table != NULL) {
		must(table_customer(&view, table, &sender) != ID_ANY);
		must(table_provider(&view, table, &sender.address) != ID_ANY);
		table_serves(&view, table, &sender.address);
		for (int scope = 0; scope < SCOPES; scope++)
			table_limits(&view, table, &scopes.key[scope], &limits);
		table_verdict(&view, table, &scopes);
	}
	rcu_view_close(&view);
}

static inline int records_again(void *context, enum wire_type type, const void *record)
{
	char error[WIRE_ERROR_MAX];

	must(apply_record(context, type, record, error) == 0);
	return 0;
}

/* What is published, walked and applied to another store, is the same again: that is how the state file works. */
static inline void records_round_trip(const struct table_store *store)
{
	const struct wire_BEGIN begin = { .generation = 9, .mode = WIRE_FULL };
	const struct wire_COMMIT commit = { .generation = 9 };
	struct apply again = { .store = table_store_create() };
	struct table_sizes was, is;
	struct table_times times;
	char error[WIRE_ERROR_MAX] = "";

	table_sizes(store, &was);
	must(again.store != NULL && apply_begin(&again, &begin, error) == 0);
	if (was.ready) {
		must(table_walk(store, records_again, &again) == 0);
		must(apply_commit(&again, &commit, &times, error) == 0);
		table_sizes(again.store, &is);
		must(was.identities == is.identities && was.destinations == is.destinations);
		must(was.limits == is.limits && was.verdicts == is.verdicts);
	}
	apply_abort(&again);
	table_store_destroy(again.store);
}

#endif
