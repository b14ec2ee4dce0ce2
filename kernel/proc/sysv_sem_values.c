/* sysv_sem_values.c: see sysv.h: what semctl(2) reads and sets of semaphores, and /proc tells. */
#include <linux/sem.h>
#include <asm/sembuf.h>

#include "lib/errno.h"
#include "proc/process.h"
#include "proc/sysv.h"
#include "proc/sysv_sem_core.h"
#include "proc/thread.h"

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
	const struct sem_set *set = sem_find_locked(id);
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
	struct sem_set *set = sem_find_locked(id);
	if (set && number >= 0 && (unsigned)number < set->count) {
		set_value_locked(set, (unsigned)number, (uint16_t)value);
		set->entry.changed = sysv_now();
		sem_serve_locked(set);
		error = 0;
	}
	spin_unlock(&sysv_lock);
	return error;
}

int sem_count(int id)
{
	spin_lock(&sysv_lock);
	const struct sem_set *set = sem_find_locked(id);
	int count = set ? (int)set->count : -EINVAL;
	spin_unlock(&sysv_lock);
	return count;
}

int sem_read_all(int id, uint16_t *values, unsigned count)
{
	spin_lock(&sysv_lock);
	const struct sem_set *set = sem_find_locked(id);
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
	struct sem_set *set = sem_find_locked(id);
	for (unsigned i = 0; set && i < MIN(count, set->count); i++)
		set_value_locked(set, i, values[i]);
	if (set) {
		set->entry.changed = sysv_now();
		sem_serve_locked(set);
	}
	spin_unlock(&sysv_lock);
	return set ? 0 : -EIDRM;
}

/* ---- control ---- */

int sem_set_permissions(int id, const struct ipc64_perm *perm)
{
	spin_lock(&sysv_lock);
	struct sem_set *set = sem_find_locked(id);
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
	struct sysv_entry *entry = sysv_find_to_stat_locked(&sem_sets, id, by_index, &result);
	if (entry)
		stat_locked(sem_set_of(entry), out);
	spin_unlock(&sysv_lock);
	return result;
}

int sem_usage(unsigned *count, unsigned *semaphores)
{
	spin_lock(&sysv_lock);
	*count = sem_sets.count;
	*semaphores = 0;
	list_for_each (node, &sem_sets.entries)
		*semaphores += sem_set_of(container_of(node, struct sysv_entry, link))->count;
	int last = sysv_last_index_locked(&sem_sets);
	spin_unlock(&sysv_lock);
	return last;
}

int sem_next(int *index, struct semid64_ds *out)
{
	spin_lock(&sysv_lock);
	struct sysv_entry *entry = sysv_next_locked(&sem_sets, *index);
	if (entry) {
		*index = entry->id;
		stat_locked(sem_set_of(entry), out);
	}
	spin_unlock(&sysv_lock);
	return entry ? 0 : -EINVAL;
}
