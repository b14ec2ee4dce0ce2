/* cpu.c: the CPUs there are. */
#include "sync/cpu.h"

#include "debug/assert.h"

/* Owned by the first CPU. */
struct cpu boot_cpu;

/* Owned by the first CPU: written at boot. */
struct cpu *cpus[CPU_MAX] = {&boot_cpu};
static unsigned count = 1; /* the same */

static uint64_t online = 1; /* atomic; by id */

unsigned cpu_count(void)
{
	return count;
}

bool cpu_add(struct cpu *cpu)
{
	if (count == CPU_MAX)
		return false;
	cpu->id = count;
	cpus[count++] = cpu;
	return true;
}

void cpu_remove(struct cpu *cpu)
{
	assert(cpu->id == count - 1 && !(cpus_online() & 1ull << cpu->id));
	cpus[--count] = NULL;
}

void cpu_set_online(void)
{
	__atomic_fetch_or(&online, 1ull << cpu_local()->id, __ATOMIC_RELEASE);
}

uint64_t cpus_online(void)
{
	return __atomic_load_n(&online, __ATOMIC_ACQUIRE);
}
