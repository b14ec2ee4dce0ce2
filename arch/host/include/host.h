/*
 * host.h: the machine that host tests run the portable kernel on: memory that plays RAM, and a
 * software MMU with a translation cache, so that a forgotten flush gives wrong results here as it
 * would on the machine.
 */
#ifndef HOST_H
#define HOST_H

#include "lib/types.h"

struct vm_space;

/* Give the kernel `frames` frames of RAM. May be called again: everything is as new. */
void host_memory_init(unsigned frames);

/* A thread that plays a further CPU (cpu_set_local) serves the calls of others where its interrupts
 * come on, where it waits, and here. */
void host_take_interrupts(void);

/* How often this CPU has walked tables, as a translation was not cached. */
uint64_t host_walks(void);

/* At most `count` more frames than now may be in use; negative: as many as there are. */
void host_allow_allocations(long count);

enum host_result {
	HOST_OK,
	HOST_FAULT_ADDRESS,
	HOST_FAULT_ACCESS,
	HOST_FAULT_OBJECT,
	HOST_NO_MEMORY
};

/* Load or store 8 aligned bytes at va as a program in `space` would: walk, and fault until it works
 * or is refused. */
enum host_result host_load(struct vm_space *space, vaddr_t va, uint64_t *value);
enum host_result host_store(struct vm_space *space, vaddr_t va, uint64_t value);

/* Where the byte at va stands, reached in the same way; good to the end of its page, until the next
 * fault. */
enum host_result host_reach(struct vm_space *space, vaddr_t va, bool write, void **where);

#endif
