/* sys_madvise.c: advice about memory, locking it, and whether it is there. */
#include <linux/mman.h>

#include <arch/user.h>

#include "lib/errno.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sync/wait_queue.h"
#include "sys/populate.h"
#include "sys/syscall.h"
#include "vm/user_copy.h"

#define MINCORE_STEP 256u /* bytes of the answer that are made at once */

static struct vm_space *space(void)
{
	return current_process()->space;
}

/* wait_break() for calls that take as long as they take, on Linux too, unless a signal kills. */
static bool break_if_killed(void)
{
	struct thread *thread = current_thread();

	thread->only_killable = true;
	bool killed = wait_break();
	thread->only_killable = false;
	return killed;
}

int populate_user(vaddr_t start, vaddr_t end, enum vm_populate how)
{
	while (start < end) {
		int error = vm_populate(space(), start, end, how, &start);
		if (error)
			return error;
		if (start < end && break_if_killed())
			return -EINTR;
	}
	return 0;
}

/* ---- madvise ---- */

static int advise_populate(vaddr_t start, vaddr_t end, bool write)
{
	int error = populate_user(start, end, write ? VM_POPULATE_WRITE : VM_POPULATE_READ);

	switch (error) {
	case -EFAULT: /* not mapped */
		return -ENOMEM;
	case -EACCES:
		return -EINVAL;
	case -EIO:
		return -EFAULT;
	default:
		return error;
	}
}

int64_t sys_madvise(const struct syscall *call)
{
	uint64_t start = call->a[0], bytes = ALIGN_UP(call->a[1], PAGE_SIZE);
	int advice = arg_int(call, 2);

	if (!vm_advice_is_valid(advice) || !IS_ALIGNED(start, PAGE_SIZE) || bytes < call->a[1] ||
	    start + bytes < start)
		return -EINVAL;
	if (!bytes)
		return 0;
	if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE)
		return advise_populate(start, start + bytes, advice == MADV_POPULATE_WRITE);
	return vm_advise(space(), start, start + bytes, advice);
}

int64_t sys_msync(const struct syscall *call)
{
	uint64_t start = call->a[0], end = start + ALIGN_UP(call->a[1], PAGE_SIZE);
	unsigned flags = arg_unsigned(call, 2);

	if ((flags & ~(unsigned)(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) ||
	    !IS_ALIGNED(start, PAGE_SIZE) || ((flags & MS_ASYNC) && (flags & MS_SYNC)))
		return -EINVAL;
	if (end < start)
		return -ENOMEM;
	return vm_sync(space(), start, end, flags);
}

/* ---- mlock: memory is never swapped, so all that locking does is to populate ---- */

/* Whole pages around [start, start+bytes). -EINVAL: it wraps. */
static int lock_range(vaddr_t start, uint64_t bytes, vaddr_t *first, vaddr_t *end)
{
	*first = ALIGN_DOWN(start, PAGE_SIZE);
	*end = *first + ALIGN_UP(bytes + (start - *first), PAGE_SIZE);
	return *end < *first ? -EINVAL : 0;
}

static int64_t lock(vaddr_t start, uint64_t bytes, unsigned bits)
{
	vaddr_t end;
	int error = lock_range(start, bytes, &start, &end);

	if (!error)
		error = vm_lock(space(), start, end, bits);
	if (!error && bits)
		error = populate_user(start, end, VM_POPULATE_LOCKED);
	else
		return error;
	if (error == -ENOMEM)
		return -EAGAIN;
	return error == -EINTR || !error ? error : -ENOMEM;
}

int64_t sys_mlock(const struct syscall *call)
{
	return lock(call->a[0], call->a[1], REGION_LOCKED);
}

int64_t sys_mlock2(const struct syscall *call)
{
	int flags = arg_int(call, 2);

	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return lock(call->a[0], call->a[1],
		    REGION_LOCKED | (flags & MLOCK_ONFAULT ? REGION_LOCK_ONFAULT : 0));
}

int64_t sys_munlock(const struct syscall *call)
{
	return lock(call->a[0], call->a[1], 0);
}

int64_t sys_mlockall(const struct syscall *call)
{
	int flags = arg_int(call, 0);

	if (!flags || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) || flags == MCL_ONFAULT)
		return -EINVAL;
	unsigned bits = REGION_LOCKED | (flags & MCL_ONFAULT ? REGION_LOCK_ONFAULT : 0);
	vm_lock_all(space(), flags & MCL_CURRENT, bits, flags & MCL_FUTURE ? bits : 0);
	if (flags & MCL_CURRENT) /* as with Linux, it is no error that not all could be */
		(void)populate_user(0, USER_END, VM_POPULATE_ALL_LOCKED);
	return 0;
}

int64_t sys_munlockall(const struct syscall *call)
{
	vm_lock_all(space(), true, 0, 0);
	return 0;
}

/* ---- mincore ---- */

int64_t sys_mincore(const struct syscall *call)
{
	vaddr_t start = call->a[0], to = call->a[2];
	uint64_t bytes = call->a[1], pages = bytes / PAGE_SIZE + (bytes % PAGE_SIZE != 0);
	uint8_t vector[MINCORE_STEP];

	if (!IS_ALIGNED(start, PAGE_SIZE))
		return -EINVAL;
	if (start > USER_END || bytes > USER_END - start)
		return -ENOMEM;
	if (to > USER_END || pages > USER_END - to)
		return -EFAULT;
	while (pages) {
		int step =
			vm_resident(space(), start, (unsigned)MIN(pages, sizeof(vector)), vector);
		if (step < 0)
			return step;
		if (copy_to_user(to, vector, (size_t)step))
			return -EFAULT;
		pages -= (unsigned)step;
		to += (unsigned)step;
		start += (unsigned)step * PAGE_SIZE;
		if (pages && break_if_killed())
			return -EINTR;
	}
	return 0;
}
