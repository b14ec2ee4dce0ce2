/* signal_send.c: see signal.h: from the sender to the queue. */
#include <asm-generic/resource.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/interval_timer.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/signal.h"
#include "proc/signal_file.h"
#include "proc/thread.h"
#include "sync/cpu.h"

/* All programs together may queue so many, whatever RLIMIT_SIGPENDING says. */
#define QUEUED_MAX 65536u

#define STOPS \
	(SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))

/* Memory can't be had or given back in an interrupt's handler: a timer's, a terminal's. There these
 * entries serve; if they are used up, a signal comes without what is known about it. */
#define SPARES 32u

/* (p) */
static struct {
	unsigned count; /* of entries in all queues */
	struct queued_signal spares[SPARES];
	struct list_node free_spares;
	struct list_node spent; /* allocated ones, to be freed outside of an interrupt */
} queued;

void signal_send_init(void)
{
	list_init(&queued.free_spares);
	list_init(&queued.spent);
	for (unsigned i = 0; i < SPARES; i++) {
		queued.spares[i].origin = QUEUED_SPARE;
		list_push_back(&queued.free_spares, &queued.spares[i].link);
	}
}

struct signal_info signal_info_kernel(int signal)
{
	return (struct signal_info){.si_signo = signal, .si_code = SI_KERNEL};
}

struct signal_info signal_info_user(int signal, int code)
{
	struct signal_info info = {.si_signo = signal, .si_code = code};

	info.si_pid = current_process()->pid;
	info.si_uid = current_process()->credentials.user.real;
	return info;
}

/* ---- entries ---- */

static struct queued_signal *new_entry_locked(void)
{
	if (cpu_local()->in_interrupt) {
		struct list_node *spare = list_pop_front(&queued.free_spares);
		return spare ? container_of(spare, struct queued_signal, link) : NULL;
	}
	struct queued_signal *entry = kmalloc(sizeof(*entry));
	if (entry)
		entry->origin = QUEUED_ALLOCATED;
	return entry;
}

static void forget_locked(struct queued_signal *entry)
{
	list_remove(&entry->link);
	queued.count--;
	if (entry->origin == QUEUED_SPARE)
		list_push_back(&queued.free_spares, &entry->link);
	else if (entry->origin == QUEUED_ALLOCATED && cpu_local()->in_interrupt)
		list_push_back(&queued.spent, &entry->link);
	else if (entry->origin == QUEUED_ALLOCATED)
		kfree(entry);
}

void signal_free_spent_locked(void)
{
	struct list_node *node;

	while ((node = list_pop_front(&queued.spent)))
		kfree(container_of(node, struct queued_signal, link));
}

/* ---- the sets ---- */

static void set_bits_locked(struct signal_pending *pending, uint64_t set)
{
	__atomic_store_n(&pending->set, set, __ATOMIC_RELEASE);
}

void signal_pending_clear_locked(struct signal_pending *pending, uint64_t set)
{
	if (!(pending->set & set))
		return;
	set_bits_locked(pending, pending->set & ~set);
	list_for_each_safe (node, &pending->queue) {
		struct queued_signal *entry = container_of(node, struct queued_signal, link);
		if (!(SIGNAL_BIT(entry->info.si_signo) & set))
			continue;
		forget_locked(entry);
	}
}

void signal_discard_locked(struct process *process, uint64_t set)
{
	assert(spin_held(&process_lock));
	signal_pending_clear_locked(&process->signals.pending, set);
	list_for_each (node, &process->threads)
		signal_pending_clear_locked(
			&container_of(node, struct thread, link)->signals.pending, set);
	timers_discarded_locked(process, set);
}

/* False: it is not in this queue. */
static bool discard_owned_locked(struct signal_pending *pending, struct queued_signal *wanted)
{
	bool is_here = false;
	unsigned others = 0;

	list_for_each (node, &pending->queue) {
		const struct queued_signal *entry = container_of(node, struct queued_signal, link);
		is_here = is_here || entry == wanted;
		others += entry != wanted && entry->info.si_signo == wanted->info.si_signo;
	}
	if (!is_here)
		return false;
	if (!others)
		set_bits_locked(pending, pending->set & ~SIGNAL_BIT(wanted->info.si_signo));
	forget_locked(wanted);
	return true;
}

void signal_discard_owned_locked(struct process *process, struct queued_signal *entry)
{
	if (!entry->link.next || discard_owned_locked(&process->signals.pending, entry))
		return;
	list_for_each (node, &process->threads)
		if (discard_owned_locked(&container_of(node, struct thread, link)->signals.pending,
					 entry))
			return;
	panic("a timer's signal is in a queue of nobody");
}

uint64_t signals_pending_locked(const struct thread *thread)
{
	return thread->process->signals.pending.set | thread->signals.pending.set;
}

unsigned signals_queued_locked(void)
{
	assert(spin_held(&process_lock));
	return queued.count;
}

bool signal_is_killed(const struct process *process)
{
	return process->signals.pending.set & SIGNAL_BIT(SIGKILL);
}

/* One of the signals of `set` ends the process at once, since it has no action for it. */
static bool has_deadly(const struct thread *thread, uint64_t set)
{
	for (; set; set &= set - 1) {
		int signal = __builtin_ctzll(set) + 1;
		if (signal_action(&thread->process->signals, signal)->handler == HANDLER_DEFAULT &&
		    signal_kills_by_default(signal))
			return true;
	}
	return false;
}

bool signal_wants(const struct thread *thread)
{
	const struct thread_signals *own = &thread->signals;
	const struct process *process = thread->process;

	if (LIKELY(!__atomic_load_n(&own->attend, __ATOMIC_ACQUIRE)))
		return false;
	uint64_t pending = __atomic_load_n(&own->pending.set, __ATOMIC_ACQUIRE) |
			   __atomic_load_n(&process->signals.pending.set, __ATOMIC_ACQUIRE);
	if (UNLIKELY(process->stopped) && !thread->only_killable)
		return !thread->parked || (pending & SIGNAL_BIT(SIGKILL));
	if (LIKELY(!pending))
		return false;
	if (thread->only_killable)
		return has_deadly(thread, pending & (~own->blocked | SIGNAL_UNBLOCKABLE));
	return pending & (~own->blocked | own->waited | SIGNAL_UNBLOCKABLE);
}

/* ---- which thread ---- */

/* The signals that it would take if they were sent to its process. */
static uint64_t taken_by(const struct thread *thread)
{
	return ~thread->signals.blocked | thread->signals.waited | SIGNAL_UNBLOCKABLE;
}

void signal_attend_locked(struct thread *thread)
{
	__atomic_store_n(&thread->signals.attend, true, __ATOMIC_RELEASE);
	/* One that is not started yet will look when it is. */
	if (signal_wants(thread))
		sched_interrupt(thread);
}

/* Need it attend any longer? */
static void settle_locked(struct thread *thread)
{
	const struct process *process = thread->process;
	uint64_t pending = process->signals.pending.set | thread->signals.pending.set;

	__atomic_store_n(&thread->signals.attend,
			 (process->stopped && !thread->parked) || (pending & taken_by(thread)),
			 __ATOMIC_RELEASE);
}

void signal_settle(struct thread *thread)
{
	spin_lock(&process_lock);
	settle_locked(thread);
	spin_unlock(&process_lock);
}

static struct thread *first_thread(const struct process *process)
{
	if (process->leader || list_is_empty(&process->threads))
		return process->leader;
	return container_of(process->threads.next, struct thread, link);
}

/* As on Linux the leader if it may, and else any; SIGKILL is for whoever sees it first. */
static void choose_locked(struct process *process, int signal)
{
	struct thread *leader = process->leader;

	if (leader && (taken_by(leader) & SIGNAL_BIT(signal)) && signal != SIGKILL) {
		signal_attend_locked(leader);
		return;
	}
	list_for_each (node, &process->threads) {
		struct thread *thread = container_of(node, struct thread, link);
		if (!(taken_by(thread) & SIGNAL_BIT(signal)))
			continue;
		signal_attend_locked(thread);
		if (signal != SIGKILL)
			return;
	}
}

void signal_retarget_locked(struct process *process, uint64_t set)
{
	for (set &= process->signals.pending.set; set; set &= set - 1)
		choose_locked(process, __builtin_ctzll(set) + 1);
}

void signal_kill_thread_locked(struct thread *thread)
{
	struct signal_pending *pending = &thread->signals.pending;

	set_bits_locked(pending, pending->set | SIGNAL_BIT(SIGKILL));
	signal_attend_locked(thread);
}

void signal_thread_ends_locked(struct thread *thread)
{
	signal_pending_clear_locked(&thread->signals.pending, UINT64_MAX);
	timers_thread_ends_locked(thread->process, thread->id);
	signal_unpark_locked(thread);
}

/* ---- sending ---- */

/* Room for one more in the target's queue? Of the signals that are no real-time ones, those that
 * the kernel or kill(2) sends are queued in any case: there can be few. */
static bool may_queue(const struct process *process, const struct signal_info *info)
{
	uint64_t limit = process->limits[RLIMIT_SIGPENDING].soft;

	if (info->si_signo < SIGNAL_REAL_TIME && info->si_code >= 0)
		return true;
	return queued.count < MIN(limit, (uint64_t)QUEUED_MAX);
}

/* owned: an entry to use; or NULL. */
static int enqueue_locked(const struct process *process, struct signal_pending *pending,
			  const struct signal_info *info, struct queued_signal *owned)
{
	uint64_t bit = SIGNAL_BIT(info->si_signo);
	bool is_real_time = info->si_signo >= SIGNAL_REAL_TIME;
	struct queued_signal *entry = owned;

	/* Each timer has its own, which it waits for. */
	if (!is_real_time && (pending->set & bit) && !owned)
		return 0;
	if (!entry && info->si_signo != SIGKILL && may_queue(process, info))
		entry = new_entry_locked();
	if (entry) {
		entry->info = *info;
		list_push_back(&pending->queue, &entry->link);
		queued.count++;
	} else if (is_real_time && info->si_code != SI_USER && info->si_code != SI_KERNEL) {
		return -EAGAIN;
	}
	/* Without an entry the signal still comes, and nothing is known about it. */
	set_bits_locked(pending, pending->set | bit);
	return 0;
}

bool signal_is_ignored_locked(const struct process *process, const struct thread *thread,
			      int signal)
{
	uint64_t handler = signal_action(&process->signals, signal)->handler;

	if (!thread)
		thread = first_thread(process);
	/* A blocked signal stays pending even if it is ignored now: that may change. */
	if (thread && (thread->signals.blocked & SIGNAL_BIT(signal)))
		return false;
	/* pid_namespaces(7): it gets only what it has a handler for. */
	if (process->is_init && handler == HANDLER_DEFAULT)
		return true;
	if (SIGNAL_BIT(signal) & SIGNAL_UNBLOCKABLE)
		return false;
	return handler == HANDLER_IGNORE ||
	       (handler == HANDLER_DEFAULT && signal_is_ignored_by_default(signal));
}

/* Stopping and going on cancel each other, whether or not they are blocked or ignored. */
static void prepare_locked(struct process *process, int signal)
{
	if (SIGNAL_BIT(signal) & STOPS)
		signal_discard_locked(process, SIGNAL_BIT(SIGCONT));
	if (signal == SIGCONT)
		signal_discard_locked(process, STOPS);
	if (signal == SIGCONT || signal == SIGKILL)
		signal_resume_locked(process, signal == SIGCONT);
}

static int send_locked(struct process *process, struct thread *thread,
		       const struct signal_info *info, struct queued_signal *owned)
{
	int signal = info->si_signo;

	assert(spin_held(&process_lock) && signal > 0 && signal <= SIGNAL_MAX);
	if (process == &kernel_process || process->zombie)
		return 0;
	prepare_locked(process, signal);
	/* The whole process ends. */
	if (signal == SIGKILL)
		thread = NULL;
	if (signal_is_ignored_locked(process, thread, signal))
		return 0;
	struct signal_pending *pending =
		thread ? &thread->signals.pending : &process->signals.pending;
	int error = enqueue_locked(process, pending, info, owned);
	if (error)
		return error;
	signal_file_wake();
	if (thread)
		signal_attend_locked(thread);
	else
		choose_locked(process, signal);
	return 0;
}

int signal_queue_locked(struct process *process, struct thread *thread,
			const struct signal_info *info)
{
	return send_locked(process, thread, info, NULL);
}

void signal_queue_owned_locked(struct process *process, struct thread *thread,
			       struct queued_signal *entry)
{
	const struct signal_info info = entry->info;
	int error = send_locked(process, thread, &info, entry);

	assert(!error);
}

void signal_send_locked(struct process *process, const struct signal_info *info)
{
	/* -EAGAIN: there are too many of a real-time signal already. */
	(void)!signal_queue_locked(process, NULL, info);
}

void signal_send_self(int signal)
{
	const struct signal_info info = signal_info_user(signal, SI_USER);

	spin_lock(&process_lock);
	signal_send_locked(current_process(), &info);
	spin_unlock(&process_lock);
}

/* ---- taking one ---- */

/* What the thread has done itself comes first, then by number. */
static int first_of(uint64_t set)
{
	if (set & SIGNAL_BIT(SIGKILL))
		return SIGKILL;
	if (set & SIGNAL_SYNCHRONOUS)
		set &= SIGNAL_SYNCHRONOUS;
	return __builtin_ctzll(set) + 1;
}

/* *owned: its entry, if that was a QUEUED_OWNED one. */
static int take_locked(struct signal_pending *pending, uint64_t set, struct signal_info *info,
		       struct queued_signal **owned)
{
	struct queued_signal *first = NULL;
	bool more = false;

	set &= pending->set;
	if (!set)
		return 0;
	int signal = first_of(set);
	list_for_each (node, &pending->queue) {
		struct queued_signal *entry = container_of(node, struct queued_signal, link);
		if (entry->info.si_signo != signal)
			continue;
		more = first;
		if (more)
			break;
		first = entry;
	}
	*info = (struct signal_info){.si_signo = signal, .si_code = SI_USER};
	if (first) {
		*info = first->info;
		*owned = first->origin == QUEUED_OWNED ? first : NULL;
		forget_locked(first);
	}
	if (!more)
		set_bits_locked(pending, pending->set & ~SIGNAL_BIT(signal));
	return signal;
}

int signal_dequeue_locked(struct thread *thread, uint64_t set, struct signal_info *info)
{
	assert(spin_held(&process_lock));
	signal_free_spent_locked();
	struct signal_pending *shared = &thread->process->signals.pending;
	struct queued_signal *owned = NULL;
	/* SIGKILL there is the thread's own end, and not to be taken. */
	int signal =
		take_locked(&thread->signals.pending, set & ~SIGNAL_BIT(SIGKILL), info, &owned);
	if (!signal)
		signal = take_locked(shared, set, info, &owned);
	settle_locked(thread);
	if (signal)
		timers_taken_locked(thread->process, owned, info);
	return signal;
}
