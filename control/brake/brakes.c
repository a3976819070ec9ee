/* SPDX-License-Identifier: BSD-3-Clause */
#include "brake/brakes.h"

#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "customers/customers.h"

#define HOUR_NS (3600ull * 1000000000u)
#define BYTES_AT_ONCE 65536u /* a bucket of bytes holds at least some full segments */

struct brake *brakes_find(const struct brakes *brakes, uint32_t customer)
{
	return customer < brakes->room ? brakes->of[customer] : NULL;
}

static bool make_room(struct brakes *brakes, uint32_t customer)
{
	size_t room = brakes->room > 0 ? brakes->room : 64;

	while (room <= customer)
		room *= 2;
	if (room == brakes->room)
		return true;
	struct brake **grown = realloc(brakes->of, room * sizeof(struct brake *));
	if (grown == NULL)
		return false;
	memset(grown + brakes->room, 0, (room - brakes->room) * sizeof(struct brake *));
	brakes->of = grown;
	brakes->room = room;
	return true;
}

struct brake *brakes_make(struct brakes *brakes, uint32_t customer)
{
	struct brake *brake = brakes_find(brakes, customer);

	if (brake != NULL || customer == ID_ANY || !make_room(brakes, customer))
		return brake;
	brake = calloc(1, sizeof(*brake));
	if (brake == NULL)
		return NULL;
	brake->customer = customer;
	brake->quiet = UINT32_MAX;
	brakes->of[customer] = brake;
	brakes->count++;
	return brake;
}

void brakes_finish(struct brakes *brakes)
{
	for (size_t i = 0; i < brakes->room; i++)
		free(brakes->of[i]);
	free(brakes->of);
	*brakes = (struct brakes){ 0 };
}

/* Less than before: the gate began anew with this customer. */
static double rise(uint64_t before, uint64_t now)
{
	return (double)(now < before ? now : now - before);
}

void brake_told(struct brake *brake, const struct wire_ROW_VOLUME *row)
{
	const struct wire_ROW_VOLUME *before = &brake->told;

	if (brake->seen) {
		brake->hour.kind[LIMIT_CONNECTION_RATE - USUAL_FIRST] += rise(before->admitted, row->admitted);
		brake->hour.kind[LIMIT_BYTE_RATE - USUAL_FIRST] += rise(before->bytes, row->bytes);
		brake->hour.kind[LIMIT_MESSAGE_RATE - USUAL_FIRST] += rise(before->messages, row->messages);
	}
	brake->seen = true;
	brake->told = *row;
}

static struct volume minimum_of(const struct settings *settings)
{
	return (struct volume){ { [LIMIT_CONNECTION_RATE - USUAL_FIRST] = (double)settings->brake_connections,
				  [LIMIT_BYTE_RATE - USUAL_FIRST] = (double)settings->brake_bytes,
				  [LIMIT_MESSAGE_RATE - USUAL_FIRST] = (double)settings->brake_messages } };
}

bool brake_learn(struct brake *brake, const struct settings *settings, unsigned hour)
{
	const struct volume floor = minimum_of(settings);
	const struct usual_hour before = brake->usual.hour[hour];

	if (brake->apart)
		return false;
	usual_learn(&brake->usual, hour, &brake->hour, &floor, settings->brake_mode == BRAKE_LEARN);
	return memcmp(&before, &brake->usual.hour[hour], sizeof(before)) != 0;
}

void brake_next_hour(struct brake *brake)
{
	brake->hour = (struct volume){ 0 };
	brake->apart = false;
}

double brakes_usual(const struct brakes *brakes, uint32_t customer, enum limit_kind kind)
{
	const struct brake *brake = brakes_find(brakes, customer);
	double volume = 0;

	if (brake != NULL)
		usual_around(&brake->usual, brakes->hour, kind, &volume);
	return volume;
}

/* How many times the usual: as its tier has it, else as for all. */
static double factor_of(const struct config *config, uint32_t id)
{
	const struct customer *customer = config_customer_of(config, id);
	uint64_t factor = customer != NULL ? config->tiers.of[customer_place(customer).tier].brake_factor : 0;

	return (double)(factor != 0 ? factor : config->settings.brake_factor);
}

static struct limit limit_of(double an_hour, enum limit_kind kind, uint64_t burst_ns)
{
	uint64_t least = kind == LIMIT_BYTE_RATE ? BYTES_AT_ONCE : 1;
	struct limit limit = { .amount = (uint64_t)an_hour, .per_ns = HOUR_NS };

	limit.burst = (uint64_t)(an_hour * ((double)burst_ns / (double)HOUR_NS));
	limit.burst = limit.burst > least ? limit.burst : least;
	return limit;
}

bool brakes_limits(const struct brakes *brakes, const struct config *config, uint32_t customer,
		   struct limits *ret_limits)
{
	const struct volume minimum = minimum_of(&config->settings);
	const double factor = factor_of(config, customer);
	bool more = false;

	*ret_limits = (struct limits){ 0 };
	for (int kind = USUAL_FIRST; kind < LIMIT_KINDS; kind++) {
		double an_hour = brakes_usual(brakes, customer, kind) * factor;
		double least = minimum.kind[kind - USUAL_FIRST];
		more |= an_hour > least;
		ret_limits->has |= 1u << kind;
		ret_limits->kind[kind] =
			limit_of(an_hour > least ? an_hour : least, kind, config->settings.brake_burst);
	}
	return more || customer == ID_ANY;
}
