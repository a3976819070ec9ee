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

/* Bytes of both sides in one exchange. */
struct tls_sizes {
	uint32_t client;
	uint16_t server;
};

/* How much the server said, compared to what it says to a message alone, as far as that is known. */
enum tls_final { FINAL_UNKNOWN, FINAL_LESS, FINAL_NEARLY, FINAL_SAME, FINAL_MORE, FINAL_AND_MORE, FINALS };

/* An exchange, by classes of size. */
struct tls_exchange {
	uint8_t client, server, ratio, trend, final;
	bool parted;  /* with the client's bytes before it, more than a client sends at once */
	bool grouped; /* PIPELINING is offered, for all we know */
};

extern const struct tls_step tls_steps[];
extern const uint32_t tls_steps_count;

/* What an exchange is compared with; 0: nothing. */
struct tls_earlier {
	uint16_t server; /* in the exchange before */
	uint8_t client;	 /* in it, in units of 64 bytes */
	uint8_t final;	 /* what the server said to so many bytes that they were a message and nothing else */
};

struct tls_exchange tls_exchange(struct tls_sizes now, const struct tls_earlier *earlier, uint8_t offers);

/* What this exchange is for those to come: RSET and the like tell nothing about the server's words. */
void tls_earlier_note(struct tls_earlier *earlier, struct tls_sizes now);
uint32_t tls_step_cost(const struct tls_step *step, const struct tls_exchange *exchange);

#endif
