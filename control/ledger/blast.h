/* SPDX-License-Identifier: BSD-3-Clause */
/* The blast radius: how many customers orders restricted or released of late, and whether one more is too many. What
 * went over the limit waits for a person, who confirms it by a number; then so many may be hit once more without a
 * stop. Pure; time is an argument, ms of a clock that never jumps. */
#ifndef SLUICE_BLAST_H
#define SLUICE_BLAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blast_limits {
	uint64_t customers, volume; /* per cent of all */
	uint64_t least;		    /* so many customers are never too many */
	int64_t window_ms;
};

/* A customer that was hit, and when last. */
struct blast_hit {
	uint32_t customer;
	int64_t at_ms;
};

struct blast {
	struct blast_hit *hit; /* by customer, each once */
	size_t count, room;
	int64_t swept_ms; /* old ones were forgotten last */
	size_t granted;	  /* so many more may be hit without a stop, until then */
	int64_t granted_until_ms;
	struct stop {
		uint32_t number; /* 0: nothing waits */
		int64_t last_ms;
		uint64_t orders; /* that were stopped so far */
		size_t customers;
	} stop;
	uint64_t stopped; /* orders, ever */
};

void blast_finish(struct blast *blast);

/* Customers, by rising id, each once. */
struct hits {
	uint32_t *customer;
	size_t count;
};

/* How many were hit within the window and are by these. / Was this one, within the window or shortly before? */
size_t blast_with(struct blast *blast, const struct blast_limits *limits, const struct hits *hits, int64_t now_ms);
bool blast_has(const struct blast *blast, uint32_t customer);

/* What the order would make it come to. */
struct blast_size {
	size_t customers, all;
	double volume, all_volume; /* what is usual of them; 0: not known */
};

bool blast_exceeds(const struct blast_limits *limits, const struct blast_size *size);

/* One that was hit at some time; nothing else is to be called before blast_sort(). / They are hit. 0 or -ENOMEM. */
int blast_append(struct blast *blast, uint32_t customer, int64_t at_ms);
void blast_sort(struct blast *blast);
int blast_note(struct blast *blast, const struct hits *hits, int64_t now_ms);

/* Was it confirmed that so many more may be? Then they are taken from what was granted. */
bool blast_granted(struct blast *blast, size_t customers, int64_t now_ms);

/* An order waits; `number` is its stop's if none waits yet. Returns the stop's. */
uint32_t blast_stop(struct blast *blast, size_t customers, uint32_t number, int64_t now_ms);

/* False: no stop of that number. */
bool blast_confirm(struct blast *blast, const struct blast_limits *limits, uint32_t number, int64_t now_ms);

/* True: nobody confirmed it for a window's time, and it waits no more. */
bool blast_given_up(struct blast *blast, const struct blast_limits *limits, int64_t now_ms);

#endif
