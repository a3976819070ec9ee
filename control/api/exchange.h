/* SPDX-License-Identifier: BSD-3-Clause */
/* One request of HTTP and its answer, between libmicrohttpd and request.c. While the answer is awaited the connection
 * is suspended, and nobody's else. */
#ifndef SLUICE_EXCHANGE_H
#define SLUICE_EXCHANGE_H

#include <jansson.h>
#include <microhttpd.h>

struct exchange;
struct feed;

/* For MHD_start_daemon(): called as a request's header, its body, and its end come. */
enum MHD_Result exchange_handle(void *context, struct MHD_Connection *connection, const char *url, const char *method,
				const char *version, const char *data, size_t *size, void **state);

/* For MHD_OPTION_NOTIFY_COMPLETED: sent, or the client has gone. */
void exchange_completed(void *context, struct MHD_Connection *connection, void **state,
			enum MHD_RequestTerminationCode why);

/* An answer that goes on, instead of one: see feed_create(). NULL without memory. */
struct feed *exchange_feed(struct exchange *exchange, void (*ended)(void *context, struct feed *feed), void *context);

/* The answer, for request.c; takes `reply` (NULL: it could not be made). */
void exchange_answer(struct exchange *exchange, unsigned status, json_t *reply);

#endif
