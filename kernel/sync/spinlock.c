/* spinlock.c: see spinlock.h. */
#include "sync/spinlock.h"

#include <arch/cpu.h>
#include <arch/irq.h>

#include "debug/assert.h"
#include "sync/cpu.h"

void NO_LOCK_ANALYSIS spin_lock(struct spinlock *lock)
{
	bool were_on = irq_save();
	struct cpu *cpu = cpu_local();

	/* Every bit at or above the rank is a lock that must be taken after this one, or this one
	 * itself. */
	if (UNLIKELY(cpu->held_ranks >> lock->rank))
		panic("spinlock of rank %u taken while ranks %#x are held", lock->rank,
		      cpu->held_ranks);
	while (__atomic_exchange_n(&lock->locked, 1, __ATOMIC_ACQUIRE))
		cpu_relax();
	cpu->held_ranks |= 1u << lock->rank;
	lock->interrupts_were_on = were_on;
	lock->holder_pc = __builtin_return_address(0);
}

void NO_LOCK_ANALYSIS spin_unlock(struct spinlock *lock)
{
	bool were_on = lock->interrupts_were_on;

	assert(spin_held(lock));
	lock->holder_pc = NULL;
	cpu_local()->held_ranks &= ~(1u << lock->rank);
	__atomic_store_n(&lock->locked, 0, __ATOMIC_RELEASE);
	irq_restore(were_on);
}

bool spin_held(const struct spinlock *lock)
{
	return __atomic_load_n(&lock->locked, __ATOMIC_RELAXED) &&
	       (cpu_local()->held_ranks & 1u << lock->rank);
}
