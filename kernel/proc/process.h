/*
 * process.h: a process: an address space, open files, and a place in a family.
 *
 * A process has one thread for now; what belongs to the thread stands in struct thread.
 *
 * Lock letters: (p) process_lock, RANK_PROCESS; (i) set at creation; (c) changed atomically; (o)
 * its own thread, or who creates it before it runs.
 */
#ifndef PROC_PROCESS_H
#define PROC_PROCESS_H

#include <asm-generic/resource.h>
#include "fs/fd_table.h"
#include "fs/inode.h"
#include "lib/list.h"
#include "proc/signal.h"
#include "sync/spinlock.h"
#include "sync/wait_queue.h"

struct thread;
struct trap_frame;
struct vm_space;

#define PROCESS_NAME_BYTES 16 /* TASK_COMM_LEN */
#define PROCESS_MAX        4096u
#define PID_MAX            32768

struct process_limit {
	uint64_t soft, hard; /* RLIM64_INFINITY: none */
};

struct process {
	int pid;                      /* (i) */
	bool zombie;                  /* (p) it has ended; `status` waits for the parent */
	bool is_job;                  /* (i) a child of kernel_process that it waits for */
	int status;                   /* (p) as wait4 gives it */
	struct process *parent;       /* (p) */
	int parent_pid;               /* (p) to write; read without, as getppid does */
	struct list_node children;    /* (p) */
	struct list_node sibling;     /* (p) in the parent's children */
	struct list_node all;         /* (p) in the list of all processes */
	struct wait_queue child_ends; /* a child became a zombie */
	struct thread *thread;        /* (p) NULL in a zombie */
	struct vm_space *space;       /* (o) NULL in a zombie and in kernel_process */
	struct fd_table files;        /* (o) */
	struct inode *cwd;            /* (o) */
	struct inode *executable;     /* (o) */
	struct signals signals;
	struct process_limit limits[RLIM_NLIMITS]; /* (o) */
	uint32_t umask;                            /* (o) */
	char name[PROCESS_NAME_BYTES];             /* (o) others may read it torn */
	uint64_t started;                          /* (i) time_now() */
	uint64_t cpu_time;                         /* (p) of its threads, once it is a zombie */
	uint64_t children_cpu_time;                /* (p) of children waited for */
};

/* Process 0: kernel threads. It is the parent of jobs, and adopts those whose parent is gone. */
extern struct process kernel_process;

void process_init(void);

/* A process without a thread: files, directory, limits, signals and name as `parent` has them, or
 * fresh ones if that is kernel_process. -ENOMEM; -EAGAIN: too many, or the limit. */
NODISCARD int process_create(struct process *parent, struct process **out);

/* Undo process_create; its space is gone or was never set. */
void process_discard(struct process *process);

/* Its first thread, which may be signalled from now on. */
void process_start(struct process *process, struct thread *thread);

/* End the calling process with `status` as wait4 gives it: code << 8, or the signal's number. */
NORETURN void process_exit(int status);
#define EXIT_STATUS(code) (((code)&0xff) << 8)

/*
 * wait4(2) for a child of `parent`: pid as there, options W*. Returns the pid, 0 for WNOHANG
 * without any, -ECHILD, -EINTR.
 */
struct wait_result {
	int status;
	uint64_t cpu_time;          /* nanoseconds, of the child itself */
	uint64_t children_cpu_time; /* of those that it waited for */
};
NODISCARD int process_wait(struct process *parent, int pid, unsigned options,
			   struct wait_result *result);

/* Copy the calling process; the child leaves the kernel as `frame` says, with result 0. Returns its
 * pid. `child_tid`: where the child writes its pid; 0: nowhere. `child_sp`: its stack pointer; 0:
 * as in the frame. */
NODISCARD int process_fork(const struct trap_frame *frame, vaddr_t child_tid, vaddr_t child_sp);

/* Make `space` obey the process's limits of memory. */
void process_apply_limits(const struct process *process, struct vm_space *space);

/* Send a signal to one process; 0: only look whether it is there. -ESRCH, -EINVAL. */
NODISCARD int process_kill(int pid, int signal);
/* Kill every process but kernel_process. */
void process_kill_all(void);
unsigned process_count(void);

extern struct spinlock process_lock;

#endif
