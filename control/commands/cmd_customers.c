/* SPDX-License-Identifier: BSD-3-Clause */
/* Customers beside those of the configuration: import and remove. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands/commands_table.h"
#include "commands/stop.h"
#include "customers/import.h"
#include "customers/imported.h"
#include "daemon.h"

#define ERRORS_SHOWN 1500 /* bytes */

/* As many lines as fit, and how many there are. */
static void refuse_import(struct request *request, const struct import *import)
{
	char text[ERRORS_SHOWN] = "";
	const char *errors = import->errors != NULL ? import->errors : "";
	size_t size = strlen(errors);

	if (size >= sizeof(text)) {
		size = sizeof(text) - 1;
		while (size > 0 && errors[size - 1] != '\n')
			size--;
	}
	memcpy(text, errors, size);
	text[size > 0 ? size - 1 : 0] = '\0';
	for (char *at = strchr(text, '\n'); at != NULL; at = strchr(at, '\n'))
		*at = ';';
	request_refuse(request, "file", "nothing was taken, %zu error%s: %s", import->error_count,
		       import->error_count == 1 ? "" : "s", text);
}

/* Those who are there already and would be others; who is new is restricted by nothing. */
static bool is_stopped(struct request *request, const struct import *import)
{
	const struct config *config = request->daemon->config;
	struct hits hits = { 0 };

	for (size_t i = 0; i < import->count; i++) {
		const struct customer *next = &import->customer[i], *now = config_customer(config, next->name);
		if (now != NULL && hits_differ(now, next))
			hits_add(&hits, now->id);
	}
	return stop_order(request, &hits);
}

void command_IMPORT(struct request *request)
{
	const char *text = request_text(request, "file");
	struct import import;
	uint64_t generation = 0;
	char message[96];

	int ret = import_read(text, strlen(text), &import) ? 0 : -EINVAL;
	const size_t count = import.count;
	if (ret == 0 && is_stopped(request, &import)) {
		import_finish(&import);
		return;
	}
	if (ret == 0)
		ret = imported_take(request->daemon, &import, request->author, &generation);
	if (ret == -EINVAL)
		refuse_import(request, &import);
	else if (ret < 0)
		request_refuse(request, NULL, "not stored, and nothing was changed: %s", strerror(-ret));
	import_finish(&import);
	if (ret < 0)
		return;
	snprintf(message, sizeof(message), "%zu customer%s imported", count, count == 1 ? "" : "s");
	request_when_enforced(request,
			      json_pack("{s:b, s:I, s:s}", "ok", 1, "customers", (json_int_t)count, "message", message),
			      generation);
}

void command_REMOVE(struct request *request)
{
	const char *name = request_text(request, "customer");
	const struct customer *customer = config_customer(request->daemon->config, name);
	uint64_t generation = 0;
	char message[128];
	struct hits hits = { 0 };

	if (customer != NULL)
		hits_add(&hits, customer->id);
	if (stop_order(request, &hits))
		return;
	int ret = imported_remove(request->daemon, name, request->author, &generation);

	if (ret == -ENOENT) {
		request_refuse(request, "customer", "no imported customer \"%.64s\"", name);
		return;
	}
	if (ret < 0) {
		request_refuse(request, NULL, "not stored, and nothing was changed: %s", strerror(-ret));
		return;
	}
	snprintf(message, sizeof(message), "customer %.64s removed", name);
	request_when_enforced(request, json_pack("{s:b, s:s}", "ok", 1, "message", message), generation);
}
