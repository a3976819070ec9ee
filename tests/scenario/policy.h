/* SPDX-License-Identifier: BSD-3-Clause */
/* What a scenario has published: names to ids, records, and which of them are news. */
#ifndef SLUICE_SCENARIO_POLICY_H
#define SLUICE_SCENARIO_POLICY_H

#include "bench.h"
#include "script.h"

#define POLICY_NAMES 32
#define POLICY_RECORDS 64

struct record {
	enum wire_type type;
	union {
		struct wire_PUT_IDENTITY identity;
		struct wire_PUT_DESTINATION destination;
		struct wire_PUT_SERVES serves;
		struct wire_PUT_LIMITS limits;
		struct wire_PUT_VERDICT verdict;
		struct scope_key key; /* of the last three, and of what is deleted */
	};
};

struct records {
	unsigned count;
	struct record record[POLICY_RECORDS];
};

struct policy {
	char customer[POLICY_NAMES][32], provider[POLICY_NAMES][32]; /* the id is the place plus one */
	struct wire_PUT_SETTINGS settings;
	struct records all, news;
	bool whole; /* the next batch says everything */
	bool begun; /* a first one is to be published */
	uint64_t decision;
};

void policy_init(struct policy *policy);

/* Each takes the rest of a line; NULL, or what is wrong. They count from the next packet or moment on. */
const char *policy_customer(struct policy *policy, struct words words);
const char *policy_provider(struct policy *policy, struct words words);
const char *policy_serves(struct policy *policy, struct words words);
const char *policy_setting(struct policy *policy, struct words words);
const char *policy_limit(struct policy *policy, struct words words);
const char *policy_unlimit(struct policy *policy, struct words words);
const char *policy_quarantine(struct policy *policy, struct words words);
const char *policy_release(struct policy *policy, struct words words);

/* Publishes what is new, if anything is. */
const char *policy_publish(struct policy *policy, struct bench *bench);

/* A scope by its text; NULL, or what is wrong. */
const char *policy_scope(struct policy *policy, const char *text, struct scope_key *ret_key);

#endif
