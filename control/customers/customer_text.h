/* SPDX-License-Identifier: BSD-3-Clause */
/* A customer's properties as one line of text each, for files of customers, the journal and lists:
 *   sources   "192.0.2.11 192.0.2.64/28;ports=20000-29999;vlan=120;stream=transactional"
 *   limits    "connections=20;byte-rate=2MB/s burst 64kB"
 *   at        "google connections=20;message-rate=5/s|partner connections=2"
 *   members   "delta echo foxtrot"
 * Pure. What parses returns NULL, or what was expected. */
#ifndef SLUICE_CUSTOMER_TEXT_H
#define SLUICE_CUSTOMER_TEXT_H

#include <stdbool.h>

#include "config/config.h"

#define CUSTOMER_NAME_MOST 64
#define CUSTOMER_SOURCES_MOST 256 /* of one customer, in such a text */

#define PORTS_EXPECTED "a range within 0 to 65535, such as 20000-29999"
#define VLAN_EXPECTED "0 (untagged) to 4094"
#define PREFIX_EXPECTED "an address or a prefix without host bits, such as 192.0.2.0/24"

/* 1 to 64 letters, digits, - _ . and not "unknown". */
bool customer_name_fits(const char *text);

/* "20000-29999" or "25"; false when it is neither. */
bool ports_parse(const char *text, uint16_t *ret_low, uint16_t *ret_high);

const char *weight_parse(const char *text, uint64_t *ret_weight);

/* Adds to the customer's. / The text again, to be freed; NULL when memory is out. */
const char *sources_parse(const char *text, struct customer *customer);
char *sources_text(const struct customer *customer);

/* Adds to the limits. The text again: limits_format() with ';'. */
const char *limits_parse(const char *text, struct limits *limits);

/* Room for limits at one more provider; aborts without memory. / Adds to the customer's. / The text again, to be
 * freed; NULL when memory is out. */
struct limits *customer_add_at(struct customer *customer, const char *provider);
const char *at_parse(const char *text, struct customer *customer);
char *at_text(const struct customer *customer);
const char *members_parse(const char *text, struct customer *customer);
char *members_text(const struct customer *customer);

#endif
