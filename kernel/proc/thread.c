/* thread.c: making and ending threads. */
#include "proc/thread.h"

#include <arch/irq.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "sync/thread.h"

_Static_assert(THREAD_NAME_BYTES == PROCESS_NAME_BYTES, "a leader's is the process's");

static struct thread *thread_allocate(struct process *process)
{
	struct thread *thread = kzalloc(sizeof(*thread));

	if (!thread)
		return NULL;
	if (kmap_stack_alloc(&thread->stack_top)) {
		kfree(thread);
		return NULL;
	}
	thread->process = process;
	thread->state = THREAD_NEW;
	thread->cpu = (uint16_t)cpu_local()->id;
	thread->affinity = UINT64_MAX;
	memcpy(thread->name, process->name, sizeof(thread->name));
	thread_signals_init(&thread->signals);
	return thread;
}

static void thread_release(struct thread *thread)
{
	kmap_stack_free(thread->stack_top);
	kfree(thread);
}

/* Where a kernel thread begins: the switch that led here still holds the scheduler's lock. */
static void thread_begin(void *argument)
{
	struct thread *thread = argument;

	sched_finish_switch();
	irq_enable();
	thread->entry(thread->argument);
	sched_expect_death();
	thread_exit();
}

int thread_create(struct process *process, void (*entry)(void *), void *argument,
		  struct thread **out)
{
	struct thread *thread = thread_allocate(process);

	if (!thread)
		return -ENOMEM;
	thread->entry = entry;
	thread->argument = argument;
	int error = arch_thread_init(&thread->arch, thread->stack_top, thread_begin, thread);
	if (error) {
		thread_release(thread);
		return error;
	}
	*out = thread;
	return 0;
}

int kernel_thread_start(void (*entry)(void *), void *argument)
{
	struct thread *thread;
	int error = thread_create(&kernel_process, entry, argument, &thread);

	if (!error)
		sched_start_thread(thread);
	return error;
}

/* The same for fork's child, which goes on to the user; interrupts stay off. */
static void thread_begin_forked(void *argument)
{
	sched_finish_switch();
}

static void inherit(struct thread *child, const struct thread *parent)
{
	child->affinity = parent->affinity;
	child->nice = parent->reset_on_fork && parent->nice < 0 ? 0 : parent->nice;
	child->policy = parent->policy;
	memcpy(child->name, parent->name, sizeof(child->name));
	thread_signals_inherit(&child->signals, &parent->signals);
}

int thread_fork(struct process *process, const struct trap_frame *frame, struct thread **out)
{
	struct thread *thread = thread_allocate(process);

	if (!thread)
		return -ENOMEM;
	int error = arch_thread_fork(&thread->arch, thread->stack_top, frame, thread_begin_forked,
				     NULL);
	if (error) {
		thread_release(thread);
		return error;
	}
	inherit(thread, current_thread());
	*out = thread;
	return 0;
}

void thread_init_idle(struct thread *thread)
{
	thread->process = &kernel_process;
	thread->state = THREAD_RUNNING;
	thread->affinity = UINT64_MAX;
	thread->is_idle = true;
	memcpy(thread->name, kernel_process.name, sizeof(thread->name));
	thread->on_cpu = true;
	thread_signals_init(&thread->signals);
}

void thread_free(struct thread *thread)
{
	assert(!thread->on_cpu && thread->stack_top && !thread->link.next);
	arch_thread_destroy(&thread->arch);
	thread_release(thread);
}
