/* process.c: the table of processes. */
#include "proc/process.h"

#include <arch/time.h>
#include <linux/resource.h>
#include <linux/stat.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/futex.h"
#include "proc/process_table.h"
#include "proc/thread.h"
#include "vm/space.h"

#define DEFAULT_STACK_BYTES (8 * MIB)
#define DEFAULT_OPEN_FILES  1024u
#define MAX_OPEN_FILES      4096u
#define DEFAULT_UMASK       022u

struct spinlock process_lock = SPINLOCK_INIT(RANK_PROCESS);

struct process kernel_process = {.name = "kernel"};

/* (p) */
static struct {
	struct list_node all; /* every process but kernel_process */
	unsigned count;
	int last_pid;
} table;

/* What /proc/self/exe names, for whoever asks. */
static ssize_t executable_path(char *to, size_t size)
{
	const struct process *process = current_process();

	return process->executable ? inode_path(process->executable, to, size) : -ENOENT;
}

static void make_proc_files(void)
{
	struct inode *link;
	int error = inode_make_path("/proc/self/exe", S_IFLNK | 0777, &link);

	if (error)
		log_warning("/proc/self/exe could not be made (error %d)", -error);
	else
		link->link.dynamic = executable_path;
}

void process_init(void)
{
	list_init(&table.all);
	list_init(&kernel_process.children);
	wait_queue_init(&kernel_process.child_ends);
	fd_table_init(&kernel_process.files);
	futex_init();
	kernel_process.cwd = inode_root();
	kernel_process.umask = DEFAULT_UMASK;
	make_proc_files();
	for (unsigned i = 0; i < RLIM_NLIMITS; i++)
		kernel_process.limits[i] = (struct process_limit){RLIM64_INFINITY, RLIM64_INFINITY};
	kernel_process.limits[RLIMIT_STACK].soft = DEFAULT_STACK_BYTES;
	kernel_process.limits[RLIMIT_CORE].soft = 0;
	kernel_process.limits[RLIMIT_NOFILE] =
		(struct process_limit){DEFAULT_OPEN_FILES, MAX_OPEN_FILES};
	kernel_process.limits[RLIMIT_NPROC] = (struct process_limit){PROCESS_MAX, PROCESS_MAX};
}

static struct process *find_locked(int pid)
{
	list_for_each (node, &table.all) {
		struct process *process = container_of(node, struct process, all);
		if (process->pid == pid)
			return process;
	}
	return NULL;
}

/* A pid that nobody has; they go round, so that one is not used again soon. */
static int free_pid_locked(void)
{
	do {
		table.last_pid = table.last_pid % (PID_MAX - 1) + 1;
	} while (find_locked(table.last_pid));
	return table.last_pid;
}

static int inherit(struct process *child, const struct process *parent)
{
	child->cwd = parent->cwd;
	child->executable = parent->executable;
	child->umask = parent->umask;
	memcpy(child->limits, parent->limits, sizeof(child->limits));
	memcpy(child->name, parent->name, sizeof(child->name));
	return signals_inherit(&child->signals, &parent->signals);
}

void process_free(struct process *process)
{
	signals_destroy(&process->signals);
	kfree(process);
}

int process_create(struct process *parent, struct process **out)
{
	struct process *process = kzalloc(sizeof(*process));

	if (!process)
		return -ENOMEM;
	int error = inherit(process, parent);
	if (!error)
		error = fd_table_copy(&process->files, &parent->files);
	if (error) {
		process_free(process);
		return error;
	}
	list_init(&process->children);
	wait_queue_init(&process->child_ends);
	process->started = time_now();
	spin_lock(&process_lock);
	/* Who is being killed has no more children: whoever kills them all would miss one. */
	bool dying = parent->signals.pending & SIGNAL_BIT(SIGKILL);
	if (!dying && table.count < MIN(PROCESS_MAX, parent->limits[RLIMIT_NPROC].soft)) {
		table.count++;
		process->pid = free_pid_locked();
		process->parent = parent;
		process->parent_pid = parent->pid;
		list_push_back(&parent->children, &process->sibling);
		list_push_back(&table.all, &process->all);
	}
	spin_unlock(&process_lock);
	if (!process->pid) {
		fd_table_close_all(&process->files);
		process_free(process);
		return -EAGAIN;
	}
	*out = process;
	return 0;
}

void process_forget_locked(struct process *process)
{
	assert(spin_held(&process_lock) && list_is_empty(&process->children));
	list_remove(&process->sibling);
	list_remove(&process->all);
	table.count--;
}

void process_discard(struct process *process)
{
	assert(!process->space && !process->thread);
	fd_table_close_all(&process->files);
	spin_lock(&process_lock);
	process_forget_locked(process);
	spin_unlock(&process_lock);
	process_free(process);
}

void process_apply_limits(const struct process *process, struct vm_space *space)
{
	const struct process_limit *limits = process->limits;

	vm_set_limits(space, &(struct vm_limits){
				     .stack = limits[RLIMIT_STACK].soft,
				     .address_space = limits[RLIMIT_AS].soft,
				     .data = limits[RLIMIT_DATA].soft,
				     .data_hard = limits[RLIMIT_DATA].hard,
			     });
}

void process_start(struct process *process, struct thread *thread)
{
	spin_lock(&process_lock);
	process->thread = thread;
	spin_unlock(&process_lock);
}

int process_kill(int pid, int signal)
{
	if (signal < 0 || signal > SIGNAL_MAX)
		return -EINVAL;
	spin_lock(&process_lock);
	struct process *process = find_locked(pid);
	if (process && signal)
		signal_send_locked(process, signal);
	spin_unlock(&process_lock);
	return process ? 0 : -ESRCH;
}

void process_kill_all(void)
{
	spin_lock(&process_lock);
	list_for_each (node, &table.all)
		signal_send_locked(container_of(node, struct process, all), SIGKILL);
	spin_unlock(&process_lock);
}

unsigned process_count(void)
{
	spin_lock(&process_lock);
	unsigned count = table.count;
	spin_unlock(&process_lock);
	return count;
}
