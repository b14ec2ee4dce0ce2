/*
 * pidfd.h: files that name a process (pidfd_open(2)). Such a file outlives its process: it never
 * comes to name another one that has got its number.
 */
#ifndef PROC_PIDFD_H
#define PROC_PIDFD_H

#include "lib/types.h"

struct file;
struct process;
struct process_handle;
struct signal_info;

/* A file that names `process`, which stays meanwhile; flags: O_NONBLOCK counts. -ENOMEM. */
NODISCARD int pidfd_create(struct process *process, unsigned flags, struct file **out);
/* The same of the process with this number. -ESRCH; -ENOENT: that is one of its threads. */
NODISCARD int pidfd_open(int pid, unsigned flags, struct file **out);

bool file_is_pidfd(const struct file *file);
/* What it names; good as long as the file. */
const struct process_handle *pidfd_handle(const struct file *file);
/* The process; NULL: it is gone, and was waited for. Under process_lock. */
struct process *pidfd_process_locked(const struct file *file);
/* Its number, also if it is a zombie; -1: it is gone. */
int pidfd_pid(const struct file *file);

/* Of a process: it is a zombie now; it goes. Both under process_lock. */
void pidfd_tell_locked(struct process *process);
void pidfd_forget_locked(struct process *process);

#endif
