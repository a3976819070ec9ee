/* SPDX-License-Identifier: BSD-3-Clause */
/* What goes in. Unless the line says that it stays, it leaves on the other side in the same turn. */
#include <string.h>

#include "scenario.h"

static void tell(struct scenario *scenario, const struct sent *sent, const char *fate)
{
	char text[400] = "";

	if (sent->talk != NULL)
		talk_show(sent->talk, sent->side, &sent->tcp, text, sizeof(text));
	else
		snprintf(text, sizeof(text), "%u bytes", sent->size);
	fprintf(scenario->story, "%12.6fs  in  %-7s %s%s\n", (double)scenario->bench.now / 1e9,
		sent->side == INSIDE ? "inside" : "outside", text, fate);
}

/* The frame itself must be the next to come out of the other side; of several that went in together, one. */
static struct came *find_out(struct scenario *scenario, const struct sent *sent, bool among)
{
	struct traffic *traffic = &scenario->traffic;
	struct came *next = traffic_next(traffic, sent->side == INSIDE ? OUTSIDE : INSIDE);

	if (!among)
		return next != NULL && traffic_origin(traffic, next) == sent ? next : NULL;
	for (unsigned i = traffic->first; i < traffic->cames; i++)
		if (!traffic->came[i]->seen && traffic_origin(traffic, traffic->came[i]) == sent)
			return traffic->came[i];
	return NULL;
}

static bool check_passed(struct scenario *scenario, struct sent *sent, bool among)
{
	char text[400];
	struct came *came = find_out(scenario, sent, among);

	if (came != NULL) {
		came->seen = sent->left = true;
		return true;
	}
	came = traffic_next(&scenario->traffic, SIDES);
	return fail(scenario, "expected it to pass, got %s",
		    came == NULL ? "nothing" : show_frame(scenario, came, text, sizeof(text)));
}

static bool check_stayed(struct scenario *scenario, const struct sent *sent)
{
	for (unsigned i = scenario->traffic.first; i < scenario->traffic.cames; i++)
		if (traffic_origin(&scenario->traffic, scenario->traffic.came[i]) == sent)
			return fail(scenario, "expected it to stay, it passed");
	return true;
}

/* `sent->frame` is what is to come out; `frame` what goes in. */
static bool put_in(struct scenario *scenario, const struct sent *what, const uint8_t *frame,
		   const struct wanted *wanted, struct talk *talk)
{
	struct sent *sent = traffic_add(&scenario->traffic, what);
	unsigned before = scenario->queued;

	tell(scenario, sent, wanted->stays ? " (stays)" : wanted->lost ? " (lost on its way)" : "");
	bench_put(&scenario->bench, sent->side, (unsigned)wanted->number[KEY_QUEUE].value % BENCH_WORKERS, frame,
		  sent->size);
	if (wanted->queued) {
		scenario->queued++;
		return true;
	}
	scenario->queued = 0;
	bench_turn(&scenario->bench);
	collect(scenario);
	if (wanted->stays)
		return check_stayed(scenario, sent);
	if (!check_passed(scenario, sent, before > 0))
		return false;
	if (talk != NULL && !wanted->lost)
		talk_arrived(talk, sent->side, &sent->tcp);
	return true;
}

bool step_send(struct scenario *scenario, struct talk *talk, enum side from, struct words words)
{
	struct sent sent = { .side = from, .talk = talk };
	const struct path path = talk_path(talk, from);
	uint8_t frame[FRAME_MOST];
	struct wanted wanted;

	if (!get_ready(scenario) || !nothing_left(scenario) || !right(scenario, wanted_read(words, &wanted)) ||
	    !right(scenario, talk_say(talk, from, &wanted, &sent.tcp)))
		return false;
	unsigned usual = wanted.flaws & ~(unsigned)FLAW_PARTIAL;
	sent.stale = (usual & ~(unsigned)FLAW_EXTENSION) != 0;
	scenario->mark++;
	packet_build(&path, &sent.tcp, wanted.flaws, scenario->mark, frame);
	struct tcp out = sent.tcp;
	out.window = wanted.closed ? 0 : out.window;
	sent.size = packet_build(&path, &out, usual, scenario->mark, sent.frame);
	return put_in(scenario, &sent, frame, &wanted, talk);
}

bool step_other(struct scenario *scenario, enum side from, struct words words)
{
	struct sent sent = { .side = from };
	struct path path = { .from = INSIDE };
	struct wanted wanted;
	const char *name = words_take(&words);
	struct talk *talk = NULL;

	/* Between the ends of the flow named first, if there is one. */
	if (scenario->talks > 0)
		talk = scenario->talk[0];
	if (talk != NULL)
		path = talk->path;
	path = from == INSIDE ? path : path_back(&path);
	if (!get_ready(scenario) || !nothing_left(scenario) || !right(scenario, wanted_read(words, &wanted)))
		return false;
	sent.size = name == NULL ? 0 : packet_other(name, &path, ++scenario->mark, sent.frame);
	if (sent.size == 0)
		return fail(scenario, "\"%s\" is no kind of packet", name == NULL ? "" : name);
	return put_in(scenario, &sent, sent.frame, &wanted, NULL);
}
