/* SPDX-License-Identifier: BSD-3-Clause */
/* sluiced: the control plane's process. */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-daemon.h>
#include <systemd/sd-event.h>

#include "config/config.h"
#include "daemon.h"
#include "log.h"

struct args {
	const char *config;
	bool check;
};

static const struct argp_option options[] = {
	{ "config", 'c', "FILE", 0, "configuration; default /etc/sluice/sluice.yaml", 0 },
	{ "check", 'C', NULL, 0, "check the configuration, say what is wrong, and exit", 0 },
	{ 0 },
};

static error_t take(int key, char *text, struct argp_state *state)
{
	struct args *args = state->input;

	switch (key) {
	case 'c':
		args->config = text;
		return 0;
	case 'C':
		args->check = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "unexpected \"%s\"", text);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int check(const char *path)
{
	char *errors = NULL;
	struct config *config = config_load(path, &errors);

	if (config == NULL) {
		fputs(errors != NULL ? errors : "no memory\n", stderr);
		free(errors);
		return EXIT_FAILURE;
	}
	printf("%s: %zu providers, %zu customers: good\n", path, config->provider_count, config->customer_count);
	config_destroy(config);
	return EXIT_SUCCESS;
}

static int on_stop(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	(void)info, (void)context;
	return sd_event_exit(sd_event_source_get_event(source), EXIT_SUCCESS);
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *context)
{
	(void)source, (void)info;
	sd_notify(0, "RELOADING=1");
	daemon_reload(context);
	sd_notify(0, "READY=1");
	return 0;
}

static int add_signals(struct daemon *daemon)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (sd_event_add_signal(daemon->event, NULL, SIGTERM, on_stop, NULL) < 0 ||
	    sd_event_add_signal(daemon->event, NULL, SIGINT, on_stop, NULL) < 0 ||
	    sd_event_add_signal(daemon->event, NULL, SIGHUP, on_reload, daemon) < 0)
		return -1;
	return 0;
}

static int run(const char *path)
{
	struct daemon daemon = { 0 };
	int ret = EXIT_FAILURE;

	if (sd_event_default(&daemon.event) < 0 || add_signals(&daemon) < 0) {
		log_error("no event loop");
		return ret;
	}
	if (daemon_start(&daemon, path) == 0) {
		sd_event_set_watchdog(daemon.event, true); /* if the service manager has one */
		log_info("ready, %zu decisions in force", daemon.ledger.count);
		sd_notify(0, "READY=1");
		ret = sd_event_loop(daemon.event);
		sd_notify(0, "STOPPING=1");
	}
	daemon_stop(&daemon);
	sd_event_unref(daemon.event);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct argp argp = { .options = options,
					  .parser = take,
					  .doc = "The control plane: keeps decisions, and pushes them into the gate." };
	struct args args = { .config = "/etc/sluice/sluice.yaml" };

	log_init("sluiced", LOG_LEVEL_INFO);
	argp_parse(&argp, argc, argv, 0, NULL, &args);
	return args.check ? check(args.config) : run(args.config);
}
