/*
 * fault_stream.h: every page fault, told to the host while programs run: the boot option
 * faults=host, for `./quire run --faults`. Nothing is lost: whoever fills the buffer sends it, and
 * waits until the host has taken it. docs/host-channel.md describes the records.
 *
 * Besides the faults, the host gets what it needs to tell their story: forks, programs, endings,
 * and what each page of an address space was at its first instruction and at its end.
 *
 * All of these do nothing without the option. They take spaces' locks and inode_tree_mutex.
 */
#ifndef PROC_FAULT_STREAM_H
#define PROC_FAULT_STREAM_H

#include "lib/types.h"

struct process;
struct vm_space;

/* Obey the option. Once, before the first process; has_host: the host channel is open. */
void fault_stream_init(bool has_host);

/* `parent` has made `child`, which will run in `space`: a new one or the parent's own. */
void fault_stream_fork(const struct process *parent, const struct process *child,
		       struct vm_space *space);
/* `process` has a new program in a new space, and nothing of it has run. */
void fault_stream_exec(const struct process *process);
/* The caller is about to leave `space`; if it is the last one there, this is how it looks. */
void fault_stream_leave(struct vm_space *space);
/* Its last thread is about to end, and its status stands. */
void fault_stream_exit(const struct process *process);

/* Send what has not been sent yet. */
void fault_stream_finish(void);

#endif
