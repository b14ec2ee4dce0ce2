/* process_table.h: between the files that add to and take from the table of processes. */
#ifndef PROC_PROCESS_TABLE_H
#define PROC_PROCESS_TABLE_H

struct process;

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
