/* SPDX-License-Identifier: BSD-3-Clause */
#include "traffic.h"

#include <stdlib.h>
#include <string.h>

/* One more pointer at the end of a list. */
static void *grow(void *list, unsigned count, size_t size, void **ret_fresh)
{
	void **grown = realloc(list, (count + 1) * sizeof(*grown));

	*ret_fresh = calloc(1, size);
	if (grown == NULL || *ret_fresh == NULL)
		abort();
	grown[count] = *ret_fresh;
	return grown;
}

void traffic_clear(struct traffic *traffic)
{
	for (unsigned i = 0; i < traffic->sents; i++)
		free(traffic->sent[i]);
	for (unsigned i = 0; i < traffic->cames; i++)
		free(traffic->came[i]);
	free(traffic->sent);
	free(traffic->came);
	memset(traffic, 0, sizeof(*traffic));
}

struct sent *traffic_add(struct traffic *traffic, const struct sent *sent)
{
	void *fresh;

	traffic->sent = grow(traffic->sent, traffic->sents++, sizeof(*sent), &fresh);
	memcpy(fresh, sent, sizeof(*sent));
	return fresh;
}

void traffic_collect(struct traffic *traffic, struct bench *bench)
{
	uint8_t frame[FRAME_MOST];

	for (int side = 0; side < SIDES; side++) {
		for (;;) {
			uint32_t size = bench_take(bench, side, frame, sizeof(frame));
			void *fresh;
			if (size == 0)
				break;
			traffic->came = grow(traffic->came, traffic->cames++, sizeof(struct came), &fresh);
			struct came *came = fresh;
			*came = (struct came){ .side = side, .at = bench->now, .size = size };
			memcpy(came->frame, frame, size);
		}
	}
}

struct came *traffic_next(struct traffic *traffic, enum side side)
{
	while (traffic->first < traffic->cames && traffic->came[traffic->first]->seen)
		traffic->first++;
	for (unsigned i = traffic->first; i < traffic->cames; i++)
		if (!traffic->came[i]->seen && (side == SIDES || traffic->came[i]->side == side))
			return traffic->came[i];
	return NULL;
}

struct sent *traffic_origin(const struct traffic *traffic, const struct came *came)
{
	for (unsigned i = 0; i < traffic->sents; i++) {
		struct sent *sent = traffic->sent[i];
		if (!sent->left && sent->side != came->side && sent->size == came->size &&
		    memcmp(sent->frame, came->frame, sent->size) == 0)
			return sent;
	}
	return NULL;
}

const struct sent *traffic_newer(const struct traffic *traffic, const struct sent *sent)
{
	const struct sent *newer = NULL;

	for (unsigned i = 0; i < traffic->sents; i++) {
		const struct sent *copy = traffic->sent[i];
		if (copy == sent)
			newer = NULL;
		else if (!copy->stale && sent->talk != NULL && copy->talk == sent->talk && copy->side == sent->side &&
			 copy->tcp.seq == sent->tcp.seq && copy->tcp.size == sent->tcp.size && copy->tcp.size > 0)
			newer = copy;
		else if (!copy->stale && copy->talk == sent->talk && sent->tcp.flags & TCP_SYN &&
			 copy->tcp.flags & TCP_SYN && copy->tcp.seq == sent->tcp.seq && copy->side == sent->side)
			newer = copy;
	}
	return newer;
}
