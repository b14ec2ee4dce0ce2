/*
 * trace.h: page faults counted, and the last ones of all spaces in a ring of fixed size. The counts
 * are always kept. The ring is off at boot; on by the boot option trace=faults, by the debug shell
 * and by writing to /proc/trace.
 *
 * No lock and no allocation: a writer takes the next place by one atomic addition, and marks it
 * while it writes. A reader, who may even be a panic in the middle of a write, leaves out the
 * places that are marked or that were written again under its eyes.
 */
#ifndef VM_TRACE_H
#define VM_TRACE_H

#include "lib/text.h"
#include "sync/cpu.h"
#include "vm/space.h"

#define VM_TRACE_EVENTS       1024u /* a power of two */
#define VM_TRACE_PANIC_EVENTS 16u

/* (c) Changed by vm_trace_set() alone. */
extern bool vm_trace_on;

void vm_trace_set(bool on);

/*
 * Somebody who wants all faults, not only the last ones: called for each as it is counted, besides
 * the ring, while the trace is on. Under space->lock; so it takes no mutex of a file, and no
 * spinlock is held. Once, at boot, before the first space.
 */
struct vm_fault_event {
	enum vm_fault_kind kind;
	vaddr_t va;
	paddr_t pa; /* of the page that is there now; 0: none */
};
void vm_trace_set_listener(void (*listener)(const struct vm_space *space,
					    const struct vm_fault_event *event));
void vm_trace_record(const struct vm_space *space, enum vm_fault_kind kind, vaddr_t va);

/* What each CPU has served, (l) by its number. Anybody may read it, torn. */
extern uint64_t vm_cpu_faults[CPU_MAX][FAULT_KINDS];

/* A fault of `space` at va was served, or refused, as `kind`: count it for both, and record it if
 * the trace is on. space->lock, shared or exclusive. */
static inline void vm_count_fault(struct vm_space *space, enum vm_fault_kind kind, vaddr_t va)
{
	__atomic_fetch_add(&space->faults[kind], 1, __ATOMIC_RELAXED);
	vm_cpu_faults[cpu_local()->id][kind]++;
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
