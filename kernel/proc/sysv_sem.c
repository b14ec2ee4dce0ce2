/*
 * sysv_sem.c: see sysv.h: sets of semaphores (semget(2), semop(2)). Who changes a value does for
 * those that wait, in the order in which they came, what they wait to do: so nobody takes it first.
 * The values by themselves are sysv_sem_values.c's.
 *
 * What a process is to take back at its end (SEM_UNDO) stands in records, one for each set that it
 * used so; each is in a list of the process and in one of the set. All of it: (v).
 */
#include <linux/sem.h>
#include <asm/sembuf.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/sysv.h"
#include "proc/sysv_sem_core.h"
#include "proc/thread.h"
#include "sync/wait_queue.h"

struct operation {
	struct sem_set *set;
	const struct sembuf *ops;
	unsigned count;
	struct sem_undo *undo; /* NULL: none of them wants one */
	int pid;
	int result; /* (v) as of apply_locked() */
	struct sem_waiter waiter;
};

/* How often all who wait are looked at again since one of them has changed something: each look is
 * made with the lock. Who is left over then is woken, and looks for himself. */
#define ROUNDS_MAX 4u

/* (v) */
struct sysv_table sem_sets = SYSV_TABLE_INIT(sem_sets, SEM_ENTRIES_MAX);

struct sem_set *sem_find_locked(int id)
{
	struct sysv_entry *entry = sysv_find_locked(&sem_sets, id);

	return entry ? sem_set_of(entry) : NULL;
}

/* Is the caller to free it? */
static bool put_locked(struct sem_set *set)
{
	return --set->users == 0;
}

/* ---- a set ---- */

static int check_count(const struct sem_set *found, int count)
{
	return (found ? (unsigned)count > found->count : !count) ? -EINVAL : 0;
}

static struct sem_set *make(unsigned count)
{
	struct sem_set *set = kzalloc(sizeof(*set) + count * sizeof(set->semaphores[0]));

	if (set) {
		set->users = 1;
		set->count = count;
		list_init(&set->undos);
		list_init(&set->waiters);
		wait_queue_init(&set->queue);
	}
	return set;
}

int sem_get(int key, int count, int flags)
{
	struct sysv_entry *entry = NULL;

	if (count < 0 || count > SEM_COUNT_MAX)
		return -EINVAL;
	struct sem_set *fresh = count ? make((unsigned)count) : NULL;
	if (count && !fresh)
		return -ENOMEM;
	spin_lock(&sysv_lock);
	int result = sysv_choose_locked(&sem_sets, key, flags, &entry);
	int id = result < 0 ? result : check_count(result ? NULL : sem_set_of(entry), count);
	if (!id && result) {
		id = sysv_add_locked(&sem_sets, &fresh->entry, key, flags);
		id = id ? id : fresh->entry.id;
		fresh = id < 0 ? fresh : NULL;
	} else if (!id) {
		id = entry->id;
	}
	spin_unlock(&sysv_lock);
	kfree(fresh);
	return id;
}

static void free_undos(struct list_node *gone)
{
	list_for_each_safe (node, gone)
		kfree(container_of(node, struct sem_undo, of_set));
}

int sem_remove(int id)
{
	struct list_node gone;
	bool last = false;

	list_init(&gone);
	spin_lock(&sysv_lock);
	struct sem_set *set = sem_find_locked(id);
	if (set) {
		set->removed = true;
		sysv_remove_locked(&sem_sets, &set->entry);
		list_for_each_safe (node, &set->undos) {
			struct sem_undo *undo = container_of(node, struct sem_undo, of_set);
			list_remove(&undo->of_process);
			list_remove(&undo->of_set);
			list_push_back(&gone, &undo->of_set);
		}
		wait_wake_all(&set->queue);
		last = put_locked(set);
	}
	spin_unlock(&sysv_lock);
	free_undos(&gone);
	if (last)
		kfree(set);
	return set ? 0 : -EINVAL;
}

/* ---- operations ---- */

static bool is_undone(const struct sembuf *op)
{
	return op->sem_op && (op->sem_flg & SEM_UNDO);
}

/* One of them. 0; 1: it has to wait; -ERANGE. */
static int apply_one(const struct operation *operation, const struct sembuf *op)
{
	struct semaphore *semaphore = &operation->set->semaphores[op->sem_num];
	int value = semaphore->value + op->sem_op;

	if (op->sem_op ? value < 0 : semaphore->value != 0)
		return 1;
	if (value > SEM_VALUE_MAX)
		return -ERANGE;
	if (is_undone(op)) {
		int adjust = operation->undo->adjust[op->sem_num] - op->sem_op;
		if (adjust < -SEM_VALUE_MAX - 1 || adjust > SEM_VALUE_MAX)
			return -ERANGE;
		operation->undo->adjust[op->sem_num] = (int16_t)adjust;
	}
	semaphore->value = (uint16_t)value;
	return 0;
}

static void take_back(const struct operation *operation, unsigned done)
{
	while (done--) {
		const struct sembuf *op = &operation->ops[done];
		struct semaphore *semaphore = &operation->set->semaphores[op->sem_num];
		semaphore->value = (uint16_t)(semaphore->value - op->sem_op);
		if (is_undone(op))
			operation->undo->adjust[op->sem_num] =
				(int16_t)(operation->undo->adjust[op->sem_num] + op->sem_op);
	}
}

/* All of them, or none. 0; 1: operation->waiter says for what it has to wait; negative. */
static int apply_locked(struct operation *operation, bool *changed)
{
	struct sem_set *set = operation->set;

	for (unsigned i = 0; i < operation->count; i++) {
		const struct sembuf *op = &operation->ops[i];
		int result = apply_one(operation, op);
		if (result) {
			take_back(operation, i);
			operation->waiter.number = op->sem_num;
			operation->waiter.for_zero = !op->sem_op;
			return result > 0 && (op->sem_flg & IPC_NOWAIT) ? -EAGAIN : result;
		}
	}
	for (unsigned i = 0; i < operation->count; i++) {
		set->semaphores[operation->ops[i].sem_num].pid = operation->pid;
		*changed = *changed || operation->ops[i].sem_op;
	}
	set->operated = sysv_now();
	return 0;
}

void sem_serve_locked(struct sem_set *set)
{
	bool changed = true, wakes = false;

	for (unsigned round = 0; changed && round < ROUNDS_MAX; round++) {
		changed = false;
		list_for_each_safe (node, &set->waiters) {
			struct operation *waiting =
				container_of(node, struct operation, waiter.link);
			waiting->result = apply_locked(waiting, &changed);
			if (waiting->result == 1)
				continue;
			list_remove(node);
			wakes = true;
		}
	}
	if (wakes)
		wait_wake_all(&set->queue);
}

static int attempt_locked(struct operation *operation)
{
	bool changed = false;
	int result = apply_locked(operation, &changed);

	if (changed)
		sem_serve_locked(operation->set);
	return result;
}

/* Need it wait no longer? */
static bool is_over(struct operation *operation)
{
	spin_lock(&sysv_lock);
	if (operation->waiter.link.next) {
		bool changed = false;
		operation->result =
			operation->set->removed ? -EIDRM : apply_locked(operation, &changed);
		if (operation->result != 1)
			list_remove(&operation->waiter.link);
		if (changed)
			sem_serve_locked(operation->set);
	}
	bool over = operation->result != 1;
	spin_unlock(&sysv_lock);
	return over;
}

static struct sem_undo *find_undo_locked(const struct process *process, const struct sem_set *set)
{
	list_for_each (node, &process->sem_undos) {
		struct sem_undo *undo = container_of(node, struct sem_undo, of_process);
		if (undo->set == set)
			return undo;
	}
	return NULL;
}

/* The checks of a set, and its record if one is wanted: what there is, or *fresh, which is NULL
 * then. 1: a record with room for set->count is needed. */
static int begin_locked(struct operation *operation, int id, bool wants_undo,
			struct sem_undo **fresh, unsigned *room)
{
	struct process *process = current_process();
	struct sem_set *set = sem_find_locked(id);

	if (!set)
		return -EINVAL;
	for (unsigned i = 0; i < operation->count; i++)
		if (operation->ops[i].sem_num >= set->count)
			return -EFBIG;
	operation->set = set;
	if (!wants_undo)
		return 0;
	operation->undo = find_undo_locked(process, set);
	if (operation->undo)
		return 0;
	if (!*fresh || *room < set->count) {
		*room = set->count;
		return 1;
	}
	operation->undo = *fresh;
	*fresh = NULL;
	operation->undo->set = set;
	list_push_back(&process->sem_undos, &operation->undo->of_process);
	list_push_back(&set->undos, &operation->undo->of_set);
	return 0;
}

/* The first attempt; 1: it has to wait, and stands among the set's waiters. */
static int begin(struct operation *operation, int id, bool wants_undo)
{
	struct sem_undo *fresh = NULL;
	unsigned room = 0;
	int result;

	for (;;) {
		spin_lock(&sysv_lock);
		result = begin_locked(operation, id, wants_undo, &fresh, &room);
		bool needs_memory = result == 1;
		if (!result)
			result = attempt_locked(operation);
		if (!needs_memory && result == 1) {
			operation->set->users++;
			operation->result = 1;
			list_push_back(&operation->set->waiters, &operation->waiter.link);
		}
		spin_unlock(&sysv_lock);
		if (!needs_memory)
			break;
		kfree(fresh);
		fresh = kzalloc(sizeof(*fresh) + room * sizeof(fresh->adjust[0]));
		if (!fresh)
			return -ENOMEM;
	}
	kfree(fresh);
	return result;
}

int sem_operate(int id, const struct sembuf *ops, unsigned count, uint64_t deadline)
{
	struct operation operation = {.ops = ops, .count = count, .pid = current_process()->pid};
	bool wants_undo = false;

	for (unsigned i = 0; i < count; i++)
		wants_undo = wants_undo || is_undone(&ops[i]);
	int result = begin(&operation, id, wants_undo);
	if (result != 1)
		return result;
	struct sem_set *set = operation.set;
	int error = wait_until(&set->queue, deadline, is_over(&operation));
	spin_lock(&sysv_lock);
	if (operation.waiter.link.next)
		list_remove(&operation.waiter.link);
	else
		error = operation.result; /* also if a signal came at the same time */
	bool last = put_locked(set);
	spin_unlock(&sysv_lock);
	if (last)
		kfree(set);
	return error == -ETIMEDOUT ? -EAGAIN : error;
}

void sem_exit(struct process *process)
{
	struct list_node gone;

	list_init(&gone);
	spin_lock(&sysv_lock);
	list_for_each_safe (node, &process->sem_undos) {
		struct sem_undo *undo = container_of(node, struct sem_undo, of_process);
		struct sem_set *set = undo->set;
		for (unsigned i = 0; i < set->count; i++) {
			int value = set->semaphores[i].value + undo->adjust[i];
			if (!undo->adjust[i])
				continue;
			set->semaphores[i].value = (uint16_t)MIN(MAX(value, 0), SEM_VALUE_MAX);
			set->semaphores[i].pid = process->pid;
		}
		set->operated = sysv_now();
		sem_serve_locked(set);
		list_remove(&undo->of_process);
		list_remove(&undo->of_set);
		list_push_back(&gone, &undo->of_set);
	}
	spin_unlock(&sysv_lock);
	free_undos(&gone);
}
