/* SPDX-License-Identifier: BSD-3-Clause */
/* The last state on disk: what is saved is loaded, and a damaged file never is. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "frame.h"
#include "log.h"
#include "state.h"
#include "tables.h"

#define HEAD 48 /* magic 4, version 4, serial 8, place 8, generation 8, size 8, sum 8 */

static char folder[UNIT_PATH], path[128];

static void open_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(unit_template(folder, "state")));
	snprintf(path, sizeof(path), "%s/state", folder);
	log_init("test_state", LOG_LEVEL_ERROR); /* what is wrong with a file is said, as it should be */
}

static const char *file(unsigned slot)
{
	static char name[3][PATH_MAX];

	snprintf(name[slot], sizeof(name[slot]), "%s.%u", path, slot);
	return name[slot];
}

static void empty_folder(void)
{
	for (unsigned slot = 0; slot < 3; slot++)
		remove(file(slot));
}

static void close_folder(void)
{
	empty_folder();
	rmdir(folder);
}

/* Saves a table whose generation is `generation`, with a limit of as many connections. */
static void save(struct state *state, uint64_t generation)
{
	struct apply apply = { .store = table_store_create() };
	const struct wire_PUT_LIMITS limits = tables_limits(1, generation);
	const struct wire_PUT_VERDICT verdict = tables_verdict(1, generation);

	tables_publish_first(&apply);
	tables_begin(&apply, generation, WIRE_DELTA);
	tables_put(&apply, WIRE_PUT_LIMITS, &limits);
	tables_put(&apply, WIRE_PUT_VERDICT, &verdict);
	tables_commit(&apply);
	ck_assert_int_eq(state_save(state, apply.store), 0);
	state_close(state);
	table_store_destroy(apply.store);
}

/* What a fresh gate loads: the generation, 0 for none; checked to be whole. */
static uint64_t load(struct state *state)
{
	struct apply apply = { .store = table_store_create() };
	struct table_sizes sizes;
	struct limits limits;

	*state = (struct state){ .path = path };
	int ret = state_load(state, &apply);
	table_sizes(apply.store, &sizes);
	ck_assert((ret == 0) == sizes.ready);
	ck_assert(!apply.open);
	if (ret == 0) {
		table_published_limits(apply.store, &(struct scope_key){ .scope = SCOPE_CUSTOMER, .customer = 1 },
				       &limits);
		ck_assert_uint_eq(limits.kind[LIMIT_CONNECTIONS].amount, sizes.generation);
		ck_assert_uint_eq(sizes.identities + sizes.destinations + sizes.limits + sizes.verdicts, 4);
	}
	table_store_destroy(apply.store);
	return ret == 0 ? sizes.generation : 0;
}

static size_t size_of(unsigned slot)
{
	struct stat info;

	ck_assert_int_eq(stat(file(slot), &info), 0);
	return (size_t)info.st_size;
}

static void flip(unsigned slot, size_t at, uint8_t bits)
{
	int descriptor = open(file(slot), O_RDWR);
	uint8_t byte;

	ck_assert_int_eq(pread(descriptor, &byte, 1, (off_t)at), 1);
	byte ^= bits;
	ck_assert_int_eq(pwrite(descriptor, &byte, 1, (off_t)at), 1);
	close(descriptor);
}

START_TEST(nothing_there)
{
	struct state state = { .path = path };
	struct apply apply = { .store = table_store_create() };

	ck_assert_int_eq(state_load(&state, &apply), -ENOENT);
	ck_assert_int_eq(state_save(&state, apply.store), -ENOENT); /* nothing published yet */
	ck_assert_uint_eq(state.serial, 0);
	ck_assert_int_ne(access(file(0), F_OK), 0);
	ck_assert_int_ne(access(file(1), F_OK), 0);
	table_store_destroy(apply.store);
}
END_TEST

START_TEST(saved_and_loaded)
{
	struct state state = { .path = path };

	save(&state, 7);
	ck_assert_uint_eq(state.serial, 1);
	ck_assert_uint_eq(load(&state), 7);
	ck_assert_uint_eq(state.serial, 1);
}
END_TEST

/* The two files in turn, the newest counts; over restarts too. */
START_TEST(two_slots)
{
	struct state state = { .path = path };

	for (uint64_t generation = 10; generation < 20; generation++) {
		save(&state, generation);
		ck_assert_uint_eq(load(&state), generation);
		ck_assert_uint_eq(state.serial, generation - 9);
	}
	unlink(file(0));
	ck_assert_uint_eq(load(&state), 18); /* of serial 9 */
	save(&state, 30);
	ck_assert_uint_eq(size_of(0), size_of(1));
	ck_assert_uint_eq(load(&state), 30);
	unlink(file(0));
	ck_assert_uint_eq(load(&state), 18);
}
END_TEST

/* Whatever bit of the newest file is damaged, the older one is loaded; and the next save leaves that one be. */
START_TEST(every_bit_counts)
{
	struct state state = { .path = path };

	save(&state, 1);
	save(&state, 2);
	for (size_t at = 0; at < size_of(0); at++) {
		uint8_t bits = (uint8_t)(1u << at % 8);
		flip(0, at, bits);
		uint64_t loaded = load(&state);
		ck_assert_msg(loaded == 1, "byte %zu: generation %lu", at, (unsigned long)loaded);
		flip(0, at, bits);
	}
	ck_assert_uint_eq(load(&state), 2);
	flip(0, HEAD + 3, 1);
	ck_assert_uint_eq(load(&state), 1);
	save(&state, 3);
	ck_assert_uint_eq(load(&state), 3);
	unlink(file(0));
	ck_assert_uint_eq(load(&state), 1);
}
END_TEST

START_TEST(torn_anywhere)
{
	struct state state = { .path = path };

	save(&state, 1);
	save(&state, 2);
	for (size_t size = size_of(0); size-- > 0;) {
		ck_assert_int_eq(truncate(file(0), (off_t)size), 0);
		uint64_t loaded = load(&state);
		ck_assert_msg(loaded == 1, "cut to %zu bytes: generation %lu", size, (unsigned long)loaded);
	}
}
END_TEST

/* A table, and changes of it: what save() saves, step by step; the file's size after each in sizes[0..3]. */
static void save_steps(struct state *state, uint64_t generation, off_t *sizes)
{
	struct apply apply = { .store = table_store_create() };
	struct frame_buffer records = { 0 };
	const struct wire_PUT_VERDICT verdict = tables_verdict(1, generation);

	tables_publish_first(&apply);
	for (uint64_t step = 0; step < 4; step++) {
		const struct wire_PUT_LIMITS limits = tables_limits(1, generation + step);
		tables_begin(&apply, generation + step, WIRE_DELTA);
		tables_put(&apply, WIRE_PUT_LIMITS, &limits);
		if (step == 0)
			tables_put(&apply, WIRE_PUT_VERDICT, &verdict);
		tables_commit(&apply);
		records.start = records.end = 0;
		ck_assert_int_eq(frame_put(&records, WIRE_PUT_LIMITS, &limits), 0);
		ck_assert_int_eq(state_append(state, apply.store, &records), 0);
		sizes[step] = state->end;
	}
	frame_buffer_finish(&records);
	table_store_destroy(apply.store);
}

/* The first is written whole, whatever it is called; the others go behind it. */
START_TEST(changes_follow)
{
	struct state state = { .path = path };
	off_t sizes[4];

	save_steps(&state, 50, sizes);
	ck_assert_uint_eq(state.serial, 1);
	ck_assert_uint_eq(state.sections, 4);
	ck_assert_int_eq((off_t)size_of(1), sizes[3]);
	ck_assert_int_lt(sizes[3] - sizes[2], HEAD + 256);
	state_close(&state);
	ck_assert_uint_eq(load(&state), 53);
	ck_assert_uint_eq(state.serial, 1);
	save(&state, 60); /* another life writes to the other file */
	ck_assert_int_eq((off_t)size_of(1), sizes[3]);
	ck_assert_uint_eq(load(&state), 60);
	unlink(file(0));
	ck_assert_uint_eq(load(&state), 53);
}
END_TEST

/* Cut anywhere, it is what its whole sections say; and no longer than that. */
START_TEST(changes_torn_anywhere)
{
	struct state state = { .path = path };
	off_t sizes[4];

	save_steps(&state, 50, sizes);
	state_close(&state);
	ck_assert_int_eq(truncate(file(1), sizes[3] + 1), 0);
	ck_assert_uint_eq(load(&state), 53);
	for (off_t size = sizes[3]; size-- > 0;) {
		uint64_t expected = size >= sizes[2] ? 52 : size >= sizes[1] ? 51 : size >= sizes[0] ? 50 : 0;
		ck_assert_int_eq(truncate(file(1), size), 0);
		ck_assert_uint_eq(load(&state), expected);
	}
}
END_TEST

/* Any damage ends what counts before it. */
START_TEST(changes_damaged)
{
	struct state state = { .path = path };
	off_t sizes[4];

	save_steps(&state, 50, sizes);
	state_close(&state);
	for (off_t at = sizes[0]; at < sizes[3]; at++) {
		uint64_t expected = at >= sizes[2] ? 52 : at >= sizes[1] ? 51 : 50;
		flip(1, (size_t)at, 4);
		ck_assert_uint_eq(load(&state), expected);
		flip(1, (size_t)at, 4);
	}
	ck_assert_uint_eq(load(&state), 53);
}
END_TEST

/* When changes outgrow the whole it is written again, into the other file. */
START_TEST(written_again)
{
	struct apply apply = { .store = table_store_create() };
	struct state state = { .path = path };
	struct frame_buffer records = { 0 };
	const struct wire_PUT_LIMITS limits = tables_limits(1, 7);

	tables_publish_first(&apply);
	for (int i = 0; i < 3000; i++)
		ck_assert_int_eq(frame_put(&records, WIRE_PUT_LIMITS, &limits), 0);
	while (state.serial < 2)
		ck_assert_int_eq(state_append(&state, apply.store, &records), 0);
	ck_assert_uint_eq(state.sections, 1);
	ck_assert_uint_gt(size_of(1), 4u << 20);
	ck_assert_uint_lt(size_of(0), 4096);
	state_close(&state);
	frame_buffer_finish(&records);
	table_store_destroy(apply.store);
}
END_TEST

START_TEST(both_damaged)
{
	struct state state = { .path = path };

	save(&state, 1);
	save(&state, 2);
	flip(0, HEAD, 1);
	flip(1, HEAD, 1);
	ck_assert_uint_eq(load(&state), 0);
	save(&state, 3); /* and the gate goes on */
	ck_assert_uint_eq(load(&state), 3);
}
END_TEST

START_TEST(no_place_to_write)
{
	struct state state = { .path = "/proc/none/state" };
	struct apply apply = { .store = table_store_create() };

	tables_publish_first(&apply);
	ck_assert_int_eq(state_save(&state, apply.store), -ENOENT);
	ck_assert_uint_eq(state.serial, 0);
	state.path = path;
	ck_assert_int_eq(mkdir(file(1), 0700), 0);
	ck_assert_int_eq(state_save(&state, apply.store), -EISDIR);
	ck_assert_int_eq(state_load(&state, &apply), -ENOENT);
	table_store_destroy(apply.store);
}
END_TEST

START_TEST(only_root_may_read_it)
{
	struct state state = { .path = path };
	struct stat info;

	umask(0);
	save(&state, 1);
	ck_assert_int_eq(stat(file(1), &info), 0);
	ck_assert_int_eq(info.st_mode & 0777, 0600);
}
END_TEST

START_TEST(the_serial_counts_not_the_name)
{
	struct state state = { .path = path };

	save(&state, 1);
	save(&state, 2);
	ck_assert_int_eq(rename(file(0), file(2)), 0);
	ck_assert_int_eq(rename(file(1), file(0)), 0);
	ck_assert_int_eq(rename(file(2), file(1)), 0);
	ck_assert_uint_eq(load(&state), 2);
	ck_assert_uint_eq(state.serial, 2);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { nothing_there,
				       saved_and_loaded,
				       two_slots,
				       every_bit_counts,
				       torn_anywhere,
				       changes_follow,
				       changes_torn_anywhere,
				       changes_damaged,
				       written_again,
				       both_damaged,
				       no_place_to_write,
				       only_root_may_read_it,
				       the_serial_counts_not_the_name };
	Suite *suite = suite_create("state");
	TCase *tcase = tcase_create("state");

	/* The folder belongs to the whole program: a case that fails ends at once and leaves its files. */
	tcase_add_unchecked_fixture(tcase, open_folder, close_folder);
	tcase_add_checked_fixture(tcase, empty_folder, empty_folder);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return unit_run(suite);
}
