/* SPDX-License-Identifier: BSD-3-Clause */
/* One scenario under way. Every step returns false once it has failed; fail() says why. */
#ifndef SLUICE_SCENARIO_SCENARIO_H
#define SLUICE_SCENARIO_SCENARIO_H

#include <stdio.h>

#include "bench.h"
#include "policy.h"
#include "script.h"
#include "talk.h"
#include "traffic.h"
#include "wanted.h"

#define TALKS_MOST 200

struct scenario {
	const char *file;
	unsigned line;
	bool under_way; /* the gate stands: its options can no longer be changed */
	struct bench_options options;
	struct bench bench;
	struct policy policy;
	struct traffic traffic;
	unsigned talks, queued;
	struct talk *talk[TALKS_MOST];
	uint16_t mark;
	char what[512]; /* went wrong; or else what the scenario is about */
	FILE *story;	/* all that went in and came out, a line each */
	char *story_text;
	size_t story_size;
};

/* True when it went well; prints nothing. */
bool scenario_run(struct scenario *scenario, const char *file);
void scenario_end(struct scenario *scenario);

/* Steps, see steps.c and expect.c. */
bool run_line(struct scenario *scenario, const char *text);
bool run_words(struct scenario *scenario, struct words words);
bool step_send(struct scenario *scenario, struct talk *talk, enum side from, struct words words);
bool step_other(struct scenario *scenario, enum side from, struct words words);
bool step_expect(struct scenario *scenario, struct words words);
bool step_made(struct scenario *scenario, struct words words);

bool __attribute__((format(printf, 2, 3))) fail(struct scenario *scenario, const char *format, ...);

/* Fails unless `wrong` is NULL. */
bool right(struct scenario *scenario, const char *wrong);

/* The gate as the options have it, with the newest policy. */
bool get_ready(struct scenario *scenario);

/* Nothing came out that no line has spoken of. */
bool nothing_left(struct scenario *scenario);

/* Lets time pass; what comes out waits to be spoken of. */
bool pass_time(struct scenario *scenario, uint64_t until);

/* Takes over what came out, and tells it. */
void collect(struct scenario *scenario);

/* "A>" or "A<": the flow and the side that speaks; NULL when it is none. */
struct talk *find_talk(struct scenario *scenario, const char *word, enum side *ret_from);

/* Whose frame this is, for messages. */
char *show_frame(struct scenario *scenario, const struct came *came, char *out, unsigned size);

#endif
