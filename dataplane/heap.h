/* SPDX-License-Identifier: BSD-3-Clause */
/* A pairing heap (Fredman, Sedgewick, Sleator and Tarjan, 1986) whose nodes stand in one array and name each
 * other by index; 0 is nobody. The least key is at the root; of equal keys the one that came first. Any node can
 * leave at any time. Many heaps may share the array. */
#ifndef SLUICE_HEAP_H
#define SLUICE_HEAP_H

#include <stdint.h>

struct heap_node {
	uint64_t key;
	uint64_t serial; /* of arrival */
	uint32_t child, next;
	uint32_t previous; /* the sibling before, or the parent of a first child; 0: the root */
};

/* `nodes` is the array with node 0 unused, `size` the bytes from one to the next. */
struct heap_nodes {
	char *nodes;
	uint32_t size;
};

static inline struct heap_node *heap_node(const struct heap_nodes *nodes, uint32_t index)
{
	return (struct heap_node *)(nodes->nodes + (uint64_t)index * nodes->size);
}

/* The new root. Key and serial are the caller's to set before. */
uint32_t heap_insert(const struct heap_nodes *nodes, uint32_t root, uint32_t index);
uint32_t heap_remove(const struct heap_nodes *nodes, uint32_t root, uint32_t index);

#endif
