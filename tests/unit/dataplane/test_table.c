/* SPDX-License-Identifier: BSD-3-Clause */
/* Batches: what they publish, share, and leave alone. What readers find is in test_table_find.c. */
#include <errno.h>

#include "table_parts.h"
#include "tables.h"

static struct rcu_view view;

static struct apply open_store(void)
{
	struct apply apply = { .store = table_store_create() };

	ck_assert_ptr_nonnull(apply.store);
	rcu_view_open(&view);
	return apply;
}

static void close_store(struct apply *apply)
{
	table_store_destroy(apply->store);
	rcu_view_close(&view);
}

static const struct table *current(const struct apply *apply)
{
	return table_current(&view, apply->store);
}

static uint32_t customer_of(const struct apply *apply, struct address address)
{
	const struct sender sender = { .address = address, .port = 1000 };

	return table_customer(&view, current(apply), &sender);
}

static struct table_sizes sizes(const struct apply *apply)
{
	struct table_sizes is;

	table_sizes(apply->store, &is);
	return is;
}

START_TEST(nothing_before_the_first)
{
	struct apply apply = open_store();
	struct limits limits = { .has = 7 };

	ck_assert_ptr_null(current(&apply));
	ck_assert(!sizes(&apply).ready);
	table_published_limits(apply.store, &(struct scope_key){ .scope = SCOPE_GATE }, &limits);
	ck_assert_uint_eq(limits.has, 0);
	ck_assert_int_eq(table_begin(apply.store, 1, WIRE_DELTA), -ENOENT);
	tables_begin(&apply, 1, WIRE_FULL);
	ck_assert_ptr_null(current(&apply));
	apply_abort(&apply);
	close_store(&apply);
}
END_TEST

START_TEST(the_first)
{
	struct apply apply = open_store();
	const struct wire_PUT_SETTINGS settings = tables_settings();

	tables_publish_first(&apply);
	ck_assert_ptr_nonnull(current(&apply));
	ck_assert_mem_eq(table_settings(current(&apply)), &settings, sizeof(settings));
	ck_assert_uint_eq(customer_of(&apply, (struct address)V4(10, 1, 1, 1)), 1);
	ck_assert_uint_eq(customer_of(&apply, (struct address)V4(11, 1, 1, 1)), ID_UNKNOWN);
	ck_assert_uint_eq(table_provider(&view, current(&apply), &(struct address)V4(192, 0, 2, 9)), 1);
	ck_assert_uint_eq(table_provider(&view, current(&apply), &(struct address)V4(192, 0, 3, 9)), ID_UNKNOWN);
	ck_assert(sizes(&apply).ready);
	ck_assert_uint_eq(sizes(&apply).generation, 1);
	ck_assert_uint_eq(sizes(&apply).identities, 1);
	ck_assert_uint_eq(sizes(&apply).destinations, 1);
	close_store(&apply);
}
END_TEST

START_TEST(one_batch_at_a_time)
{
	struct apply apply = open_store();
	char error[WIRE_ERROR_MAX] = "";
	const struct wire_PUT_LIMITS limits = tables_limits(1, 1);

	ck_assert_int_eq(table_put(apply.store, WIRE_PUT_LIMITS, &limits, error), -EPROTO);
	ck_assert_int_eq(table_begin(apply.store, 1, WIRE_FULL), 0);
	ck_assert_int_eq(table_begin(apply.store, 2, WIRE_FULL), -EBUSY);
	ck_assert_int_eq(table_put(apply.store, WIRE_QUERY, &limits, error), -EPROTO);
	table_abort(apply.store);
	table_abort(apply.store); /* harmless */
	ck_assert_int_eq(table_begin(apply.store, 2, WIRE_FULL), 0);
	close_store(&apply); /* the open batch goes with it */
}
END_TEST

START_TEST(not_without_settings)
{
	struct apply apply = open_store();
	struct table_times times;
	const struct wire_COMMIT commit = { .generation = 1 };
	char error[WIRE_ERROR_MAX] = "";

	tables_begin(&apply, 1, WIRE_FULL);
	ck_assert_int_eq(apply_commit(&apply, &commit, &times, error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error, "PUT_SETTINGS"));
	ck_assert_ptr_null(current(&apply));
	tables_publish_first(&apply); /* and the way is free again */
	ck_assert_ptr_nonnull(current(&apply));
	close_store(&apply);
}
END_TEST

START_TEST(a_difference_keeps_the_rest)
{
	struct apply apply = open_store();
	struct wire_PUT_IDENTITY identity = tables_identity(2);
	const struct wire_PUT_LIMITS limits = tables_limits(1, 5);

	tables_publish_first(&apply);
	tables_change(&apply, WIRE_PUT_LIMITS, &limits);
	identity.address = (struct address)V4(10, 7, 0, 0);
	identity.plen = 112;
	tables_change(&apply, WIRE_PUT_IDENTITY, &identity);
	ck_assert_uint_eq(customer_of(&apply, (struct address)V4(10, 1, 1, 1)), 1);
	ck_assert_uint_eq(customer_of(&apply, (struct address)V4(10, 7, 1, 1)), 2);
	ck_assert_uint_eq(sizes(&apply).limits, 1);
	ck_assert_uint_eq(sizes(&apply).identities, 2);
	ck_assert_uint_eq(sizes(&apply).generation, 1000);
	close_store(&apply);
}
END_TEST

START_TEST(all_of_it_begins_from_nothing)
{
	struct apply apply = open_store();
	const struct wire_PUT_LIMITS limits = tables_limits(1, 5);
	const struct wire_PUT_VERDICT verdict = tables_verdict(1, 5);
	const struct wire_PUT_SETTINGS settings = tables_settings();

	tables_publish_first(&apply);
	tables_change(&apply, WIRE_PUT_LIMITS, &limits);
	tables_change(&apply, WIRE_PUT_VERDICT, &verdict);
	tables_begin(&apply, 2, WIRE_FULL);
	tables_put(&apply, WIRE_PUT_SETTINGS, &settings);
	tables_commit(&apply);
	ck_assert_uint_eq(customer_of(&apply, (struct address)V4(10, 1, 1, 1)), ID_UNKNOWN);
	struct table_sizes is = sizes(&apply);
	ck_assert_uint_eq(is.identities + is.destinations + is.limits + is.verdicts, 0);
	ck_assert_uint_eq(is.generation, 2);
	close_store(&apply);
}
END_TEST

START_TEST(an_abort_changes_nothing)
{
	struct apply apply = open_store();
	const struct wire_PUT_LIMITS limits = tables_limits(1, 5);
	const struct wire_PUT_VERDICT verdict = tables_verdict(1, 5);
	const struct wire_PUT_IDENTITY identity = tables_identity(9);

	tables_publish_first(&apply);
	const struct table *before = current(&apply);
	tables_begin(&apply, 2, WIRE_DELTA);
	tables_put(&apply, WIRE_PUT_LIMITS, &limits);
	tables_put(&apply, WIRE_PUT_VERDICT, &verdict);
	tables_put(&apply, WIRE_PUT_IDENTITY, &identity);
	apply_abort(&apply);
	ck_assert_ptr_eq(current(&apply), before);
	ck_assert_uint_eq(customer_of(&apply, (struct address)V4(10, 1, 1, 1)), 1);
	ck_assert_uint_eq(sizes(&apply).limits + sizes(&apply).verdicts, 0);
	close_store(&apply);
}
END_TEST

/* What a watcher heard last. */
struct told {
	unsigned times;
	uint32_t count;
	struct scope_key key[4];
};

static void be_told(void *context, const struct scope_key *keys, uint32_t count)
{
	struct told *told = context;

	told->times++;
	told->count = count;
	memcpy(told->key, keys, (count < 4 ? count : 4) * sizeof(*keys));
}

/* Of decisions, each as the meter is named on which it hangs; and of nothing when more than decisions changed: then
 * all look again. */
START_TEST(a_watcher_is_told_of_decisions)
{
	struct apply apply = open_store();
	struct wire_PUT_VERDICT verdict = tables_verdict(1, 5), remote = tables_verdict(1, 6);
	const struct wire_PUT_DESTINATION destination = tables_destination(2);
	const struct wire_PUT_LIMITS limits = tables_limits(1, 5);
	struct told told = { 0 };

	remote.key = (struct scope_key){ .scope = SCOPE_REMOTE, .address = destination.address };
	table_store_watch(apply.store, be_told, &told);
	tables_publish_first(&apply);
	tables_change(&apply, WIRE_PUT_DESTINATION, &destination);
	tables_begin(&apply, 3, WIRE_DELTA);
	tables_put(&apply, WIRE_PUT_VERDICT, &verdict);
	tables_put(&apply, WIRE_PUT_LIMITS, &limits);
	tables_commit(&apply);
	ck_assert_uint_eq(told.times, 0);
	tables_begin(&apply, 4, WIRE_DELTA);
	tables_put(&apply, WIRE_DEL_VERDICT, &verdict.key);
	tables_put(&apply, WIRE_PUT_VERDICT, &remote);
	tables_commit(&apply);
	ck_assert_uint_eq(told.times, 1);
	ck_assert_uint_eq(told.count, 2);
	ck_assert_mem_eq(&told.key[0], &verdict.key, sizeof(verdict.key));
	ck_assert_uint_eq(told.key[1].provider, 2);
	/* What was given up is not told with the next batch. */
	tables_begin(&apply, 5, WIRE_DELTA);
	tables_put(&apply, WIRE_PUT_VERDICT, &verdict);
	apply_abort(&apply);
	tables_change(&apply, WIRE_DEL_VERDICT, &remote.key);
	ck_assert_uint_eq(told.count, 1);
	close_store(&apply);
}
END_TEST

/* Nobody is told: then a decision makes all look again. */
START_TEST(without_a_watcher_all_look_again)
{
	struct apply apply = open_store();
	const struct wire_PUT_VERDICT verdict = tables_verdict(1, 5);

	tables_publish_first(&apply);
	uint32_t before = table_layout(current(&apply));
	tables_change(&apply, WIRE_PUT_VERDICT, &verdict);
	ck_assert_uint_ne(table_layout(current(&apply)), before);
	close_store(&apply);
}
END_TEST

/* Which parts a batch of one record makes anew; what else is there is shared with the generation before. */
START_TEST(unchanged_parts_are_shared)
{
	const struct wire_PUT_SETTINGS settings = tables_settings();
	const struct wire_PUT_IDENTITY identity = tables_identity(2);
	const struct wire_PUT_DESTINATION destination = tables_destination(2);
	const struct wire_PUT_LIMITS limits = tables_limits(1, 5);
	const struct wire_PUT_VERDICT verdict = tables_verdict(1, 5);
	const struct {
		enum wire_type type;
		const void *record;
		bool identities, destinations, limits, verdicts, layout;
	} rows[] = {
		{ WIRE_PUT_SETTINGS, &settings, false, false, false, false, true },
		{ WIRE_PUT_IDENTITY, &identity, true, false, false, false, true },
		{ WIRE_PUT_DESTINATION, &destination, false, true, false, false, true },
		{ WIRE_PUT_LIMITS, &limits, false, false, true, false, true },
		{ WIRE_DEL_LIMITS, &limits.key, false, false, true, false, true },
		{ WIRE_DEL_LIMITS, &limits.key, false, false, false, false, true }, /* not there any more */
		{ WIRE_PUT_VERDICT, &verdict, false, false, false, true, false },
		{ WIRE_DEL_VERDICT, &verdict.key, false, false, false, true, false },
		{ WIRE_DEL_VERDICT, &verdict.key, false, false, false, false, false },
	};
	struct apply apply = open_store();
	struct told told = { 0 };

	table_store_watch(apply.store, be_told, &told);
	tables_publish_first(&apply);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct table before = *current(&apply);
		tables_change(&apply, rows[i].type, rows[i].record);
		const struct table *after = current(&apply);
		ck_assert_msg((after->identities != before.identities) == rows[i].identities, "row %zu: identities", i);
		ck_assert_msg((after->destinations != before.destinations) == rows[i].destinations,
			      "row %zu: destinations", i);
		ck_assert_msg((after->limits != before.limits) == rows[i].limits, "row %zu: limits", i);
		ck_assert_msg((after->verdicts != before.verdicts) == rows[i].verdicts, "row %zu: verdicts", i);
		ck_assert_msg((table_layout(after) != before.layout) == rows[i].layout, "row %zu: layout", i);
		ck_assert_msg(table_serial(after) > before.serial, "row %zu: generation", i);
	}
	close_store(&apply);
}
END_TEST

/* Of two identities for the same packets the later one counts, in one batch and over two. */
START_TEST(the_later_record_counts)
{
	struct apply apply = open_store();
	struct wire_PUT_IDENTITY identity = tables_identity(2);
	struct wire_PUT_LIMITS limits = tables_limits(1, 5);
	struct limits is;

	tables_publish_first(&apply);
	tables_change(&apply, WIRE_PUT_IDENTITY, &identity);
	ck_assert_uint_eq(customer_of(&apply, (struct address)V4(10, 1, 1, 1)), 2);
	tables_begin(&apply, 3, WIRE_DELTA);
	for (identity.customer = 3; identity.customer < 40; identity.customer++)
		tables_put(&apply, WIRE_PUT_IDENTITY, &identity);
	for (limits.limits.kind[0].amount = 1; limits.limits.kind[0].amount < 40; limits.limits.kind[0].amount++)
		tables_put(&apply, WIRE_PUT_LIMITS, &limits);
	tables_commit(&apply);
	ck_assert_uint_eq(customer_of(&apply, (struct address)V4(10, 1, 1, 1)), 39);
	ck_assert_uint_eq(sizes(&apply).identities, 1);
	table_published_limits(apply.store, &limits.key, &is);
	ck_assert_uint_eq(is.kind[LIMIT_CONNECTIONS].amount, 39);
	close_store(&apply);
}
END_TEST

static int put_again(void *context, enum wire_type type, const void *record)
{
	tables_put(context, type, record);
	return 0;
}

static int stop_at(void *context, enum wire_type type, const void *record)
{
	int *left = context;

	(void)type;
	(void)record;
	return --*left == 0 ? -EIO : 0;
}

/* What a walk says makes the same table again; a walk that is stopped stops. */
START_TEST(a_walk_makes_it_again)
{
	struct apply apply = open_store(), copy = { .store = table_store_create() };
	const struct wire_PUT_LIMITS limits = tables_limits(1, 5);
	const struct wire_PUT_VERDICT verdict = tables_verdict(1, 77);
	struct limits is;

	ck_assert_int_eq(table_walk(apply.store, put_again, NULL), -ENOENT);
	tables_publish_first(&apply);
	tables_change(&apply, WIRE_PUT_LIMITS, &limits);
	tables_change(&apply, WIRE_PUT_VERDICT, &verdict);
	tables_begin(&copy, 5, WIRE_FULL);
	ck_assert_int_eq(table_walk(apply.store, put_again, &copy), 0);
	ck_assert_uint_eq(copy.records, 5);
	tables_commit(&copy);
	ck_assert_uint_eq(customer_of(&copy, (struct address)V4(10, 1, 1, 1)), 1);
	ck_assert_uint_eq(table_provider(&view, current(&copy), &(struct address)V4(192, 0, 2, 9)), 1);
	ck_assert_mem_eq(table_settings(current(&copy)), table_settings(current(&apply)),
			 sizeof(struct wire_PUT_SETTINGS));
	table_published_limits(copy.store, &limits.key, &is);
	ck_assert_mem_eq(&is, &limits.limits, sizeof(is));
	struct scopes scopes = { .key = { [SCOPE_CUSTOMER] = verdict.key } };
	ck_assert_mem_eq(table_verdict(&view, current(&copy), &scopes), &verdict, sizeof(verdict));
	for (int most = 1; most <= 5; most++) {
		int left = most;
		ck_assert_int_eq(table_walk(apply.store, stop_at, &left), -EIO);
		ck_assert_int_eq(left, 0);
	}
	table_store_destroy(copy.store);
	close_store(&apply);
}
END_TEST

UNIT_MAIN("table", nothing_before_the_first, the_first, one_batch_at_a_time, not_without_settings,
	  a_difference_keeps_the_rest, all_of_it_begins_from_nothing, an_abort_changes_nothing,
	  a_watcher_is_told_of_decisions, without_a_watcher_all_look_again, unchanged_parts_are_shared,
	  the_later_record_counts, a_walk_makes_it_again)
