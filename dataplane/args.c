/* SPDX-License-Identifier: BSD-3-Clause */
#include "args.h"

#include <argp.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"

#define ARG_LEAST 64
#define ARG_MOST (1u << 26)

enum {
	KEY_INSIDE = 'i',
	KEY_OUTSIDE = 'o',
	KEY_SOCKET = 's',
	KEY_STATE = 't',
	KEY_FLOWS = 'f',
	KEY_METERS = 'm',
	KEY_HELD = 'h',
	KEY_FORCE = 'F'
};

static const struct argp_option options[] = {
	{ "inside", KEY_INSIDE, "PORT", 0, "port towards the MTAs: PCI address or vdev name", 0 },
	{ "outside", KEY_OUTSIDE, "PORT", 0, "port towards the internet", 0 },
	{ "socket", KEY_SOCKET, "PATH", 0, "control socket; default /run/sluice/gate.sock", 0 },
	{ "state", KEY_STATE, "PATH", 0, "last-state file; default /var/lib/sluice/gate.state", 0 },
	{ "flows", KEY_FLOWS, "N", 0, "connections a worker can follow; default 65536", 0 },
	{ "meters", KEY_METERS, "N", 0, "limited things the gate can count; default 65536", 0 },
	{ "held", KEY_HELD, "N", 0, "packets a worker may hold back; default 8192", 0 },
	{ "force", KEY_FORCE, "STATE[,STATE]", 0, "behave as if this were wrong: for tests", 0 },
	{ 0 },
};

static uint32_t number(struct argp_state *state, const char *name, const char *text)
{
	char *end;

	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < ARG_LEAST || value > ARG_MOST)
		argp_error(state, "--%s: \"%s\" is not a number from %d to %u", name, text, ARG_LEAST, ARG_MOST);
	return (uint32_t)value;
}

static void say_forcible(struct argp_state *state, const char *text, int size)
{
	unsigned forcible = 0;
	char names[256];

	for (enum fault fault = 0; fault < FAULTS; fault++)
		forcible |= fault_rows[fault].forcible ? 1u << fault : 0;
	argp_error(state, "--force: \"%.*s\" is none of %s", size, text, fault_names(forcible, names, sizeof(names)));
}

/* Names with commas in between, as bits. */
static unsigned forced(struct argp_state *state, const char *text)
{
	unsigned faults = 0;

	for (;;) {
		size_t size = strcspn(text, ",");
		enum fault fault = fault_find(text, size);
		if (fault == FAULTS || !fault_rows[fault].forcible)
			say_forcible(state, text, (int)size);
		faults |= 1u << fault;
		if (text[size] == '\0')
			return faults;
		text += size + 1;
	}
}

static error_t take(int key, char *text, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case KEY_INSIDE:
		args->inside = text;
		break;
	case KEY_OUTSIDE:
		args->outside = text;
		break;
	case KEY_SOCKET:
		args->socket = text;
		break;
	case KEY_STATE:
		args->state = text;
		break;
	case KEY_FLOWS:
		args->flows = number(state, "flows", text);
		break;
	case KEY_METERS:
		args->meters = number(state, "meters", text);
		break;
	case KEY_HELD:
		args->held = number(state, "held", text);
		break;
	case KEY_FORCE:
		args->forced |= forced(state, text);
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected \"%s\"", text);
		break;
	case ARGP_KEY_END:
		if (args->inside == NULL || args->outside == NULL)
			argp_error(state, "--inside and --outside are needed");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void args_parse(int argc, char **argv, struct args *ret_args)
{
	static const struct argp argp = {
		.options = options,
		.parser = take,
		.doc = "The gate: shapes and holds outbound SMTP between two ports.\vDPDK's own arguments (lcores, "
		       "ports, memory) stand before a \"--\": sluice-gate -l 0-2 -a 01:00.0 -a 01:00.1 -- "
		       "--inside 01:00.0 --outside 01:00.1",
	};

	*ret_args = (struct args){ .socket = "/run/sluice/gate.sock",
				   .state = "/var/lib/sluice/gate.state",
				   .flows = 65536,
				   .meters = 65536,
				   .held = 8192 };
	argp_parse(&argp, argc, argv, 0, NULL, ret_args);
}
