/* proc_files.h: between the files that make /proc/<pid>. */
#ifndef PROC_PROC_FILES_H
#define PROC_PROC_FILES_H

#include "fs/procfs.h"
#include "proc/process.h"

/* A process at one moment, so that it can be printed without a lock. */
struct process_snapshot {
	int id; /* of the process, or of the thread that was asked for */
	int pid, parent, group, session;
	unsigned threads;
	char name[PROCESS_NAME_BYTES];
	char state;        /* as in stat: R, S, T or Z */
	uint64_t affinity; /* the CPUs that its thread may run on, of those there are */
	uint64_t started;  /* nanoseconds */
	struct cpu_times times, children_times;
	uint64_t ended_faults, children_faults; /* minor ones: see struct process_usage */
	uint32_t umask;
	unsigned open_files_max;                    /* that its table has room for now */
	uint64_t pending, blocked, ignored, caught; /* SIGNAL_BITs */
	uint64_t thread_pending;                    /* the same; `pending` is for any thread */
	unsigned queued;                            /* signals of all processes */
	uint64_t queued_limit;                      /* RLIMIT_SIGPENDING, soft */
	struct id_set user_ids, group_ids;
	struct group_list *groups; /* with a reference, or NULL */
	struct capabilities capabilities;
	bool no_new_privileges;
	int8_t nice;
	uint64_t resident_limit; /* RLIMIT_RSS, soft */
	int status;              /* as wait4 gives it */
	struct process_layout layout;
	struct vm_space *space; /* with a reference; NULL: a zombie */
};

/* 0, or -ESRCH: it is gone. To be given back. */
NODISCARD int process_snapshot_take(const struct proc_id *who, struct process_snapshot *out);
void process_snapshot_put(struct process_snapshot *snapshot);

/* proc_status.c: see proc(5) for each. 0, -ESRCH. */
NODISCARD int proc_print_stat(const struct proc_id *who, struct text_sink *sink);
NODISCARD int proc_print_statm(const struct proc_id *who, struct text_sink *sink);
NODISCARD int proc_print_status(const struct proc_id *who, struct text_sink *sink);
NODISCARD int proc_print_cmdline(const struct proc_id *who, struct text_sink *sink);
NODISCARD int proc_print_comm(const struct proc_id *who, struct text_sink *sink);
NODISCARD int proc_print_environ(const struct proc_id *who, struct text_sink *sink);

/* proc_limits.c */
NODISCARD int proc_print_limits(const struct proc_id *who, struct text_sink *sink);

/* proc_fd.c */
int proc_next_fd(const struct proc_id *who, int number);
int proc_next_task(const struct proc_id *who, int number);
extern const struct proc_file proc_fd_link, proc_fd_info;

/* proc_system.c: the files of the whole machine. Once, at boot. */
void proc_system_init(void);

/* The process that is meant, if it is still there. Under process_lock. */
struct process *process_of_id_locked(const struct proc_id *who);

#endif
