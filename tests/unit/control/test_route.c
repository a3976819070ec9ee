/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests against the table of commands, without a daemon; and the document that describes them. */
#include "api/route.h"

#include <string.h>

#include "api/openapi.h"
#include "unit.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* The arguments of a request; NULL: refused, with this status. */
static json_t *routed(const char *method, const char *path, const char *query, const char *body, unsigned *ret_status)
{
	struct refusal refusal = { 0 };
	json_t *args = NULL, *texts = json_loads(query, 0, NULL);
	const struct command *command = route_find(method, path, &args, &refusal);

	ck_assert_ptr_nonnull(texts);
	if (command == NULL || !route_fill(command, args, texts, &refusal) ||
	    !route_body(command, args, body, strlen(body), &refusal) || !route_complete(command, args, &refusal)) {
		json_decref(args);
		args = NULL;
		*ret_status = refusal.status;
		ck_assert_uint_gt(strlen(refusal.text), 0);
	}
	json_decref(texts);
	return args;
}

START_TEST(values_get_their_types)
{
	static const struct {
		const char *method, *path, *query, *body, *args;
	} rows[] = {
		{ "GET", "/v1/status", "{}", "", "{}" },
		{ "GET", "/v1/decisions", "{\"most\": \"2k\", \"all\": \"true\"}", "", "{\"all\":true,\"most\":2000}" },
		{ "GET", "/v1/decisions", "{\"all\": \"false\"}", "", "{\"all\":false}" },
		{ "GET", "/v1/flows", "{\"customer\": \"a\xc3\xa4\"}", "", "{\"customer\":\"a\xc3\xa4\"}" },
		{ "POST", "/v1/customers/acme/quarantine", "{}", "{\"reason\": \"r\", \"for\": \"1h\"}",
		  "{\"customer\":\"acme\",\"for\":\"1h\",\"reason\":\"r\"}" },
		{ "POST", "/v1/limits", "{}", "{\"scope\": \"gate\", \"setting\": [\"connections=2\"]}",
		  "{\"scope\":\"gate\",\"setting\":[\"connections=2\"]}" },
	};

	for (size_t i = 0; i < LENGTH(rows); i++) {
		unsigned status = 0;
		json_t *args = routed(rows[i].method, rows[i].path, rows[i].query, rows[i].body, &status);
		ck_assert_msg(args != NULL, "row %zu: status %u", i, status);
		char *text = json_dumps(args, JSON_COMPACT | JSON_SORT_KEYS);
		ck_assert_str_eq(text, rows[i].args);
		free(text);
		json_decref(args);
	}
}
END_TEST

START_TEST(paths_that_are_none)
{
	static const char *const rows[] = { "",
					    "/",
					    "v1/status",
					    "/v1",
					    "/v1/status/",
					    "/v1//status",
					    "/v1/statu",
					    "/v1/statuss",
					    "/v1/customers/acme",
					    "/v1/customers/acme/quarantine/",
					    "/v1/customers//quarantine",
					    "/v1/customers/a/b/quarantine",
					    "/v1/customers/\xff/quarantine",
					    "/v1/customers/{customer" };

	for (size_t i = 0; i < LENGTH(rows); i++)
		for (int method = 0; method < METHODS; method++) {
			unsigned status = 0;
			ck_assert_ptr_null(routed(method_names[method], rows[i], "{}", "", &status));
			ck_assert_msg(status == 404, "%s: %u", rows[i], status);
		}
}
END_TEST

START_TEST(methods_that_are_none)
{
	char allowed[32];
	unsigned status = 0;

	ck_assert_ptr_null(routed("DELETE", "/v1/status", "{}", "", &status));
	ck_assert_uint_eq(status, 405);
	ck_assert_str_eq(route_allow("/v1/status", allowed, sizeof(allowed)), "GET");
	ck_assert_str_eq(route_allow("/v1/customers/acme/quarantine", allowed, sizeof(allowed)), "POST");
	ck_assert_str_eq(route_allow("/openapi.json", allowed, sizeof(allowed)), "GET");
	ck_assert_str_eq(route_allow("/none", allowed, sizeof(allowed)), "");
}
END_TEST

START_TEST(the_document_has_every_command)
{
	static const char *const keys[METHODS] = {
		[METHOD_GET] = "get", [METHOD_POST] = "post", [METHOD_WATCH] = "get", [METHOD_PAGE] = "get"
	};
	json_t *document = openapi_document();

	ck_assert_ptr_nonnull(document);
	for (int i = 0; i < COMMANDS; i++) {
		const json_t *path = json_object_get(json_object_get(document, "paths"), commands[i].path);
		const json_t *operation = json_object_get(path, keys[commands[i].method]);
		ck_assert_msg(operation != NULL, "%s", commands[i].name);
		ck_assert_str_eq(json_string_value(json_object_get(operation, "operationId")), commands[i].name);
		ck_assert_ptr_nonnull(json_object_get(json_object_get(operation, "responses"), "200"));
	}
	json_decref(document);
}
END_TEST

UNIT_MAIN("route", values_get_their_types, paths_that_are_none, methods_that_are_none, the_document_has_every_command)
