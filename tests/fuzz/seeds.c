/* SPDX-License-Identifier: BSD-3-Clause */
/* First inputs made of the frames as they are now, for targets whose inputs are frames: those in corpus/ would be
 * nonsense with the next change of a struct. seeds TARGET FOLDER */
#include <stdio.h>
#include <string.h>

#include "frame.h"
#include "wire.h"

static const struct wire_BEGIN full = { .generation = 1, .mode = WIRE_FULL };
static const struct wire_BEGIN delta = { .generation = 2, .mode = WIRE_DELTA };
static const struct wire_COMMIT commit = { .generation = 1 }, commit_delta = { .generation = 2 };
static const struct wire_PUT_SETTINGS settings = { .max_hold_ms = 3000,
						   .hold_budget_ms = { 3000, 3000, 3000, 0, 3000 },
						   .idle_timeout_s = 1200,
						   .ports = 2,
						   .port = { 25, 587 },
						   .bulk_percent = 10,
						   .domain_point = 12345678901 };
static const struct wire_PUT_IDENTITY identity = { .address = { { [10] = 0xff, 0xff, 192, 0, 2, 0 } },
						   .plen = 120,
						   .port_high = 65535,
						   .vlan = WIRE_VLAN_ANY,
						   .stream = STREAM_TRANSACTIONAL,
						   .customer = 7 };
static const struct wire_PUT_DESTINATION destination = { .address = { { [10] = 0xff, 0xff, 203, 0, 113, 0 } },
							 .plen = 120,
							 .provider = 3 };
static const struct wire_PUT_SERVES serves = { .key = { .scope = SCOPE_REMOTE,
							.address = { { [10] = 0xff, 0xff, 203, 0, 113, 9 } } },
					       .way = DOMAIN_DNS,
					       .domain = 99 };
static const struct wire_PUT_LIMITS limits = { .key = { .scope = SCOPE_CUSTOMER, .customer = 7 },
					       .limits = { .has = 15,
							   .weight = 2,
							   .kind = { { 20, 1, 1 },
								     { 10, 1000000000, 5 },
								     { 1000000, 1000000000, 15000 },
								     { 5, 1000000000, 2 } } } };
static const struct wire_PUT_LIMITS of_domain = { .key = { .scope = SCOPE_DOMAIN, .address = { { 99 } } },
						  .limits = { .has = 1, .kind = { { 4, 1, 1 } } } };
static const struct wire_PUT_VERDICT verdict = { .key = { .scope = SCOPE_CUSTOMER, .customer = 7 },
						 .action = ACTION_QUARANTINE,
						 .decision = 42,
						 .reason = "trap hits" };
static const struct wire_DEL_DESTINATIONS none;

#define RECORD(name, record)                                                                                           \
	{                                                                                                              \
		WIRE_##name, &(record), sizeof(record)                                                                 \
	}

static const struct row {
	enum wire_type type;
	const void *record;
	size_t size;
} rows[] = {
	RECORD(BEGIN, full),
	RECORD(PUT_SETTINGS, settings),
	RECORD(PUT_IDENTITY, identity),
	RECORD(PUT_DESTINATION, destination),
	RECORD(PUT_SERVES, serves),
	RECORD(PUT_LIMITS, limits),
	RECORD(PUT_LIMITS, of_domain),
	RECORD(PUT_VERDICT, verdict),
	RECORD(COMMIT, commit),
	RECORD(BEGIN, delta),
	{ WIRE_DEL_VERDICT, &verdict, sizeof(struct wire_DEL_VERDICT) },
	{ WIRE_DEL_LIMITS, &of_domain, sizeof(struct wire_DEL_LIMITS) },
	RECORD(DEL_DESTINATIONS, none),
	RECORD(PUT_DESTINATION, destination),
	RECORD(COMMIT, commit_delta),
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]), FULL = 9 };

static FILE *open_seed(const char *folder, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return fopen(path, "we");
}

/* As records.h takes them: what kind of input, then a type, a size and so many bytes each. */
static int write_records(FILE *file, const char *head, size_t first, size_t count)
{
	if (file == NULL)
		return 1;
	fputs(head, file);
	for (size_t i = first; i < first + count; i++) {
		fputc((int)rows[i].type, file);
		fputc((int)rows[i].size, file);
		fwrite(rows[i].record, rows[i].size, 1, file);
	}
	return fclose(file) != 0;
}

static int write_frames(FILE *file)
{
	struct frame_buffer frames = { 0 };

	if (file == NULL)
		return 1;
	for (size_t i = 0; i < FULL; i++)
		if (frame_put(&frames, rows[i].type, rows[i].record) < 0)
			return 1;
	fputc('w', file);
	fwrite(frames.data + frames.start, frames.end - frames.start, 1, file);
	frame_buffer_finish(&frames);
	return fclose(file) != 0;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	if (strcmp(argv[1], "frame") == 0)
		return write_records(open_seed(argv[2], "full"), "r", 0, FULL) |
		       write_records(open_seed(argv[2], "torn"), "r", 0, 3) |
		       write_records(open_seed(argv[2], "delta"), "r", 0, ROWS) |
		       write_frames(open_seed(argv[2], "wire"));
	if (strcmp(argv[1], "state") == 0)
		return write_records(open_seed(argv[2], "full"), "s\1", 2, FULL - 3);
	return 0;
}
