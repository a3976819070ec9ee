/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket's bytes: to frames, to records, to a published table. The first byte says whether the rest is
 * what came over the wire, or records that are to be framed first. */
#include "records.h"

static int take(struct apply *apply, enum wire_type type, const void *payload, char *ret_error)
{
	struct table_times times;

	if (type == WIRE_BEGIN)
		return apply_begin(apply, payload, ret_error);
	if (type == WIRE_COMMIT)
		return apply_commit(apply, payload, &times, ret_error);
	return apply_record(apply, type, payload, ret_error);
}

static void take_all(struct apply *apply, struct frame_buffer *in)
{
	char error[WIRE_ERROR_MAX];
	enum wire_type type;
	const void *payload;
	int ret;

	for (;;) {
		error[0] = '\0';
		ret = frame_next(in, WIRE_BOTH, &type, &payload, error);
		if (ret == 0)
			return;
		must(ret > 0 ? type < WIRE_TYPES : error[0] != '\0');
		if (ret < 0)
			return;
		ret = take(apply, type, payload, error);
		must(ret <= 0 && (ret == 0 || memchr(error, '\0', sizeof(error)) != NULL));
		must(ret == 0 || error[0] != '\0');
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size };
	struct apply apply = { .store = table_store_create() };
	struct frame_buffer in = { 0 };

	must(apply.store != NULL);
	if (take8(&bytes) == 'w') {
		in.end = in.room = bytes.left;
		in.data = take_block(&bytes, bytes.left);
	} else {
		records_encode(&bytes, &in);
	}
	take_all(&apply, &in);
	apply_abort(&apply);
	records_look_up(apply.store, (struct bytes){ data, size });
	records_round_trip(apply.store);
	frame_buffer_finish(&in);
	table_store_destroy(apply.store);
	return 0;
}
