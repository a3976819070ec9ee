/* SPDX-License-Identifier: BSD-3-Clause */
/* Customers beside those of the configuration, in a whole daemon: imported, replaced, removed, there again. */
#include "customers/imported.h"

#include "bed.h"
#include "customers/customers.h"

static int take(struct bed *bed, const char *text, char *ret_errors)
{
	struct import import;
	uint64_t generation = 0;
	int ret = import_read(text, strlen(text), &import) ? 0 : -EINVAL;

	if (ret == 0)
		ret = imported_take(&bed->daemon, &import, "root", &generation);
	if (ret_errors != NULL)
		snprintf(ret_errors, 512, "%s", import.errors != NULL ? import.errors : "");
	ck_assert((ret == 0) == (generation != 0));
	import_finish(&import);
	return ret;
}

static size_t count_of(const struct bed *bed)
{
	return bed->daemon.config->customer_count - bed->daemon.config->written_count;
}

START_TEST(there_again)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	const size_t written = bed->daemon.config->customer_count;

	ck_assert_uint_eq(count_of(bed), 0);
	ck_assert_int_eq(take(bed, "name,sources,connections\nzeta,192.0.2.1,\nalpha,192.0.2.2,7\n", NULL), 0);
	ck_assert_uint_eq(count_of(bed), 2);
	const struct customer *alpha = config_customer(bed->daemon.config, "alpha");
	ck_assert_ptr_nonnull(alpha);
	ck_assert_uint_eq(alpha->limits.kind[LIMIT_CONNECTIONS].amount, 7);
	const uint32_t id = alpha->id;
	ck_assert_uint_ne(id, 0);
	ck_assert_ptr_eq(config_customer_of(bed->daemon.config, id), alpha);
	/* In place of what it was, under the same number. */
	ck_assert_int_eq(take(bed, "name,sources\nalpha,192.0.2.3\n", NULL), 0);
	ck_assert_uint_eq(count_of(bed), 2);
	ck_assert_uint_eq(config_customer(bed->daemon.config, "alpha")->limits.has, 0);
	bed_stop(bed);
	bed_start(bed);
	ck_assert_uint_eq(count_of(bed), 2);
	ck_assert_uint_eq(config_customer(bed->daemon.config, "alpha")->id, id);
	ck_assert_uint_eq(bed->daemon.config->written_count, written);
	daemon_reload(&bed->daemon);
	ck_assert_uint_eq(count_of(bed), 2);
	bed_end(bed);
}
END_TEST

START_TEST(all_of_it_or_nothing)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{ "name,sources\nnew,192.0.2.9\nacme,192.0.2.10\n",
		  "line 3: customer \"acme\" is in the configuration: change it there\n" },
		{ "name,sources\nnew,192.0.2.9\nnew,192.0.2.10\n",
		  "line 3: a second customer \"new\", after line 2\n" },
		{ "name,sources\nnew,192.0.2.9\nnewer,192.0.2.9\n",
		  "line 3: a source of customer \"newer\" is customer \"new\"'s already, or its ports overlap\n" },
		{ "name,sources\nnew,192.0.2.1\n",
		  "line 2: a source of customer \"new\" is customer \"zeta\"'s already, or its ports overlap\n" },
		{ "name,sources\nnew,192.0.2.20;ports=1-10 192.0.2.20;ports=5-20\n",
		  "line 2: a source of customer \"new\" is customer \"new\"'s already, or its ports overlap\n" },
	};
	struct bed *bed = bed_begin(BED_CONFIG);
	char errors[512];

	ck_assert_int_eq(take(bed, "name,sources\nzeta,192.0.2.1\n", NULL), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_int_eq(take(bed, rows[i].text, errors), -EINVAL);
		ck_assert_str_eq(errors, rows[i].error);
		ck_assert_uint_eq(count_of(bed), 1);
		ck_assert_ptr_null(config_customer(bed->daemon.config, "new"));
	}
	/* A source goes over from one to the other within one file. */
	ck_assert_int_eq(take(bed, "name,sources\nzeta,192.0.2.2\nnew,192.0.2.1\n", NULL), 0);
	ck_assert_uint_eq(count_of(bed), 2);
	bed_end(bed);
}
END_TEST

START_TEST(removed)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	uint64_t generation;

	ck_assert_int_eq(take(bed, "name,sources\nzeta,192.0.2.1\neta,192.0.2.2\n", NULL), 0);
	ck_assert_int_eq(imported_remove(&bed->daemon, "acme", "root", &generation), -ENOENT);
	ck_assert_int_eq(imported_remove(&bed->daemon, "nobody", "root", &generation), -ENOENT);
	ck_assert_int_eq(imported_remove(&bed->daemon, "zeta", "root", &generation), 0);
	ck_assert_ptr_null(config_customer(bed->daemon.config, "zeta"));
	ck_assert_ptr_nonnull(config_customer(bed->daemon.config, "eta"));
	bed_stop(bed);
	bed_start(bed);
	ck_assert_uint_eq(count_of(bed), 1);
	bed_end(bed);
}
END_TEST

/* The gate is told of all of them, and of what is in force on them. */
START_TEST(pushed)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	uint64_t before = bed->heard.count[WIRE_PUT_IDENTITY];
	ck_assert_int_eq(take(bed, "name,sources\nzeta,192.0.2.1 192.0.2.2\neta,192.0.2.3\n", NULL), 0);
	bed_turn(bed);
	ck_assert_uint_ge(bed->heard.count[WIRE_PUT_IDENTITY], before > 3 ? 3 : before + 3);
	bed_end(bed);
}
END_TEST

/* Page by page, each customer once, in the order of the names; all unknown ones behind the last. */
START_TEST(pages)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	char request[128], last[80] = "";
	size_t seen = 0;

	ck_assert_int_eq(take(bed, "name,sources\nzeta,192.0.2.1\neta,192.0.2.2\nyota,192.0.2.3\n", NULL), 0);
	const size_t all = bed->daemon.config->customer_count;
	for (bool more = true; more;) {
		snprintf(request, sizeof(request), "GET /v1/customers?most=2%s%s", last[0] != '\0' ? "&after=" : "",
			 last);
		json_t *reply = bed_ask(bed, request), *rows = json_object_get(reply, "rows");
		more = json_is_string(json_object_get(reply, "next"));
		ck_assert_int_eq(json_integer_value(json_object_get(reply, "total")), (json_int_t)all);
		for (size_t i = 0; i < json_array_size(rows); i++, seen++) {
			const char *name = text_of(json_array_get(rows, i), "customer");
			ck_assert_str_gt(name, last);
			snprintf(last, sizeof(last), "%s", name);
		}
		json_decref(reply);
	}
	ck_assert_uint_eq(seen, all);
	json_t *reply = bed_ask(bed, "GET /v1/customers?match=eta");
	ck_assert_uint_ge(json_array_size(json_object_get(reply, "rows")), 2);
	json_decref(reply);
	bed_end(bed);
}
END_TEST

UNIT_MAIN("imported", there_again, all_of_it_or_nothing, removed, pushed, pages)
