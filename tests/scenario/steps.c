/* SPDX-License-Identifier: BSD-3-Clause */
/* The verbs: THE table of what a line may begin with. */
#include <stdlib.h>
#include <string.h>

#include "scenario.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* "flows=4": a number of the options, at least 1. */
static bool read_option(const struct word *word, const char *key, uint32_t *option)
{
	const char *value = word_value(word, key);
	int64_t number;

	if (value == NULL || !number_read(value, &number) || number < 1 || number > 1000000)
		return false;
	*option = (uint32_t)number;
	return true;
}

static bool read_moment(const struct word *word, const char *key, uint64_t *option)
{
	const char *value = word_value(word, key);

	return value != NULL && time_read(value, option);
}

static bool step_start(struct scenario *scenario, struct words words)
{
	struct bench_options *options = &scenario->options;

	if (scenario->under_way)
		return fail(scenario, "start comes before anything else");
	for (; words.count > 0; words_take(&words)) {
		const struct word *word = words.first;
		if (read_option(word, "workers", &options->workers) || read_option(word, "flows", &options->flows) ||
		    read_option(word, "meters", &options->meters) || read_option(word, "held", &options->held) ||
		    read_moment(word, "since", &options->since) || read_moment(word, "clock", &options->clock))
			continue;
		return fail(scenario, "start [workers=2] [flows=N] [meters=N] [held=N] [since=T] [clock=T]");
	}
	return options->workers <= BENCH_WORKERS || fail(scenario, "two workers at most");
}

static bool step_flow(struct scenario *scenario, struct words words)
{
	const char *name = words_take(&words);

	if (name == NULL || strlen(name) >= TALK_NAME_MOST || scenario->talks == TALKS_MOST)
		return fail(scenario, "flow NAME ADDRESS:PORT > ADDRESS:PORT [vlan=N]");
	struct talk *talk = calloc(1, sizeof(*talk));
	scenario->talk[scenario->talks++] = talk;
	return right(scenario, talk_open(talk, name, words));
}

static bool step_inside(struct scenario *scenario, struct words words)
{
	return step_other(scenario, INSIDE, words);
}

static bool step_outside(struct scenario *scenario, struct words words)
{
	return step_other(scenario, OUTSIDE, words);
}

/* The rest of the line so many times. */
static bool step_times(struct scenario *scenario, struct words words)
{
	const char *text = words_take(&words);
	int64_t times;
	bool well = text != NULL && number_read(text, &times);

	if (!well)
		return fail(scenario, "times N LINE");
	while (times-- > 0 && well)
		well = run_words(scenario, words);
	return well;
}

#define POLICY_STEP(name)                                                                                              \
	static bool step_##name(struct scenario *scenario, struct words words)                                         \
	{                                                                                                              \
		return nothing_left(scenario) && right(scenario, policy_##name(&scenario->policy, words));             \
	}

POLICY_STEP(customer)
POLICY_STEP(provider)
POLICY_STEP(serves)
POLICY_STEP(setting)
POLICY_STEP(limit)
POLICY_STEP(unlimit)
POLICY_STEP(quarantine)
POLICY_STEP(release)

static const struct {
	const char *word;
	bool (*step)(struct scenario *scenario, struct words words);
} verbs[] = {
	{ "start", step_start },     { "customer", step_customer },	{ "provider", step_provider },
	{ "setting", step_setting }, { "limit", step_limit },		{ "unlimit", step_unlimit },
	{ "release", step_release }, { "quarantine", step_quarantine }, { "flow", step_flow },
	{ "serves", step_serves },   { "times", step_times },		{ "expect", step_expect },
	{ "gate", step_made },	     { "inside>", step_inside },	{ "outside<", step_outside },
};

/* Ordinary dialogues, in the language itself: @ is the flow, $ the word that may follow it. */
static const struct {
	const char *word, *usual, *lines[10];
} shorthands[] = {
	{ "handshake", "0ms", { "@> SYN", "+$", "@< SYN-ACK", "@> ACK" } },
	{ "banner", "", { "@< \"220 mx.example ESMTP\\r\\n\"", "@> ACK" } },
	{ "ehlo", "", { "@> \"EHLO a.example\\r\\n\"", "@< \"250-mx.example\\r\\n250 STARTTLS\\r\\n\"", "@> ACK" } },
	{ "open", "0ms", { "handshake @ $", "banner @", "ehlo @" } },
	{ "starttls", "", { "@> \"STARTTLS\\r\\n\"", "@< \"220 go on\\r\\n\"", "@> ACK" } },
	{ "tls13",
	  "",
	  { "@> tls handshake 250", "@< tls handshake 90 ccs data 1200", "@> tls ccs data 60",
	    "@< tls data 250 data 250", "@> ACK" } },
	{ "tls12",
	  "",
	  { "@> tls handshake 250", "@< tls handshake 1400", "@> tls handshake 70 ccs handshake 40",
	    "@< tls ccs handshake 40", "@> ACK" } },
	{ "secure-ehlo", "", { "@> tls data 40", "@< tls data 120", "@> ACK" } },
	{ "envelope",
	  "",
	  { "@> \"MAIL FROM:<a@a.example>\\r\\n\"", "@< \"250 ok\\r\\n\"", "@> \"RCPT TO:<b@b.example>\\r\\n\"",
	    "@< \"250 ok\\r\\n\"", "@> \"DATA\\r\\n\"", "@< \"354 go on\\r\\n\"" } },
	{ "body", "", { "@> \"Subject: x\\r\\n\\r\\nx\\r\\n.\\r\\n\"", "@< \"250 queued\\r\\n\"", "@> ACK" } },
	{ "message", "", { "envelope @", "body @" } },
	{ "paced-message",
	  "",
	  { "envelope @", "@> \"Subject: x\\r\\n\\r\\nx\\r\\n.\\r\\n\"", "@< \"250 queued\\r\\n\" closed", "@> ACK" } },
	{ "paced-secure",
	  "",
	  { "@> tls data 90", "@< tls data 60", "@> tls data 700", "@< tls data 40 closed", "@> ACK" } },
	{ "secure-message", "", { "@> tls data 90", "@< tls data 60", "@> tls data 700", "@< tls data 40", "@> ACK" } },
};

static void fill_in(const char *line, const char *name, const char *argument, char *out)
{
	for (; *line != '\0'; line++) {
		if (*line == '@' && (line[1] == '>' || line[1] == '<' || line[1] == ' ' || line[1] == '\0'))
			out += sprintf(out, "%s", name);
		else if (*line == '$')
			out += sprintf(out, "%s", argument);
		else
			*out++ = *line;
	}
	*out = '\0';
}

static bool run_shorthand(struct scenario *scenario, unsigned row, struct words words)
{
	const char *name = words_take(&words), *argument = words_take(&words);
	char text[512];

	if (name == NULL)
		return fail(scenario, "%s FLOW", shorthands[row].word);
	for (unsigned i = 0; i < ROWS(shorthands[row].lines) && shorthands[row].lines[i] != NULL; i++) {
		fill_in(shorthands[row].lines[i], name, argument != NULL ? argument : shorthands[row].usual, text);
		if (!run_line(scenario, text))
			return false;
	}
	return true;
}

/* "+250ms" or "1.5s" before anything else, or alone. */
static bool run_time(struct scenario *scenario, const char *text)
{
	uint64_t ns;

	if (!time_read(text + (text[0] == '+'), &ns))
		return fail(scenario, "\"%s\" is not a time", text);
	return pass_time(scenario, text[0] == '+' ? scenario->bench.now + ns : ns);
}

bool run_words(struct scenario *scenario, struct words words)
{
	enum side from;

	if (words.count > 0 && strchr("+0123456789", words.first->text[0]) != NULL)
		if (!run_time(scenario, words_take(&words)))
			return false;
	const char *verb = words_take(&words);
	if (verb == NULL)
		return true;
	for (unsigned i = 0; i < ROWS(verbs); i++)
		if (strcmp(verbs[i].word, verb) == 0)
			return verbs[i].step(scenario, words);
	for (unsigned i = 0; i < ROWS(shorthands); i++)
		if (strcmp(shorthands[i].word, verb) == 0)
			return run_shorthand(scenario, i, words);
	struct talk *talk = find_talk(scenario, verb, &from);
	if (talk == NULL)
		return fail(scenario, "\"%s\" is no verb and no flow", verb);
	return step_send(scenario, talk, from, words);
}

bool run_line(struct scenario *scenario, const char *text)
{
	struct line line;

	if (!right(scenario, line_split(text, &line)))
		return false;
	return run_words(scenario, (struct words){ line.word, line.count });
}
