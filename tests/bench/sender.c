/* SPDX-License-Identifier: BSD-3-Clause */
/* Hands 64-byte frames to a network device through its qdisc, as fast as one core can: AF_PACKET, 64 with each
 * sendmmsg. The destination address is random among CLASSES: a filter chooses the class by it.
 *
 * bench_sender DEVICE CLASSES SECONDS */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include "bench.h"

#define BATCH 64
#define FRAME 60 /* and the sum the wire adds */

static uint8_t frames[BATCH][FRAME];

static double wall_seconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void write_frames(void)
{
	static const uint8_t ethernet[14] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8 };

	for (int i = 0; i < BATCH; i++) {
		memcpy(frames[i], ethernet, sizeof(ethernet));
		frames[i][14] = 0x45;
		frames[i][17] = FRAME - 14;
		frames[i][22] = 64;
		frames[i][23] = 17;
		frames[i][30] = 10;
	}
}

static unsigned long device_sent(const char *device)
{
	char path[128];
	unsigned long sent = 0;

	snprintf(path, sizeof(path), "/sys/class/net/%s/statistics/tx_packets", device);
	FILE *file = fopen(path, "r");
	if (file == NULL || fscanf(file, "%lu", &sent) != 1)
		bench_die("the device has no counter");
	fclose(file);
	return sent;
}

static void send_batch(int descriptor, struct mmsghdr *messages, uint32_t classes, uint64_t *random)
{
	for (int i = 0; i < BATCH; i++) {
		uint32_t class = htonl((uint32_t)((bench_random(random) >> 32) * classes >> 32));
		memcpy(frames[i] + 31, (uint8_t *)&class + 1, 3);
	}
	if (sendmmsg(descriptor, messages, BATCH, 0) < 0 && errno != ENOBUFS && errno != EAGAIN)
		bench_die(strerror(errno));
}

int main(int argc, char **argv)
{
	if (argc != 4)
		bench_die("usage: bench_sender DEVICE CLASSES SECONDS");
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_IP),
				  .sll_ifindex = (int)if_nametoindex(argv[1]),
				  .sll_halen = 6 };
	struct iovec frame[BATCH];
	struct mmsghdr messages[BATCH] = { 0 };
	int descriptor = socket(AF_PACKET, SOCK_RAW, 0), room = 8 << 20;
	uint32_t classes = (uint32_t)atoi(argv[2]);
	uint64_t random = 4711;

	if (descriptor < 0 || to.sll_ifindex == 0)
		bench_die("no such device, or no right to it");
	setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	write_frames();
	for (int i = 0; i < BATCH; i++) {
		frame[i] = (struct iovec){ frames[i], FRAME };
		messages[i].msg_hdr = (struct msghdr){
			.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &frame[i], .msg_iovlen = 1
		};
	}
	double end = wall_seconds() + atof(argv[3]), start = bench_cpu_ns();
	unsigned long before = device_sent(argv[1]);
	while (wall_seconds() < end)
		send_batch(descriptor, messages, classes, &random);
	double ns = bench_cpu_ns() - start;
	bench_report_one("sent_ns", ns / (double)(device_sent(argv[1]) - before));
	return 0;
}
