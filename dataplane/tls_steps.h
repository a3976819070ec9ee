/* SPDX-License-Identifier: BSD-3-Clause */
/* The table behind tls_infer.c: the steps of a session, and how well the sizes of an exchange fit each. */
#ifndef SLUICE_TLS_STEPS_H
#define SLUICE_TLS_STEPS_H

#include <stdbool.h>
#include <stdint.h>

struct tls_step {
	uint8_t from, to; /* enum tls_infer_state */
	uint8_t kind;	  /* of exchange */
	uint8_t cost;	  /* rare steps are dear */
	bool messages;	  /* a message was answered */
};

/* How much the server said, compared to the exchange before. */
enum tls_trend { TREND_NONE, TREND_LESS, TREND_SAME, TREND_MORE, TRENDS };

/* An exchange, by classes of size. */
struct tls_exchange {
	uint8_t client, server, ratio, trend;
	bool grouped; /* PIPELINING is offered, for all we know */
};

extern const struct tls_step tls_steps[];
extern const uint32_t tls_steps_count;

/* `server_before` is 0 when there is nothing to compare with. */
struct tls_exchange tls_exchange(uint32_t client_bytes, uint32_t server_bytes, uint32_t server_before, uint8_t offers);
uint32_t tls_step_cost(const struct tls_step *step, const struct tls_exchange *exchange);

#endif
