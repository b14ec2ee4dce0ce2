/* cpus.c: what a further CPU needs before it starts, and what it does then. */
#include "proc/sched.h"

#include "debug/assert.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "proc/thread.h"
#include "sync/cpu.h"

struct cpu *cpu_prepare(void)
{
	struct cpu *cpu = kzalloc(sizeof(*cpu));
	struct thread *idle = kzalloc(sizeof(*idle));

	if (!cpu || !idle || kmap_stack_alloc(&cpu->stack_top))
		goto no_memory;
	if (!cpu_add(cpu)) {
		kmap_stack_free(cpu->stack_top);
		goto no_memory;
	}
	thread_init_idle(idle);
	idle->cpu = (uint16_t)cpu->id;
	cpu->idle = cpu->thread = idle;
	return cpu;

no_memory:
	kfree(idle);
	kfree(cpu);
	return NULL;
}

void cpu_discard(struct cpu *cpu)
{
	cpu_remove(cpu);
	kmap_stack_free(cpu->stack_top);
	kfree(cpu->idle);
	kfree(cpu);
}

void cpu_run(void)
{
	sched_start();
}
