/*
 * sysv_sem.c: see sysv.h: sets of semaphores (semget(2), semop(2)). Whoever has to wait tries again
 * whenever the set has changed.
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
#include "proc/thread.h"
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
	struct wait_queue queue; /* a value changed, or the set is gone */
	unsigned count;          /* (i) */
	struct semaphore semaphores[];
};

struct sem_undo {
	struct list_node of_process, of_set;
	struct sem_set *set;
	int16_t adjust[];
};

/* A call that waits, and for what: told by GETNCNT and GETZCNT. */
struct sem_waiter {
	struct list_node link;
	unsigned number;
	bool for_zero;
};

struct operation {
	struct sem_set *set;
	const struct sembuf *ops;
	unsigned count;
	struct sem_undo *undo; /* NULL: none of them wants one */
	struct sem_waiter waiter;
};

/* (v) */
static struct sysv_table sets = SYSV_TABLE_INIT(sets, SEM_ENTRIES_MAX);

static struct sem_set *of(struct sysv_entry *entry)
{
	return container_of(entry, struct sem_set, entry);
}

static struct sem_set *find_locked(int id)
{
	struct sysv_entry *entry = sysv_find_locked(&sets, id);

	return entry ? of(entry) : NULL;
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
	int result = sysv_choose_locked(&sets, key, flags, &entry);
	int id = result < 0 ? result : check_count(result ? NULL : of(entry), count);
	if (!id && result) {
		id = sysv_add_locked(&sets, &fresh->entry, key, flags);
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
	struct sem_set *set = find_locked(id);
	if (set) {
		set->removed = true;
		sysv_remove_locked(&sets, &set->entry);
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
static int apply_locked(struct operation *operation)
{
	struct sem_set *set = operation->set;
	bool changed = false;

	for (unsigned i = 0; i < operation->count; i++) {
		const struct sembuf *op = &operation->ops[i];
		int result = apply_one(operation, op);
		if (result) {
			take_back(operation, i);
			operation->waiter.number = op->sem_num;
			operation->waiter.for_zero = !op->sem_op;
			return result > 0 && (op->sem_flg & IPC_NOWAIT) ? -EAGAIN : result;
		}
		changed = changed || op->sem_op;
	}
	for (unsigned i = 0; i < operation->count; i++)
		set->semaphores[operation->ops[i].sem_num].pid = current_process()->pid;
	set->operated = sysv_now();
	if (changed)
		wait_wake_all(&set->queue);
	return 0;
}

static int try_again(struct operation *operation)
{
	spin_lock(&sysv_lock);
	int result = operation->set->removed ? -EIDRM : apply_locked(operation);
	spin_unlock(&sysv_lock);
	return result;
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
	struct sem_set *set = find_locked(id);

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
			result = apply_locked(operation);
		if (!needs_memory && result == 1) {
			operation->set->users++;
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
	struct operation operation = {.ops = ops, .count = count};
	bool wants_undo = false;

	for (unsigned i = 0; i < count; i++)
		wants_undo = wants_undo || is_undone(&ops[i]);
	int result = begin(&operation, id, wants_undo);
	if (result != 1)
		return result;
	struct sem_set *set = operation.set;
	int error = wait_until(&set->queue, deadline, (result = try_again(&operation)) != 1);
	spin_lock(&sysv_lock);
	list_remove(&operation.waiter.link);
	bool last = put_locked(set);
	spin_unlock(&sysv_lock);
	if (last)
		kfree(set);
	return error == -ETIMEDOUT ? -EAGAIN : error ? error : result;
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
		wait_wake_all(&set->queue);
		list_remove(&undo->of_process);
		list_remove(&undo->of_set);
		list_push_back(&gone, &undo->of_set);
	}
	spin_unlock(&sysv_lock);
	free_undos(&gone);
}

/* ---- values ---- */

static int count_waiters(const struct sem_set *set, unsigned number, bool for_zero)
{
	int count = 0;

	list_for_each (node, &set->waiters) {
		const struct sem_waiter *waiter = container_of(node, struct sem_waiter, link);
		count += waiter->number == number && waiter->for_zero == for_zero;
	}
	return count;
}

int sem_read(int id, int number, int command)
{
	int result = -EINVAL;

	spin_lock(&sysv_lock);
	const struct sem_set *set = find_locked(id);
	if (set && number >= 0 && (unsigned)number < set->count) {
		unsigned index = (unsigned)number;
		if (command == GETVAL)
			result = set->semaphores[index].value;
		else if (command == GETPID)
			result = set->semaphores[index].pid;
		else
			result = count_waiters(set, index, command == GETZCNT);
	}
	spin_unlock(&sysv_lock);
	return result;
}

/* What was to be taken back does not count any more. */
static void set_value_locked(struct sem_set *set, unsigned number, uint16_t value)
{
	set->semaphores[number].value = value;
	set->semaphores[number].pid = current_process()->pid;
	list_for_each (node, &set->undos)
		container_of(node, struct sem_undo, of_set)->adjust[number] = 0;
}

int sem_write(int id, int number, int value)
{
	int error = -EINVAL;

	if (value < 0 || value > SEM_VALUE_MAX)
		return -ERANGE;
	spin_lock(&sysv_lock);
	struct sem_set *set = find_locked(id);
	if (set && number >= 0 && (unsigned)number < set->count) {
		set_value_locked(set, (unsigned)number, (uint16_t)value);
		set->entry.changed = sysv_now();
		wait_wake_all(&set->queue);
		error = 0;
	}
	spin_unlock(&sysv_lock);
	return error;
}

int sem_count(int id)
{
	spin_lock(&sysv_lock);
	const struct sem_set *set = find_locked(id);
	int count = set ? (int)set->count : -EINVAL;
	spin_unlock(&sysv_lock);
	return count;
}

int sem_read_all(int id, uint16_t *values, unsigned count)
{
	spin_lock(&sysv_lock);
	const struct sem_set *set = find_locked(id);
	for (unsigned i = 0; set && i < MIN(count, set->count); i++)
		values[i] = set->semaphores[i].value;
	spin_unlock(&sysv_lock);
	return set ? 0 : -EIDRM;
}

int sem_write_all(int id, const uint16_t *values, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (values[i] > SEM_VALUE_MAX)
			return -ERANGE;
	spin_lock(&sysv_lock);
	struct sem_set *set = find_locked(id);
	for (unsigned i = 0; set && i < MIN(count, set->count); i++)
		set_value_locked(set, i, values[i]);
	if (set) {
		set->entry.changed = sysv_now();
		wait_wake_all(&set->queue);
	}
	spin_unlock(&sysv_lock);
	return set ? 0 : -EIDRM;
}

/* ---- control ---- */

int sem_set_permissions(int id, const struct ipc64_perm *perm)
{
	spin_lock(&sysv_lock);
	struct sem_set *set = find_locked(id);
	if (set)
		sysv_set_permissions_locked(&set->entry, perm);
	spin_unlock(&sysv_lock);
	return set ? 0 : -EINVAL;
}

static void stat_locked(const struct sem_set *set, struct semid64_ds *out)
{
	*out = (struct semid64_ds){
		.sem_otime = set->operated,
		.sem_ctime = set->entry.changed,
		.sem_nsems = set->count,
	};
	sysv_get_permissions_locked(&set->entry, &out->sem_perm);
}

int sem_stat(int id, bool by_index, struct semid64_ds *out)
{
	int result;

	spin_lock(&sysv_lock);
	struct sysv_entry *entry = sysv_find_to_stat_locked(&sets, id, by_index, &result);
	if (entry)
		stat_locked(of(entry), out);
	spin_unlock(&sysv_lock);
	return result;
}

int sem_usage(unsigned *count, unsigned *semaphores)
{
	spin_lock(&sysv_lock);
	*count = sets.count;
	*semaphores = 0;
	list_for_each (node, &sets.entries)
		*semaphores += of(container_of(node, struct sysv_entry, link))->count;
	int last = sysv_last_index_locked(&sets);
	spin_unlock(&sysv_lock);
	return last;
}

int sem_next(int *index, struct semid64_ds *out)
{
	spin_lock(&sysv_lock);
	struct sysv_entry *entry = sysv_next_locked(&sets, *index);
	if (entry) {
		*index = entry->id;
		stat_locked(of(entry), out);
	}
	spin_unlock(&sysv_lock);
	return entry ? 0 : -EINVAL;
}
