/* SPDX-License-Identifier: BSD-3-Clause */
/* What happens, told to those who watch; and that nobody waits for who does not listen. */
#include "bed.h"

#include "api/hub.h"

#define QUARANTINE "POST /v1/customers/acme/quarantine {\"reason\":\"r\"}"
#define WATCHERS_MOST 16

/* All that a watcher was sent since the last look. */
static const char *heard_by(struct bed *bed, int client)
{
	static char text[1 << 20];
	size_t have = 0;

	bed_turn(bed);
	for (ssize_t got; (got = recv(client, text + have, sizeof(text) - 1 - have, 0)) > 0; bed_turn(bed))
		have += (size_t)got;
	text[have] = '\0';
	return text;
}

static int watcher(struct bed *bed)
{
	int client = client_open(bed, "read");

	client_send(bed, client, "GET /v1/watch");
	return client;
}

START_TEST(decisions_are_told)
{
	struct bed *bed = bed_begin(BED_CONFIG);

	gate_ready(bed);
	int client = watcher(bed);
	const char *text = heard_by(bed, client);
	ck_assert_ptr_nonnull(strstr(text, "HTTP/1.1 200"));
	ck_assert_ptr_nonnull(strstr(text, "application/x-ndjson"));
	ck_assert_ptr_nonnull(strstr(text, "\"event\":\"watching\""));
	int admin = client_open(bed, "admin");
	client_send(bed, admin, QUARANTINE);
	text = heard_by(bed, client);
	ck_assert_ptr_nonnull(strstr(text, "\"event\":\"quarantine\""));
	ck_assert_ptr_nonnull(strstr(text, "customer:acme: r by "));
	ck_assert_ptr_nonnull(strstr(text, "\"decision\":1"));
	ck_assert_ptr_null(strstr(text, "\"event\":\"enforced\""));
	gate_ack(bed, bed->heard.commit.generation, 0, "");
	ck_assert_ptr_nonnull(strstr(heard_by(bed, client), "\"event\":\"enforced\""));
	json_decref(bed_ask(bed, "GET /v1/decisions"));
	ck_assert_str_eq(heard_by(bed, client), "");
	close(admin);
	close(client);
	bed_end(bed);
}
END_TEST

START_TEST(alarms_and_reloads_are_told)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	int client = watcher(bed);

	heard_by(bed, client);
	alarms_raise(&bed->daemon.alarms, ALARM_DNS_FAILS, "google", 1, "no answer");
	alarms_raise(&bed->daemon.alarms, ALARM_DNS_FAILS, "google", 2, "no answer");
	const char *text = heard_by(bed, client), *first = strstr(text, "\"event\":\"alarm\"");
	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_null(strstr(first + 1, "\"event\":\"alarm\""));
	alarms_clear(&bed->daemon.alarms, ALARM_DNS_FAILS, "google", 3);
	ck_assert_ptr_nonnull(strstr(heard_by(bed, client), "\"event\":\"all-clear\""));
	daemon_reload(&bed->daemon);
	ck_assert_ptr_nonnull(strstr(heard_by(bed, client), "\"event\":\"reload\""));
	close(client);
	bed_end(bed);
}
END_TEST

START_TEST(so_many_and_no_more)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	int client[WATCHERS_MOST + 1], status = 0;

	for (int i = 0; i < WATCHERS_MOST; i++)
		client[i] = watcher(bed);
	client[WATCHERS_MOST] = watcher(bed);
	json_t *reply = client_answer(client[WATCHERS_MOST], &status);
	ck_assert_int_eq(status, 503);
	ck_assert_str_eq(text_of(reply, "error"), "too many watch already");
	json_decref(reply);
	/* Who has gone makes room, as soon as that is noticed: at the next word. */
	close(client[0]);
	hub_tell(bed->daemon.hub, "alive", "", NULL);
	bed_turn(bed);
	close(client[WATCHERS_MOST]);
	client[0] = watcher(bed);
	ck_assert_ptr_nonnull(strstr(heard_by(bed, client[0]), "\"event\":\"watching\""));
	for (int i = 0; i < WATCHERS_MOST; i++)
		close(client[i]);
	bed_end(bed);
}
END_TEST

START_TEST(who_does_not_listen)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	int client = watcher(bed);
	static char word[1001];

	memset(word, 'x', sizeof(word) - 1);
	for (int i = 0; i < 2000; i++) {
		hub_tell(bed->daemon.hub, "word", word, NULL);
		bed_turn(bed);
	}
	const char *text = heard_by(bed, client);
	ck_assert_ptr_nonnull(strstr(text, "\"event\":\"word\""));
	hub_tell(bed->daemon.hub, "last", "", NULL);
	text = heard_by(bed, client);
	ck_assert_ptr_nonnull(strstr(text, "\"event\":\"missed\""));
	ck_assert_ptr_nonnull(strstr(text, "\"event\":\"last\""));
	close(client);
	bed_end(bed);
}
END_TEST

START_TEST(the_end)
{
	struct bed *bed = bed_begin(BED_CONFIG);
	int client = watcher(bed);
	char text[4096], *end = text;

	heard_by(bed, client);
	bed_end(bed);
	for (ssize_t got; (got = recv(client, end, sizeof(text) - 1 - (size_t)(end - text), 0)) > 0;)
		end += got;
	*end = '\0';
	ck_assert_ptr_nonnull(strstr(text, "0\r\n\r\n")); /* the last chunk */
	close(client);
}
END_TEST

UNIT_MAIN("watch", decisions_are_told, alarms_and_reloads_are_told, so_many_and_no_more, who_does_not_listen, the_end)
