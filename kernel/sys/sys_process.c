/* sys_process.c: system calls on processes and the calling thread. */
#include <arch/trap.h>
#include <asm/fcntl.h>
#include <asm/prctl.h>
#include <asm/unistd_64.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <linux/time_types.h>

#include "debug/log.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/exec.h"
#include "proc/futex.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "sync/mutex.h"
#include "sync/wait_queue.h"
#include "sys/decode.h"
#include "sys/restart.h"
#include "sys/syscall.h"
#include "sys/time_args.h"
#include "vm/user_copy.h"

int64_t sys_exit(const struct syscall *call)
{
	process_exit_thread(EXIT_STATUS(arg_int(call, 0)));
}

int64_t sys_exit_group(const struct syscall *call)
{
	process_exit(EXIT_STATUS(arg_int(call, 0)));
}

/* ---- who am I ---- */

int64_t sys_getpid(const struct syscall *call)
{
	return current_process()->pid;
}

int64_t sys_getppid(const struct syscall *call)
{
	return __atomic_load_n(&current_process()->parent_pid, __ATOMIC_RELAXED);
}

int64_t sys_gettid(const struct syscall *call)
{
	return current_thread()->id;
}

int64_t sys_set_tid_address(const struct syscall *call)
{
	struct thread *thread = current_thread();

	thread->clear_id = call->a[0];
	return thread->id;
}

int64_t sys_set_robust_list(const struct syscall *call)
{
	if (call->a[1] != sizeof(struct robust_list_head))
		return -EINVAL;
	__atomic_store_n(&current_thread()->robust_list, call->a[0], __ATOMIC_RELAXED);
	return 0;
}

int64_t sys_get_robust_list(const struct syscall *call)
{
	const uint64_t bytes = sizeof(struct robust_list_head);
	int id = arg_int(call, 0);

	spin_lock(&process_lock);
	const struct thread *thread = id ? thread_find_locked(id) : current_thread();
	vaddr_t list = thread ? __atomic_load_n(&thread->robust_list, __ATOMIC_RELAXED) : 0;
	spin_unlock(&process_lock);
	if (!thread)
		return -ESRCH;
	if (copy_to_user(call->a[2], &bytes, sizeof(bytes)))
		return -EFAULT;
	return copy_to_user(call->a[1], &list, sizeof(list));
}

int64_t sys_arch_prctl(const struct syscall *call)
{
	int code = arg_int(call, 0);
	uint64_t value;

	int error = arch_prctl(&current_thread()->arch, code, call->a[1], &value);
	if (!error && (code == ARCH_GET_FS || code == ARCH_GET_GS))
		error = copy_to_user(call->a[1], &value, sizeof(value));
	return error;
}

/* ---- futex ---- */

static int64_t do_wait(const struct syscall *call, bool private, bool is_bitset, bool realtime)
{
	uint32_t bits = is_bitset ? arg_unsigned(call, 5) : FUTEX_BITSET_MATCH_ANY;
	uint64_t deadline = WAIT_FOREVER;

	if (call->a[3] && !restart_deadline(&deadline)) {
		int error = get_deadline(call->a[3], is_bitset, realtime, &deadline);
		if (error)
			return error;
	}
	int error = futex_wait(call->a[0], private, arg_unsigned(call, 2), bits, deadline);
	if (error == -EINTR && deadline != WAIT_FOREVER)
		restart_later(__NR_futex, deadline);
	return error;
}

static int64_t do_requeue(const struct syscall *call, bool private, bool compare)
{
	int wake = arg_int(call, 2), move = arg_int(call, 3);
	uint32_t expected = arg_unsigned(call, 5);

	if (wake < 0 || move < 0)
		return -EINVAL;
	return futex_requeue(call->a[0], call->a[4], private, (unsigned)wake, (unsigned)move,
			     compare ? &expected : NULL);
}

/* A lock that inherits priorities. Its time is a point in one, and it never ends by a signal. */
static int64_t do_lock_pi(const struct syscall *call, bool private, bool realtime)
{
	uint64_t deadline = WAIT_FOREVER;

	if (call->a[3]) {
		int error = get_deadline(call->a[3], true, realtime, &deadline);
		if (error)
			return error;
	}
	int error = futex_lock_pi(call->a[0], private, true, deadline);
	if (error == -EINTR)
		restart_always();
	return error;
}

/* Wait, and take a lock once woken: FUTEX_CMP_REQUEUE_PI wakes those whom Linux lets wait for the
 * lock, and each waits for it by itself. */
static int64_t do_wait_requeue_pi(const struct syscall *call, bool private, bool realtime)
{
	uint64_t deadline = WAIT_FOREVER;

	if (call->a[0] == call->a[4])
		return -EINVAL;
	if (call->a[3]) {
		int error = get_deadline(call->a[3], true, realtime, &deadline);
		if (error)
			return error;
	}
	int error = futex_wait(call->a[0], private, arg_unsigned(call, 2), FUTEX_BITSET_MATCH_ANY,
			       deadline);
	if (error == -EINTR)
		restart_always();
	if (error)
		return error;
	/* Once woken it can't be made again; as on Linux the caller takes the lock by itself. */
	error = futex_lock_pi(call->a[4], private, true, deadline);
	return error == -EINTR ? -EAGAIN : error;
}

static int64_t do_requeue_pi(const struct syscall *call, bool private)
{
	int wake = arg_int(call, 2), move = arg_int(call, 3);
	uint32_t expected = arg_unsigned(call, 5);

	if (wake < 0 || move < 0 || wake != 1 || call->a[0] == call->a[4])
		return -EINVAL;
	return futex_requeue(call->a[0], call->a[4], private, (unsigned)wake + (unsigned)move, 0,
			     &expected);
}

/* Linux wakes one even where none was asked for. */
static unsigned wake_count(uint64_t argument)
{
	return (unsigned)MAX((int)argument, 1);
}

int64_t sys_futex(const struct syscall *call)
{
	unsigned operation = arg_unsigned(call, 1);
	bool private = operation & FUTEX_PRIVATE_FLAG, realtime = operation & FUTEX_CLOCK_REALTIME;
	unsigned command = operation & (unsigned)FUTEX_CMD_MASK;

	if (realtime && command != FUTEX_WAIT_BITSET && command != FUTEX_WAIT &&
	    command != FUTEX_LOCK_PI2 && command != FUTEX_WAIT_REQUEUE_PI)
		return -ENOSYS;
	switch (command) {
	case FUTEX_WAIT:
	case FUTEX_WAIT_BITSET:
		return do_wait(call, private, command == FUTEX_WAIT_BITSET, realtime);
	case FUTEX_WAKE:
	case FUTEX_WAKE_BITSET:
		return futex_wake(call->a[0], private, wake_count(call->a[2]),
				  command == FUTEX_WAKE_BITSET ? arg_unsigned(call, 5)
							       : FUTEX_BITSET_MATCH_ANY);
	case FUTEX_REQUEUE:
	case FUTEX_CMP_REQUEUE:
		return do_requeue(call, private, command == FUTEX_CMP_REQUEUE);
	case FUTEX_WAKE_OP:
		return futex_wake_operation(call->a[0], call->a[4], private, wake_count(call->a[2]),
					    wake_count(call->a[3]), arg_unsigned(call, 5));
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return do_lock_pi(call, private, realtime || command == FUTEX_LOCK_PI);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_pi(call->a[0], private, false, 0);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_pi(call->a[0], private);
	case FUTEX_WAIT_REQUEUE_PI:
		return do_wait_requeue_pi(call, private, realtime);
	case FUTEX_CMP_REQUEUE_PI:
		return do_requeue_pi(call, private);
	default:
		return -ENOSYS;
	}
}
