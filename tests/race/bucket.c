/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads take from one bucket, some what they can have now, some what they can have later. Whatever they got, it is
 * never more than burst + rate x time. */
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

static void take(uint64_t *random)
{
	uint64_t now = clock_now(), when = now;

	if (race_random(random, 2) == 0) {
		if (bucket_try(&bucket, 1, now, &when))
			grants_note(&grants, now);
		else
			require(when > now, "a token now, and yet none");
	} else if (bucket_when(&bucket, 1, now) < now + AHEAD_NS) {
		grants_note(&grants, bucket_take(&bucket, 1, now));
	}
}

static void *taker(void *argument)
{
	uint64_t random = (uintptr_t)argument;

	while (!atomic_load_explicit(&over, memory_order_relaxed))
		take(&random);
	return NULL;
}

int main(void)
{
	const struct limit limit = { .amount = RATE, .per_ns = 1000000000, .burst = BURST };
	uint64_t end = race_end();
	pthread_t thread[TAKERS];

	bucket_init(&bucket, &limit, clock_now());
	for (uintptr_t i = 0; i < TAKERS; i++)
		thread[i] = race_start(taker, (void *)(i + 41));
	while (clock_now() < end) {
		bucket_set(&bucket, &limit); /* as a table does that brings the same limits again */
		usleep(1000);
	}
	atomic_store(&over, true);
	for (int i = 0; i < TAKERS; i++)
		pthread_join(thread[i], NULL);
	grants_check(&grants, "the bucket", RATE, BURST);
	printf("%u tokens\n", grants.count);
	return 0;
}
