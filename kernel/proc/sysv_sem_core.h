/* sysv_sem_core.h: between sysv_sem.c and sysv_sem_values.c. Lock letters: see sysv.h. */
#ifndef PROC_SYSV_SEM_CORE_H
#define PROC_SYSV_SEM_CORE_H

#include "lib/list.h"
#include "proc/sysv.h"
#include "sync/wait_queue.h"

struct semaphore {
	uint16_t value;
	int pid; /* that changed it last */
};

struct sem_set {
	struct sysv_entry entry;
	unsigned users; /* (v) the table, and calls that wait */
	bool removed;   /* (v) */
	int64_t operated;
	struct list_node undos;
	struct list_node waiters;
	struct wait_queue queue; /* somebody need not wait any more, or the set is gone */
	unsigned count;          /* (i) */
	struct semaphore semaphores[];
};

struct sem_undo {
	struct list_node of_process, of_set;
	struct sem_set *set;
	int16_t adjust[];
};

/* A call that waits, and for what: told by GETNCNT and GETZCNT. All of it: (v). */
struct sem_waiter {
	struct list_node link; /* next is NULL once it need not wait */
	unsigned number;
	bool for_zero;
};

/* (v) */
extern struct sysv_table sem_sets;

static inline struct sem_set *sem_set_of(struct sysv_entry *entry)
{
	return container_of(entry, struct sem_set, entry);
}

/* By number; NULL. */
struct sem_set *sem_find_locked(int id);
/* A value has changed: those that wait and need not any more get what they want. */
void sem_serve_locked(struct sem_set *set);

#endif
