/* mutex.c: see mutex.h. */
#include "sync/mutex.h"

#include <arch/cpu.h>

#include "debug/assert.h"
#include "sync/cpu.h"

void NO_LOCK_ANALYSIS mutex_lock(struct mutex *mutex)
{
	struct cpu *cpu = cpu_local();

	assert(cpu->held_ranks == 0);
	assert(!mutex_held(mutex));
	while (__atomic_exchange_n(&mutex->locked, 1, __ATOMIC_ACQUIRE))
		thread_yield();
	mutex->holder = cpu_local()->thread;
}

bool NO_LOCK_ANALYSIS mutex_try_lock(struct mutex *mutex)
{
	if (__atomic_exchange_n(&mutex->locked, 1, __ATOMIC_ACQUIRE))
		return false;
	mutex->holder = cpu_local()->thread;
	return true;
}

void NO_LOCK_ANALYSIS mutex_unlock(struct mutex *mutex)
{
	assert(mutex_held(mutex));
	mutex->holder = NULL;
	__atomic_store_n(&mutex->locked, 0, __ATOMIC_RELEASE);
}

bool mutex_held(const struct mutex *mutex)
{
	return __atomic_load_n(&mutex->locked, __ATOMIC_RELAXED) &&
	       mutex->holder == cpu_local()->thread;
}
