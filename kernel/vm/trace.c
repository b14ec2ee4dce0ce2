/* trace.c: see trace.h. */
#include "vm/trace.h"

#include <arch/irq.h>
#include <arch/time.h>
#include <arch/user.h>

#include "vm/peek.h"

struct event {
	uint64_t number; /* (c) of the event that is complete here, from 1; 0: being written */
	uint64_t time;   /* time_now() */
	vaddr_t va;
	paddr_t pa; /* of the page that is there now; 0: none */
	int id;     /* space->id */
	enum vm_fault_kind kind;
};

bool vm_trace_on;
uint64_t vm_cpu_faults[CPU_MAX][FAULT_KINDS];

/* See trace.h for how these are shared. */
static struct event ring[VM_TRACE_EVENTS];
static uint64_t events; /* (c) ever recorded */
/* Set once, at boot. */
static void (*listener)(const struct vm_space *space, const struct vm_fault_event *event);

void vm_trace_set(bool on)
{
	__atomic_store_n(&vm_trace_on, on, __ATOMIC_RELAXED);
}

void vm_trace_set_listener(void (*heard)(const struct vm_space *space,
					 const struct vm_fault_event *event))
{
	listener = heard;
}

/* The page that va leads to now; 0: none. Another thread of the space may take over the way there
 * meanwhile, but frees no table of the old one before this CPU has flushed: with interrupts off it
 * does not. */
static paddr_t page_behind(const struct vm_space *space, vaddr_t va)
{
	bool were_on = irq_save();
	paddr_t pa = va < USER_END ? vm_physical_locked(space, va) & ~(PAGE_SIZE - 1) : 0;

	irq_restore(were_on);
	return pa;
}

void vm_trace_record(const struct vm_space *space, enum vm_fault_kind kind, vaddr_t va)
{
	uint64_t number = __atomic_add_fetch(&events, 1, __ATOMIC_RELAXED);
	struct event *event = &ring[number % VM_TRACE_EVENTS];
	const struct vm_fault_event fault = {
		.kind = kind,
		.va = va,
		.pa = page_behind(space, va),
	};

	__atomic_store_n(&event->number, 0, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	event->time = time_now();
	event->va = va;
	event->pa = fault.pa;
	event->id = space->id;
	event->kind = kind;
	__atomic_store_n(&event->number, number, __ATOMIC_RELEASE);
	if (listener)
		listener(space, &fault);
}

/* Event `number` as it was written; false: it is not there whole. */
static bool read_event(uint64_t number, struct event *out)
{
	const struct event *event = &ring[number % VM_TRACE_EVENTS];

	if (__atomic_load_n(&event->number, __ATOMIC_ACQUIRE) != number)
		return false;
	*out = *event;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&event->number, __ATOMIC_RELAXED) == number;
}

#define NS_PER_US 1000u
#define US_PER_S  1000000u

static void print_event(struct text_sink *sink, const struct event *event)
{
	uint64_t us = event->time / NS_PER_US;

	text_print(sink, "[%5u.%06u] pid %d va 0x%012llx %-11s", (unsigned)(us / US_PER_S),
		   (unsigned)(us % US_PER_S), event->id, (unsigned long long)event->va,
		   vm_fault_kind_names[event->kind]);
	if (event->pa)
		text_print(sink, " frame 0x%llx", (unsigned long long)event->pa);
	text_put(sink, "\n");
}

bool vm_trace_is_empty(void)
{
	return !__atomic_load_n(&events, __ATOMIC_RELAXED);
}

void vm_trace_print(struct text_sink *sink, unsigned max)
{
	uint64_t end = __atomic_load_n(&events, __ATOMIC_RELAXED) + 1;
	uint64_t count = MIN(MIN(end - 1, VM_TRACE_EVENTS), max);
	struct event event;

	for (uint64_t number = end - count; number < end; number++)
		if (read_event(number, &event))
			print_event(sink, &event);
}
