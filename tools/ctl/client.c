/* SPDX-License-Identifier: BSD-3-Clause */
#include "client.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#define REPLY_MOST (64u << 20)
#define PATH_LONGEST 512
#define TOKEN_LONGEST 512

#define SILENCE_SECONDS 30L /* the daemon says every 10 s that it is there */

struct buffer {
	char *text;
	size_t size;
	bool page;	   /* a text is what is asked for */
	client_line *each; /* of an answer that goes on; NULL: it ends by itself */
	void *context;
	CURL *curl;
	long seconds; /* the answer is here by then */
};

/* A value as it stands in a URL; the text is the value's own, or in `out`. */
static const char *value_text(const json_t *value, char *out, size_t size)
{
	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_integer(value))
		snprintf(out, size, "%lld", (long long)json_integer_value(value));
	else
		snprintf(out, size, "%s", json_is_true(value) ? "true" : "false");
	return out;
}

/* "/v1/customers/{customer}" with the argument's value in its place. */
static void fill_path(const struct command *command, const json_t *args, char *out)
{
	const char *from = command->path, *open;
	char name[40], number[24];
	size_t used = 0;

	while (used < PATH_LONGEST && (open = strchr(from, '{')) != NULL) {
		size_t size = strcspn(open, "}") - 1;
		snprintf(name, sizeof(name), "%.*s", (int)size, open + 1);
		used += (size_t)snprintf(out + used, PATH_LONGEST - used, "%.*s%s", (int)(open - from), from,
					 value_text(json_object_get(args, name), number, sizeof(number)));
		from = open + size + 2;
	}
	if (used < PATH_LONGEST)
		snprintf(out + used, PATH_LONGEST - used, "%s", from);
}

static bool add_query(CURLU *url, const char *name, const json_t *value)
{
	char number[24], *text = NULL;
	size_t index;
	json_t *item;

	if (json_is_array(value)) {
		json_array_foreach((json_t *)value, index, item) if (!add_query(url, name, item)) return false;
		return true;
	}
	if (asprintf(&text, "%s=%s", name, value_text(value, number, sizeof(number))) < 0)
		return false;
	CURLUcode code = curl_url_set(url, CURLUPART_QUERY, text, CURLU_APPENDQUERY | CURLU_URLENCODE);
	free(text);
	return code == CURLUE_OK;
}

/* Path, and query of a GET; what is left for the body. */
static bool set_url(CURLU *url, const char *base, const struct command *command, const json_t *args, json_t *ret_body)
{
	char path[PATH_LONGEST];
	const char *name;
	json_t *value;

	fill_path(command, args, path);
	if (curl_url_set(url, CURLUPART_URL, base, 0) != CURLUE_OK ||
	    curl_url_set(url, CURLUPART_PATH, path, CURLU_URLENCODE) != CURLUE_OK)
		return false;
	json_object_foreach((json_t *)args, name, value)
	{
		if (command_in_path(command, command_arg(command, name)))
			continue;
		if (command->method != METHOD_POST && !add_query(url, name, value))
			return false;
		if (command->method == METHOD_POST)
			json_object_set(ret_body, name, value);
	}
	return true;
}

/* Whole lines of an answer that goes on; false: enough of it. */
static bool give_lines(struct buffer *buffer)
{
	long status = 0;
	char *end;

	if (buffer->each != NULL)
		curl_easy_getinfo(buffer->curl, CURLINFO_RESPONSE_CODE, &status);
	while (status == 200 && (end = memchr(buffer->text, '\n', buffer->size)) != NULL) {
		json_t *line = json_loadb(buffer->text, (size_t)(end - buffer->text), 0, NULL);
		bool more = line == NULL || buffer->each(buffer->context, line);
		json_decref(line);
		buffer->size -= (size_t)(end + 1 - buffer->text);
		memmove(buffer->text, end + 1, buffer->size);
		if (!more)
			return false;
	}
	return true;
}

static size_t take(char *data, size_t one, size_t count, void *context)
{
	struct buffer *buffer = context;
	size_t size = one * count;
	char *grown = buffer->size + size <= REPLY_MOST ? realloc(buffer->text, buffer->size + size + 1) : NULL;

	if (grown == NULL)
		return 0;
	buffer->text = grown;
	memcpy(grown + buffer->size, data, size);
	buffer->size += size;
	return give_lines(buffer) ? size : 0;
}

static const char *place_of(const struct target *target)
{
	return target->url != NULL ? target->url : target->socket;
}

static void say_unreachable(CURL *curl, const struct target *target, CURLcode code, char *ret_error)
{
	const char *place = place_of(target);
	long error = 0;

	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
	if (code == CURLE_OPERATION_TIMEDOUT)
		snprintf(ret_error, CLIENT_ERROR_MAX, "%s: sluiced did not answer within %ld s", place, CLIENT_SECONDS);
	else if (code == CURLE_COULDNT_CONNECT)
		snprintf(ret_error, CLIENT_ERROR_MAX, "%s: %s%s", place,
			 error != 0 ? strerror((int)error) : curl_easy_strerror(code),
			 error == EACCES ? " (are you in the socket's group?)" : "; is sluiced running?");
	else
		snprintf(ret_error, CLIENT_ERROR_MAX, "%s: no reply: %s", place, curl_easy_strerror(code));
}

static json_t *read_reply(CURL *curl, const struct target *target, const struct buffer *buffer, char *ret_error)
{
	json_t *reply = json_loadb(buffer->text != NULL ? buffer->text : "", buffer->size, 0, NULL);
	long status = 0;

	if (json_is_object(reply))
		return reply;
	json_decref(reply);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (buffer->page && status == 200)
		return json_pack("{s:b, s:s%}", "ok", 1, "page", buffer->text != NULL ? buffer->text : "",
				 buffer->size);
	snprintf(ret_error, CLIENT_ERROR_MAX, "%s: the answer, of status %ld, is not JSON", place_of(target), status);
	return NULL;
}

static void set_place(CURL *curl, const struct target *target)
{
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	if (target->url == NULL) {
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, target->socket);
		curl_easy_setopt(curl, CURLOPT_PROXY, "");
		return;
	}
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(curl, CURLOPT_CAINFO, target->cacert);
	curl_easy_setopt(curl, CURLOPT_SSLCERT, target->cert);
	curl_easy_setopt(curl, CURLOPT_SSLKEY, target->key);
}

static json_t *perform(CURL *curl, const struct target *target, struct buffer *buffer, char *ret_error)
{
	json_t *reply = NULL;

	set_place(curl, target);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CLIENT_SECONDS);
	if (buffer->each == NULL) {
		curl_easy_setopt(curl, CURLOPT_TIMEOUT, buffer->seconds);
	} else {
		curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
		curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SILENCE_SECONDS);
	}
	buffer->curl = curl;
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, buffer);
	CURLcode code = curl_easy_perform(curl);
	bool ended = buffer->each != NULL && (code == CURLE_WRITE_ERROR || (code == CURLE_OK && buffer->size == 0));
	if (ended)
		ret_error[0] = '\0';
	else if (code == CURLE_OK)
		reply = read_reply(curl, target, buffer, ret_error);
	else
		say_unreachable(curl, target, code, ret_error);
	free(buffer->text);
	return reply;
}

/* False, and why, when the file has none. */
static bool set_token(CURL *curl, const char *file, char *ret_error)
{
	FILE *stream = fopen(file, "re");
	char token[TOKEN_LONGEST] = "";

	if (stream == NULL) {
		snprintf(ret_error, CLIENT_ERROR_MAX, "%s: %s", file, strerror(errno));
		return false;
	}
	if (fgets(token, sizeof(token), stream) != NULL)
		token[strcspn(token, "\r\n")] = '\0';
	fclose(stream);
	if (token[0] == '\0') {
		snprintf(ret_error, CLIENT_ERROR_MAX, "%s: no token on its first line", file);
		return false;
	}
	curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
	curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, token);
	return true;
}

static json_t *ask(CURL *curl, const struct target *target, const json_t *body, struct buffer *buffer, char *ret_error)
{
	struct curl_slist *headers = NULL;
	json_t *reply = NULL;
	char *text = NULL;

	if (body != NULL) {
		text = json_dumps(body, JSON_COMPACT);
		headers = curl_slist_append(NULL, "Content-Type: application/json");
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, text != NULL ? text : "");
	}
	if (target->token_file == NULL || set_token(curl, target->token_file, ret_error))
		reply = perform(curl, target, buffer, ret_error);
	curl_slist_free_all(headers);
	free(text);
	return reply;
}

static json_t *converse(const struct target *target, const struct command *command, const json_t *args,
			struct buffer *buffer, char *ret_error)
{
	json_t *body = json_object(), *reply = NULL;
	CURL *curl = curl_easy_init();
	CURLU *url = curl_url();

	if (curl == NULL || url == NULL)
		snprintf(ret_error, CLIENT_ERROR_MAX, "no memory");
	else if (!set_url(url, target->url != NULL ? target->url : "http://sluiced", command, args, body))
		snprintf(ret_error, CLIENT_ERROR_MAX, "%s: not a URL such as https://sluice.example:8443",
			 place_of(target));
	else if (curl_easy_setopt(curl, CURLOPT_CURLU, url) == CURLE_OK)
		reply = ask(curl, target, command->method == METHOD_POST ? body : NULL, buffer, ret_error);
	curl_url_cleanup(url);
	curl_easy_cleanup(curl);
	json_decref(body);
	return reply;
}

json_t *client_ask(const struct target *target, const struct command *command, const json_t *args, char *ret_error)
{
	struct buffer buffer = { .seconds = CLIENT_SECONDS, .page = command->method == METHOD_PAGE };

	for (const struct arg *arg = command->args; arg->name != NULL; arg++)
		if (arg->type == ARG_FILE)
			buffer.seconds = CLIENT_FILE_SECONDS;
	return converse(target, command, args, &buffer, ret_error);
}

json_t *client_watch(const struct target *target, const struct command *command, const json_t *args, client_line *each,
		     void *context, char *ret_error)
{
	struct buffer buffer = { .each = each, .context = context };

	return converse(target, command, args, &buffer, ret_error);
}
