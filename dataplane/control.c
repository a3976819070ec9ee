/* SPDX-License-Identifier: BSD-3-Clause */
#include "control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "ctl.h"
#include "log.h"
#include "meters.h"
#include "pulse.h"
#include "watch.h"

#define EVENTS 16
#define METER_FORGET_MS 600000u
#define FORGET_CHAINS 4096u

struct control {
	struct control_config config;
	int epoll, timer;
	struct watch watch;
	struct pulse pulse;
	struct ctl ctl;
	bool forgetting;   /* a walk through the meters is under way, */
	uint32_t meter_at; /* and so far */
};

static int watch_descriptor(const struct control *control, int descriptor, void *who)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = who };

	return epoll_ctl(control->epoll, EPOLL_CTL_ADD, descriptor, &event) < 0 ? -errno : 0;
}

static int start_timer(struct control *control)
{
	const struct itimerspec each_second = { { 1, 0 }, { 1, 0 } };

	control->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (control->timer < 0 || timerfd_settime(control->timer, 0, &each_second, NULL) < 0)
		return -errno;
	return watch_descriptor(control, control->timer, &control->timer);
}

static void load_state(struct control *control)
{
	struct ctl *ctl = &control->ctl;

	if (ctl->state.path == NULL)
		return;
	if (state_load(&ctl->state, &ctl->apply) == 0)
		ctl_look(ctl); /* nobody has spoken yet */
	else
		log_warning("no last state: SMTP waits for sluiced");
}

static int start(struct control *control)
{
	const struct control_config *config = &control->config;
	struct ctl *ctl = &control->ctl;

	ctl->state.path = config->state_path;
	if (getrandom(&ctl->boot, sizeof(ctl->boot), 0) != sizeof(ctl->boot))
		return -errno;
	int ret = report_init(&ctl->report, config, ctl->boot, clock_now());
	if (ret < 0)
		return ret;
	ctl->blind.heard = ctl->report.start;
	ctl->report.blind = &ctl->blind;
	ret = questions_init(&ctl->questions, &ctl->report);
	if (ret < 0)
		return ret;
	control->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (control->epoll < 0)
		return -errno;
	ret = start_timer(control);
	if (ret == 0)
		ret = ctl_listen(ctl, control->epoll, config->socket_path);
	if (ret == 0)
		load_state(control);
	return ret;
}

int control_create(const struct control_config *config, struct control **ret_control)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control == NULL)
		return -ENOMEM;
	control->config = *config;
	control->epoll = control->timer = -1;
	ctl_init(&control->ctl, config->store);
	int ret = start(control);
	if (ret < 0) {
		control_destroy(control);
		return ret;
	}
	*ret_control = control;
	return 0;
}

void control_destroy(struct control *control)
{
	if (control == NULL)
		return;
	pulse_end(&control->pulse);
	ctl_close(&control->ctl);
	questions_finish(&control->ctl.questions);
	report_finish(&control->ctl.report);
	if (control->timer >= 0)
		close(control->timer);
	if (control->epoll >= 0)
		close(control->epoll);
	free(control);
}

/* Figures of what nobody uses are kept for a while, unless the room is needed. A step takes well below a millisecond.
 */
static void forget_meters(struct control *control, uint64_t now)
{
	struct meters *meters = control->config.meters;
	bool tight = meters_used(meters) > meters_most(meters) / 4 * 3;

	control->meter_at =
		meters_walk(meters, control->meter_at, FORGET_CHAINS, now, tight ? 0 : METER_FORGET_MS, NULL, NULL);
	control->forgetting = control->meter_at != 0;
}

/* Once a second: say what is wrong, begin to forget what nobody uses. */
static void tick(struct control *control)
{
	uint64_t counter[COUNTERS], expirations, now = clock_now();

	if (read(control->timer, &expirations, sizeof(expirations)) < 0)
		return;
	report_counters(&control->ctl.report, counter);
	watch_counters(&control->watch, counter, now);
	pulse_look(&control->pulse);
	ctl_look(&control->ctl);
	control->forgetting = control->config.meters != NULL;
}

static void handle(struct control *control, const struct epoll_event *event)
{
	if (event->data.ptr == &control->timer)
		tick(control);
	else if (event->data.ptr == &control->ctl.listener)
		ctl_accept(&control->ctl);
	else
		ctl_serve(&control->ctl, event->data.ptr, event->events);
}

int control_run(struct control *control, int stop_descriptor)
{
	struct epoll_event event[EVENTS];
	int ret = watch_descriptor(control, stop_descriptor, &control->config);

	if (ret == 0)
		ret = pulse_begin(&control->pulse, control->config.worker, control->config.workers);
	if (ret < 0)
		return ret;
	for (;;) {
		int wait = control->forgetting ? 0 : questions_wait(&control->ctl.questions);
		int count = epoll_wait(control->epoll, event, EVENTS, wait);
		if (count < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < count; i++) {
			if (event[i].data.ptr == &control->config)
				return 0;
			handle(control, &event[i]);
		}
		ctl_answer(&control->ctl);
		if (control->forgetting)
			forget_meters(control, clock_now());
	}
}
