/* cross_call.c: see cross_call.h. */
#include "sync/cross_call.h"

#include <arch/irq.h>
#include <arch/smp.h>

#include "debug/assert.h"
#include "sync/cpu.h"

void cross_call_serve(void)
{
	struct cpu *me = cpu_local();
	uint64_t callers = __atomic_exchange_n(&me->callers, 0, __ATOMIC_ACQUIRE);

	for (; callers; callers &= callers - 1) {
		struct cross_call *call = &cpus[__builtin_ctzll(callers)]->call;
		call->function(call->argument);
		__atomic_fetch_and(&call->pending, ~(1ull << me->id), __ATOMIC_RELEASE);
	}
}

void cross_call(uint64_t targets, void (*function)(void *argument), void *argument)
{
	bool were_on = irq_save();
	struct cpu *me = cpu_local();
	struct cross_call *call = &me->call;

	assert(me->held_ranks == 0 && !call->pending);
	targets &= cpus_online() & ~(1ull << me->id);
	call->function = function;
	call->argument = argument;
	__atomic_store_n(&call->pending, targets, __ATOMIC_RELEASE);
	for (uint64_t left = targets; left; left &= left - 1) {
		struct cpu *cpu = cpus[__builtin_ctzll(left)];
		/* Whose set was not empty has an interrupt on its way already. */
		if (!__atomic_fetch_or(&cpu->callers, 1ull << me->id, __ATOMIC_ACQ_REL))
			smp_interrupt(cpu);
	}
	while (__atomic_load_n(&call->pending, __ATOMIC_ACQUIRE)) {
		cross_call_serve();
		cpu_relax();
	}
	irq_restore(were_on);
}
