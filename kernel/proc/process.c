/* process.c: the table of processes. */
#include "proc/process.h"

#include <arch/time.h>
#include <asm/param.h>
#include <linux/capability.h>
#include <linux/resource.h>
#include <linux/stat.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "fs/tmpfs.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/futex.h"
#include "proc/interval_timer.h"
#include "proc/pidfd.h"
#include "proc/process_table.h"
#include "proc/sched.h"
#include "proc/share.h"
#include "proc/signal_file.h"
#include "proc/thread.h"
#include "vm/space.h"

#define DEFAULT_STACK_BYTES  (8 * MIB)
#define DEFAULT_OPEN_FILES   1024u
#define MAX_OPEN_FILES       4096u
#define DEFAULT_UMASK        022u
#define DEFAULT_SIGPENDING   4096u
#define DEFAULT_LOCKED_BYTES (8u << 20)
#define DEFAULT_QUEUES_BYTES 819200u
#define NS_PER_SECOND        1000000000ull

struct spinlock process_lock = SPINLOCK_INIT(RANK_PROCESS);

struct process kernel_process = {.name = "kernel"};

/* kernel_process's, whose guards they have. */
static struct fd_table kernel_files;
static struct process_place kernel_place = {.users = 1, .umask = DEFAULT_UMASK};

/* (p) */
static struct {
	struct list_node all; /* every process but kernel_process */
	unsigned count;
	int last_pid;
	uint64_t born; /* processes and threads since boot */
} table;

static void init_lists(struct process *process)
{
	list_init(&process->children);
	list_init(&process->threads);
	list_init(&process->sem_undos);
	wait_queue_init(&process->child_ends);
	wait_queue_init(&process->resumed);
	wait_queue_init(&process->thread_ends);
}

void process_init(void)
{
	list_init(&table.all);
	init_lists(&kernel_process);
	signals_init(&kernel_process.signals);
	fd_table_init(&kernel_files);
	kernel_process.files = &kernel_files;
	kernel_process.place = &kernel_place;
	futex_init();
	signal_file_init();
	signal_send_init();
	process_set_cwd(&kernel_process, inode_root());
	credentials_init(&kernel_process.credentials);
	for (unsigned i = 0; i < RLIM_NLIMITS; i++)
		kernel_process.limits[i] = (struct process_limit){RLIM64_INFINITY, RLIM64_INFINITY};
	kernel_process.limits[RLIMIT_STACK].soft = DEFAULT_STACK_BYTES;
	kernel_process.limits[RLIMIT_CORE].soft = 0;
	kernel_process.limits[RLIMIT_NOFILE] =
		(struct process_limit){DEFAULT_OPEN_FILES, MAX_OPEN_FILES};
	kernel_process.limits[RLIMIT_SIGPENDING] =
		(struct process_limit){DEFAULT_SIGPENDING, DEFAULT_SIGPENDING};
	kernel_process.limits[RLIMIT_MEMLOCK] =
		(struct process_limit){DEFAULT_LOCKED_BYTES, DEFAULT_LOCKED_BYTES};
	kernel_process.limits[RLIMIT_MSGQUEUE] =
		(struct process_limit){DEFAULT_QUEUES_BYTES, DEFAULT_QUEUES_BYTES};
	kernel_process.limits[RLIMIT_NICE] = (struct process_limit){0, 0};
	kernel_process.limits[RLIMIT_RTPRIO] = (struct process_limit){0, 0};
	kernel_process.limits[RLIMIT_NPROC] = (struct process_limit){PROCESS_MAX, PROCESS_MAX};
}

struct process *process_find_locked(int pid)
{
	list_for_each (node, &table.all) {
		struct process *process = container_of(node, struct process, all);
		if (process->pid == pid)
			return process;
	}
	return NULL;
}

struct process *process_after_locked(int pid)
{
	struct process *best = NULL;

	list_for_each (node, &table.all) {
		struct process *process = container_of(node, struct process, all);
		if (process->pid > pid && (!best || process->pid < best->pid))
			best = process;
	}
	return best;
}

/* Does a process, a thread, a group or a session have this number? */
static bool is_taken_locked(int pid)
{
	list_for_each (node, &table.all) {
		const struct process *process = container_of(node, struct process, all);
		if (process->pid == pid || process->group == pid || process->session == pid)
			return true;
		/* Most have their leader alone, or none yet. */
		if ((process->thread_count > 1 || !process->leader) &&
		    process_thread_locked(process, pid))
			return true;
	}
	return false;
}

/* They go round, so that one is not used again soon. */
int process_new_id_locked(void)
{
	do {
		table.last_pid = table.last_pid % (PID_MAX - 1) + 1;
	} while (is_taken_locked(table.last_pid));
	table.born++;
	return table.last_pid;
}

void process_each_locked(void (*visit)(struct process *process, void *context), void *context)
{
	assert(spin_held(&process_lock));
	list_for_each (node, &table.all)
		visit(container_of(node, struct process, all), context);
}

/* A new process stands where its parent does; the kernel's begin sessions of their own. */
static void join_locked(struct process *process, struct process *parent)
{
	bool is_first = parent == &kernel_process;

	table.count++;
	process->pid = process_new_id_locked();
	process->parent = parent;
	process->parent_pid = parent->pid;
	process->group = is_first ? process->pid : parent->group;
	process->session = is_first ? process->pid : parent->session;
	list_push_back(&parent->children, &process->sibling);
	list_push_back(&table.all, &process->all);
}

/* `to` names `inode` from now on; what it named. /proc looks under the lock. */
static struct inode *replace(struct inode **to, struct inode *inode)
{
	spin_lock(&process_lock);
	struct inode *old = *to;
	*to = inode;
	spin_unlock(&process_lock);
	return old;
}

static struct inode *get_executable(struct inode *inode)
{
	if (inode) {
		inode_get(inode);
		int error = inode_begin_run(inode);
		assert(!error);
	}
	return inode;
}

static void put_executable(struct inode *inode)
{
	if (inode) {
		inode_end_run(inode);
		inode_put(inode);
	}
}

void process_set_executable(struct process *process, struct inode *inode)
{
	put_executable(replace(&process->executable, get_executable(inode)));
}

static void put_layout(struct process_layout *layout)
{
	if (layout && __atomic_fetch_sub(&layout->count, 1, __ATOMIC_ACQ_REL) == 1)
		kfree(layout);
}

void process_set_layout(struct process *process, struct process_layout *layout)
{
	spin_lock(&process_lock);
	struct process_layout *old = process->layout;
	process->layout = layout;
	spin_unlock(&process_lock);
	put_layout(old);
}

struct vm_space *process_strip(struct process *process)
{
	spin_lock(&process_lock);
	struct process_place *place = process->place;
	struct inode *executable = process->executable;
	struct process_layout *layout = process->layout;
	struct vm_space *space = process->space;
	process->place = NULL;
	process->executable = NULL;
	process->layout = NULL;
	process->space = NULL;
	spin_unlock(&process_lock);
	if (place)
		process_place_put(place);
	put_executable(executable);
	put_layout(layout);
	return space;
}

/* What other threads of the parent may be changing. */
static void inherit_locked(struct process *child, const struct process *parent)
{
	credentials_inherit(&child->credentials, &parent->credentials);
	memcpy(child->limits, parent->limits, sizeof(child->limits));
	child->undumpable = parent->undumpable;
	child->no_new_privileges = parent->no_new_privileges;
	child->persona = parent->persona;
	child->wants_barriers = parent->wants_barriers;
}

/* The child is nobody else's yet: no lock for it. */
static int inherit(struct process *child, struct process *parent, unsigned share)
{
	spin_lock(&process_lock);
	inherit_locked(child, parent);
	spin_unlock(&process_lock);
	child->executable = get_executable(parent->executable);
	child->layout = parent->layout;
	if (child->layout)
		__atomic_fetch_add(&child->layout->count, 1, __ATOMIC_RELAXED);
	memcpy(child->name, current_thread()->name, sizeof(child->name));
	int error = process_inherit_shared(child, parent, share);
	return error ? error : process_watch_cpu(child);
}

void process_free(struct process *process)
{
	if (!process->zombie) { /* it never began */
		timers_destroy(process);
		process_leave_files(process);
		struct vm_space *space = process_strip(process);
		assert(!space);
	}
	signals_destroy(&process->signals);
	credentials_destroy(&process->credentials);
	kfree(process->handle);
	kfree(process);
}

/* RLIMIT_NPROC counts the threads of the real user, and not for the privileged (getrlimit(2)). A
 * zombie counts, and a child that has not begun. */
bool process_may_have_thread_locked(const struct process *parent)
{
	const struct credentials *who = &parent->credentials;
	uint64_t count = 0;

	if (!who->user.real || credentials_have(who, CAP_SYS_RESOURCE) ||
	    credentials_have(who, CAP_SYS_ADMIN))
		return true;
	list_for_each (node, &table.all) {
		const struct process *process = container_of(node, struct process, all);
		if (process->credentials.user.real == who->user.real)
			count += MAX(process->thread_count, 1u);
	}
	return count < parent->limits[RLIMIT_NPROC].soft;
}

int process_create(struct process *parent, unsigned share, struct process **out)
{
	struct process *process = kzalloc(sizeof(*process));

	if (!process)
		return -ENOMEM;
	signals_init(&process->signals);
	init_lists(process);
	process->exit_signal = SIGCHLD;
	int error = inherit(process, parent, share);
	if (error) {
		process_free(process);
		return error;
	}
	process->started = time_now();
	spin_lock(&process_lock);
	/* Who is being killed has no more children: whoever kills them all would miss one. */
	bool dying = parent->ending || signal_is_killed(parent);
	if (!dying && table.count < PROCESS_MAX && process_may_have_thread_locked(parent))
		join_locked(process, parent);
	spin_unlock(&process_lock);
	if (!process->pid) {
		process_free(process);
		return -EAGAIN;
	}
	*out = process;
	return 0;
}

void process_forget_locked(struct process *process)
{
	assert(spin_held(&process_lock) && list_is_empty(&process->children));
	pidfd_forget_locked(process);
	list_remove(&process->sibling);
	list_remove(&process->all);
	table.count--;
}

void process_discard(struct process *process)
{
	assert(!process->space && !process->thread_count);
	spin_lock(&process_lock);
	process_forget_locked(process);
	spin_unlock(&process_lock);
	process_free(process);
}

void process_memory_limits(const struct process *process, struct vm_limits *out)
{
	const struct process_limit *limits = process->limits;

	*out = (struct vm_limits){
		.stack = limits[RLIMIT_STACK].soft,
		.address_space = limits[RLIMIT_AS].soft,
		.data = limits[RLIMIT_DATA].soft,
		.data_hard = limits[RLIMIT_DATA].hard,
	};
}

void process_apply_limits(const struct process *process, struct vm_space *space)
{
	struct vm_limits limits;

	process_memory_limits(process, &limits);
	vm_set_limits(space, &limits);
}

struct vm_space *process_set_space(struct process *process, struct vm_space *space)
{
	spin_lock(&process_lock);
	struct vm_space *old = process->space;
	process->space = space;
	if (space)
		space->id = process->pid;
	spin_unlock(&process_lock);
	return old;
}

void process_start(struct process *process, struct vm_space *space, struct thread *thread)
{
	spin_lock(&process_lock);
	process->space = space;
	process_add_thread_locked(process, thread, process->pid);
	memcpy(thread->name, process->name, sizeof(thread->name));
	process->leader = thread;
	sched_start_thread(thread);
	spin_unlock(&process_lock);
}

bool process_exists(int pid)
{
	spin_lock(&process_lock);
	bool exists = process_find_locked(pid);
	spin_unlock(&process_lock);
	return exists;
}

void process_kill_all(void)
{
	const struct signal_info info = signal_info_kernel(SIGKILL);

	spin_lock(&process_lock);
	list_for_each (node, &table.all)
		signal_send_locked(container_of(node, struct process, all), &info);
	spin_unlock(&process_lock);
}

uint64_t process_ticks(uint64_t nanoseconds)
{
	return nanoseconds / (NS_PER_SECOND / HZ);
}

unsigned process_count(void)
{
	spin_lock(&process_lock);
	unsigned count = table.count;
	spin_unlock(&process_lock);
	return count;
}

int process_last_pid(void)
{
	spin_lock(&process_lock);
	int pid = table.last_pid;
	spin_unlock(&process_lock);
	return pid;
}

uint64_t process_count_born(void)
{
	spin_lock(&process_lock);
	uint64_t born = table.born;
	spin_unlock(&process_lock);
	return born;
}
