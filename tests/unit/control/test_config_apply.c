/* SPDX-License-Identifier: BSD-3-Clause */
/* A configuration that comes as a request: all of it is taken, or nothing, and the one before is kept. */
#include "bed.h"

#include <sys/stat.h>

#include "config/config_file.h"

/* "POST /v1/config" with the bed's scalars and these customers. */
static json_t *apply(struct bed *bed, const char *what, const char *customers)
{
	static char text[4096], request[8192];
	const struct group *group = getgrgid(getgid());

	snprintf(text, sizeof(text), BED_SCALARS, bed->folder, group->gr_name);
	strcat(text, customers);
	json_t *body = json_pack("{s:s, s:s}", "what", what, "file", text);
	char *written = json_dumps(body, JSON_COMPACT);
	snprintf(request, sizeof(request), "POST /v1/config %s", written);
	free(written);
	json_decref(body);
	return bed_ask(bed, request);
}

static char *file_of(const struct bed *bed, const char *suffix)
{
	char path[128];
	size_t size;

	snprintf(path, sizeof(path), "%s%s", bed->config, suffix);
	char *text = config_read_file(path, &size);
	return text;
}

START_TEST(taken)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	char *before = file_of(bed, "");
	struct stat old, new;

	ck_assert_int_eq(chmod(bed->config, 0640), 0);
	ck_assert_int_eq(stat(bed->config, &old), 0);
	json_t *reply = apply(bed, "apply", "customers: [{ name: gamma, sources: [10.7.0.0/24] }]\n");
	ck_assert_msg(json_is_true(json_object_get(reply, "ok")), "%s", text_of(reply, "error"));
	json_decref(reply);
	ck_assert_uint_eq(bed->daemon.config->customer_count, 1);
	ck_assert_ptr_nonnull(config_customer(bed->daemon.config, "gamma"));
	ck_assert_int_eq(stat(bed->config, &new), 0);
	ck_assert_uint_eq(new.st_mode, old.st_mode);
	ck_assert_uint_eq(new.st_gid, old.st_gid);
	char *previous = file_of(bed, ".previous");
	ck_assert_str_eq(previous, before);
	/* The one before, and once more the new one. */
	for (int i = 0; i < 2; i++) {
		reply = bed_ask(bed, "POST /v1/config {\"what\":\"rollback\"}");
		ck_assert_msg(json_is_true(json_object_get(reply, "ok")), "%s", text_of(reply, "error"));
		json_decref(reply);
		ck_assert_int_eq(config_customer(bed->daemon.config, "acme") != NULL, i == 0);
		ck_assert_int_eq(config_customer(bed->daemon.config, "gamma") != NULL, i == 1);
	}
	reply = bed_ask(bed, "GET /v1/audit");
	const json_t *last = json_array_get(json_object_get(reply, "rows"), 0);
	ck_assert_str_eq(text_of(last, "what"), "config-rolled-back");
	json_decref(reply);
	free(before);
	free(previous);
	bed_end(bed);
}
END_TEST

static void check_refused(struct bed *bed, json_t *reply, const char *words)
{
	ck_assert(json_is_false(json_object_get(reply, "ok")));
	ck_assert_msg(strstr(text_of(reply, "error"), words) != NULL, "%s", text_of(reply, "error"));
	json_decref(reply);
	ck_assert_ptr_nonnull(config_customer(bed->daemon.config, "acme"));
}

START_TEST(not_taken)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	char *before = file_of(bed, "");

	check_refused(bed, bed_ask(bed, "POST /v1/config {\"what\":\"rollback\"}"), "No such file");
	check_refused(bed, bed_ask(bed, "POST /v1/config {\"what\":\"apply\"}"), "config apply needs a file");
	check_refused(bed, apply(bed, "apply", "customers: [{ name: gamma }]\nmore: 1\n"), "2 errors: ");
	check_refused(bed, apply(bed, "check", "customers: 5\n"), "1 error: ");
	char *after = file_of(bed, "");
	ck_assert_str_eq(after, before);
	ck_assert_ptr_null(file_of(bed, ".previous"));
	ck_assert_ptr_null(file_of(bed, ".new"));
	free(before);
	free(after);
	bed_end(bed);
}
END_TEST

START_TEST(checked_only)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	json_t *reply = apply(bed, "check", "customers: []\n");

	ck_assert_str_eq(text_of(reply, "message"), "good: 0 providers, 0 customers; nothing was changed");
	json_decref(reply);
	ck_assert_ptr_nonnull(config_customer(bed->daemon.config, "acme"));
	ck_assert_ptr_null(file_of(bed, ".previous"));
	bed_end(bed);
}
END_TEST

START_TEST(compared_only)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	json_t *reply = apply(bed, "diff",
			      "providers: [{ name: google, addresses: [192.0.2.0/24], limits: { connections: 7 } }]\n"
			      "customers: [{ name: gamma, sources: [10.7.0.0/24, {prefix: 10.8.0.1, vlan: 3}] },\n"
			      "            { name: acme, sources: [10.0.0.0/24, 10.9.0.1] }]\n");
	static const char expected[] =
		"[[\"customers[acme].sources\",\"10.0.0.0/24\",\"10.0.0.0/24 10.9.0.1\"],"
		"[\"customers[beta].name\",\"beta\",null],[\"customers[beta].sources\",\"10.1.0.0/24\",null],"
		"[\"customers[gamma].name\",null,\"gamma\"],[\"customers[gamma].sources\",null,\"10.7.0.0/24\"],"
		"[\"customers[gamma].sources[1].prefix\",null,\"10.8.0.1\"],"
		"[\"customers[gamma].sources[1].vlan\",null,\"3\"],"
		"[\"providers[google].limits.connections\",\"9\",\"7\"]]";
	json_t *rows = json_object_get(reply, "rows"), *row, *lists = json_array();
	size_t index;

	json_array_foreach(rows, index, row)
	{
		json_array_append_new(lists, json_pack("[O, O, O]", json_object_get(row, "key"),
						       json_object_get(row, "before"), json_object_get(row, "after")));
	}
	char *text = json_dumps(lists, JSON_COMPACT);
	ck_assert_str_eq(text, expected);
	free(text);
	json_decref(lists);
	json_decref(reply);
	ck_assert_ptr_nonnull(config_customer(bed->daemon.config, "beta"));
	bed_end(bed);
}
END_TEST

/* Where it cannot be written nothing changes. */
START_TEST(a_place_that_takes_nothing)
{
	char folder[UNIT_PATH], path[UNIT_PATH + 16], fresh[UNIT_PATH + 16];

	ck_assert_ptr_nonnull(mkdtemp(unit_template(folder, "apply")));
	snprintf(path, sizeof(path), "%s/config", folder);
	snprintf(fresh, sizeof(fresh), "%s/config.new", folder);
	ck_assert_int_eq(config_file_replace(path, "x", 1), -ENOENT);
	ck_assert_int_eq(config_file_swap(path), -ENOENT);
	FILE *file = fopen(path, "we");
	fputs("old", file);
	fclose(file);
	/* What others put there is not followed. */
	ck_assert_int_eq(symlink("/dev/null", fresh), 0);
	ck_assert_int_eq(config_file_replace(path, "new", 3), -ELOOP);
	unlink(fresh);
	ck_assert_int_eq(config_file_replace(path, "new", 3), 0);
	ck_assert_int_eq(config_file_replace(path, "newer", 5), 0);
	size_t size;
	char *text = config_read_file(path, &size);
	ck_assert_str_eq(text, "newer");
	free(text);
	bed_remove(folder, "");
}
END_TEST

UNIT_MAIN("config_apply", taken, not_taken, checked_only, compared_only, a_place_that_takes_nothing)
