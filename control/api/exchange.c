/* SPDX-License-Identifier: BSD-3-Clause */
#include "api/exchange.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/feed.h"
#include "api/listener.h"
#include "api/openapi.h"
#include "api/request.h"
#include "api/route.h"
#include "commands/metrics.h"
#include "log.h"

#define BODY_LONG 4096u		  /* who sends more is asked first who he is */
#define SWALLOW_MOST (256u << 10) /* who is cut off while he speaks does not hear why: so much is heard out */
#define REPLY_MOST (8u << 20)

struct exchange {
	struct client *client;
	struct MHD_Connection *connection;
	char *body;
	size_t size, room, most, swallowed;
	bool asked;
	unsigned status;  /* 0: not answered yet */
	const char *type; /* of the text */
	char *text;
	size_t text_size;
	struct feed *feed; /* in the place of a text */
};

static struct client *client_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void set_text(struct exchange *exchange, unsigned status, json_t *reply)
{
	bool page = json_is_string(reply); /* a text by itself */

	exchange->status = status;
	exchange->type = page ? METRICS_TYPE : "application/json";
	exchange->text = page		 ? strdup(json_string_value(reply))
			 : reply != NULL ? json_dumps(reply, JSON_COMPACT)
					 : NULL;
	exchange->text_size = exchange->text != NULL ? strlen(exchange->text) : 0;
	json_decref(reply);
}

static void set_refusal(struct exchange *exchange, const struct refusal *refusal)
{
	set_text(exchange, refusal->status, refusal_reply(refusal));
}

/* What cannot go out becomes a refusal. */
static void set_reply(struct exchange *exchange, unsigned status, json_t *reply)
{
	const char *name = listener_name(exchange->client->listener);
	struct refusal refusal;

	set_text(exchange, status, reply);
	if (exchange->text != NULL && exchange->text_size <= REPLY_MOST)
		return;
	if (exchange->text == NULL)
		refuse(&refusal, MHD_HTTP_INTERNAL_SERVER_ERROR, NULL,
		       "the reply could not be made: no memory, or a text that is not UTF-8");
	else
		refuse(&refusal, MHD_HTTP_UNPROCESSABLE_CONTENT, NULL,
		       "the reply has %zu bytes, at most %u go out: ask for less", exchange->text_size, REPLY_MOST);
	log_warning("%s: %s", name, refusal.text);
	free(exchange->text);
	set_refusal(exchange, &refusal);
}

static void go_on(struct exchange *exchange)
{
	struct client *client = exchange->client;

	if (client->waits == exchange) {
		client->waits = NULL;
		listener_resume(client->listener, exchange->connection);
	}
}

void exchange_answer(struct exchange *exchange, unsigned status, json_t *reply)
{
	set_reply(exchange, status, reply);
	go_on(exchange);
}

struct feed *exchange_feed(struct exchange *exchange, void (*ended)(void *context, struct feed *feed), void *context)
{
	exchange->feed = feed_create(exchange->client->listener, exchange->connection, ended, context);
	if (exchange->feed == NULL)
		return NULL;
	exchange->status = MHD_HTTP_OK;
	go_on(exchange);
	return exchange->feed;
}

static struct MHD_Response *make_response(struct exchange *exchange)
{
	struct feed *feed = exchange->feed;
	char *text = exchange->text;

	exchange->feed = NULL;
	exchange->text = NULL;
	return feed != NULL ? feed_response(feed)
			    : MHD_create_response_from_buffer(exchange->text_size, text, MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result send_answer(struct exchange *exchange, const char *url)
{
	const char *type = exchange->feed != NULL ? "application/x-ndjson" : exchange->type;
	struct MHD_Response *response = make_response(exchange);
	enum MHD_Result ret = MHD_NO;
	char allowed[32];

	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (exchange->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, route_allow(url, allowed, sizeof(allowed)));
	if (exchange->status == MHD_HTTP_UNAUTHORIZED)
		MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	ret = MHD_queue_response(exchange->connection, exchange->status, response);
	MHD_destroy_response(response);
	return ret;
}

/* A parameter that comes again makes a list. */
static enum MHD_Result add_parameter(void *context, enum MHD_ValueKind kind, const char *name, size_t name_size,
				     const char *value, size_t size)
{
	json_t *text = json_stringn(value != NULL ? value : "", size), *before = json_object_get(context, name);

	(void)kind;
	if (text == NULL || memchr(name, '\0', name_size) != NULL || (size > 0 && memchr(value, '\0', size) != NULL)) {
		json_decref(text);
		json_object_set_new(context, "", json_null()); /* no argument has this name */
		return MHD_YES;
	}
	if (before == NULL)
		json_object_set_new(context, name, text);
	else if (json_is_array(before))
		json_array_append_new(before, text);
	else
		json_object_set_new(context, name, json_pack("[O, o]", before, text));
	return MHD_YES;
}

static void ask(struct exchange *exchange, const struct who *who, const char *method, const char *url)
{
	json_t *query = json_object();
	const struct asked asked = { method, url, query, exchange->body, exchange->size };

	MHD_get_connection_values_n(exchange->connection, MHD_GET_ARGUMENT_KIND, add_parameter, query);
	if (strcmp(method, MHD_HTTP_METHOD_GET) == 0 && strcmp(url, OPENAPI_PATH) == 0)
		set_reply(exchange, MHD_HTTP_OK, openapi_document());
	else
		request_begin(listener_daemon(exchange->client->listener), exchange, who, &asked);
	json_decref(query);
}

static bool is_json(const char *type)
{
	return type != NULL && strncasecmp(type, "application/json", strlen("application/json")) == 0;
}

static void refuse_body(struct exchange *exchange, unsigned status, const char *text)
{
	struct refusal refusal;

	refuse(&refusal, status, NULL, "%s", text);
	free(exchange->text);
	set_refusal(exchange, &refusal);
}

/* A long body is for those only who may do what it is for. */
static void set_most(struct exchange *exchange, const char *method, const char *url)
{
	struct who who;

	exchange->most = route_body_most(method, url);
	if (exchange->most > BODY_LONG &&
	    (!listener_who(exchange->client, exchange->connection, &who) || who.right != RIGHT_ADMIN))
		exchange->most = BODY_LONG;
}

static enum MHD_Result begin(struct MHD_Connection *connection, const char *url, const char *method, void **state)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);

	if (exchange == NULL)
		return MHD_NO;
	*state = exchange;
	exchange->client = client_of(connection);
	exchange->connection = connection;
	set_most(exchange, method, url);
	if (strcmp(method, MHD_HTTP_METHOD_POST) == 0 && !is_json(type))
		refuse_body(exchange, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "a body's type is application/json");
	return MHD_YES;
}

static bool keep_body(struct exchange *exchange, const char *data, size_t size)
{
	if (size > exchange->room - exchange->size) {
		size_t room = exchange->room * 2 > exchange->size + size ? exchange->room * 2 : exchange->size + size;
		char *grown = realloc(exchange->body, room);
		if (grown == NULL)
			return false;
		exchange->body = grown;
		exchange->room = room;
	}
	memcpy(exchange->body + exchange->size, data, size);
	exchange->size += size;
	return true;
}

static enum MHD_Result take_body(struct exchange *exchange, const char *data, size_t *size)
{
	bool fits = *size <= exchange->most - exchange->size;

	if (fits && exchange->status == 0) {
		if (!keep_body(exchange, data, *size))
			return MHD_NO;
	} else {
		exchange->swallowed += *size;
	}
	if (exchange->swallowed > SWALLOW_MOST)
		return MHD_NO;
	if (!fits) {
		char text[64];
		snprintf(text, sizeof(text), "this request's body is at most %zu bytes long", exchange->most);
		refuse_body(exchange, MHD_HTTP_CONTENT_TOO_LARGE, text);
	}
	*size = 0;
	return MHD_YES;
}

/* Nobody is told anything who does not say who he is, or comes too late. */
static void ask_as(struct exchange *exchange, const char *method, const char *url)
{
	struct refusal refusal;
	struct who who;

	exchange->asked = true;
	if (listener_ends(exchange->client->listener)) {
		refuse(&refusal, MHD_HTTP_SERVICE_UNAVAILABLE, NULL, "the daemon is going");
		set_refusal(exchange, &refusal);
		return;
	}
	if (listener_who(exchange->client, exchange->connection, &who)) {
		ask(exchange, &who, method, url);
		return;
	}
	refuse(&refusal, MHD_HTTP_UNAUTHORIZED, NULL,
	       "a token, or a client's certificate, that is in \"access\" is needed");
	set_refusal(exchange, &refusal);
}

enum MHD_Result exchange_handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
				const char *version, const char *data, size_t *size, void **state)
{
	struct exchange *exchange = *state;

	(void)context, (void)version;
	if (exchange == NULL)
		return begin(connection, url, method, state);
	if (*size > 0)
		return take_body(exchange, data, size);
	exchange->client->busy = true;
	if (!exchange->asked && exchange->status == 0)
		ask_as(exchange, method, url);
	if (exchange->status != 0)
		return send_answer(exchange, url);
	exchange->client->waits = exchange;
	MHD_suspend_connection(connection);
	return MHD_YES;
}

void exchange_completed(void *context, struct MHD_Connection *connection, void **state,
			enum MHD_RequestTerminationCode why)
{
	struct exchange *exchange = *state;

	(void)context, (void)connection, (void)why;
	if (exchange == NULL)
		return;
	request_forget(listener_daemon(exchange->client->listener), exchange);
	exchange->client->busy = false;
	free(exchange->text);
	free(exchange->body);
	free(exchange);
	*state = NULL;
}
