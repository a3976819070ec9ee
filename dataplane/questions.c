/* SPDX-License-Identifier: BSD-3-Clause */
#include "questions.h"

#include <errno.h>
#include <stdlib.h>

#include "control.h"
#include "ctl.h"
#include "frame.h"
#include "report.h"
#include "report_meters.h"

#define OPEN_MOST 1024u
#define LOOK_MS 1 /* how often workers are looked at that were asked, or a client who is to read */
#define QUEUED_MOST (1u << 20)
#define READ_NS 5000000000u /* who reads nothing of it for so long keeps the others waiting */
/* A worker that has not told of its flows by then is stuck; what the others told is the answer. */
#define PATIENCE_NS 1000000000u

struct question {
	struct question *next;
	struct client *client; /* NULL: gone; the workers that were asked are waited for all the same */
	struct wire_QUERY query;
	uint64_t asked; /* ns, when it came first; 0: not yet */
};

/* How far one worker is with the first question. */
struct survey {
	enum { TO_ASK, ASKED, TOLD } state;
	struct wire_ROW_FLOW *rows; /* room for FLOW_ROWS_MOST */
};

int questions_init(struct questions *questions, struct report *report)
{
	uint32_t workers = report->config->workers;

	*questions = (struct questions){ .report = report };
	questions->last = &questions->first;
	questions->survey = calloc(workers, sizeof(*questions->survey));
	for (uint32_t i = 0; questions->survey != NULL && i < workers; i++) {
		questions->survey[i].rows = calloc(FLOW_ROWS_MOST, sizeof(struct wire_ROW_FLOW));
		if (questions->survey[i].rows == NULL)
			return -ENOMEM;
	}
	return questions->survey != NULL ? 0 : -ENOMEM;
}

static void drop_first(struct questions *questions)
{
	struct question *first = questions->first;

	questions->first = first->next;
	if (questions->first == NULL)
		questions->last = &questions->first;
	questions->open--;
	free(first);
	tally_finish(questions->tally);
	questions->tally = NULL;
}

void questions_finish(struct questions *questions)
{
	while (questions->first != NULL)
		drop_first(questions);
	for (uint32_t i = 0; questions->survey != NULL && i < questions->report->config->workers; i++)
		free(questions->survey[i].rows);
	free(questions->survey);
}

int questions_ask(struct questions *questions, struct client *client, const struct wire_QUERY *query)
{
	if (query->what >= QUERIES || query->scope > SCOPES || query->order >= ORDERS ||
	    (query->order != ORDER_NONE && (query->most == 0 || query->most > WIRE_ORDERED_MOST)))
		return -EINVAL;
	if (questions->open >= OPEN_MOST)
		return -EAGAIN;
	struct question *question = calloc(1, sizeof(*question));
	if (question == NULL)
		return -ENOMEM;
	question->client = client;
	question->query = *query;
	*questions->last = question;
	questions->last = &question->next;
	questions->open++;
	return 0;
}

void questions_forget(struct questions *questions, const struct client *client)
{
	for (struct question *question = questions->first; question != NULL; question = question->next)
		if (question->client == client)
			question->client = NULL;
}

/* One worker, a step further: it is asked when an older question, given up long ago, is off its table. */
static void survey_one(struct survey *survey, struct inspect *inspect, const struct wire_QUERY *query)
{
	int state = atomic_load_explicit(&inspect->state, memory_order_acquire);

	if (survey->state == ASKED && state == INSPECT_DONE)
		survey->state = TOLD;
	if (survey->state != TO_ASK || state == INSPECT_ASKED)
		return;
	inspect->query = *query;
	if (inspect->query.most == 0 || inspect->query.most > FLOW_ROWS_MOST)
		inspect->query.most = FLOW_ROWS_MOST;
	inspect->rows = survey->rows;
	inspect->count = inspect->at = 0;
	atomic_store_explicit(&inspect->state, INSPECT_ASKED, memory_order_release);
	survey->state = ASKED;
}

/* Have all told, or is patience at its end? */
static bool surveyed(struct questions *questions, uint64_t now)
{
	struct question *question = questions->first;
	bool all = true;

	if (question->asked == 0) {
		question->asked = now;
		for (uint32_t i = 0; i < questions->report->config->workers; i++)
			questions->survey[i].state = TO_ASK;
	}
	for (uint32_t i = 0; i < questions->report->config->workers; i++) {
		survey_one(&questions->survey[i], &questions->report->config->worker[i]->inspect, &question->query);
		all = all && questions->survey[i].state == TOLD;
	}
	return all || now - question->asked > PATIENCE_NS;
}

static int put_flows(const struct questions *questions, const struct wire_QUERY *query, struct frame_buffer *out)
{
	struct wire_END end = { .what = query->what };
	uint32_t most = query->most != 0 ? query->most : UINT32_MAX;
	int ret = 0;

	for (uint32_t i = 0; i < questions->report->config->workers; i++) {
		const struct inspect *inspect = &questions->report->config->worker[i]->inspect;
		if (questions->survey[i].state != TOLD)
			continue;
		for (uint32_t row = 0; ret == 0 && row < inspect->count && end.rows < most; row++, end.rows++)
			ret = frame_put(out, WIRE_ROW_FLOW, &inspect->rows[row]);
	}
	return ret < 0 ? ret : frame_put(out, WIRE_END, &end);
}

/* So much waits to be sent that the walk waits too: a million rows are more than a client's queue holds. */
static bool is_full(const struct frame_buffer *out)
{
	return out->end - out->start > QUEUED_MOST;
}

/* A step of the walk through the meters; true: it is over. */
static bool tallied(struct questions *questions, const struct wire_QUERY *query, uint64_t now, struct frame_buffer *out,
		    int *ret)
{
	struct wire_END end = { .what = query->what };

	if (questions->first->asked == 0)
		questions->first->asked = questions->moved = now;
	*ret = is_full(out) && now - questions->moved > READ_NS ? -ENOBUFS : 0;
	if (is_full(out))
		return *ret < 0;
	questions->moved = now;
	*ret = questions->tally == NULL ? tally_begin(questions->report->config, query, now, &questions->tally) : 0;
	if (*ret == 0)
		*ret = tally_step(questions->tally, out, &end.rows);
	if (*ret == 0)
		return false;
	*ret = *ret < 0 ? *ret : frame_put(out, WIRE_END, &end);
	return true;
}

static bool is_tally(const struct wire_QUERY *query)
{
	return query->what == QUERY_METERS || query->what == QUERY_VOLUMES;
}

struct client *questions_answer(struct questions *questions, uint64_t now, int *ret)
{
	struct client *client = NULL;

	while (client == NULL && questions->first != NULL) {
		const struct wire_QUERY *query = &questions->first->query;
		client = questions->first->client;
		*ret = 0;
		if (query->what == QUERY_FLOWS && !surveyed(questions, now))
			return NULL;
		if (client != NULL && is_tally(query) && !tallied(questions, query, now, &client->out, ret))
			return NULL;
		if (client != NULL && query->what == QUERY_FLOWS)
			*ret = put_flows(questions, query, &client->out);
		else if (client != NULL && !is_tally(query))
			*ret = report_answer(questions->report, query, &client->out);
		drop_first(questions);
	}
	return client;
}

struct client *questions_under_way(const struct questions *questions)
{
	return questions->tally != NULL ? questions->first->client : NULL;
}

int questions_wait(const struct questions *questions)
{
	if (questions->first == NULL)
		return -1;
	const struct client *client = questions_under_way(questions);
	return client != NULL && !is_full(&client->out) ? 0 : LOOK_MS;
}
