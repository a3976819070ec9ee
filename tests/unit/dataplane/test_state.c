/* SPDX-License-Identifier: BSD-3-Clause */
/* The last state on disk: what is saved is loaded, and a damaged file never is. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "state.h"
#include "tables.h"

#define HEAD 32 /* magic 4, version 4, serial 8, size 8, sum 8 */

static char folder[64], path[128];

static void open_folder(void)
{
	strcpy(folder, "/tmp/sluice-state-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
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

START_TEST(longer_than_it_says)
{
	struct state state = { .path = path };

	save(&state, 1);
	ck_assert_int_eq(truncate(file(1), (off_t)size_of(1) + 1), 0);
	ck_assert_uint_eq(load(&state), 0);
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
				       longer_than_it_says,
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
