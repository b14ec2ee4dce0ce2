/*
 * shell_commands.c: what the debug shell can tell about processes and their address spaces. All
 * else stands still; see debug/shell.h for what that means for locks.
 */
#include "debug/shell.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/thread.h"
#include "vm/print.h"

static const char *state_name(const struct process *process)
{
	static const char *const names[] = {
		[THREAD_NEW] = "new",         [THREAD_RUNNABLE] = "runnable",
		[THREAD_RUNNING] = "running", [THREAD_BLOCKED] = "sleeping",
		[THREAD_DEAD] = "dead",
	};

	if (process->zombie)
		return "zombie";
	if (process->leader)
		return names[process->leader->state];
	return process->thread_count ? "led no more" : "starting";
}

static void ps(struct text_sink *out, const char *const *arguments)
{
	text_put(out, "  PID  PPID STATE      MAPPED KiB  NAME\n");
	spin_lock(&process_lock);
	for (struct process *process = process_after_locked(0); process;
	     process = process_after_locked(process->pid))
		text_print(out, "%5d %5d %-9s %11llu  %s\n", process->pid, process->parent->pid,
			   state_name(process),
			   process->space ? (unsigned long long)(process->space->mapped / KIB) : 0,
			   process->name);
	spin_unlock(&process_lock);
}

/* The process that an argument names; NULL: it said what is wrong. process_lock. */
static struct process *find_locked(struct text_sink *out, const char *argument)
{
	uint64_t pid;

	if (!shell_number(out, argument, &pid))
		return NULL;
	struct process *process = pid <= PID_MAX ? process_find_locked((int)pid) : NULL;
	if (!process)
		text_print(out, "there is no process %s; ps lists those there are\n", argument);
	return process;
}

/* Call show(space, va, out) with the space of the process that `argument` names, locked. */
static void with_space(struct text_sink *out, const char *argument, vaddr_t va,
		       void (*show)(const struct vm_space *, vaddr_t, struct text_sink *))
{
	spin_lock(&process_lock);
	struct process *process = find_locked(out, argument);
	struct vm_space *space = process ? process->space : NULL;
	if (process && !space) {
		text_print(out, "process %d has no address space: it has ended\n", process->pid);
	} else if (space) {
		if (mutex_try_lock(&space->lock)) {
			show(space, va, out);
			mutex_unlock(&space->lock);
		} else {
			text_print(out,
				   "not now: what was interrupted is changing the address space of "
				   "process %d; continue, and try again\n",
				   process->pid);
		}
	}
	spin_unlock(&process_lock);
}

static void show_regions(const struct vm_space *space, vaddr_t va, struct text_sink *out)
{
	vm_print_regions_locked(space, out);
}

static void show_tables(const struct vm_space *space, vaddr_t va, struct text_sink *out)
{
	vm_print_tables_locked(space, out);
}

static void show_faults(const struct vm_space *space, vaddr_t va, struct text_sink *out)
{
	vm_print_faults_locked(space, out);
}

static void show_address(const struct vm_space *space, vaddr_t va, struct text_sink *out)
{
	vm_explain_locked(space, va, out);
}

static void regions(struct text_sink *out, const char *const *arguments)
{
	with_space(out, arguments[0], 0, show_regions);
}

static void page_table(struct text_sink *out, const char *const *arguments)
{
	with_space(out, arguments[0], 0, show_tables);
}

static void faults(struct text_sink *out, const char *const *arguments)
{
	with_space(out, arguments[0], 0, show_faults);
}

static void address(struct text_sink *out, const char *const *arguments)
{
	uint64_t va;

	if (shell_number(out, arguments[1], &va))
		with_space(out, arguments[0], va, show_address);
}

static const struct shell_command commands[] = {
	{"ps", "", "the processes", 0, 0, true, ps},
	{"regions", "PID", "what may be where in its address space", 1, 1, true, regions},
	{"pagetable", "PID", "what is where: its page tables", 1, 1, true, page_table},
	{"faults", "PID", "its page faults, counted by case", 1, 1, true, faults},
	{"va", "PID ADDRESS", "one address: the walk, and what an access would do", 2, 2, true,
	 address},
};

/* Linked once, at boot. */
static struct shell_table table = {commands, ARRAY_SIZE(commands), NULL};

void process_shell_init(void)
{
	shell_add(&table);
}
