/* SPDX-License-Identifier: BSD-3-Clause */
/* The only file that names liburcu (QSBR flavour). A reader holds a token; every lookup in a published
 * table takes it, so a lookup outside a worker's turn does not compile. A published pointer is wrapped,
 * so that using it without the accessor does not compile either.
 *
 * _LGPL_SOURCE lets liburcu's fast paths be inlined; that asks for a GPL-compatible licence, which
 * BSD-3-Clause is. Test builds add DEBUG_RCU: a lookup by an unregistered thread then aborts. */
#ifndef SLUICE_RCU_H
#define SLUICE_RCU_H

/* ThreadSanitizer knows none of liburcu's barriers. So there its fast paths stay in the library, where nothing
 * is watched, and it is told where readers let go of what they had and where the writer has waited for that. */
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define RCU_LET_GO() __tsan_release((void *)urcu_qsbr_synchronize_rcu)
#define RCU_WAITED() __tsan_acquire((void *)urcu_qsbr_synchronize_rcu)
#else
#ifndef _LGPL_SOURCE
#define _LGPL_SOURCE
#endif
#define RCU_LET_GO() ((void)0)
#define RCU_WAITED() ((void)0)
#endif
#include <urcu/urcu-qsbr.h>

/* Proof that this thread is a registered, online reader. Only rcu_view_open() makes one. */
struct rcu_view {
	int online;
};

static inline void rcu_view_open(struct rcu_view *view)
{
	urcu_qsbr_register_thread();
	view->online = 1;
}

static inline void rcu_view_close(struct rcu_view *view)
{
	view->online = 0;
	RCU_LET_GO();
	urcu_qsbr_unregister_thread();
}

/* Once a turn, when the reader keeps no pointer into a table. */
static inline void rcu_quiescent(const struct rcu_view *view)
{
	(void)view;
	RCU_LET_GO();
	urcu_qsbr_quiescent_state();
}

/* Around anything that sleeps: writers do not wait for an offline reader. */
static inline void rcu_offline(struct rcu_view *view)
{
	view->online = 0;
	RCU_LET_GO();
	urcu_qsbr_thread_offline();
}

static inline void rcu_online(struct rcu_view *view)
{
	urcu_qsbr_thread_online();
	view->online = 1;
}

#define RCU_PUBLISHED(type)                                                                                            \
	struct {                                                                                                       \
		type *published_;                                                                                      \
	}

#define rcu_get(view, wrapped)                                                                                         \
	({                                                                                                             \
		const struct rcu_view *must_be_a_view_ = (view);                                                       \
		(void)must_be_a_view_;                                                                                 \
		urcu_qsbr_read_lock(); /* nothing, but DEBUG_RCU checks the thread */                                  \
		__atomic_load_n(&(wrapped)->published_, __ATOMIC_ACQUIRE);                                             \
	})

/* Writer: swap, then wait until every reader has been quiescent; the old value is then the caller's. (The
 * compiler's own atomics, here and above: liburcu's are assembly, which sanitizers do not see.) */
#define rcu_swap(wrapped, fresh) __atomic_exchange_n(&(wrapped)->published_, (fresh), __ATOMIC_SEQ_CST)

static inline void rcu_wait_readers(void)
{
	urcu_qsbr_synchronize_rcu();
	RCU_WAITED();
}

#endif
