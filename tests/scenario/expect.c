/* SPDX-License-Identifier: BSD-3-Clause */
/* What came out, and what the gate knows. */
#include <string.h>

#include "ledger/scope_text.h"
#include "scenario.h"

/* The wheel's slot, and what a step may be late. */
#define LATE_MOST_NS 20000u

static enum side far_side(enum side from)
{
	return from == INSIDE ? OUTSIDE : INSIDE;
}

static bool check_time(struct scenario *scenario, const struct came *came, const struct wanted *wanted)
{
	if (!wanted->has_at || (came->at >= wanted->at && came->at - wanted->at <= LATE_MOST_NS))
		return true;
	return fail(scenario, "expected it at %.6fs, got it at %.6fs", (double)wanted->at / 1e9,
		    (double)came->at / 1e9);
}

/* The next packet out of the side the flow's line points at, read and compared. */
static struct came *next_wanted(struct scenario *scenario, const struct talk *talk, enum side from,
				const struct wanted *wanted, struct tcp *ret_tcp)
{
	struct came *came = traffic_next(&scenario->traffic, far_side(from));
	const struct path own = talk_path(talk, from);
	struct path path;
	char text[400];

	if (came == NULL) {
		came = traffic_next(&scenario->traffic, SIDES);
		fail(scenario, "expected a packet %s%c, got %s", talk->name, from == INSIDE ? '>' : '<',
		     came == NULL ? "nothing" : show_frame(scenario, came, text, sizeof(text)));
		return NULL;
	}
	const char *wrong = packet_read(came->frame, came->size, &path, ret_tcp);
	if (wrong == NULL && !path_equal(&own, &path))
		wrong = "another flow's, or other MACs or VLAN";
	if (wrong == NULL)
		wrong = talk_differs(talk, from, wanted, ret_tcp);
	if (wrong != NULL) {
		fail(scenario, "expected something else, got %s: %s", show_frame(scenario, came, text, sizeof(text)),
		     wrong);
		return NULL;
	}
	return check_time(scenario, came, wanted) ? came : NULL;
}

/* A packet that went in before. */
static bool expect_passed(struct scenario *scenario, struct talk *talk, enum side from, struct words words)
{
	struct wanted wanted;
	struct tcp tcp;
	char text[400];

	if (!right(scenario, wanted_read(words, &wanted)))
		return false;
	struct came *came = next_wanted(scenario, talk, from, &wanted, &tcp);
	if (came == NULL)
		return false;
	struct sent *sent = traffic_origin(&scenario->traffic, came);
	if (sent == NULL)
		return fail(scenario, "expected what went in, got %s", show_frame(scenario, came, text, sizeof(text)));
	if (!wanted.older && traffic_newer(&scenario->traffic, sent) != NULL)
		return fail(scenario, "expected the newest copy, got an older one");
	came->seen = sent->left = true;
	if (!wanted.lost)
		talk_arrived(talk, from, &sent->tcp);
	return true;
}

bool step_made(struct scenario *scenario, struct words words)
{
	enum side from;
	struct talk *talk = find_talk(scenario, words_take(&words), &from);
	struct wanted wanted;
	struct tcp tcp;

	if (talk == NULL)
		return fail(scenario, "gate FLOW< or FLOW>, and what it said");
	if (!right(scenario, wanted_read(words, &wanted)))
		return false;
	/* Whose sequence a handshake begins, it sets. */
	struct came *came = traffic_next(&scenario->traffic, far_side(from));
	struct path path;
	if (came != NULL && traffic_origin(&scenario->traffic, came) != NULL)
		return fail(scenario, "expected a packet the gate makes, got one that went in");
	if (came != NULL && packet_read(came->frame, came->size, &path, &tcp) == NULL && tcp.flags & TCP_SYN)
		talk_made(talk, from, &tcp);
	came = next_wanted(scenario, talk, from, &wanted, &tcp);
	if (came == NULL)
		return false;
	came->seen = true;
	talk_made(talk, from, &tcp);
	return true;
}

static bool expect_nothing(struct scenario *scenario, struct words words)
{
	uint64_t ns = 0;

	if (words_take_if(&words, "for") && (words.count == 0 || !time_read(words_take(&words), &ns)))
		return fail(scenario, "expect nothing [for TIME]");
	return nothing_left(scenario) && pass_time(scenario, scenario->bench.now + ns) && nothing_left(scenario);
}

static bool compare(struct scenario *scenario, const char *what, const char *text, uint64_t value)
{
	int64_t wanted;

	if (text == NULL || !number_read(text, &wanted))
		return fail(scenario, "a number is missing behind %s", what);
	return (uint64_t)wanted == value || fail(scenario, "expected %s %ld, got %lu", what, wanted, value);
}

static int word_place(const char *word, const char *const *names, int count)
{
	for (int i = 0; word != NULL && i < count; i++)
		if (strcmp(names[i], word) == 0)
			return i;
	return -1;
}

static bool expect_count(struct scenario *scenario, struct words words)
{
	const char *name = words_take(&words);

	for (int counter = 0; name != NULL && counter < COUNTERS; counter++)
		if (strcmp(counter_rows[counter].name, name) == 0)
			return compare(scenario, name, words_take(&words), bench_count(&scenario->bench, counter));
	return fail(scenario, "no counter \"%s\"", name == NULL ? "" : name);
}

/* What a meter shows of a scope. */
struct look {
	struct scope_key key;
	struct meters *meters;
	uint64_t open, admitted, refused, bytes, messages, declined, braked;
};

static void look_at(void *context, const struct meter *meter)
{
	struct look *look = context;

	if (memcmp(&meter->key, &look->key, sizeof(look->key)) != 0)
		return;
	look->open = atomic_load(&meter->connections);
	look->admitted = atomic_load(&meter->admitted);
	look->refused = atomic_load(&meter->refused);
	look->bytes = atomic_load(&meter->bytes);
	look->messages = atomic_load(&meter_messages(look->meters, meter)->all);
	look->declined = atomic_load(&meter_messages(look->meters, meter)->declined);
	look->braked = atomic_load(&meter->braked);
}

static bool expect_meter(struct scenario *scenario, struct words words, size_t field)
{
	const char *scope = words_take(&words);
	struct look look = { .meters = scenario->bench.gate.meters };

	if (!right(scenario, policy_scope(&scenario->policy, scope, &look.key)))
		return false;
	meters_walk(scenario->bench.gate.meters, 0, METERS_ALL, 0, INT32_MAX, look_at, &look);
	return compare(scenario, scope, words_take(&words), *(uint64_t *)((char *)&look + field));
}

static const char *const state_text[FLOW_STATE_COUNT] = {
#define X(name, text) text,
	FLOW_STATES(X)
#undef X
};

static struct flow *take_flow(struct scenario *scenario, struct words *words)
{
	const char *name = words_take(words);
	char word[TALK_NAME_MOST + 2];
	enum side from;

	snprintf(word, sizeof(word), "%s>", name == NULL ? "" : name);
	const struct talk *talk = find_talk(scenario, word, &from);
	return talk == NULL ? NULL : bench_flow(&scenario->bench, &talk->path);
}

static bool expect_state(struct scenario *scenario, struct words words)
{
	const struct flow *flow = take_flow(scenario, &words);
	const char *wanted = words_take(&words), *state = flow == NULL ? "unknown" : state_text[flow->state];

	return (wanted != NULL && strcmp(wanted, state) == 0) ||
	       fail(scenario, "expected state %s, got %s", wanted == NULL ? "" : wanted, state);
}

static bool expect_rtt(struct scenario *scenario, struct words words)
{
	const struct flow *flow = take_flow(scenario, &words);

	return compare(scenario, "rtt in ms", words_take(&words), flow == NULL ? 0 : flow->rtt_ms);
}

static bool expect_number(struct scenario *scenario, const char *what, struct words words)
{
	if (strcmp(what, "held") == 0)
		return compare(scenario, what, words_take(&words), bench_held(&scenario->bench));
	if (strcmp(what, "flows") == 0)
		return compare(scenario, what, words_take(&words), bench_flows(&scenario->bench));
	return fail(scenario, "\"%s\" cannot be expected", what);
}

/* "waited connection provider 2 [longest 1.5s]": over all workers. */
static bool expect_waited(struct scenario *scenario, struct words words)
{
	static const char *const units[] = {
#define X(name, text) text,
		WAIT_UNITS(X)
#undef X
	};
	int unit = word_place(words_take(&words), units, WAIT_UNIT_COUNT);
	int scope = word_place(words_take(&words), scope_kind_name, SCOPES);
	struct histogram sum;
	uint64_t cell[HISTOGRAM_CELLS], longest;

	if (unit < 0 || scope < 0)
		return fail(scenario, "expect waited connection|message|segment SCOPE N [longest TIME]");
	bench_waits(&scenario->bench, unit, scope, &sum);
	for (unsigned i = 0; i < HISTOGRAM_CELLS; i++)
		cell[i] = atomic_load(&sum.cell[i]);
	if (!compare(scenario, "waits", words_take(&words), histogram_total(cell)))
		return false;
	if (!words_take_if(&words, "longest"))
		return true;
	if (words.count == 0 || !time_read(words_take(&words), &longest))
		return fail(scenario, "longest is followed by a time");
	uint64_t most = atomic_load(&sum.most_ns);
	return (most >= longest && most - longest <= LATE_MOST_NS) ||
	       fail(scenario, "expected the longest wait to be %.6fs, got %.6fs", (double)longest / 1e9,
		    (double)most / 1e9);
}

static const struct {
	const char *word;
	size_t field;
} meter_words[] = {
	{ "open", offsetof(struct look, open) },	 { "admitted", offsetof(struct look, admitted) },
	{ "refused", offsetof(struct look, refused) },	 { "bytes", offsetof(struct look, bytes) },
	{ "messages", offsetof(struct look, messages) }, { "declined", offsetof(struct look, declined) },
	{ "braked", offsetof(struct look, braked) },
};

static const struct {
	const char *word;
	bool (*step)(struct scenario *scenario, struct words words);
} what_words[] = {
	{ "nothing", expect_nothing }, { "count", expect_count },   { "state", expect_state },
	{ "rtt", expect_rtt },	       { "waited", expect_waited },
};

bool step_expect(struct scenario *scenario, struct words words)
{
	const char *what = words_take(&words);
	enum side from;

	if (what == NULL)
		return fail(scenario, "expect what?");
	if (!get_ready(scenario))
		return false;
	struct talk *talk = find_talk(scenario, what, &from);
	if (talk != NULL)
		return expect_passed(scenario, talk, from, words);
	for (unsigned i = 0; i < sizeof(what_words) / sizeof(what_words[0]); i++)
		if (strcmp(what_words[i].word, what) == 0)
			return what_words[i].step(scenario, words);
	for (unsigned i = 0; i < sizeof(meter_words) / sizeof(meter_words[0]); i++)
		if (strcmp(meter_words[i].word, what) == 0)
			return expect_meter(scenario, words, meter_words[i].field);
	return expect_number(scenario, what, words);
}
