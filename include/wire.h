/* SPDX-License-Identifier: BSD-3-Clause */
/* The control protocol between sluiced and sluice-gate: framed structs over a UNIX stream socket,
 * both ends on one machine (host byte order). Each frame is a head and one struct of frames.def;
 * the receiver checks version, type, direction and exact size before a handler sees it.
 *
 * A conversation: both send HELLO. The daemon sends BEGIN, any PUT_ and DEL_ records, COMMIT; the
 * gate applies all of them in one swap or none, and answers ACK once every worker has passed a
 * quiescent state. QUERY is answered by rows and END. A frame that fails a check ends the
 * connection after an ACK with the reason; nothing of an open batch is applied. */
#ifndef SLUICE_WIRE_H
#define SLUICE_WIRE_H

#include <stdint.h>

#include "counters.h"
#include "histogram.h"
#include "limit.h"
#include "scope.h"

#define WIRE_MAGIC 0x5c1u
#define WIRE_VERSION 5u
#define WIRE_FRAME_MAX 1024u
#define WIRE_REASON_MAX 96u
#define WIRE_ERROR_MAX 128u
#define WIRE_PORTS_MAX 8u

struct wire_head {
	uint16_t magic;
	uint8_t version;
	uint8_t type;	 /* enum wire_type */
	uint32_t length; /* of the whole frame, head included */
};

enum wire_direction { WIRE_TO_GATE = 1, WIRE_TO_DAEMON = 2, WIRE_BOTH = 3 };

enum wire_type {
#define FRAME(name, direction, help) WIRE_##name,
#include "frames.def"
#undef FRAME
	WIRE_TYPES
};

struct wire_HELLO {
	uint64_t generation; /* last one published here; 0 after a cold start */
	uint64_t boot;	     /* random per process start */
	uint32_t pid;
	uint8_t ready; /* gate: tables are complete, SMTP passes */
	uint8_t workers;
	uint16_t forced; /* gate: a bit per enum fault, it was told to behave as if it were so */
};

_Static_assert(FAULTS <= 16, "a bit for each in a HELLO");

enum { WIRE_DELTA, WIRE_FULL };

struct wire_BEGIN {
	uint64_t generation;
	uint32_t mode; /* WIRE_FULL: forget all records first */
	uint32_t zero;
};

enum refuse_mode { REFUSE_421, REFUSE_RST, REFUSE_MODES };

/* Hold budgets by phase of the dialogue, see dataplane/README.md. */
enum phase { PHASE_SYN, PHASE_BANNER, PHASE_COMMAND, PHASE_TLS_START, PHASE_BODY, PHASES };

struct wire_PUT_SETTINGS {
	uint32_t refuse;      /* enum refuse_mode, for refusals by limit and by default */
	uint32_t max_hold_ms; /* a new connection waits at most so long */
	uint32_t hold_budget_ms[PHASES];
	uint32_t idle_timeout_s; /* a flow with no packet for so long is forgotten */
	uint32_t stale_after_s;	 /* the daemon silent for longer: the gate grows blind (0: never), */
	uint32_t decay_s;	 /* over so long, and sees again over as long */
	uint16_t ports;
	uint16_t port[WIRE_PORTS_MAX]; /* SMTP destination ports */
	uint16_t zero[3];
	uint32_t bulk_percent; /* of what is limited, that bulk mail is sure of beside transactional */
	uint32_t zero_end;
	uint64_t domain_point; /* struct domain_key: by which domains are named in keys; 0: by none */
};

#define WIRE_VLAN_ANY 0xffffu

/* The packet's source address (and port, VLAN) says whose mail it is; the longest prefix wins,
 * then the narrowest port range. */
struct wire_PUT_IDENTITY {
	struct address address;
	uint16_t port_low, port_high; /* inclusive; 0..65535 is any */
	uint16_t vlan;		      /* WIRE_VLAN_ANY */
	uint8_t plen;
	uint8_t stream; /* enum stream */
	uint32_t customer;
	uint32_t zero_end;
};

/* Destination address -> provider; the longest prefix wins. */
struct wire_PUT_DESTINATION {
	struct address address;
	uint32_t provider;
	uint8_t plen;
	uint8_t zero[3];
};

struct wire_DEL_DESTINATIONS {
	uint64_t zero;
};

/* How it is known for which domain a connection's mail is. */
#define DOMAIN_WAYS(X)                                                                                                 \
	X(UNKNOWN, "-")                                                                                                \
	X(CONFIG, "config") /* the configuration says that this address serves it */                                   \
	X(DNS, "dns")	    /* of the domains the daemon knows it is the only one with this address */                 \
	X(RCPT, "rcpt")	    /* the client said so */

enum domain_way {
#define X(name, text) DOMAIN_##name,
	DOMAIN_WAYS(X)
#undef X
		DOMAIN_WAY_COUNT
};

/* A receiving address that serves one domain alone. */
struct wire_PUT_SERVES {
	struct scope_key key; /* of the remote */
	uint32_t way;	      /* enum domain_way: CONFIG or DNS */
	uint64_t domain;
};

/* For each kind the most specific key that has it wins: the exact one, then (of a customer) that of its tier, then
 * with one ID_ANY (customer first), then with both. A limit of 0 connections denies. Of ceilings of a brake the
 * customer's own one stands in place of that of each, whatever kinds it has; the stricter of limit and ceiling holds.
 */
struct wire_PUT_LIMITS {
	struct scope_key key;
	uint32_t zero;
	struct limits limits;
};

struct wire_DEL_LIMITS {
	struct scope_key key;
	uint32_t zero;
};

enum action { ACTION_PASS, ACTION_QUARANTINE, ACTIONS };

struct wire_PUT_VERDICT {
	struct scope_key key;
	uint8_t action; /* enum action */
	uint8_t refuse; /* enum refuse_mode */
	uint8_t zero[2];
	uint64_t decision;
	char reason[WIRE_REASON_MAX]; /* 0-terminated printable ASCII */
};

struct wire_DEL_VERDICT {
	struct scope_key key;
	uint32_t zero;
};

struct wire_COMMIT {
	uint64_t generation; /* of its BEGIN */
};

struct wire_ACK {
	uint64_t generation;
	int32_t status; /* 0 or a negative errno */
	uint32_t records;
	uint64_t publish_ns; /* building and swapping */
	uint64_t quiesce_ns; /* until every worker had passed a quiescent state */
	char error[WIRE_ERROR_MAX];
};

enum query { QUERY_STATUS, QUERY_COUNTERS, QUERY_FLOWS, QUERY_METERS, QUERY_WAITS, QUERY_VOLUMES, QUERIES };

/* By what meters are told: as they come, or those with the most first. */
enum meter_order { ORDER_NONE, ORDER_CONNECTIONS, ORDER_MESSAGES, ORDER_BYTES, ORDER_REFUSED, ORDERS };

#define WIRE_ORDERED_MOST 1000u /* rows, where there is an order */

struct wire_QUERY {
	uint32_t what;		     /* enum query */
	uint32_t most;		     /* rows; 0: all */
	uint32_t customer, provider; /* ID_ANY: no filter */
	uint32_t scope;		     /* of meters, enum scope; SCOPES: no filter */
	uint32_t waiting; /* 1: of flows only those that are held back, of volumes those that were by the brake */
	uint32_t exact;	  /* of meters, 1: only those of `key`, one for each scope */
	struct scope_key key[SCOPES];
	uint32_t order; /* of meters, enum meter_order: the `most` first of them come, the first one first */
};

struct wire_ROW_STATUS {
	uint64_t generation;
	uint64_t boot;
	uint64_t uptime_ns;
	uint64_t flows, flows_most;
	uint64_t held; /* packets waiting */
	uint64_t meters, meters_most;
	uint32_t workers;
	uint32_t ready;
	uint32_t busy_permille; /* the busiest worker, since the last query */
	uint32_t identities, destinations, limits, verdicts;
	uint32_t blind_permille; /* how far limits are on the way to their ceilings */
	uint32_t silent_s;	 /* since the daemon spoke last */
	uint32_t zero;
};

struct wire_ROW_COUNTERS {
	uint64_t counter[COUNTERS];
};

struct wire_ROW_FLOW {
	struct address source, remote;
	uint16_t source_port, remote_port;
	uint16_t vlan;
	uint8_t state; /* enum flow_state */
	uint8_t phase; /* enum phase */
	uint32_t customer, provider;
	uint8_t tls, adopted, quarantined, held;
	uint32_t idle_ms, age_ms;
	uint32_t messages, inferred; /* inferred: of them, inside TLS */
	uint8_t domain_way;	     /* enum domain_way */
	uint8_t stream;		     /* enum stream */
	uint8_t zero[2];
	uint64_t domain; /* its name; DOMAIN_NONE */
	uint64_t bytes_out, bytes_in;
};

/* What one limited thing used; a meter exists while a flow needs it and a while after. */
struct wire_ROW_METER {
	struct scope_key key;
	uint32_t connections; /* now */
	uint64_t admitted, refused, bytes;
	uint64_t messages, inferred; /* inferred: of them, inside TLS */
	uint64_t declined;	     /* of the others, those the server answered 4xx or 5xx */
	struct limits limits;	     /* in force */
	/* Of rates: units that may leave at once, and the time until one may. */
	uint64_t left[LIMIT_KINDS], ready_ns[LIMIT_KINDS];
};

/* What one customer sent since the gate has a meter for it: little, for there may be very many. */
struct wire_ROW_VOLUME {
	uint32_t customer;
	uint32_t zero;
	uint64_t admitted, messages, bytes;
	uint64_t braked; /* so often something of it was made to wait by the spike brake */
};

/* What is made to wait, and how people call it. */
#define WAIT_UNITS(X)                                                                                                  \
	X(CONNECTION, "connection")                                                                                    \
	X(MESSAGE, "message")                                                                                          \
	X(SEGMENT, "segment")

enum wait_unit {
#define X(name, text) WAIT_##name,
	WAIT_UNITS(X)
#undef X
		WAIT_UNIT_COUNT
};

/* How long units waited that were let in or left, by the kind of scope that held them last; since the gate's start. */
struct wire_ROW_WAITS {
	uint32_t unit;	/* enum wait_unit */
	uint32_t scope; /* enum scope */
	uint64_t most_ns;
	uint64_t cell[HISTOGRAM_CELLS];
};

struct wire_END {
	uint32_t what;
	uint32_t rows;
};

#define FLOW_STATES(X)                                                                                                 \
	X(SYN_HELD, "waiting")                                                                                         \
	X(SYN_SENT, "connecting")                                                                                      \
	X(ESTABLISHED, "open")                                                                                         \
	X(CLOSING, "closing")                                                                                          \
	X(CUT, "cut")                                                                                                  \
	X(CLOSED, "closed")

enum flow_state {
#define X(name, text) FLOW_##name,
	FLOW_STATES(X)
#undef X
		FLOW_STATE_COUNT
};

#endif
