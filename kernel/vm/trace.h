/*
 * trace.h: the last page faults, of all spaces, in a ring of fixed size. Off at boot; on by the
 * boot option trace=faults, by the debug shell and by writing to /proc/trace.
 *
 * No lock and no allocation: a writer takes the next place by one atomic addition, and marks it
 * while it writes. A reader, who may even be a panic in the middle of a write, leaves out the
 * places that are marked or that were written again under its eyes.
 */
#ifndef VM_TRACE_H
#define VM_TRACE_H

#include "lib/text.h"
#include "vm/space.h"

#define VM_TRACE_EVENTS       1024u /* a power of two */
#define VM_TRACE_PANIC_EVENTS 16u

/* (c) Changed by vm_trace_set() alone. */
extern bool vm_trace_on;

void vm_trace_set(bool on);
void vm_trace_record(const struct vm_space *space, enum vm_fault_kind kind, vaddr_t va);

/* A fault of `space` at va was served, or refused, as `kind`. space->lock. */
static inline void vm_trace(const struct vm_space *space, enum vm_fault_kind kind, vaddr_t va)
{
	if (UNLIKELY(__atomic_load_n(&vm_trace_on, __ATOMIC_RELAXED)))
		vm_trace_record(space, kind, va);
}

/* observe.c: obey the boot option, have a panic print the last events, and tell the debug shell its
 * commands about memory. Once, at boot. */
void vm_observe_init(void);

/* Was nothing recorded? Any context. */
bool vm_trace_is_empty(void);

/* The last `max` events, oldest first, a line each: time, space->id, address, case, frame. Any
 * context. */
void vm_trace_print(struct text_sink *sink, unsigned max);

#endif
