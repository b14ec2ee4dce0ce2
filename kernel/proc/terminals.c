/* terminals.c: what terminals ask of processes (fs/tty.h). */
#include <arch/debug.h>

#include "debug/log.h"
#include "fs/tty.h"
#include "proc/group.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/thread.h"

static int own_session(void)
{
	return current_process()->session;
}

static int own_group(void)
{
	spin_lock(&process_lock);
	int group = current_process()->group;
	spin_unlock(&process_lock);
	return group;
}

static bool leads_session(void)
{
	return current_process()->session == current_process()->pid;
}

static bool disregards(int signal)
{
	const struct thread *thread = current_thread();

	return (thread->signals.blocked & SIGNAL_BIT(signal)) ||
	       signal_action(&thread->process->signals, signal)->handler == HANDLER_IGNORE;
}

static bool is_orphaned(int group)
{
	spin_lock(&process_lock);
	bool orphaned = group_is_orphaned_locked(group, NULL);
	spin_unlock(&process_lock);
	return orphaned;
}

struct looking {
	int group, session;
};

static void look_for_group(struct process *process, void *context)
{
	struct looking *looking = context;

	if (process->group == looking->group)
		looking->session = process->session;
}

static int session_of(int group)
{
	struct looking looking = {.group = group};

	spin_lock(&process_lock);
	process_each_locked(look_for_group, &looking);
	spin_unlock(&process_lock);
	return looking.session;
}

static void signal_group(int group, int signal)
{
	/* -ESRCH: all of it have ended. */
	(void)signal_send_group(group, signal, NULL);
}

static void hang_up(int session, int group)
{
	const struct signal_info hangup = signal_info_kernel(SIGHUP);
	const struct signal_info go_on = signal_info_kernel(SIGCONT);

	spin_lock(&process_lock);
	struct process *leader = process_find_locked(session);
	if (leader && leader->session == session && !leader->zombie) {
		signal_send_locked(leader, &hangup);
		signal_send_locked(leader, &go_on);
		leader->lost_group = group;
	}
	spin_unlock(&process_lock);
}

/* LINUX_REBOOT_CMD_CAD_ON: one word, no lock. */
static bool restart_at_once = true;

void process_restart_keys(bool at_once)
{
	__atomic_store_n(&restart_at_once, at_once, __ATOMIC_RELAXED);
}

static void restart(void)
{
	const struct signal_info interrupt = signal_info_kernel(SIGINT);

	if (__atomic_load_n(&restart_at_once, __ATOMIC_RELAXED)) {
		log_info("restarting system: Ctrl-Alt-Del");
		arch_machine_end(MACHINE_RESTART);
	}
	spin_lock(&process_lock);
	struct process *init = process_find_locked(1);
	if (init && !init->zombie)
		signal_send_locked(init, &interrupt);
	spin_unlock(&process_lock);
}

static const struct tty_processes processes = {
	.own_session = own_session,
	.own_group = own_group,
	.leads_session = leads_session,
	.disregards = disregards,
	.is_orphaned = is_orphaned,
	.session_of = session_of,
	.signal_group = signal_group,
	.hang_up = hang_up,
	.restart = restart,
};

void process_terminals_init(void)
{
	tty_set_processes(&processes);
}

void process_leave_terminal(struct process *process)
{
	if (process->session != process->pid || tty_session_ends(process->session))
		return;
	spin_lock(&process_lock);
	int group = process->lost_group;
	if (group) {
		(void)signal_send_group_locked(group, SIGHUP, NULL);
		(void)signal_send_group_locked(group, SIGCONT, NULL);
	}
	spin_unlock(&process_lock);
}
