/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads take from one bucket, first what they can have soon, then whatever comes, of which they give back what is
 * too late for them. What they keep is never more than burst + rate x time. */
#include "bucket.h"

#include "grants.h"
#include "race.h"

#define TAKERS 3
#define RATE 50000u
#define BURST 20u

static struct bucket bucket;
static struct grants grants;
static _Atomic bool over;

/* Nobody books further ahead than this: a queue of packets is bounded, too. */
#define AHEAD_NS 2000000u

static _Atomic uint64_t returned;

static void take_soon(void)
{
	uint64_t now = clock_now();

	if (bucket_when(&bucket, 1, now) >= now + AHEAD_NS)
		return;
	uint64_t when = bucket_take(&bucket, 1, now);
	require(when >= now, "a token of the past");
	grants_note(&grants, when);
}

static void take_and_return(void)
{
	uint64_t now = clock_now(), when = bucket_take(&bucket, 1, now);

	require(when >= now, "a token of the past");
	if (when - now < AHEAD_NS) {
		grants_note(&grants, when);
		return;
	}
	bucket_return(&bucket, 1);
	atomic_fetch_add_explicit(&returned, 1, memory_order_relaxed);
}

static void *taker(void *argument)
{
	void (*take)(void) = argument;

	while (!atomic_load_explicit(&over, memory_order_relaxed))
		take();
	return NULL;
}

/* Until then, all of them; returns how many tokens the rate gave in that time. */
static uint64_t run(void (*take)(void), uint64_t end)
{
	const struct limit limit = { .amount = RATE, .per_ns = 1000000000, .burst = BURST };
	uint64_t start = clock_now();
	pthread_t thread[TAKERS];

	grants.count = 0;
	atomic_store(&over, false);
	bucket_init(&bucket, &limit, start);
	for (int i = 0; i < TAKERS; i++)
		thread[i] = race_start(taker, (void *)take);
	while (clock_now() < end) {
		bucket_set(&bucket, &limit, clock_now()); /* as a table does that brings the same limits again */
		usleep(1000);
	}
	atomic_store(&over, true);
	for (int i = 0; i < TAKERS; i++)
		pthread_join(thread[i], NULL);
	return (clock_now() - start + AHEAD_NS) / (1000000000u / RATE);
}

/* A token that comes back late, when time has filled the bucket again, is one too many: a few of those there are,
 * each time all threads were kept from running. */
static void check_sum(uint64_t most)
{
	require(grants.count <= most + BURST + most / 100, "%u of %llu tokens", grants.count, (unsigned long long)most);
	require(grants.count > most / 2 && returned > 100, "%u of %llu tokens, %llu returned: some are lost",
		grants.count, (unsigned long long)most, (unsigned long long)returned);
}

int main(void)
{
	uint64_t start = clock_now(), end = race_end();

	run(take_soon, start + (end - start) / 2);
	grants_check(&grants, "the bucket", RATE, BURST);
	uint32_t first = grants.count;
	check_sum(run(take_and_return, end));
	printf("%u tokens, then %u, %llu returned\n", first, grants.count, (unsigned long long)returned);
	return 0;
}
