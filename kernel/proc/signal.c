/* signal.c: see signal.h. */
#include "proc/signal.h"

#include "debug/assert.h"
#include "debug/log.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/thread.h"

#define UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))
/* signal(7), the default actions. All others terminate. */
#define DEFAULT_IGNORED \
	(SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH) | SIGNAL_BIT(SIGCONT))
#define DEFAULT_STOPS \
	(SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))

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

const struct signal_action *signal_action(const struct signals *signals, int signal)
{
	static const struct signal_action by_default = {.handler = HANDLER_DEFAULT};
	const struct signal_action *actions = __atomic_load_n(&signals->actions, __ATOMIC_ACQUIRE);

	return actions ? &actions[signal - 1] : &by_default;
}

int signal_set_action(struct signals *signals, int signal, const struct signal_action *action)
{
	if (!signals->actions) {
		struct signal_action *actions = kzalloc(SIGNAL_MAX * sizeof(*actions));
		if (!actions)
			return -ENOMEM;
		__atomic_store_n(&signals->actions, actions, __ATOMIC_RELEASE);
	}
	signals->actions[signal - 1] = *action;
	return 0;
}

int signals_inherit(struct signals *child, const struct signals *parent)
{
	if (parent->actions) {
		child->actions = kmalloc(SIGNAL_MAX * sizeof(*child->actions));
		if (!child->actions)
			return -ENOMEM;
		memcpy(child->actions, parent->actions, SIGNAL_MAX * sizeof(*child->actions));
	}
	child->alternate_sp = parent->alternate_sp;
	child->alternate_bytes = parent->alternate_bytes;
	child->alternate_flags = parent->alternate_flags;
	return 0;
}

void signals_destroy(struct signals *signals)
{
	kfree(signals->actions);
}

void signals_reset_handlers(struct signals *signals)
{
	for (unsigned i = 0; signals->actions && i < SIGNAL_MAX; i++) {
		struct signal_action *action = &signals->actions[i];
		uint64_t kept =
			action->handler == HANDLER_IGNORE ? HANDLER_IGNORE : HANDLER_DEFAULT;
		*action = (struct signal_action){.handler = kept};
	}
	signals->alternate_sp = signals->alternate_bytes = 0;
	signals->alternate_flags = SS_DISABLE;
}

/* A handler changes nothing here, since it is not called. */
static bool is_ignored(const struct process *process, int signal)
{
	uint64_t handler = signal_action(&process->signals, signal)->handler;

	if (SIGNAL_BIT(signal) & UNBLOCKABLE)
		return false;
	return handler == HANDLER_IGNORE || (DEFAULT_IGNORED & SIGNAL_BIT(signal));
}

static void report(struct process *process, int signal, const char *what)
{
	if (__atomic_exchange_n(&process->signals.reported, true, __ATOMIC_RELAXED))
		return;
	log_warning("process %s (pid %d): %s: %s is not implemented", process->name, process->pid,
		    signal_name(signal), what);
}

static bool has_handler(const struct process *process, int signal)
{
	return signal_action(&process->signals, signal)->handler > HANDLER_IGNORE;
}

void signal_send_locked(struct process *process, int signal)
{
	struct thread *thread = process->thread;

	assert(spin_held(&process_lock) && signal > 0 && signal <= SIGNAL_MAX);
	if (process == &kernel_process)
		return;
	/* Not started yet: it will look when it does. A zombie never will. */
	if (!thread) {
		__atomic_fetch_or(&process->signals.pending, SIGNAL_BIT(signal), __ATOMIC_RELEASE);
		return;
	}
	/* A blocked signal stays pending even if it is ignored now: that may change. */
	if (is_ignored(process, signal) && !(thread->blocked_signals & SIGNAL_BIT(signal))) {
		if (has_handler(process, signal))
			report(process, signal, "calling a handler");
		return;
	}
	__atomic_fetch_or(&process->signals.pending, SIGNAL_BIT(signal), __ATOMIC_RELEASE);
	if (signal_wants(thread))
		sched_interrupt(thread);
}

void signal_send_self(int signal)
{
	spin_lock(&process_lock);
	signal_send_locked(current_process(), signal);
	spin_unlock(&process_lock);
}

static uint64_t wanted(const struct thread *thread)
{
	uint64_t pending = __atomic_load_n(&thread->process->signals.pending, __ATOMIC_ACQUIRE);

	return pending & ~(thread->blocked_signals & ~UNBLOCKABLE);
}

bool signal_wants(const struct thread *thread)
{
	return (wanted(thread) & (thread->only_killable ? SIGNAL_BIT(SIGKILL) : UINT64_MAX)) != 0;
}

static void deliver(struct process *process, int signal)
{
	bool stops = DEFAULT_STOPS & SIGNAL_BIT(signal);

	if (has_handler(process, signal))
		report(process, signal, "calling a handler");
	else if (stops)
		report(process, signal, "stopping a process");
	if (!stops && !is_ignored(process, signal))
		process_exit(signal);
}

void signal_deliver(void)
{
	struct thread *thread = current_thread();
	uint64_t set;

	while ((set = wanted(thread))) {
		/* SIGKILL first, then by number. */
		int signal = set & SIGNAL_BIT(SIGKILL) ? SIGKILL : (int)__builtin_ctzll(set) + 1;
		__atomic_fetch_and(&thread->process->signals.pending, ~SIGNAL_BIT(signal),
				   __ATOMIC_RELAXED);
		deliver(thread->process, signal);
	}
}

void signal_force(int signal)
{
	struct process *process = current_process();

	if (has_handler(process, signal))
		report(process, signal, "calling a handler");
	process_exit(signal);
}
