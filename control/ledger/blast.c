/* SPDX-License-Identifier: BSD-3-Clause */
#include "ledger/blast.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void blast_finish(struct blast *blast)
{
	free(blast->hit);
	*blast = (struct blast){ 0 };
}

static size_t place_of(const struct blast *blast, uint32_t customer)
{
	size_t low = 0, high = blast->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (blast->hit[middle].customer < customer)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool blast_has(const struct blast *blast, uint32_t customer)
{
	size_t place = place_of(blast, customer);

	return place < blast->count && blast->hit[place].customer == customer;
}

/* There may be very many, and an order is not to look at each: a hundredth of the window is soon enough. */
static void forget_old(struct blast *blast, const struct blast_limits *limits, int64_t now_ms)
{
	size_t kept = 0;

	if (now_ms - blast->swept_ms < limits->window_ms / 100)
		return;
	for (size_t i = 0; i < blast->count; i++)
		if (blast->hit[i].at_ms > now_ms - limits->window_ms)
			blast->hit[kept++] = blast->hit[i];
	blast->count = kept;
	blast->swept_ms = now_ms;
}

size_t blast_with(struct blast *blast, const struct blast_limits *limits, const struct hits *hits, int64_t now_ms)
{
	forget_old(blast, limits, now_ms);
	size_t all = blast->count;
	for (size_t i = 0; i < hits->count; i++)
		all += !blast_has(blast, hits->customer[i]);
	return all;
}

bool blast_exceeds(const struct blast_limits *limits, const struct blast_size *size)
{
	if (size->customers <= limits->least)
		return false;
	return size->customers * 100 > limits->customers * size->all ||
	       size->volume * 100 > (double)limits->volume * size->all_volume;
}

static int make_room(struct blast *blast, size_t more)
{
	size_t needed = blast->count + more;

	if (needed <= blast->room)
		return 0;
	struct blast_hit *grown = realloc(blast->hit, needed * 2 * sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	blast->hit = grown;
	blast->room = needed * 2;
	return 0;
}

/* Of one customer's the last one first. */
static int by_customer(const void *left, const void *right)
{
	const struct blast_hit *a = left, *b = right;

	if (a->customer != b->customer)
		return (a->customer > b->customer) - (a->customer < b->customer);
	return (a->at_ms < b->at_ms) - (a->at_ms > b->at_ms);
}

int blast_append(struct blast *blast, uint32_t customer, int64_t at_ms)
{
	int ret = make_room(blast, 1);

	if (ret == 0)
		blast->hit[blast->count++] = (struct blast_hit){ customer, at_ms };
	return ret;
}

void blast_sort(struct blast *blast)
{
	size_t kept = 0;

	if (blast->count > 0)
		qsort(blast->hit, blast->count, sizeof(*blast->hit), by_customer);
	for (size_t i = 0; i < blast->count; i++)
		if (kept == 0 || blast->hit[kept - 1].customer != blast->hit[i].customer)
			blast->hit[kept++] = blast->hit[i];
	blast->count = kept;
}

static void sort_in_last(struct blast *blast)
{
	const struct blast_hit last = blast->hit[--blast->count];
	size_t place = place_of(blast, last.customer);

	memmove(&blast->hit[place + 1], &blast->hit[place], (blast->count - place) * sizeof(last));
	blast->hit[place] = last;
	blast->count++;
}

/* Those that were there already are found where they stood; the new ones are sorted in once. */
int blast_note(struct blast *blast, const struct hits *hits, int64_t now_ms)
{
	size_t had = blast->count, count = had;

	if (make_room(blast, hits->count) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < hits->count; i++) {
		size_t place = place_of(blast, hits->customer[i]);
		if (place < had && blast->hit[place].customer == hits->customer[i])
			blast->hit[place].at_ms = now_ms;
		else
			blast->hit[count++] = (struct blast_hit){ hits->customer[i], now_ms };
	}
	blast->count = count;
	if (count == had + 1)
		sort_in_last(blast);
	else if (count > had)
		blast_sort(blast);
	return 0;
}

bool blast_granted(struct blast *blast, size_t customers, int64_t now_ms)
{
	if (now_ms >= blast->granted_until_ms || customers > blast->granted)
		return false;
	blast->granted -= customers;
	return true;
}

uint32_t blast_stop(struct blast *blast, size_t customers, uint32_t number, int64_t now_ms)
{
	struct stop *stop = &blast->stop;

	if (stop->number == 0)
		*stop = (struct stop){ .number = number };
	stop->last_ms = now_ms;
	stop->orders++;
	blast->stopped++;
	if (customers > stop->customers)
		stop->customers = customers;
	return stop->number;
}

bool blast_confirm(struct blast *blast, const struct blast_limits *limits, uint32_t number, int64_t now_ms)
{
	if (number == 0 || blast->stop.number != number)
		return false;
	blast->granted = blast->stop.customers;
	blast->granted_until_ms = now_ms + limits->window_ms;
	blast->count = 0;
	blast->stop = (struct stop){ 0 };
	return true;
}

bool blast_given_up(struct blast *blast, const struct blast_limits *limits, int64_t now_ms)
{
	if (blast->stop.number == 0 || now_ms - blast->stop.last_ms < limits->window_ms)
		return false;
	blast->stop = (struct stop){ 0 };
	return true;
}
