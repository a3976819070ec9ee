/* SPDX-License-Identifier: BSD-3-Clause */
#include "arrive.h"

#include "burst.h"
#include "identify.h"
#include "messages.h"
#include "queue.h"
#include "usage.h"
#include "worker.h"

/* The packets that open a connection. */
struct arrivals {
	uint16_t count;
	struct packet *packet[BURST_MAX];
};

static void collect(struct worker *worker, struct burst *burst, struct arrivals *ret_arrivals)
{
	ret_arrivals->count = 0;
	for (uint16_t i = 0; i < burst->count; i++) {
		struct packet *packet = &burst->packet[i];
		if (packet->kind != PACKET_SMTP || !packet_opens(packet))
			continue;
		packet->arrival = &worker->arrival[ret_arrivals->count];
		ret_arrivals->packet[ret_arrivals->count++] = packet;
	}
}

/* Where identities and destinations are, then what they are. */
static void fetch_parties(struct worker *worker, const struct arrivals *arrivals)
{
	for (uint16_t i = 0; i < arrivals->count; i++) {
		struct flow_key *key = &worker->arrival[i].key;
		packet_key(arrivals->packet[i], key);
		identify_fetch(worker, key, LOOK_WHERE);
	}
	for (uint16_t i = 0; i < arrivals->count; i++)
		identify_fetch(worker, &worker->arrival[i].key, LOOK_WHAT);
}

/* The records they will take, in the order in which they will. */
static void fetch_records(const struct worker *worker, const struct arrivals *arrivals)
{
	uint32_t fresh = 0, index;

	for (uint16_t i = 0; i < arrivals->count; i++)
		if (arrivals->packet[i]->flow == NULL && flow_fetch_free(worker->flows, fresh++, &index))
			messages_fetch_at(worker, index);
}

void arrive(struct worker *worker, struct burst *burst)
{
	const struct meters *meters = worker->gate->meters;
	struct arrivals arrivals;

	collect(worker, burst, &arrivals);
	fetch_parties(worker, &arrivals);
	for (uint16_t i = 0; i < arrivals.count; i++) {
		struct arrival *arrival = &worker->arrival[i];
		identify(worker, &arrival->key, &arrival->party);
		meter_hashes(meters, arrival->party.scopes.key, SCOPES, arrival->hash);
	}
	for (uint16_t i = 0; i < arrivals.count; i++)
		meters_fetch(meters, worker->arrival[i].hash, SCOPES);
	fetch_records(worker, &arrivals);
	for (uint16_t i = 0; i < arrivals.count; i++)
		meters_fetch_next(meters, worker->arrival[i].party.scopes.key, worker->arrival[i].hash, SCOPES);
}
