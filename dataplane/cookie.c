/* SPDX-License-Identifier: BSD-3-Clause */
#include "cookie.h"

#include "siphash.h"

static uint32_t cookie_of(const uint8_t secret[16], const struct flow_key *key, uint64_t epoch)
{
	struct {
		struct flow_key key;
		uint64_t epoch;
	} what = { *key, epoch };

	return (uint32_t)siphash(2, 4, secret, &what, sizeof(what));
}

uint32_t cookie_make(const uint8_t secret[16], const struct flow_key *key, uint64_t now)
{
	return cookie_of(secret, key, now / COOKIE_EPOCH_NS);
}

bool cookie_check(const uint8_t secret[16], const struct flow_key *key, uint64_t now, uint32_t ack, uint32_t *ret_past)
{
	for (uint64_t age = 0; age < 2 && age <= now / COOKIE_EPOCH_NS; age++) {
		uint32_t past = ack - 1 - cookie_of(secret, key, now / COOKIE_EPOCH_NS - age);
		if (past <= COOKIE_SPAN) {
			*ret_past = past;
			return true;
		}
	}
	return false;
}
