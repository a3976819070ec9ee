/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a capture (pcap, Ethernet, IPv4) and feeds every SMTP connection to the gate's own modules, as the
 * gate does. A line a connection: client, port, server, port, seconds, C(lear) or T(LS), begun, sent,
 * accepted, refused, recipients, odd bits, lost; under TLS "sent" is what was inferred.
 * --remember: what a client's earlier sessions were (DATA or BDAT) is known to its later ones.
 * --trace CLIENT:PORT: every turn of that connection is shown. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smtp_session.h"
#include "tls.h"
#include "tls_infer.h"

#define TABLE 65536u
#define PORT_SMTP 25
#define PORT_SMTPS 465

/* A segment that came before its time. */
struct early {
	struct early *next;
	uint32_t seq, size;
	uint8_t data[];
};

struct side {
	uint32_t next;
	bool known;
	struct early *early;
};

struct connection {
	uint32_t client, server;
	uint16_t client_port, server_port;
	double opened;
	struct side sides[2];
	bool tls;
	union {
		struct smtp_session session;
		struct tls_infer infer;
	};
	uint32_t begun, sent, accepted, refused, recipients, transactions;
	uint16_t odd;
	bool lost, closed;
	struct connection *older;
};

static struct connection *table[TABLE];
static const struct domain_key key = { .point = 0x1f3d5b79a2c4e6ull };

static struct connection *find(uint32_t client, uint16_t client_port, uint32_t server, uint16_t port, bool fresh,
			       double now)
{
	struct connection **head = &table[(client * 31 + client_port * 2654435761u + server) % TABLE], *at;

	for (at = *head; at != NULL; at = at->older) {
		if (at->client == client && at->client_port == client_port && at->server == server &&
		    at->server_port == port)
			break;
	}
	if (at != NULL && !(fresh && at->closed))
		return at;
	if (!fresh)
		return NULL;
	at = calloc(1, sizeof(*at));
	if (at == NULL)
		abort();
	*at = (struct connection){ .client = client,
				   .server = server,
				   .client_port = client_port,
				   .server_port = port,
				   .opened = now,
				   .older = *head };
	*head = at;
	smtp_session_open(&at->session);
	return at;
}

/* What a client's sessions were so far, as the gate could remember it by source address. */
static uint8_t habits[256];
static bool remember;

static uint8_t *habit_of(const struct connection *connection)
{
	return &habits[ntohl(connection->client) & 0xff]; /* of the bench's addresses no two end alike */
}

static void begin_tls(struct connection *connection, uint8_t known)
{
	uint8_t habit = remember ? *habit_of(connection) : 0;

	connection->tls = true;
	tls_infer_open(&connection->infer, known | habit);
}

static void end_tls(struct connection *connection)
{
	uint8_t habit = tls_infer_habit(&connection->infer);

	tls_infer_close(&connection->infer);
	if (habit != 0)
		*habit_of(connection) = habit;
}

static void note(struct connection *connection, const struct smtp_event *event)
{
	connection->transactions += (event->what & SMTP_TRANSACTION) != 0;
	connection->recipients += (event->what & SMTP_RECIPIENT) != 0;
	connection->begun += (event->what & SMTP_BEGUN) != 0;
	connection->sent += (event->what & SMTP_SENT) != 0;
	connection->accepted += (event->what & SMTP_ACCEPTED) != 0;
	connection->refused += (event->what & SMTP_REFUSED) != 0;
	connection->lost |= (event->what & SMTP_LOST) != 0;
	connection->odd = connection->session.odd;
	if (event->what & SMTP_STARTTLS) {
		begin_tls(connection, connection->session.offers);
	}
}

static void feed(struct connection *connection, bool client, const uint8_t *data, uint32_t size)
{
	struct smtp_event event;

	/* RFC 8314: TLS from the first byte on. */
	if (client && !connection->tls && connection->server_port == PORT_SMTPS) {
		begin_tls(connection, TLS_INFER_UNKNOWN);
	}
	while (size > 0 && !connection->tls) {
		uint32_t taken = client ? smtp_session_client(&connection->session, key, data, size, &event)
					: smtp_session_server(&connection->session, data, size, &event);
		note(connection, &event);
		data += taken;
		size -= taken;
	}
	if (connection->tls && client)
		tls_infer_client(&connection->infer, data, size);
	else if (connection->tls)
		tls_infer_server(&connection->infer, data, size);
}

/* What is new of a segment that fits; false when bytes before it are missing. */
static bool take_fitting(struct connection *connection, bool client, uint32_t seq, const uint8_t *data, uint32_t size)
{
	struct side *side = &connection->sides[client];
	uint32_t known = side->known ? side->next - seq : 0;

	if (known >= 0x80000000u)
		return false;
	if (known >= size)
		return true;
	side->known = true;
	side->next = seq + size;
	feed(connection, client, data + known, size - known);
	return true;
}

static void keep(struct side *side, uint32_t seq, const uint8_t *data, uint32_t size)
{
	struct early *early = malloc(sizeof(*early) + size);

	if (early == NULL)
		abort();
	*early = (struct early){ .next = side->early, .seq = seq, .size = size };
	memcpy(early->data, data, size);
	side->early = early;
}

static void take(struct connection *connection, bool client, uint32_t seq, const uint8_t *data, uint32_t size)
{
	struct side *side = &connection->sides[client];

	if (size == 0)
		return;
	if (!take_fitting(connection, client, seq, data, size)) {
		keep(side, seq, data, size);
		return;
	}
	for (struct early **at = &side->early; *at != NULL;) {
		struct early *early = *at;
		if (!take_fitting(connection, client, early->seq, early->data, early->size)) {
			at = &early->next;
			continue;
		}
		*at = early->next;
		free(early);
		at = &side->early; /* from the start: it may have filled an earlier one's gap */
	}
}

static const char *trace;

static void show(const struct connection *connection, bool client)
{
	char name[32], address[16];

	if (trace == NULL || !connection->tls)
		return;
	snprintf(name, sizeof(name), "%s:%u", inet_ntop(AF_INET, &connection->client, address, sizeof(address)),
		 connection->client_port);
	if (strcmp(name, trace) != 0)
		return;
	const struct tls_infer *infer = &connection->infer;
	printf("%c %u/%u count %u begin %d  costs", client ? 'C' : 'S', infer->client_bytes, infer->server_bytes,
	       tls_infer_count(infer), tls_infer_may_begin(infer));
	for (int i = 0; i < INFER_STATES; i++)
		printf(" %u(%u)", infer->costs[i], infer->counts[i]);
	printf("\n");
}

static void packet(const uint8_t *frame, uint32_t size, double now)
{
	uint32_t addresses[2], seq;
	uint16_t ports[2], total;

	if (size < 54 || frame[12] != 8 || frame[13] != 0 || frame[23] != IPPROTO_TCP)
		return;
	const uint8_t *tcp = frame + 14 + (frame[14] & 15) * 4;
	memcpy(&total, frame + 16, 2);
	memcpy(addresses, frame + 26, 8);
	memcpy(ports, tcp, 4);
	memcpy(&seq, tcp + 4, 4);
	ports[0] = ntohs(ports[0]);
	ports[1] = ntohs(ports[1]);
	bool client = ports[1] == PORT_SMTP || ports[1] == PORT_SMTPS;
	const uint8_t *data = tcp + (tcp[12] >> 4) * 4, *end = frame + 14 + ntohs(total);
	if (end > frame + size || data > end)
		return;
	bool syn = (tcp[13] & 0x12) == 2;
	struct connection *connection =
		find(addresses[!client], ports[!client], addresses[client], ports[client], syn, now);
	if (connection == NULL || syn)
		return;
	connection->closed |= (tcp[13] & 5) != 0; /* FIN or RST: its ports may be used again */
	take(connection, client, ntohl(seq), data, (uint32_t)(end - data));
	if (client && connection->tls && (tcp[13] & 1) != 0)
		end_tls(connection);
	if (end > data)
		show(connection, client);
}

static void print(const struct connection *connection)
{
	char client[16], server[16];

	inet_ntop(AF_INET, &connection->client, client, sizeof(client));
	inet_ntop(AF_INET, &connection->server, server, sizeof(server));
	printf("%s %u %s %u %.6f %c %u %u %u %u %u %u %d\n", client, connection->client_port, server,
	       connection->server_port, connection->opened, connection->tls ? 'T' : 'C', connection->begun,
	       connection->tls ? tls_infer_count(&connection->infer) : connection->sent, connection->accepted,
	       connection->refused, connection->recipients, connection->odd,
	       connection->lost || connection->sides[0].early != NULL || connection->sides[1].early != NULL);
}

static void read_all(FILE *file)
{
	static uint8_t frame[262144];
	struct {
		uint32_t seconds, micros, kept, size;
	} head;

	while (fread(&head, sizeof(head), 1, file) == 1 && head.kept <= sizeof(frame)) {
		if (fread(frame, 1, head.kept, file) != head.kept)
			return;
		packet(frame, head.kept, head.seconds + head.micros / 1e6);
	}
}

int main(int count, char **words)
{
	uint8_t header[24];

	if (count < 2) {
		fprintf(stderr, "usage: infer-count CAPTURE [--remember] [--trace CLIENT:PORT]\n");
		return EXIT_FAILURE;
	}
	for (int i = 2; i < count; i++) {
		remember |= strcmp(words[i], "--remember") == 0;
		if (strcmp(words[i], "--trace") == 0 && i + 1 < count)
			trace = words[++i];
	}
	FILE *file = fopen(words[1], "rb");
	if (file == NULL || fread(header, sizeof(header), 1, file) != 1) {
		perror(words[1]);
		return EXIT_FAILURE;
	}
	read_all(file);
	fclose(file);
	/* A connection without a byte of the server was never opened. */
	for (uint32_t i = 0; trace == NULL && i < TABLE; i++) {
		for (const struct connection *at = table[i]; at != NULL; at = at->older)
			if (at->sides[0].known)
				print(at);
	}
	return EXIT_SUCCESS;
}
