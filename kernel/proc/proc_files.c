/*
 * proc_files.c: what stands in /proc/<pid>. Another file is one more line in the table at the end.
 *
 * A process may exit while its files are read. Whoever prints looks it up under process_lock, takes
 * a reference on its space, and prints from that: a space in which nobody runs any more.
 */
#include "proc/proc_files.h"

#include <linux/stat.h>

#include "fs/mount.h"
#include "fs/proc_memory.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "proc/process_table.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "vm/print.h"

/* ---- snapshots ---- */

struct process *process_of_id_locked(const struct proc_id *who)
{
	struct process *process = process_find_locked(who->pid);

	return process && process->started == who->started ? process : NULL;
}

/* Not while it is only about to sleep, and looks for what it would wait for. */
static bool is_asleep(const struct thread *thread)
{
	return __atomic_load_n(&thread->state, __ATOMIC_RELAXED) == THREAD_BLOCKED &&
	       !__atomic_load_n(&thread->on_cpu, __ATOMIC_RELAXED);
}

/* thread NULL: it has ended, or has not begun. */
static char state_letter(const struct process *process, const struct thread *thread)
{
	if (process->zombie || (!thread && process->thread_count))
		return 'Z';
	if (process->stopped)
		return 'T';
	if (!thread || !is_asleep(thread))
		return 'R';
	return thread->unbreakable || thread->only_killable ? 'D' : 'S';
}

static void copy_signals(struct process_snapshot *to, const struct process *process,
			 const struct thread *thread)
{
	to->pending = process->signals.pending.set;
	to->queued = signals_queued_locked();
	to->queued_limit = process->limits[RLIMIT_SIGPENDING].soft;
	if (thread) {
		to->thread_pending = thread->signals.pending.set;
		to->blocked = thread->signals.blocked;
	}
	for (int signal = 1; signal <= SIGNAL_MAX; signal++) {
		uint64_t handler = signal_action(&process->signals, signal)->handler;
		if (handler == HANDLER_IGNORE)
			to->ignored |= SIGNAL_BIT(signal);
		else if (handler != HANDLER_DEFAULT)
			to->caught |= SIGNAL_BIT(signal);
	}
}

/* The leader that has ended counts until the last thread has. */
static unsigned count_threads(const struct process *process)
{
	return process->thread_count + !process->leader;
}

static struct cpu_times times_of(const struct process *process, struct thread *thread,
				 bool of_thread)
{
	if (!of_thread)
		return process_cpu_times_locked(process);
	return thread ? sched_cpu_times(thread) : (struct cpu_times){0};
}

/* who->number: in the directory of a thread, that one's. */
static void copy_locked(struct process_snapshot *to, const struct process *process,
			const struct proc_id *who)
{
	struct thread *thread =
		who->number ? process_thread_locked(process, who->number) : process->leader;

	*to = (struct process_snapshot){
		.id = who->number ? who->number : process->pid,
		.threads = count_threads(process),
		.pid = process->pid,
		.parent = process->parent->pid,
		.group = process->group,
		.session = process->session,
		.state = state_letter(process, thread),
		.started = process->started,
		.affinity = thread ? sched_affinity(thread) & cpus_online() : 0,
		.times = times_of(process, thread, who->number),
		.children_times = process->children_usage.times,
		.ended_faults = process->ended_usage.minor_faults,
		.children_faults = process->children_usage.minor_faults,
		.umask = process->place ? process->place->umask : 0,
		.open_files_max = process->files ? process->files->capacity : 0,
		.user_ids = process->credentials.user,
		.group_ids = process->credentials.group,
		.groups = group_list_get(process->credentials.groups),
		.capabilities = process->credentials.capabilities,
		.no_new_privileges = process->no_new_privileges,
		.nice = thread ? thread->nice : 0,
		.resident_limit = process->limits[RLIMIT_RSS].soft,
		.status = process->status,
		.space = process->space,
	};
	memcpy(to->name, thread ? thread->name : process->name, sizeof(to->name));
	if (process->layout)
		to->layout = *process->layout;
	copy_signals(to, process, thread);
	if (to->space)
		vm_space_get(to->space);
}

int process_snapshot_take(const struct proc_id *who, struct process_snapshot *out)
{
	spin_lock(&process_lock);
	const struct process *process = process_of_id_locked(who);
	/* The number of a leader that has ended is the process's still. */
	if (process && who->number && who->number != process->pid &&
	    !process_thread_locked(process, who->number))
		process = NULL;
	if (process)
		copy_locked(out, process, who);
	spin_unlock(&process_lock);
	return process ? 0 : -ESRCH;
}

void process_snapshot_put(struct process_snapshot *snapshot)
{
	if (snapshot->space)
		vm_space_put(snapshot->space);
	snapshot->space = NULL;
	group_list_put(snapshot->groups);
	snapshot->groups = NULL;
}

/* Its space with a reference, NULL for a zombie; -ESRCH. */
static int get_space(const struct proc_id *who, struct vm_space **out)
{
	spin_lock(&process_lock);
	const struct process *process = process_of_id_locked(who);
	*out = process ? process->space : NULL;
	if (*out)
		vm_space_get(*out);
	spin_unlock(&process_lock);
	return process ? 0 : -ESRCH;
}

/* ---- the address space ---- */

/* A zombie has none: its file is empty, as on Linux. */
static int with_space(const struct proc_id *who, struct text_sink *sink,
		      int (*print)(struct vm_space *, struct text_sink *))
{
	struct vm_space *space;
	int error = get_space(who, &space);

	if (error || !space)
		return error;
	error = print(space, sink);
	vm_space_put(space);
	return error;
}

static int print_maps(const struct proc_id *who, struct text_sink *sink)
{
	return with_space(who, sink, proc_print_maps);
}

static int print_smaps(const struct proc_id *who, struct text_sink *sink)
{
	return with_space(who, sink, proc_print_smaps);
}

static int print_pages(const struct proc_id *who, struct text_sink *sink)
{
	return with_space(who, sink, proc_print_pages);
}

static int print_all_tables(struct vm_space *space, struct text_sink *sink)
{
	rw_lock_exclusive(&space->lock);
	vm_print_locked(space, sink);
	rw_unlock_exclusive(&space->lock);
	return 0;
}

static int print_page_table(const struct proc_id *who, struct text_sink *sink)
{
	return with_space(who, sink, print_all_tables);
}

static int print_all_faults(struct vm_space *space, struct text_sink *sink)
{
	rw_lock_exclusive(&space->lock);
	vm_print_faults_locked(space, sink);
	rw_unlock_exclusive(&space->lock);
	return 0;
}

static int print_faults(const struct proc_id *who, struct text_sink *sink)
{
	return with_space(who, sink, print_all_faults);
}

/* ---- links ---- */

/* One of a process's inodes, with a reference. */
static int get_inode(const struct proc_id *who, bool executable, struct inode **out)
{
	spin_lock(&process_lock);
	const struct process *process = process_of_id_locked(who);
	*out = !process || !process->place ? NULL
	       : executable                ? process->executable
					   : process->place->cwd;
	if (*out)
		inode_get(*out);
	spin_unlock(&process_lock);
	return *out ? 0 : -ENOENT;
}

static ssize_t path_of(const struct proc_id *who, bool executable, char *to, size_t size)
{
	struct inode *inode;
	int error = get_inode(who, executable, &inode);

	if (error)
		return error;
	ssize_t length = inode_path(inode, to, size);
	inode_put(inode);
	return length;
}

static ssize_t exe_target(const struct proc_id *who, char *to, size_t size)
{
	return path_of(who, true, to, size);
}

static int exe_follow(const struct proc_id *who, struct inode **out)
{
	return get_inode(who, true, out);
}

static ssize_t cwd_target(const struct proc_id *who, char *to, size_t size)
{
	return path_of(who, false, to, size);
}

static int cwd_follow(const struct proc_id *who, struct inode **out)
{
	return get_inode(who, false, out);
}

static ssize_t root_target(const struct proc_id *who, char *to, size_t size)
{
	return (ssize_t)string_copy(to, "/", size);
}

static int root_follow(const struct proc_id *who, struct inode **out)
{
	*out = inode_root();
	inode_get(*out);
	return 0;
}

static ssize_t self_target(const struct proc_id *who, char *to, size_t size)
{
	int pid = current_process()->pid;

	return pid ? (ssize_t)format(to, size, "%d", pid) : -ENOENT;
}

static ssize_t thread_target(const struct proc_id *who, char *to, size_t size)
{
	int pid = current_process()->pid;

	return pid ? (ssize_t)format(to, size, "%d/task/%d", pid, current_thread()->id) : -ENOENT;
}

static ssize_t mounts_target(const struct proc_id *who, char *to, size_t size)
{
	return (ssize_t)string_copy(to, "self/mounts", size);
}

/* ---- what is the same for all ---- */

static int print_mounts(const struct proc_id *who, struct text_sink *sink)
{
	return mount_print(sink, false);
}

static int print_mount_info(const struct proc_id *who, struct text_sink *sink)
{
	return mount_print(sink, true);
}

/* Nobody counts them. */
static int print_io(const struct proc_id *who, struct text_sink *sink)
{
	text_put(sink, "rchar: 0\nwchar: 0\nsyscr: 0\nsyscw: 0\nread_bytes: 0\n"
		       "write_bytes: 0\ncancelled_write_bytes: 0\n");
	return 0;
}

static int print_oom_adjustment(const struct proc_id *who, struct text_sink *sink)
{
	text_put(sink, "0\n");
	return 0;
}

/* ---- the tables ---- */

static const struct proc_file proc_task;

/* `task`, which no thread has, stands last. */
static const struct proc_file process_files[] = {
	{.name = "cmdline", .mode = S_IFREG | 0444, .print = proc_print_cmdline},
	{.name = "comm", .mode = S_IFREG | 0444, .print = proc_print_comm},
	{.name = "cwd", .mode = S_IFLNK | 0777, .target = cwd_target, .follow = cwd_follow},
	{.name = "environ", .mode = S_IFREG | 0400, .print = proc_print_environ},
	{.name = "exe", .mode = S_IFLNK | 0777, .target = exe_target, .follow = exe_follow},
	{.name = "faults", .mode = S_IFREG | 0444, .print = print_faults},
	{.name = "fd", .mode = S_IFDIR | 0500, .next_number = proc_next_fd, .each = &proc_fd_link},
	{.name = "fdinfo",
	 .mode = S_IFDIR | 0555,
	 .next_number = proc_next_fd,
	 .each = &proc_fd_info},
	{.name = "io", .mode = S_IFREG | 0400, .print = print_io},
	{.name = "limits", .mode = S_IFREG | 0444, .print = proc_print_limits},
	{.name = "maps", .mode = S_IFREG | 0444, .print = print_maps},
	{.name = "mountinfo", .mode = S_IFREG | 0444, .print = print_mount_info},
	{.name = "mounts", .mode = S_IFREG | 0444, .print = print_mounts},
	{.name = "oom_score_adj", .mode = S_IFREG | 0444, .print = print_oom_adjustment},
	{.name = "pages", .mode = S_IFREG | 0400, .print = print_pages},
	{.name = "pagetable", .mode = S_IFREG | 0400, .print = print_page_table},
	{.name = "root", .mode = S_IFLNK | 0777, .target = root_target, .follow = root_follow},
	{.name = "smaps", .mode = S_IFREG | 0444, .print = print_smaps},
	{.name = "stat", .mode = S_IFREG | 0444, .print = proc_print_stat},
	{.name = "statm", .mode = S_IFREG | 0444, .print = proc_print_statm},
	{.name = "status", .mode = S_IFREG | 0444, .print = proc_print_status},
	{.name = "task", .mode = S_IFDIR | 0555, .next_number = proc_next_task, .each = &proc_task},
};

static const struct proc_file proc_task = {
	.mode = S_IFDIR | 0555,
	.files = process_files,
	.count = ARRAY_SIZE(process_files) - 1,
};

static const struct proc_file root_files[] = {
	{.name = "mounts", .mode = S_IFLNK | 0777, .target = mounts_target},
	{.name = "self", .mode = S_IFLNK | 0777, .target = self_target},
	{.name = "thread-self", .mode = S_IFLNK | 0777, .target = thread_target},
};

static bool find(int pid, struct proc_id *out)
{
	spin_lock(&process_lock);
	const struct process *process = process_find_locked(pid);
	if (process)
		*out = (struct proc_id){.pid = pid, .started = process->started};
	spin_unlock(&process_lock);
	return process;
}

static int next(int pid)
{
	spin_lock(&process_lock);
	const struct process *process = process_after_locked(pid);
	int found = process ? process->pid : 0;
	spin_unlock(&process_lock);
	return found;
}

static const struct proc_processes processes = {
	.find = find,
	.next = next,
	.files = process_files,
	.count = ARRAY_SIZE(process_files),
};

/* Linked once, at boot. */
static struct proc_table root_table = {root_files, ARRAY_SIZE(root_files), NULL};

void process_proc_init(void)
{
	proc_system_init();
	procfs_add(&root_table);
	procfs_set_processes(&processes);
}
