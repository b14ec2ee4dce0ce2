/* threads.c: the threads of a process: which there are, their time, and their common end. */
#include "debug/assert.h"
#include "lib/errno.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "vm/usage.h"

static unsigned count; /* (p) of all processes */

static void add_times(struct cpu_times *sum, struct cpu_times part)
{
	sum->all += part.all;
	sum->system += part.system;
}

void process_add_thread_locked(struct process *process, struct thread *thread, int id)
{
	assert(spin_held(&process_lock) && thread->process == process && !thread->link.next);
	thread->id = id;
	list_push_back(&process->threads, &thread->link);
	process->thread_count++;
	/* It will see that the process is stopped on its way to the program. */
	process->unparked += process->stopped;
	count++;
}

void process_remove_thread_locked(struct process *process, struct thread *thread)
{
	assert(spin_held(&process_lock) && thread->process == process);
	list_remove(&thread->link);
	process->thread_count--;
	add_times(&process->ended_usage.times, sched_cpu_times(thread));
	if (process->leader == thread)
		process->leader = NULL;
	count--;
}

unsigned process_count_threads(void)
{
	spin_lock(&process_lock);
	unsigned threads = count;
	spin_unlock(&process_lock);
	return threads;
}

struct thread *process_thread_locked(const struct process *process, int id)
{
	assert(spin_held(&process_lock));
	list_for_each (node, &process->threads) {
		struct thread *thread = container_of(node, struct thread, link);
		if (thread->id == id)
			return thread;
	}
	return NULL;
}

struct thread *process_thread_after_locked(const struct process *process, int id)
{
	struct thread *best = NULL;

	assert(spin_held(&process_lock));
	list_for_each (node, &process->threads) {
		struct thread *thread = container_of(node, struct thread, link);
		if (thread->id > id && (!best || thread->id < best->id))
			best = thread;
	}
	return best;
}

struct search {
	int id;
	struct thread *found;
};

static void look(struct process *process, void *context)
{
	struct search *search = context;

	if (!search->found)
		search->found = process_thread_locked(process, search->id);
}

struct thread *thread_find_locked(int id)
{
	struct search search = {.id = id};

	process_each_locked(look, &search);
	return search.found;
}

bool process_has_thread(int id)
{
	spin_lock(&process_lock);
	bool has = thread_find_locked(id);
	spin_unlock(&process_lock);
	return has;
}

/* ---- time ---- */

struct cpu_times process_cpu_times_locked(const struct process *process)
{
	struct cpu_times times = process->ended_usage.times;

	assert(spin_held(&process_lock));
	list_for_each (node, &process->threads)
		add_times(&times, sched_cpu_times(container_of(node, struct thread, link)));
	return times;
}

uint64_t process_cpu_time_locked(const struct process *process)
{
	return process_cpu_times_locked(process).all;
}

uint64_t process_cpu_time(void)
{
	spin_lock(&process_lock);
	uint64_t time = process_cpu_time_locked(current_process());
	spin_unlock(&process_lock);
	return time;
}

void process_usage_add(struct process_usage *sum, const struct process_usage *part)
{
	add_times(&sum->times, part->times);
	sum->minor_faults += part->minor_faults;
	sum->resident_peak = MAX(sum->resident_peak, part->resident_peak);
}

void process_count_faults(struct process *process, struct vm_space *space)
{
	if (__atomic_load_n(&space->users, __ATOMIC_RELAXED) > 1)
		return;
	spin_lock(&process_lock);
	struct process_usage *usage = &process->ended_usage;
	usage->minor_faults += vm_minor_faults(space);
	usage->resident_peak = MAX(usage->resident_peak, vm_resident_peak(space));
	spin_unlock(&process_lock);
}

void process_get_usage(struct process_usage *own, struct process_usage *children)
{
	struct process *process = current_process();

	spin_lock(&process_lock);
	*own = process->ended_usage;
	own->times = process_cpu_times_locked(process);
	*children = process->children_usage;
	spin_unlock(&process_lock);
	own->minor_faults += vm_minor_faults(process->space);
}

/* ---- the end ---- */

void process_kill_threads_locked(struct process *process, const struct thread *survivor)
{
	assert(spin_held(&process_lock));
	list_for_each (node, &process->threads) {
		struct thread *thread = container_of(node, struct thread, link);
		if (thread != survivor)
			signal_kill_thread_locked(thread);
	}
}

int process_end_other_threads(void)
{
	struct thread *thread = current_thread();
	struct process *process = thread->process;

	spin_lock(&process_lock);
	/* Another thread was faster, and this one is about to be ended. */
	bool ends = process->ending || process->executing;
	if (!ends) {
		process->executing = thread;
		process_kill_threads_locked(process, thread);
	}
	spin_unlock(&process_lock);
	if (ends)
		return -EAGAIN;
	thread->only_killable = true;
	int error = wait_until(&process->thread_ends, WAIT_FOREVER,
			       __atomic_load_n(&process->thread_count, __ATOMIC_ACQUIRE) == 1);
	thread->only_killable = false;
	spin_lock(&process_lock);
	process->executing = NULL;
	if (!error) {
		thread->id = process->pid;
		process->leader = thread;
	}
	spin_unlock(&process_lock);
	return error;
}
