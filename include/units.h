/* SPDX-License-Identifier: BSD-3-Clause */
/* Human units to numbers and back, in one place. Pure; never writes its output on failure.
 * All parsers return 0, or -EINVAL (not of the form) or -ERANGE (of the form, too large). */
#ifndef SLUICE_UNITS_H
#define SLUICE_UNITS_H

#include <stddef.h>
#include <stdint.h>

#include "limit.h"
#include "scope.h"

/* "250ms", "30s", "5min", "24h", "7d", "1h30min" -> nanoseconds. A bare number is refused. */
int duration_parse(const char *text, uint64_t *ret_ns);

/* "20", "10k", "5M" -> count. */
int count_parse(const char *text, uint64_t *ret_count);

/* "64kB", "10MB", "1MiB", "1500" -> bytes (k=1000, Ki=1024). */
int size_parse(const char *text, uint64_t *ret_bytes);

/* "10/s", "600/min", "100/h", "5k/d", "10/5s"; bytes also "2MB/s", "10Mbit/s" (bit rates: per second).
 * Fills amount and per_ns; burst: the part after a blank, "10/s burst 20", else the default
 * (connection-rate, message-rate: 1; byte-rate: the amount of 100 ms, at least 15 kB). */
int rate_parse(enum limit_kind kind, const char *text, struct limit *ret_limit);

/* One "key=value" or "key: value" of a limit, by kind ("connections" takes a count). */
int limit_parse(enum limit_kind kind, const char *text, struct limit *ret_limit);

/* "203.0.113.5", "2001:db8::1" -> address; with "/plen" -> prefix length in 128-bit terms (v4: +96). */
int address_parse(const char *text, struct address *ret_address);
int prefix_parse(const char *text, struct address *ret_address, uint8_t *ret_plen);

/* Formatters write at most `size` bytes with the final 0, and return `out`. */
char *duration_format(uint64_t ns, char *out, size_t size);
/* For reading, not for parsing again: its two largest units, "1h 1min", "12s". */
char *span_format(uint64_t ns, char *out, size_t size);
char *limit_format(enum limit_kind kind, const struct limit *limit, char *out, size_t size);

/* As orders write them, with `separator` between: "connections=20 connection-rate=10/s burst 5"; "" when nothing is
 * limited. */
char *limits_format(const struct limits *limits, char separator, char *out, size_t size);
char *address_format(const struct address *address, char *out, size_t size);
char *prefix_format(const struct address *address, uint8_t plen, char *out, size_t size);

#endif
