/* signal.c: see signal.h: actions, masks, names. */
#include "proc/signal.h"

#include <arch/signal.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/thread.h"

/* Linux's MINSIGSTKSZ. */
#define ALTERNATE_MINIMUM 2048u
/* signal(7), the default actions. All others terminate. */
#define DEFAULT_IGNORED \
	(SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH) | SIGNAL_BIT(SIGCONT))
#define DEFAULT_STOPS \
	(SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))

#define DEFAULT_DUMPS                                                                          \
	(SIGNAL_BIT(SIGQUIT) | SIGNAL_BIT(SIGILL) | SIGNAL_BIT(SIGABRT) | SIGNAL_BIT(SIGFPE) | \
	 SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGSYS) | SIGNAL_BIT(SIGTRAP) | \
	 SIGNAL_BIT(SIGXCPU) | SIGNAL_BIT(SIGXFSZ))

static const char *const names[] = {
	[SIGHUP] = "SIGHUP",     [SIGINT] = "SIGINT",       [SIGQUIT] = "SIGQUIT",
	[SIGILL] = "SIGILL",     [SIGTRAP] = "SIGTRAP",     [SIGABRT] = "SIGABRT",
	[SIGBUS] = "SIGBUS",     [SIGFPE] = "SIGFPE",       [SIGKILL] = "SIGKILL",
	[SIGUSR1] = "SIGUSR1",   [SIGSEGV] = "SIGSEGV",     [SIGUSR2] = "SIGUSR2",
	[SIGPIPE] = "SIGPIPE",   [SIGALRM] = "SIGALRM",     [SIGTERM] = "SIGTERM",
	[SIGCHLD] = "SIGCHLD",   [SIGSTKFLT] = "SIGSTKFLT", [SIGCONT] = "SIGCONT",
	[SIGSTOP] = "SIGSTOP",   [SIGTSTP] = "SIGTSTP",     [SIGTTIN] = "SIGTTIN",
	[SIGTTOU] = "SIGTTOU",   [SIGURG] = "SIGURG",       [SIGXCPU] = "SIGXCPU",
	[SIGXFSZ] = "SIGXFSZ",   [SIGVTALRM] = "SIGVTALRM", [SIGPROF] = "SIGPROF",
	[SIGWINCH] = "SIGWINCH", [SIGIO] = "SIGIO",         [SIGPWR] = "SIGPWR",
	[SIGSYS] = "SIGSYS",
};

const char *signal_name(int signal)
{
	if (signal > 0 && signal < (int)ARRAY_SIZE(names) && names[signal])
		return names[signal];
	return "a real-time signal";
}

bool signal_is_ignored_by_default(int signal)
{
	return DEFAULT_IGNORED & SIGNAL_BIT(signal);
}

bool signal_stops_by_default(int signal)
{
	return DEFAULT_STOPS & SIGNAL_BIT(signal);
}

bool signal_kills_by_default(int signal)
{
	return !((DEFAULT_IGNORED | DEFAULT_STOPS | DEFAULT_DUMPS) & SIGNAL_BIT(signal));
}

/* ---- a life ---- */

void signals_init(struct signals *signals)
{
	list_init(&signals->pending.queue);
}

void thread_signals_init(struct thread_signals *signals)
{
	list_init(&signals->pending.queue);
	signals->alternate_flags = SS_DISABLE;
	signals->attend = true;
}

/* Once made they stay. */
static int make_actions(struct signals *signals)
{
	struct signal_actions *none = NULL;

	if (__atomic_load_n(&signals->actions, __ATOMIC_ACQUIRE))
		return 0;
	struct signal_actions *actions = kzalloc(sizeof(*actions));
	if (!actions)
		return -ENOMEM;
	actions->users = 1;
	/* Another thread may be at it, too. */
	if (!__atomic_compare_exchange_n(&signals->actions, &none, actions, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		kfree(actions);
	return 0;
}

static struct signal_actions *copy_actions(const struct signal_actions *actions)
{
	struct signal_actions *copy = kmalloc(sizeof(*copy));

	if (!copy)
		return NULL;
	spin_lock(&process_lock);
	*copy = *actions;
	spin_unlock(&process_lock);
	copy->users = 1;
	return copy;
}

static void put_actions(struct signal_actions *actions)
{
	if (actions && __atomic_fetch_sub(&actions->users, 1, __ATOMIC_ACQ_REL) == 1)
		kfree(actions);
}

int signals_inherit(struct signals *child, struct signals *parent, bool share)
{
	if (share) {
		int error = make_actions(parent);
		if (error)
			return error;
		__atomic_fetch_add(&parent->actions->users, 1, __ATOMIC_RELAXED);
		child->actions = parent->actions;
		return 0;
	}
	const struct signal_actions *actions = __atomic_load_n(&parent->actions, __ATOMIC_ACQUIRE);
	if (actions)
		child->actions = copy_actions(actions);
	return actions && !child->actions ? -ENOMEM : 0;
}

int signals_unshare(struct signals *signals)
{
	struct signal_actions *old = signals->actions;

	if (!old || __atomic_load_n(&old->users, __ATOMIC_ACQUIRE) == 1)
		return 0;
	struct signal_actions *copy = copy_actions(old);
	if (!copy)
		return -ENOMEM;
	spin_lock(&process_lock);
	signals->actions = copy;
	spin_unlock(&process_lock);
	put_actions(old);
	return 0;
}

void thread_signals_inherit(struct thread_signals *child, const struct thread_signals *parent)
{
	child->blocked = parent->blocked;
	child->alternate_sp = parent->alternate_sp;
	child->alternate_bytes = parent->alternate_bytes;
	child->alternate_flags = parent->alternate_flags;
}

void signals_destroy(struct signals *signals)
{
	spin_lock(&process_lock);
	signal_pending_clear_locked(&signals->pending, UINT64_MAX);
	signal_free_spent_locked();
	spin_unlock(&process_lock);
	put_actions(signals->actions);
}

void signals_drop_handlers(struct signals *signals)
{
	spin_lock(&process_lock);
	struct signal_action *actions = signals->actions ? signals->actions->of : NULL;
	for (unsigned i = 0; actions && i < SIGNAL_MAX; i++) {
		uint64_t kept =
			actions[i].handler == HANDLER_IGNORE ? HANDLER_IGNORE : HANDLER_DEFAULT;
		actions[i] = (struct signal_action){.handler = kept};
	}
	spin_unlock(&process_lock);
}

void signals_reset_handlers(struct process *process)
{
	signals_drop_handlers(&process->signals);
	spin_lock(&process_lock);
	process->has_executed = true;
	spin_unlock(&process_lock);
}

void signal_drop_alternate(struct thread_signals *signals)
{
	signals->alternate_sp = signals->alternate_bytes = 0;
	signals->alternate_flags = SS_DISABLE;
}

/* ---- actions ---- */

const struct signal_action *signal_action(const struct signals *signals, int signal)
{
	static const struct signal_action by_default = {.handler = HANDLER_DEFAULT};
	const struct signal_actions *actions = __atomic_load_n(&signals->actions, __ATOMIC_ACQUIRE);

	return actions ? &actions->of[signal - 1] : &by_default;
}

static bool is_ignoring(const struct signal_action *action, int signal)
{
	if (action->handler == HANDLER_IGNORE)
		return true;
	return action->handler == HANDLER_DEFAULT && signal_is_ignored_by_default(signal);
}

int signal_set_action(int signal, const struct signal_action *fresh, struct signal_action *old)
{
	struct process *process = current_process();
	struct signals *signals = &process->signals;

	int error = fresh ? make_actions(signals) : 0;
	if (error)
		return error;
	spin_lock(&process_lock);
	*old = *signal_action(signals, signal);
	if (fresh) {
		signals->actions->of[signal - 1] = *fresh;
		if (is_ignoring(fresh, signal))
			signal_discard_locked(process, SIGNAL_BIT(signal));
	}
	spin_unlock(&process_lock);
	return 0;
}

/* ---- masks ---- */

void signal_set_blocked(uint64_t mask)
{
	struct thread *thread = current_thread();
	struct thread_signals *signals = &thread->signals;
	struct process *process = thread->process;

	spin_lock(&process_lock);
	uint64_t fresh = mask & ~signals->blocked;
	__atomic_store_n(&signals->blocked, mask & ~SIGNAL_UNBLOCKABLE, __ATOMIC_RELEASE);
	__atomic_store_n(&signals->attend, true, __ATOMIC_RELEASE);
	if (UNLIKELY(process->signals.pending.set & fresh))
		signal_retarget_locked(process, fresh);
	spin_unlock(&process_lock);
}

void signal_mask_push(uint64_t mask)
{
	struct thread_signals *signals = &current_thread()->signals;

	signals->saved_mask = signals->blocked;
	signals->restore_mask = true;
	signal_set_blocked(mask);
}

void signal_mask_pop(bool interrupted)
{
	struct thread_signals *signals = &current_thread()->signals;

	if (interrupted || !signals->restore_mask)
		return;
	signals->restore_mask = false;
	signal_set_blocked(signals->saved_mask);
}

/* ---- the alternate stack ---- */

static bool is_on_alternate(const struct thread_signals *signals, vaddr_t sp)
{
	const struct arch_signal_stack stack = {signals->alternate_sp, signals->alternate_bytes,
						signals->alternate_flags};

	return arch_signal_on_stack(&stack, sp);
}

int signal_alternate_flags(vaddr_t sp)
{
	const struct thread_signals *signals = &current_thread()->signals;
	int mode = is_on_alternate(signals, sp) ? SS_ONSTACK : 0;

	if (!signals->alternate_bytes)
		mode = SS_DISABLE;
	return mode | (signals->alternate_flags & (int)SS_FLAG_BITS);
}

/* In Linux's order. */
int signal_set_alternate(vaddr_t start, size_t bytes, int flags, vaddr_t sp)
{
	struct thread_signals *signals = &current_thread()->signals;
	int mode = flags & ~(int)SS_FLAG_BITS;

	if (is_on_alternate(signals, sp))
		return -EPERM;
	if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
		return -EINVAL;
	if (signals->alternate_sp == start && signals->alternate_bytes == bytes &&
	    signals->alternate_flags == flags)
		return 0;
	if (mode == SS_DISABLE)
		start = bytes = 0;
	else if (bytes < ALTERNATE_MINIMUM)
		return -ENOMEM;
	signals->alternate_sp = start;
	signals->alternate_bytes = bytes;
	signals->alternate_flags = flags;
	return 0;
}
