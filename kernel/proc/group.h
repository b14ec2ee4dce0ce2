/*
 * group.h: process groups and sessions (credentials(7), setpgid(2), setsid(2)).
 *
 *	session		the processes of one login or job; has a controlling terminal, or none
 *	  group		the processes of one pipeline; a terminal signals a group as a whole
 *	    process
 *
 * Both are only numbers in struct process, that of the process that began them. A group is orphaned
 * if none of its processes has a parent in another group of the session: nobody is left who would
 * continue it once it stops.
 */
#ifndef PROC_GROUP_H
#define PROC_GROUP_H

#include "lib/types.h"

struct process;

/* setpgid(2), for the calling process or a child; 0: as there. -ESRCH, -EPERM, -EACCES, -EINVAL. */
NODISCARD int process_set_group(int pid, int group);
/* getpgid(2), getsid(2); pid 0: of the calling process. -ESRCH. */
NODISCARD int process_get_group(int pid);
NODISCARD int process_get_session(int pid);
/* setsid(2): its number. -EPERM. */
NODISCARD int process_new_session(void);

/* Does a process of the session belong to the group? Under process_lock. */
bool group_is_in_session_locked(int group, int session);
/* As if `ignored` (or NULL) were gone. Under process_lock. */
bool group_is_orphaned_locked(int group, const struct process *ignored);

/*
 * `process` ends, or its parent has ended, who was `parent`, and it has another one already. If
 * that orphans its group and a process there is stopped, the group gets SIGHUP and SIGCONT. Under
 * process_lock.
 */
void group_leave_locked(struct process *process, const struct process *parent, bool ends);

#endif
