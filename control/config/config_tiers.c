/* SPDX-License-Identifier: BSD-3-Clause */
/* Tiers of customers, and the steps by which a new one rises. */
#include <string.h>

#include "config/config_read.h"
#include "units.h"

#define LASTS_MOST_NS (366 * 86400ull * 1000000000u)

static void read_tier_limits(struct reader *reader, yaml_node_t *node, void *context)
{
	read_limits(reader, node, &((struct tier_limits *)context)->limits);
}

static void read_tier_blind(struct reader *reader, yaml_node_t *node, void *context)
{
	read_limits(reader, node, &((struct tier_limits *)context)->ceiling);
}

static void read_brake_factor(struct reader *reader, yaml_node_t *node, void *context)
{
	struct tier_limits *tier = context;
	const char *text = read_text(reader, node);

	if (text != NULL && (count_parse(text, &tier->brake_factor) < 0 || tier->brake_factor == 0 ||
			     tier->brake_factor > BRAKE_FACTOR_MOST))
		error_at(reader, node, "brake-factor: \"%s\": expected a number from 1 to %d", text, BRAKE_FACTOR_MOST);
}

static const struct field tier_fields[] = {
	{ "limits", read_tier_limits, false },
	{ "blind", read_tier_blind, false },
	{ "brake-factor", read_brake_factor, false },
	{ NULL, NULL, false },
};

static void read_tier(struct reader *reader, yaml_node_t *key, yaml_node_t *value, void *context)
{
	struct tiers *tiers = context;
	const char *name = (const char *)key->data.scalar.value;
	enum tier tier = tier_find(name);

	if (tier == TIERS)
		error_at(reader, key, "unknown tier \"%s\"; expected " TIER_EXPECTED, name);
	else
		read_map(reader, value, tier_fields, &tiers->of[tier]);
}

void read_tiers(struct reader *reader, yaml_node_t *node, void *config)
{
	read_pairs(reader, node, read_tier, &((struct config *)config)->tiers);
}

static void read_step_limits(struct reader *reader, yaml_node_t *node, void *context)
{
	read_limits(reader, node, &((struct warm_up_step *)context)->limits);
}

static void read_step_for(struct reader *reader, yaml_node_t *node, void *context)
{
	struct warm_up_step *step = context;
	const char *text = read_text(reader, node);
	uint64_t ns;

	if (text == NULL)
		return;
	if (duration_parse(text, &ns) < 0 || ns > LASTS_MOST_NS)
		error_at(reader, node, "for: \"%s\": expected a duration up to 366d, such as 3d", text);
	else
		step->lasts_ms = (int64_t)(ns / 1000000);
}

static void read_step_messages(struct reader *reader, yaml_node_t *node, void *context)
{
	struct warm_up_step *step = context;
	const char *text = read_text(reader, node);

	if (text != NULL && count_parse(text, &step->messages) < 0)
		error_at(reader, node, "messages: \"%s\": expected a count such as 500", text);
}

static const struct field step_fields[] = {
	{ "limits", read_step_limits, false },
	{ "for", read_step_for, false },
	{ "messages", read_step_messages, false },
	{ NULL, NULL, false },
};

/* One that is left as soon as it begins would be none. */
static void read_step(struct reader *reader, yaml_node_t *node, void *context)
{
	struct tiers *tiers = context;
	struct warm_up_step step = { .lasts_ms = 0 };
	size_t before = reader->error_count;

	read_map(reader, node, step_fields, &step);
	if (reader->error_count != before)
		return;
	if (step.lasts_ms == 0 && step.messages == 0)
		error_at(reader, node, "a step needs \"for\", \"messages\" or both: what it takes to leave it");
	else if (tiers->steps == WARM_UP_STEPS_MOST)
		error_at(reader, node, "warm-up: at most %d steps", WARM_UP_STEPS_MOST);
	else
		tiers->step[tiers->steps++] = step;
}

void read_warm_up(struct reader *reader, yaml_node_t *node, void *config)
{
	read_list(reader, node, read_step, &((struct config *)config)->tiers);
}
