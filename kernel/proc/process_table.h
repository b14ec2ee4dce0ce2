/* process_table.h: between the files that add to and take from the table of processes. */
#ifndef PROC_PROCESS_TABLE_H
#define PROC_PROCESS_TABLE_H

struct process;
struct thread;

/* A number that no process, thread, group or session has. Under process_lock. */
int process_new_id_locked(void);
/* May `parent` have one more thread, of its own or in a child? Under process_lock. */
bool process_may_have_thread_locked(const struct process *parent);

/* ---- threads.c ---- */

/* `thread`, which is new, is one of the process from now on, under this number. Under process_lock.
 */
void process_add_thread_locked(struct process *process, struct thread *thread, int id);
/* It is in no list any more, and adds its time to the process's. Under process_lock. */
void process_remove_thread_locked(struct process *process, struct thread *thread);
/* The thread with this number; NULL. Under process_lock. */
struct thread *thread_find_locked(int id);
/* The same among those of a process. */
struct thread *process_thread_locked(const struct process *process, int id);
/* The one of it with the least number above `id`; NULL. Under process_lock. */
struct thread *process_thread_after_locked(const struct process *process, int id);
/* Have all threads but `survivor` (NULL: none) end. Under process_lock. */
void process_kill_threads_locked(struct process *process, const struct thread *survivor);

/* The process with this number, a zombie too; NULL. Under process_lock. */
struct process *process_find_locked(int pid);
/* The one with the least number above `pid`; NULL. Under process_lock. */
struct process *process_after_locked(int pid);

/* Call visit(process, context) for each, zombies too; it may not take one out of the table. Under
 * process_lock. */
void process_each_locked(void (*visit)(struct process *process, void *context), void *context);

/* Take it out of the table and of its parent's children. It has no children. Under process_lock. */
void process_forget_locked(struct process *process);

/* The last of a process, which is in no table and whose files are closed. */
void process_free(struct process *process);

#endif
