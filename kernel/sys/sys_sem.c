/* sys_sem.c: system calls on System V's semaphores (sysvipc(7)). */
#include <arch/time.h>
#include <linux/sem.h>
#include <asm/sembuf.h>

#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/sysv.h"
#include "sync/wait_queue.h"
#include "sys/syscall.h"
#include "sys/time_args.h"
#include "vm/user_copy.h"

/* Newer than the headers that this must build with. */
#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif

int64_t sys_semget(const struct syscall *call)
{
	return sem_get(arg_int(call, 0), arg_int(call, 1), arg_int(call, 2));
}

static int64_t operate(const struct syscall *call, vaddr_t timeout)
{
	int id = arg_int(call, 0);
	unsigned count = arg_unsigned(call, 2);
	uint64_t deadline = WAIT_FOREVER;

	if (count < 1 || id < 0)
		return -EINVAL;
	if (count > SEM_OPS_MAX)
		return -E2BIG;
	struct sembuf *ops = kmalloc(count * sizeof(*ops));
	if (!ops)
		return -ENOMEM;
	int error = copy_from_user(ops, call->a[1], count * sizeof(*ops)) ? -EFAULT : 0;
	if (!error && timeout)
		error = get_deadline(timeout, false, false, &deadline);
	if (!error)
		error = sem_operate(id, ops, count, deadline);
	kfree(ops);
	return error;
}

int64_t sys_semop(const struct syscall *call)
{
	return operate(call, 0);
}

int64_t sys_semtimedop(const struct syscall *call)
{
	return operate(call, call->a[3]);
}

/* ---- control ---- */

static int64_t give_info(bool used, vaddr_t to)
{
	unsigned sets, semaphores;
	int last = sem_usage(&sets, &semaphores);
	struct seminfo info;

	memset(&info, 0, sizeof(info));
	info.semmni = SEM_ENTRIES_MAX;
	info.semmns = (int)SEM_ENTRIES_MAX * SEM_COUNT_MAX;
	info.semmsl = SEM_COUNT_MAX;
	info.semopm = SEM_OPS_MAX;
	info.semvmx = SEM_VALUE_MAX;
	info.semmnu = info.semmns;
	info.semmap = info.semmns;
	info.semume = SEM_OPS_MAX;
	info.semusz = used ? (int)sets : (int)SEMUSZ;
	info.semaem = used ? (int)semaphores : SEM_VALUE_MAX;
	return copy_to_user(to, &info, sizeof(info)) ? -EFAULT : last;
}

static int64_t give_set(int id, bool by_index, vaddr_t to)
{
	struct semid64_ds set;
	int result = sem_stat(id, by_index, &set);

	if (result < 0)
		return result;
	return copy_to_user(to, &set, sizeof(set)) ? -EFAULT : result;
}

/* GETALL and SETALL: an array of all values. */
static int64_t move_values(int id, bool set, vaddr_t user)
{
	int count = sem_count(id);

	if (count < 0)
		return count;
	size_t bytes = (size_t)count * sizeof(uint16_t);
	uint16_t *values = kmalloc(bytes);
	if (!values)
		return -ENOMEM;
	int error = 0;
	if (set) {
		error = copy_from_user(values, user, bytes) ? -EFAULT : 0;
		if (!error)
			error = sem_write_all(id, values, (unsigned)count);
	} else {
		error = sem_read_all(id, values, (unsigned)count);
		if (!error && copy_to_user(user, values, bytes))
			error = -EFAULT;
	}
	kfree(values);
	return error;
}

int64_t sys_semctl(const struct syscall *call)
{
	int id = arg_int(call, 0), number = arg_int(call, 1), command = arg_int(call, 2);
	struct semid64_ds given;

	if (id < 0)
		return -EINVAL;
	switch (command) {
	case IPC_INFO:
	case SEM_INFO:
		return give_info(command == SEM_INFO, call->a[3]);
	case IPC_STAT:
	case SEM_STAT:
	case SEM_STAT_ANY:
		return give_set(id, command != IPC_STAT, call->a[3]);
	case GETVAL:
	case GETPID:
	case GETNCNT:
	case GETZCNT:
		return sem_read(id, number, command);
	case SETVAL:
		return sem_write(id, number, arg_int(call, 3));
	case GETALL:
	case SETALL:
		return move_values(id, command == SETALL, call->a[3]);
	case IPC_SET:
		if (copy_from_user(&given, call->a[3], sizeof(given)))
			return -EFAULT;
		return sem_set_permissions(id, &given.sem_perm);
	case IPC_RMID:
		return sem_remove(id);
	default:
		return -EINVAL;
	}
}
