/* SPDX-License-Identifier: BSD-3-Clause */
#include "eal.h"

#include <errno.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "hold.h"
#include "race.h"

void eal_start(void)
{
	static char line[] = "race --no-huge --no-shconf --no-pci --no-telemetry -m 128 -l 0 --log-level=error";
	char *words[16];
	int count = 0;

	for (char *word = strtok(line, " "); word != NULL; word = strtok(NULL, " "))
		words[count++] = word;
	require(rte_eal_init(count, words) >= 0, "DPDK did not start");
}

void eal_join(void)
{
	require(rte_thread_register() == 0, "DPDK does not know this thread");
}

void eal_leave(void)
{
	rte_thread_unregister();
}

/* A stack under a lock. */
struct stack {
	pthread_mutex_t lock;
	unsigned count;
	void *object[];
};

static int stack_alloc(struct rte_mempool *pool)
{
	struct stack *stack = calloc(1, sizeof(*stack) + pool->size * sizeof(void *));

	if (stack == NULL)
		return -ENOMEM;
	pthread_mutex_init(&stack->lock, NULL);
	pool->pool_data = stack;
	return 0;
}

static void stack_free(struct rte_mempool *pool)
{
	free(pool->pool_data);
}

static int stack_put(struct rte_mempool *pool, void *const *objects, unsigned count)
{
	struct stack *stack = pool->pool_data;

	pthread_mutex_lock(&stack->lock);
	memcpy(stack->object + stack->count, objects, count * sizeof(void *));
	stack->count += count;
	pthread_mutex_unlock(&stack->lock);
	return 0;
}

static int stack_take(struct rte_mempool *pool, void **ret_objects, unsigned count)
{
	struct stack *stack = pool->pool_data;
	int ret = -ENOBUFS;

	pthread_mutex_lock(&stack->lock);
	if (stack->count >= count) {
		stack->count -= count;
		memcpy(ret_objects, stack->object + stack->count, count * sizeof(void *));
		ret = 0;
	}
	pthread_mutex_unlock(&stack->lock);
	return ret;
}

static unsigned stack_count(const struct rte_mempool *pool)
{
	return ((const struct stack *)pool->pool_data)->count;
}

static const struct rte_mempool_ops stack_ops = {
	.name = "race",
	.alloc = stack_alloc,
	.free = stack_free,
	.enqueue = stack_put,
	.dequeue = stack_take,
	.get_count = stack_count,
};

struct rte_mempool *eal_pool(unsigned count)
{
	require(rte_mempool_register_ops(&stack_ops) >= 0, "no way to keep packets");
	struct rte_mempool *pool =
		rte_pktmbuf_pool_create_by_ops("race", count, 64, RTE_ALIGN(sizeof(struct held), RTE_MBUF_PRIV_ALIGN),
					       RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY, "race");

	require(pool != NULL, "no memory for %u packets", count);
	return pool;
}
