/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate's own arguments, after EAL's: sluice-gate [EAL] -- --inside PORT --outside PORT ... */
#ifndef SLUICE_ARGS_H
#define SLUICE_ARGS_H

#include <stdint.h>

struct args {
	const char *inside, *outside; /* ports, named the DPDK way */
	const char *socket, *state;   /* paths */
	uint32_t flows;		      /* a worker's most */
	uint32_t meters;	      /* the gate's most */
	uint32_t held;		      /* packets a worker may hold */
	unsigned forced;	      /* a bit per enum fault */
};

/* Exits with a message that names the argument and its limits when one is wrong. */
void args_parse(int argc, char **argv, struct args *ret_args);

#endif
