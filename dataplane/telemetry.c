/* SPDX-License-Identifier: BSD-3-Clause */
#include "telemetry.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_telemetry.h>

#include "counters.h"
#include "worker.h"

#define ALL_WORKERS UINT_MAX

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct gate *shown; /* under the lock */

/* Telemetry's names are letters, digits, '_' and '/'. */
static const char *name_of(enum counter counter, char name[RTE_TEL_MAX_STRING_LEN])
{
	snprintf(name, RTE_TEL_MAX_STRING_LEN, "%s", counter_rows[counter].name);
	for (char *at = name; *at != '\0'; at++)
		if (*at == '-')
			*at = '_';
	return name;
}

/* "N", or nothing for all of them. */
static bool worker_named(const char *parameters, unsigned workers, unsigned *ret_worker)
{
	char *end;

	*ret_worker = ALL_WORKERS;
	if (parameters == NULL || *parameters == '\0')
		return true;
	unsigned long worker = strtoul(parameters, &end, 10);
	*ret_worker = (unsigned)worker;
	return *end == '\0' && worker < workers;
}

static uint64_t sum(const struct gate *gate, enum counter counter, unsigned of)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < gate->workers; i++)
		if (of == ALL_WORKERS || of == i)
			total += view_load(&gate->worker[i]->view.counter[counter]);
	return total;
}

static int put_counters(const struct gate *gate, const char *parameters, struct rte_tel_data *data)
{
	char name[RTE_TEL_MAX_STRING_LEN];
	unsigned of;
	int ret = worker_named(parameters, gate->workers, &of) ? 0 : -EINVAL;

	for (enum counter counter = 0; ret == 0 && counter < COUNTERS; counter++)
		ret = rte_tel_data_add_dict_u64(data, name_of(counter, name), sum(gate, counter, of));
	return ret;
}

static int put_worker(const struct worker *worker, struct rte_tel_data *data)
{
	const struct worker_view *view = &worker->view;
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "lcore", worker->lcore },
		{ "flows", view_load(&view->flows) },
		{ "held", view_load(&view->held) },
		{ "busy_ns", view_load(&view->busy_ns) },
		{ "total_ns", view_load(&view->total_ns) },
	};
	int ret = rte_tel_data_start_dict(data);

	for (unsigned i = 0; ret == 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
		ret = rte_tel_data_add_dict_u64(data, rows[i].name, rows[i].value);
	return ret;
}

static int put_workers(const struct gate *gate, const char *parameters, struct rte_tel_data *data)
{
	int ret = parameters == NULL ? 0 : -EINVAL;

	for (unsigned i = 0; ret == 0 && i < gate->workers; i++) {
		struct rte_tel_data *row = rte_tel_data_alloc();
		char name[RTE_TEL_MAX_STRING_LEN];

		snprintf(name, sizeof(name), "worker_%u", i);
		if (row == NULL)
			return -ENOMEM;
		ret = put_worker(gate->worker[i], row);
		if (ret == 0)
			ret = rte_tel_data_add_dict_container(data, name, row, 0);
		if (ret < 0)
			rte_tel_data_free(row);
	}
	return ret;
}

typedef int putter(const struct gate *gate, const char *parameters, struct rte_tel_data *data);

static int answer(putter *put, const char *parameters, struct rte_tel_data *data)
{
	int ret = rte_tel_data_start_dict(data);

	pthread_mutex_lock(&lock);
	if (ret == 0)
		ret = shown != NULL ? put(shown, parameters, data) : -ENODEV;
	pthread_mutex_unlock(&lock);
	return ret;
}

static int on_counters(const char *command, const char *parameters, struct rte_tel_data *data)
{
	(void)command;
	return answer(put_counters, parameters, data);
}

static int on_workers(const char *command, const char *parameters, struct rte_tel_data *data)
{
	(void)command;
	return answer(put_workers, parameters, data);
}

static void show(const struct gate *gate)
{
	pthread_mutex_lock(&lock);
	shown = gate;
	pthread_mutex_unlock(&lock);
}

int telemetry_begin(const struct gate *gate)
{
	show(gate);
	int ret = rte_telemetry_register_cmd("/sluice/counters", on_counters,
					     "Counters of all workers. Parameter: int worker, for one's alone");
	if (ret == 0)
		ret = rte_telemetry_register_cmd("/sluice/workers", on_workers,
						 "Of each worker: lcore, flows, held, busy and total time");
	return ret;
}

void telemetry_end(void)
{
	show(NULL);
}
