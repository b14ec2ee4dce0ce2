/*
 * process.h: a process: threads, an address space, open files, and a place in a family.
 *
 * Lock letters: (p) process_lock, RANK_PROCESS; (i) set at creation; (c) changed atomically; (1)
 * written under process_lock by the one thread that the process has, or has left: at its beginning,
 * at its end, and in execve. So its threads read it without a lock, and others under process_lock.
 */
#ifndef PROC_PROCESS_H
#define PROC_PROCESS_H

#include <asm-generic/resource.h>
#include "fs/fd_table.h"
#include "fs/inode.h"
#include "lib/list.h"
#include "proc/credentials.h"
#include "proc/sched.h"
#include "proc/signal.h"
#include "sync/spinlock.h"
#include "sync/wait_queue.h"

struct process_handle;
struct process_timers;
struct thread;
struct trap_frame;
struct vfork_wait;
struct vm_space;

#define PROCESS_NAME_BYTES 16 /* TASK_COMM_LEN */
#define PROCESS_MAX        4096u
#define PID_MAX            32768

/* Where exec has put what /proc tells of. A fork shares it. */
struct process_layout {
	uint32_t count; /* (c) processes that have it; the rest is (i) */
	vaddr_t code_start, code_end, data_start, data_end; /* of the program's segments */
	vaddr_t stack_start;                                /* the first stack pointer */
	vaddr_t arguments_start, arguments_end, environment_start, environment_end;
};

/* Where its paths begin. Processes may share it (CLONE_FS). */
struct process_place {
	uint32_t users;    /* (c) processes that have it */
	uint32_t umask;    /* (c) */
	struct inode *cwd; /* (p) with a reference */
};

/* What happened to a process that its parent was not told yet by wait4(2). */
enum process_event { EVENT_NONE, EVENT_STOPPED, EVENT_CONTINUED };

struct process_limit {
	uint64_t soft, hard; /* RLIM64_INFINITY: none */
};

/* What is told by getrusage(2). */
struct process_usage {
	struct cpu_times times;
	uint64_t minor_faults;
	uint64_t resident_peak; /* bytes, of one process: the most of any */
};

struct process {
	int pid;                   /* (i) */
	bool zombie;               /* (p) it has ended; `status` waits for the parent */
	bool is_job;               /* (i) a child of kernel_process that it waits for */
	bool is_init;              /* (i) it adopts orphans, and no signal's default action
				      concerns it */
	bool has_executed;         /* (p) since fork: its group is its own matter then */
	bool stopped;              /* (p) to write: by a signal; only SIGCONT and SIGKILL end it */
	enum process_event event;  /* (p) for the parent's wait */
	int stop_signal;           /* (p) that stopped it last */
	int status;                /* (p) as wait4 gives it */
	int exit_signal;           /* (p) that its end sends to its parent; 0: none */
	int group;                 /* (p) process group: the pid of who made it */
	int session;               /* (p) the same */
	int lost_group;            /* (p) of a session's leader whose terminal hung up: the group
				      that was in its foreground; 0: none */
	struct process *parent;    /* (p) */
	int parent_pid;            /* (p) to write; read without, as getppid does */
	struct list_node children; /* (p) */
	struct list_node sibling;  /* (p) in the parent's children */
	struct list_node all;      /* (p) in the list of all processes */
	struct wait_queue child_ends;  /* a child became a zombie, stopped or went on */
	struct wait_queue resumed;     /* it is not `stopped` any longer, or killed */
	struct list_node threads;      /* (p) those that have not ended; none in a zombie */
	unsigned thread_count;         /* (p) */
	struct thread *leader;         /* (p) the first one; NULL: it has ended, or not begun */
	struct thread *executing;      /* (p) it waits for the end of all others, in execve */
	struct wait_queue thread_ends; /* for that one */
	unsigned unparked;             /* (p) while `stopped`: threads that are not parked yet */
	bool ending;                   /* (p) all threads shall end, `status` is known */
	struct vm_space *space;        /* (1) NULL in a zombie and in kernel_process */
	struct process_layout *layout; /* (1) with a reference; NULL before the first exec */
	struct fd_table *files;        /* (1) NULL in a zombie; has its own lock */
	struct process_place *place;   /* (1) NULL in a zombie */
	struct inode *executable;      /* (1) with a reference and inode_begin_run(), or NULL */
	struct signals signals;
	struct credentials credentials; /* (p) to write; others may read it torn */
	struct process_timers *timers;  /* (p) to write; see interval_timer.h. NULL: none */
	struct process_limit
		limits[RLIM_NLIMITS];        /* (p) to write; one number may be read without */
	bool undumpable;                     /* (c) PR_SET_DUMPABLE 0 */
	bool no_new_privileges;              /* (c) PR_SET_NO_NEW_PRIVS */
	unsigned persona;                    /* (c) personality(2) */
	bool wants_barriers;                 /* (c) membarrier(2): it is registered */
	bool adopts;                         /* (p) PR_SET_CHILD_SUBREAPER */
	int parent_death_signal;             /* (c) 0: none */
	char name[PROCESS_NAME_BYTES];       /* its leader's, who alone writes it; others may
						read it torn */
	struct vfork_wait *vfork;            /* (p) who waits for its execve, or NULL */
	struct list_node sem_undos;          /* guarded by sysv_lock: see sysv_sem.c */
	struct process_handle *handle;       /* (p) what pidfds name; NULL: there is none */
	uint64_t started;                    /* (i) time_now() */
	struct process_usage ended_usage;    /* (p) of its threads that have ended, and of
						spaces that it has left */
	struct process_usage children_usage; /* (p) of children waited for */
};

/* Process 0: kernel threads. It is the parent of jobs, and adopts those whose parent is gone, if
 * init does not. */
extern struct process kernel_process;

void process_init(void);

/* What its threads have run, those that have ended too. Under process_lock. */
struct cpu_times process_cpu_times_locked(const struct process *process);
/* The sum of it, in nanoseconds: the same, and of the calling process. */
uint64_t process_cpu_time_locked(const struct process *process);
uint64_t process_cpu_time(void);
/* What the process has used, without its children; and these, as far as they were waited for. Of
 * the calling process. */
void process_get_usage(struct process_usage *own, struct process_usage *children);
/* The process leaves this space: what it has done in it counts as its own, unless others, who have
 * lent it to a vfork, are in it too. */
void process_count_faults(struct process *process, struct vm_space *space);
void process_usage_add(struct process_usage *sum, const struct process_usage *part);

/* What a new process has in common with its parent, beside the space. */
#define SHARE_FILES   0x1u
#define SHARE_PLACE   0x2u
#define SHARE_ACTIONS 0x4u

/* A process without a thread: files, directory, limits, signals and name as `parent` has them, or
 * fresh ones if that is kernel_process; share: SHARE_*. -ENOMEM; -EAGAIN: too many, or the limit.
 */
NODISCARD int process_create(struct process *parent, unsigned share, struct process **out);

/* The calling process, which has one thread, has copies of its own of these from now on: SHARE_*.
 * -ENOMEM: of none. */
NODISCARD int process_unshare(unsigned share);

/* Undo process_create; its space is gone or was never set. */
void process_discard(struct process *process);

/* It has this space from now on, and takes over the caller's reference; returns the old one. */
struct vm_space *process_set_space(struct process *process, struct vm_space *space);

/* It has this layout from now on, and takes over the caller's reference; NULL: none. */
void process_set_layout(struct process *process, struct process_layout *layout);

/* Its space and its first thread, which runs and may be signalled from now on. */
void process_start(struct process *process, struct vm_space *space, struct thread *thread);

/* End the calling process with `status` as wait4 gives it: code << 8, or the signal's number. Its
 * other threads end as soon as they leave the kernel. */
NORETURN void process_exit(int status);
/* All threads of the calling process are to end, with this status; the caller by
 * process_exit_thread(). Under process_lock. */
void process_end_locked(int status);
/* End the calling thread. The last one ends the process, with its `status` if nobody has called
 * process_exit(). */
NORETURN void process_exit_thread(int status);
/* execve: have all other threads end, and wait until they have: the caller is the leader then.
 * -EAGAIN: the caller shall end itself; -EINTR: killed. */
NODISCARD int process_end_other_threads(void);
#define EXIT_STATUS(code) (((code)&0xff) << 8)

/* Which children to wait for. */
struct wait_target {
	enum { WAIT_ANY, WAIT_PID, WAIT_GROUP, WAIT_HANDLE } kind;
	int id;                              /* of the child or of its group */
	const struct process_handle *handle; /* of a pidfd */
};

struct wait_result {
	int status;                 /* as wait4 gives it */
	int code;                   /* CLD_* */
	int value;                  /* the exit status or the signal: si_status */
	struct process_usage usage; /* of a child that has ended, and of those that it waited for */
};

/* What siginfo tells of a status: CLD_EXITED or CLD_KILLED; the exit status or the signal. */
int process_end_code(int status);
int process_end_value(int status);

/*
 * waitid(2) for a child of `parent` (wait.c); options: WEXITED, WSTOPPED, WCONTINUED, WNOHANG,
 * WNOWAIT, __WALL, __WCLONE. Returns its pid, 0 for WNOHANG without any, -ECHILD, -EINTR.
 */
NODISCARD int process_wait(struct process *parent, struct wait_target target, unsigned options,
			   struct wait_result *result);

/*
 * Copy the calling process (fork.c); the child leaves the kernel as `frame` says, with result 0.
 * Returns its pid, -EAGAIN or -ENOMEM.
 */
struct fork_request {
	bool share_space;    /* the child runs in the caller's space until it calls execve */
	unsigned share;      /* SHARE_*: what else it has in common with the caller */
	bool is_sibling;     /* the child's parent is that of the caller (CLONE_PARENT) */
	int exit_signal;     /* that its end sends to its parent; 0: none */
	bool wait;           /* return only when the child has called execve, or ended */
	bool reset_handlers; /* the child has no signal handlers */
	bool set_tls;        /* its TLS base is `tls` */
	vaddr_t tls;
	vaddr_t child_sp;   /* the child's stack pointer; 0: as in the frame */
	vaddr_t child_tid;  /* where the child finds its number; 0: nowhere */
	vaddr_t parent_tid; /* where the caller does */
	vaddr_t clear_tid;  /* set_tid_address(2) for the child */
	vaddr_t pidfd;      /* where the caller finds a descriptor of the child; 0: nowhere */
};
NODISCARD int process_fork(const struct trap_frame *frame, const struct fork_request *request);
/* The same for one more thread of the calling process (clone.c); -EPERM: a bad TLS base. */
NODISCARD int process_clone(const struct trap_frame *frame, const struct fork_request *request);
/* The process has left the space that it may have shared: who waits for that goes on. */
void process_end_vfork(struct process *process);

/* The calling process's directory, with a reference. */
struct inode *process_get_cwd(void);
/* These get a reference, and put the old one's; NULL: none. Nobody writes to an executable
 * meanwhile: the new one is one already, by somebody's inode_begin_run(). */
void process_set_cwd(struct process *process, struct inode *inode);
void process_set_executable(struct process *process, struct inode *inode);
/* The process's limits of memory, as its space needs them. */
struct vm_limits;
void process_memory_limits(const struct process *process, struct vm_limits *out);
/* Make `space` obey them. */
void process_apply_limits(const struct process *process, struct vm_space *space);
/* It has ended, or never began: it gives up its files' names and its layout, and its space to the
 * caller. */
NODISCARD struct vm_space *process_strip(struct process *process);

/* /proc/self and /proc/<pid> (proc_files.c). Once, at boot. */
void process_proc_init(void);

/* What terminals ask of processes (terminals.c). Once, at boot. */
void process_terminals_init(void);
/* Ctrl-Alt-Del restarts the machine at once; or process 1 gets SIGINT. reboot(2). */
void process_restart_keys(bool at_once);
/* It ends: the session that it leads, if any, loses its terminal. No locks. */
void process_leave_terminal(struct process *process);

/* The debug shell's commands about processes (shell_commands.c). Once, at boot. */
void process_shell_init(void);

/* Is there a thread with this number, of any process? */
bool process_has_thread(int id);
/* Is there a process with this number? A zombie counts. */
bool process_exists(int pid);
/* Kill every process but kernel_process. */
void process_kill_all(void);
unsigned process_count(void);
unsigned process_count_threads(void); /* of all of them */
uint64_t process_count_born(void);    /* since boot */
int process_last_pid(void);           /* the number that was given out last */

/* Nanoseconds as clock_t counts them for programs. */
uint64_t process_ticks(uint64_t nanoseconds);

extern struct spinlock process_lock;

#endif
