/* SPDX-License-Identifier: BSD-3-Clause */
#include "scenario.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define MS 1000000ull
#define S (1000 * MS)

bool fail(struct scenario *scenario, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(scenario->what, sizeof(scenario->what), format, arguments);
	va_end(arguments);
	return false;
}

bool right(struct scenario *scenario, const char *wrong)
{
	return wrong == NULL || fail(scenario, "%s", wrong);
}

struct talk *find_talk(struct scenario *scenario, const char *word, enum side *ret_from)
{
	size_t size = word == NULL ? 0 : strlen(word);

	if (size < 2 || (word[size - 1] != '>' && word[size - 1] != '<'))
		return NULL;
	*ret_from = word[size - 1] == '>' ? INSIDE : OUTSIDE;
	for (unsigned i = 0; i < scenario->talks; i++) {
		const char *name = scenario->talk[i]->name;
		if (strlen(name) == size - 1 && strncmp(name, word, size - 1) == 0)
			return scenario->talk[i];
	}
	return NULL;
}

char *show_frame(struct scenario *scenario, const struct came *came, char *out, unsigned size)
{
	bool made = traffic_origin(&scenario->traffic, came) == NULL;
	struct path path;
	struct tcp tcp;
	const char *wrong = packet_read(came->frame, came->size, &path, &tcp);

	snprintf(out, size, "%u bytes (%s)", came->size, wrong != NULL ? wrong : "of no flow named here");
	for (unsigned i = 0; wrong == NULL && i < scenario->talks; i++) {
		const struct talk *talk = scenario->talk[i];
		for (int from = 0; from < SIDES; from++) {
			const struct path own = talk_path(talk, from);
			if (path_equal(&own, &path))
				talk_show(talk, from, &tcp, out, size);
		}
	}
	if (made && strlen(out) + 16 < size)
		strcat(out, " (the gate's)");
	return out;
}

void collect(struct scenario *scenario)
{
	unsigned before = scenario->traffic.cames;
	char text[512];

	traffic_collect(&scenario->traffic, &scenario->bench);
	for (unsigned i = before; i < scenario->traffic.cames; i++) {
		const struct came *came = scenario->traffic.came[i];
		fprintf(scenario->story, "%12.6fs  out %-7s %s\n", (double)came->at / 1e9,
			came->side == INSIDE ? "inside" : "outside", show_frame(scenario, came, text, sizeof(text)));
	}
}

bool get_ready(struct scenario *scenario)
{
	if (!scenario->under_way && !bench_open(&scenario->bench, &scenario->options))
		return fail(scenario, "not enough memory for such a gate");
	scenario->under_way = true;
	return right(scenario, policy_publish(&scenario->policy, &scenario->bench));
}

bool nothing_left(struct scenario *scenario)
{
	const struct came *came = traffic_next(&scenario->traffic, SIDES);
	char text[400];

	return came == NULL || fail(scenario, "expected nothing, got %s at %.6fs",
				    show_frame(scenario, came, text, sizeof(text)), (double)came->at / 1e9);
}

bool pass_time(struct scenario *scenario, uint64_t until)
{
	struct bench *bench = &scenario->bench;

	if (!get_ready(scenario) || !nothing_left(scenario))
		return false;
	if (until < bench->now)
		return fail(scenario, "that moment has passed: it is %.6fs", (double)bench->now / 1e9);
	uint64_t stride = (until - bench->now) / 4096 > MS ? (until - bench->now) / 4096 : MS;
	while (bench->now < until) {
		bench_step(bench, until, stride);
		collect(scenario);
	}
	return true;
}

static void add_slots(void *context, const struct meter *meter)
{
	*(uint64_t *)context += atomic_load(&meter->connections) + meter->references;
}

/* What is true of every scenario: at the end no packet is missing; and when all have been silent for long
 * enough, no flow is left, and all that they took was given back exactly once. */
static bool settle(struct scenario *scenario)
{
	struct bench *bench = &scenario->bench;
	uint64_t left = 0, until = bench->now + 2000 * S;

	if (bench_missing(bench) != 0)
		return fail(scenario, "%d packets neither left nor wait", bench_missing(bench));
	for (unsigned turns = 0; bench->now < until || turns < 4 * scenario->options.flows; turns++)
		bench_step(bench, UINT64_MAX, 100 * MS);
	traffic_collect(&scenario->traffic, bench);
	if (!scenario->policy.begun)
		return true;
	meters_walk(bench->gate.meters, 0, METERS_ALL, 0, INT32_MAX, add_slots, &left);
	if (bench_flows(bench) + bench_held(bench) + left > 0)
		return fail(scenario, "half an hour later: %u flows, %u held packets, %lu slots and references left",
			    bench_flows(bench), bench_held(bench), left);
	return bench_missing(bench) == 0 || fail(scenario, "half an hour later: %d packets lost", bench_missing(bench));
}

/* The first comment that is not the licence's says what the scenario is about. */
static void take_title(struct scenario *scenario, const char *text)
{
	if (scenario->what[0] == '\0' && strncmp(text, "# ", 2) == 0 && strstr(text, "SPDX") == NULL)
		snprintf(scenario->what, sizeof(scenario->what), "%.*s", (int)strcspn(text + 2, "\n"), text + 2);
}

static bool run_file(struct scenario *scenario, FILE *file)
{
	char text[LINE_MOST];

	while (fgets(text, sizeof(text), file) != NULL) {
		scenario->line++;
		take_title(scenario, text);
		if (!run_line(scenario, text))
			return false;
	}
	return get_ready(scenario) && nothing_left(scenario) && settle(scenario);
}

bool scenario_run(struct scenario *scenario, const char *name)
{
	FILE *file = fopen(name, "r");

	memset(scenario, 0, sizeof(*scenario));
	scenario->file = name;
	scenario->options = bench_usual;
	scenario->story = open_memstream(&scenario->story_text, &scenario->story_size);
	policy_init(&scenario->policy);
	if (file == NULL)
		return fail(scenario, "cannot be read");
	bool well = run_file(scenario, file);
	fclose(file);
	fflush(scenario->story);
	return well;
}

void scenario_end(struct scenario *scenario)
{
	if (scenario->under_way)
		bench_close(&scenario->bench);
	for (unsigned i = 0; i < scenario->talks; i++)
		free(scenario->talk[i]);
	traffic_clear(&scenario->traffic);
	fclose(scenario->story);
	free(scenario->story_text);
}
