/*
 * race.c: the workload (workload.h) on processors that are threads of the host. Built with
 * ThreadSanitizer, which knows of two accesses that nothing puts in order even where they did no
 * harm this time. See docs/testing.md.
 *
 * The processors have tags for their translations (vm/tlb.c) if the seed is odd.
 *
 *     build/test/race [--cpus N] [--rounds N] [--seed N] [--exchange 1]
 */
#include <arch/cpu.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "debug/assert.h"
#include "host.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "sync/cpu.h"
#include "workload.h"

/* Enough for small pages, so that no access fails, but at times not for large ones: then what
 * every CPU keeps is looked for. */
#define FRAMES 6000u

static struct machine {
	struct cpu cpu; /* but for number 0, which is the boot CPU */
	pthread_t thread;
	unsigned number;
	struct vm_space *space; /* that it entered */
} machines[RACE_CPUS_MAX];      /* each its thread's */

static __thread struct machine *self;
static unsigned running;              /* atomic */
static void (*work)(unsigned number); /* set before the threads are */

/*
 * What is read of a page, or of its struct frame, before a compare-exchange has told whether the
 * entry still names it (table_own_leaf), is not used if it does not. Nothing orders those reads.
 */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
	return "race:duplicate_page\nrace:duplicate_huge\nrace:seems_shared\nrace:table_child\n"
	       "race:own_leaf\n";
}

void race_enter(struct vm_space *space)
{
	self->space = space;
	vm_space_activate(space);
}

bool race_store(vaddr_t va, uint64_t value)
{
	enum host_result result = host_store(self->space, va, value);

	assert(result != HOST_NO_MEMORY);
	return result == HOST_OK;
}

bool race_load(vaddr_t va, uint64_t *value)
{
	enum host_result result = host_load(self->space, va, value);

	assert(result != HOST_NO_MEMORY);
	return result == HOST_OK;
}

void race_pause(void)
{
	host_take_interrupts();
}

void race_look_away(void)
{
	sched_yield();
}

/* Others may call until all are through. */
static void *run(void *argument)
{
	self = argument;
	if (self->number)
		cpu_set_local(&self->cpu);
	cpu_set_online();
	work(self->number);
	__atomic_fetch_sub(&running, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&running, __ATOMIC_ACQUIRE))
		cpu_relax();
	return NULL;
}

/* The address stands for the thread that the kernel would know. */
static void add_cpu(unsigned number)
{
	struct machine *machine = &machines[number];
	struct cpu *cpu = number ? &machine->cpu : &boot_cpu;

	machine->number = number;
	cpu->thread = (struct thread *)machine;
	cpu->arch.interrupts = true;
	bool added = !number || cpu_add(cpu);
	assert(added);
}

static bool run_all(unsigned count)
{
	running = count;
	for (unsigned i = 0; i < count; i++)
		add_cpu(i);
	for (unsigned i = 1; i < count; i++)
		if (pthread_create(&machines[i].thread, NULL, run, &machines[i]))
			return false;
	run(&machines[0]);
	for (unsigned i = 1; i < count; i++)
		pthread_join(machines[i].thread, NULL);
	return true;
}

static void print(const char *kind, uint64_t count)
{
	printf("%-12s %llu\n", kind, (unsigned long long)count);
}

int main(int argc, char **argv)
{
	unsigned long count = 4, rounds = 8000, seed = 1;
	struct frame_counts before, after;

	for (int i = 1; i + 1 < argc; i += 2) {
		unsigned long value = strtoul(argv[i + 1], NULL, 0);
		if (!strcmp(argv[i], "--cpus"))
			count = MIN(value, RACE_CPUS_MAX);
		else if (!strcmp(argv[i], "--rounds"))
			rounds = value;
		else if (!strcmp(argv[i], "--seed"))
			seed = value;
		else if (!strcmp(argv[i], "--exchange") && value)
			work = race_exchange;
	}
	if (work)
		count = RACE_EXCHANGE_CPUS;
	else
		work = race_work;
	host_tags = seed % 2;
	host_memory_init(FRAMES);
	frame_counts(&before);
	race_begin((unsigned)count, (unsigned)rounds, seed);
	if (!run_all((unsigned)count))
		return 1;
	race_end(print);
	frame_counts(&after);
	for (unsigned i = 0; i < FRAME_STATES; i++)
		if (after.by_state[i] != before.by_state[i])
			panic("%s frames: %llu before, %llu after", frame_state_names[i],
			      (unsigned long long)before.by_state[i],
			      (unsigned long long)after.by_state[i]);
	printf("race: seed %lu: %lu CPUs, %lu rounds each\n", seed, count, rounds);
	return 0;
}
