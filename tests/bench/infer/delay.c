/* SPDX-License-Identifier: BSD-3-Clause */
/* In the bridge's place: two interfaces, every frame of one leaves at the other so many milliseconds later, in
 * order, give or take a jitter. For machines whose kernel has no netem. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#define FRAME_MOST 2048u
#define FRAMES 16384u

struct frame {
	uint64_t due;
	uint32_t size;
	uint8_t data[FRAME_MOST];
};

/* One direction. */
struct way {
	int from, to;
	uint64_t latest;
	uint32_t first, used;
	struct frame *frames;
};

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static int open_interface(const char *name)
{
	const int yes = 1, room = 64 << 20;
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(ETH_P_ALL),
				       .sll_ifindex = (int)if_nametoindex(name) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);

	/* What we send ourselves is not to come back. */
	if (fd < 0 || address.sll_ifindex == 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		perror(name);
		exit(EXIT_FAILURE);
	}
	return fd;
}

static void take(struct way *way, uint64_t delay, uint64_t jitter)
{
	while (way->used < FRAMES) {
		struct frame *frame = &way->frames[(way->first + way->used) % FRAMES];
		ssize_t size = recv(way->from, frame->data, sizeof(frame->data), MSG_TRUNC);
		if (size <= 0 || (size_t)size > sizeof(frame->data))
			return;
		frame->size = (uint32_t)size;
		frame->due = now_ns() + delay + (uint64_t)(rand() / (double)RAND_MAX * (double)jitter);
		if (frame->due < way->latest)
			frame->due = way->latest;
		way->latest = frame->due;
		way->used++;
	}
}

static void release(struct way *way)
{
	while (way->used > 0 && way->frames[way->first].due <= now_ns()) {
		const struct frame *frame = &way->frames[way->first];
		if (send(way->to, frame->data, frame->size, 0) < 0 && (errno == EAGAIN || errno == ENOBUFS))
			return;
		way->first = (way->first + 1) % FRAMES;
		way->used--;
	}
}

int main(int count, char **words)
{
	if (count != 5) {
		fprintf(stderr, "usage: infer-delay INTERFACE INTERFACE MICROSECONDS JITTER-MICROSECONDS\n");
		return EXIT_FAILURE;
	}
	int one = open_interface(words[1]), two = open_interface(words[2]);
	uint64_t delay = strtoull(words[3], NULL, 10) * 1000, jitter = strtoull(words[4], NULL, 10) * 1000;
	struct way ways[2] = { { .from = one, .to = two }, { .from = two, .to = one } };
	struct pollfd polls[2] = { { .fd = one, .events = POLLIN }, { .fd = two, .events = POLLIN } };

	for (int i = 0; i < 2; i++) {
		ways[i].frames = calloc(FRAMES, sizeof(struct frame));
		if (ways[i].frames == NULL)
			return EXIT_FAILURE;
	}
	for (;;) { /* until it is ended by its starter */
		bool waiting = ways[0].used > 0 || ways[1].used > 0;
		struct timespec nap = { .tv_nsec = waiting ? 100000 : 100000000 };
		ppoll(polls, 2, &nap, NULL);
		for (int i = 0; i < 2; i++) {
			take(&ways[i], delay, jitter);
			release(&ways[i]);
		}
	}
}
