/* SPDX-License-Identifier: BSD-3-Clause */
/* What a service manager hears of a gate whose workers move, and of one where a worker hangs. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fixture.h"
#include "inspect.h"
#include "log.h"
#include "pulse.h"

#define WORKERS 2

static struct worker_view view[WORKERS];
static struct worker_view *views[WORKERS] = { &view[0], &view[1] };
static struct pulse pulse;
static int manager;

static void setup(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t size = sizeof(sa_family_t); /* an abstract name, the kernel's choice */
	char name[sizeof(address.sun_path) + 1] = "@";

	log_init("test", (enum log_level)0); /* a worker hangs on purpose */
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&address, size), 0);
	size = sizeof(address);
	ck_assert_int_eq(getsockname(manager, (struct sockaddr *)&address, &size), 0);
	memcpy(name + 1, address.sun_path + 1, size - sizeof(sa_family_t) - 1);
	setenv("NOTIFY_SOCKET", name, 1);
	ck_assert_int_eq(pulse_begin(&pulse, views, WORKERS), 0);
}

static void teardown(void)
{
	pulse_end(&pulse);
	close(manager);
}

/* The next message; "" when there is none. */
static const char *heard(void)
{
	static char text[256];
	ssize_t size = recv(manager, text, sizeof(text) - 1, 0);

	text[size > 0 ? size : 0] = '\0';
	return text;
}

static void move(int worker)
{
	view[worker].total_ns += 1000;
}

START_TEST(all_move)
{
	ck_assert_str_eq(heard(), "READY=1");
	for (int i = 0; i < 3; i++) {
		move(0);
		move(1);
		ck_assert(pulse_look(&pulse));
		ck_assert_str_eq(heard(), "WATCHDOG=1");
	}
	pulse_end(&pulse);
	ck_assert_str_eq(heard(), "STOPPING=1");
}
END_TEST

START_TEST(one_hangs)
{
	ck_assert_str_eq(heard(), "READY=1");
	move(0);
	move(1);
	ck_assert(pulse_look(&pulse));
	ck_assert_str_eq(heard(), "WATCHDOG=1");
	move(0);
	ck_assert(!pulse_look(&pulse));
	ck_assert_str_eq(heard(), "");
	move(0);
	move(1);
	ck_assert(pulse_look(&pulse));
	ck_assert_str_eq(heard(), "WATCHDOG=1");
}
END_TEST

FIXTURE_MAIN("pulse", setup, teardown, all_move, one_hangs)
