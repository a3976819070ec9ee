/* SPDX-License-Identifier: BSD-3-Clause */
/* config: a new configuration is checked and compared, then put in the file's place and taken, or nothing of it; the
 * one before is kept, and can be taken again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clocks.h"
#include "commands/cmd_rows.h"
#include "commands/commands_table.h"
#include "commands/request_config.h"
#include "commands/stop.h"
#include "config/config_diff.h"
#include "config/config_file.h"
#include "daemon.h"
#include "log.h"

/* What the text would come to in the file's place; NULL: refused. */
static struct config *read_text(struct request *request)
{
	if (request_text(request, "file") != NULL)
		return request_config(request, "file");
	request_refuse(request, "file", "config %s needs a file", request_text(request, "what"));
	return NULL;
}

static void check(struct request *request)
{
	struct config *config = read_text(request);
	char message[128];

	if (config == NULL)
		return;
	snprintf(message, sizeof(message), "good: %zu provider%s, %zu customer%s; nothing was changed",
		 config->provider_count, config->provider_count == 1 ? "" : "s", config->written_count,
		 config->written_count == 1 ? "" : "s");
	config_destroy(config);
	request_reply(request, json_pack("{s:b, s:s}", "ok", 1, "message", message));
}

static void add_difference(void *context, const char *path, const char *before, const char *after)
{
	json_array_append_new(context, json_pack("{s:s, s:s?, s:s?}", "key", path, "before", before, "after", after));
}

/* Between the file as it stands and the new one. */
static void diff(struct request *request)
{
	struct config *config = read_text(request);
	struct config_text before, after;

	if (config == NULL)
		return;
	config_destroy(config);
	after.text = request_text(request, "file");
	after.size = strlen(after.text);
	char *now = config_read_file(request->daemon->config_path, &before.size);
	before.text = now;
	json_t *rows = json_array();
	int ret = now != NULL ? config_diff(&before, &after, add_difference, rows) : -errno;
	free(now);
	if (ret == 0) {
		request_reply(request, rows_reply(rows));
		return;
	}
	json_decref(rows);
	request_refuse(request, NULL, "%s: %s", request->daemon->config_path, strerror(-ret));
}

/* The file is the new one: it is taken, or the one before is put back. */
static void take(struct request *request, const char *what, const char *message)
{
	struct daemon *daemon = request->daemon;

	daemon_reload(daemon);
	if (!daemon->reload.taken) {
		int ret = config_file_swap(daemon->config_path);
		if (ret == 0)
			daemon_reload(daemon);
		request_refuse(request, NULL, "not taken, as the log says; the file is %s",
			       ret == 0 ? "what it was" : "the new one all the same");
		return;
	}
	request_note(request, what, daemon->config_path);
	request_when_enforced(request, json_pack("{s:b, s:s}", "ok", 1, "message", message),
			      link_status(daemon->link)->wanted);
}

/* Would it hit too many? Takes the configuration. */
static bool is_stopped(struct request *request, struct config *config)
{
	struct hits hits = { 0 };

	hits_of_config(request->daemon->config, config, &hits);
	config_destroy(config);
	return stop_order(request, &hits);
}

static void apply(struct request *request)
{
	const char *text = request_text(request, "file");
	struct config *config = read_text(request);

	if (config == NULL || is_stopped(request, config))
		return;
	int ret = config_file_replace(request->daemon->config_path, text, strlen(text));
	if (ret < 0)
		request_refuse(request, NULL, "%s: not written, and nothing was changed: %s",
			       request->daemon->config_path, strerror(-ret));
	else
		take(request, "config-applied", "taken; \"sluicectl config rollback\" takes the one before");
}

static void rollback(struct request *request)
{
	const char *path = request->daemon->config_path;
	char previous[CONFIG_PATH_MAX], *errors = NULL;
	struct config *config = config_load(config_file_previous(path, previous, sizeof(previous)), &errors);

	if (config == NULL) {
		request_refuse_errors(request, "what", errors);
		free(errors);
		return;
	}
	if (is_stopped(request, config))
		return;
	int ret = config_file_swap(path);
	if (ret < 0)
		request_refuse(request, NULL, "%s: nothing was changed: %s", path, strerror(-ret));
	else
		take(request, "config-rolled-back", "the one before is taken; once more takes this one again");
}

void command_CONFIG(struct request *request)
{
	static const struct {
		const char *what;
		void (*act)(struct request *request);
	} acts[] = { { "check", check }, { "diff", diff }, { "apply", apply }, { "rollback", rollback } };
	const char *what = request_text(request, "what");

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		if (strcmp(acts[i].what, what) != 0)
			continue;
		acts[i].act(request);
		return;
	}
}
