/* sys_sysv.c: system calls on System V's shared memory and message queues (sysvipc(7)). */
#include <linux/msg.h>
#include <asm/msgbuf.h>
#include <asm/shmbuf.h>

#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/sysv.h"
#include "sys/syscall.h"
#include "vm/user_copy.h"

/* Newer than the headers that this must build with. */
#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif

/* ---- shared memory ---- */

int64_t sys_shmget(const struct syscall *call)
{
	return shm_get(arg_int(call, 0), call->a[1], arg_int(call, 2));
}

int64_t sys_shmat(const struct syscall *call)
{
	return shm_attach(arg_int(call, 0), call->a[1], arg_int(call, 2));
}

int64_t sys_shmdt(const struct syscall *call)
{
	return shm_detach(call->a[0]);
}

static int64_t give_shm_limits(vaddr_t to)
{
	struct shm_info used;
	const struct shminfo64 limits = {
		.shmmax = SHMMAX,
		.shmmin = SHMMIN,
		.shmmni = SHM_ENTRIES_MAX,
		.shmseg = SHM_ENTRIES_MAX,
		.shmall = SHMMAX,
	};

	return copy_to_user(to, &limits, sizeof(limits)) ? -EFAULT : shm_info(&used);
}

static int64_t give_shm_usage(vaddr_t to)
{
	struct shm_info used;
	int last = shm_info(&used);

	return copy_to_user(to, &used, sizeof(used)) ? -EFAULT : last;
}

static int64_t give_segment(int id, bool by_index, vaddr_t to)
{
	struct shmid64_ds segment;
	int result = shm_stat(id, by_index, &segment);

	if (result < 0)
		return result;
	return copy_to_user(to, &segment, sizeof(segment)) ? -EFAULT : result;
}

int64_t sys_shmctl(const struct syscall *call)
{
	int id = arg_int(call, 0), command = arg_int(call, 1);
	struct shmid64_ds given;

	if (id < 0 || command < 0)
		return -EINVAL;
	switch (command) {
	case IPC_INFO:
		return give_shm_limits(call->a[2]);
	case SHM_INFO:
		return give_shm_usage(call->a[2]);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return give_segment(id, command != IPC_STAT, call->a[2]);
	case IPC_SET:
		if (copy_from_user(&given, call->a[2], sizeof(given)))
			return -EFAULT;
		return shm_set(id, &given.shm_perm);
	case IPC_RMID:
		return shm_remove(id);
	case SHM_LOCK:
	case SHM_UNLOCK:
		return shm_lock(id, command == SHM_LOCK);
	default:
		return -EINVAL;
	}
}

/* ---- message queues ---- */

int64_t sys_msgget(const struct syscall *call)
{
	return msg_get(arg_int(call, 0), arg_int(call, 1));
}

int64_t sys_msgsnd(const struct syscall *call)
{
	int id = arg_int(call, 0);
	uint64_t bytes = call->a[2];
	int64_t type;

	if (copy_from_user(&type, call->a[1], sizeof(type)))
		return -EFAULT;
	if (bytes > MSG_BYTES_MAX || id < 0 || type < 1)
		return -EINVAL;
	void *text = kmalloc(MAX(bytes, 1u));
	if (!text)
		return -ENOMEM;
	int error = copy_from_user(text, call->a[1] + sizeof(type), bytes)
			    ? -EFAULT
			    : msg_send(id, type, text, bytes, arg_int(call, 3));
	kfree(text);
	return error;
}

int64_t sys_msgrcv(const struct syscall *call)
{
	int id = arg_int(call, 0), flags = arg_int(call, 4);
	int64_t type;
	void *text;

	if (id < 0 || (int64_t)call->a[2] < 0)
		return -EINVAL;
	if (flags & MSG_COPY)
		return (flags & MSG_EXCEPT) || !(flags & IPC_NOWAIT) ? -EINVAL : -ENOSYS;
	ssize_t bytes = msg_receive(id, (int64_t)call->a[3], call->a[2], flags, &type, &text);
	if (bytes < 0)
		return bytes;
	/* As on Linux the message is lost if there is no room for it. */
	bool failed = copy_to_user(call->a[1], &type, sizeof(type)) ||
		      copy_to_user(call->a[1] + sizeof(type), text, (size_t)bytes);
	kfree(text);
	return failed ? -EFAULT : bytes;
}

static int64_t give_queue(int id, bool by_index, vaddr_t to)
{
	struct msqid64_ds queue;
	int result = msg_stat(id, by_index, &queue);

	if (result < 0)
		return result;
	return copy_to_user(to, &queue, sizeof(queue)) ? -EFAULT : result;
}

static int64_t give_msg_info(bool used, vaddr_t to)
{
	unsigned queues, messages;
	uint64_t bytes;
	int last = msg_usage(&queues, &messages, &bytes);
	struct msginfo info;

	memset(&info, 0, sizeof(info));
	info.msgpool = used ? (int)queues : (int)(MSG_ENTRIES_MAX * MSG_QUEUE_BYTES_MAX / KIB);
	info.msgmap = used ? (int)messages : (int)MSG_QUEUE_BYTES_MAX;
	info.msgtql = used ? (int)bytes : (int)MSG_QUEUE_BYTES_MAX;
	info.msgmax = MSG_BYTES_MAX;
	info.msgmnb = MSG_QUEUE_BYTES_MAX;
	info.msgmni = MSG_ENTRIES_MAX;
	info.msgssz = MSGSSZ;
	info.msgseg = (unsigned short)MSGSEG;
	return copy_to_user(to, &info, sizeof(info)) ? -EFAULT : last;
}

int64_t sys_msgctl(const struct syscall *call)
{
	int id = arg_int(call, 0), command = arg_int(call, 1);
	struct msqid64_ds given;

	if (id < 0 || command < 0)
		return -EINVAL;
	switch (command) {
	case IPC_INFO:
	case MSG_INFO:
		return give_msg_info(command == MSG_INFO, call->a[2]);
	case IPC_STAT:
	case MSG_STAT:
	case MSG_STAT_ANY:
		return give_queue(id, command != IPC_STAT, call->a[2]);
	case IPC_SET:
		if (copy_from_user(&given, call->a[2], sizeof(given)))
			return -EFAULT;
		return msg_set(id, &given.msg_perm, given.msg_qbytes);
	case IPC_RMID:
		return msg_remove(id);
	default:
		return -EINVAL;
	}
}
