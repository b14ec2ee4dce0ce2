/* sys_misc.c: the machine, limits, random numbers. */
#include <arch/time.h>
#include <linux/random.h>
#include <linux/resource.h>
#include <linux/sysinfo.h>
#include <linux/utsname.h>

#include "fs/devices.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/mm.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "sync/wait_queue.h"
#include "sys/syscall.h"
#include "sys/time_args.h"
#include "vm/space.h"
#include "vm/user_copy.h"

#define RANDOM_STEP 256u
/* getrandom gives at most this much at once (INT_MAX). */
#define RANDOM_MAX  0x7fffffffull
#define LOAD_SHIFT  SI_LOAD_SHIFT

int64_t sys_zero(const struct syscall *call)
{
	return 0;
}

int64_t sys_absent(const struct syscall *call)
{
	return -ENOSYS;
}

int64_t sys_getresid(const struct syscall *call)
{
	const uint32_t root = 0;

	for (unsigned i = 0; i < 3; i++)
		if (copy_to_user(call->a[i], &root, sizeof(root)))
			return -EFAULT;
	return 0;
}

int64_t sys_getcpu(const struct syscall *call)
{
	const unsigned node = 0;
	unsigned cpu = cpu_local()->id;

	if (call->a[0] && copy_to_user(call->a[0], &cpu, sizeof(cpu)))
		return -EFAULT;
	if (call->a[1] && copy_to_user(call->a[1], &node, sizeof(node)))
		return -EFAULT;
	return 0;
}

/* Programs compare the release with what they need of Linux: it names the interface that is
 * followed. The version says what system this is. */
int64_t sys_uname(const struct syscall *call)
{
	static const struct new_utsname name = {
		.sysname = "Linux",
		.nodename = "quire",
		.release = "6.1.0-quire",
		.version = "Quire 0.1",
		.machine = "x86_64",
		.domainname = "(none)",
	};

	return copy_to_user(call->a[0], &name, sizeof(name));
}

int64_t sys_sysinfo(const struct syscall *call)
{
	struct frame_counts counts;

	frame_counts(&counts);
	struct sysinfo info = {
		.uptime = (__kernel_long_t)(time_now() / NS_PER_SECOND),
		.loads = {(__kernel_ulong_t)sched_runnable() << LOAD_SHIFT},
		.totalram = mm_total_bytes(),
		.freeram = counts.by_state[FRAME_FREE] << PAGE_SHIFT,
		.bufferram = counts.by_state[FRAME_CACHE] << PAGE_SHIFT,
		.procs = (uint16_t)process_count(),
		.mem_unit = 1,
	};
	return copy_to_user(call->a[0], &info, sizeof(info));
}

int64_t sys_getrandom(const struct syscall *call)
{
	vaddr_t to = call->a[0];
	uint64_t bytes = MIN(call->a[1], RANDOM_MAX), done = 0;
	uint8_t random[RANDOM_STEP];

	if (arg_unsigned(call, 2) & ~(unsigned)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE))
		return -EINVAL;
	while (done < bytes) {
		size_t step = MIN(bytes - done, sizeof(random));
		random_fill(random, step);
		if (copy_to_user(to + done, random, step)) {
			/* Up to the byte, as on Linux. */
			for (size_t i = 0; i < step && !copy_to_user(to + done, &random[i], 1); i++)
				done++;
			return done ? (int64_t)done : -EFAULT;
		}
		done += step;
		if (wait_break())
			break;
	}
	return (int64_t)done;
}

/* ---- limits ---- */

/* Root may raise any limit; some can't be had at all. */
static int set_limit(struct process *process, unsigned resource, const struct process_limit *limit)
{
	struct process_limit *old = &process->limits[resource];

	if (limit->soft > limit->hard)
		return -EINVAL;
	if (resource == RLIMIT_NOFILE && limit->hard > old->hard)
		return -EPERM;
	*old = *limit;
	if (resource == RLIMIT_STACK || resource == RLIMIT_AS || resource == RLIMIT_DATA)
		process_apply_limits(process, process->space);
	return 0;
}

int64_t sys_getlimit(const struct syscall *call)
{
	unsigned resource = arg_unsigned(call, 0);

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	return copy_to_user(call->a[1], &current_process()->limits[resource],
			    sizeof(struct process_limit));
}

int64_t sys_setlimit(const struct syscall *call)
{
	struct process_limit limit;

	if (copy_from_user(&limit, call->a[1], sizeof(limit)))
		return -EFAULT;
	if (arg_unsigned(call, 0) >= RLIM_NLIMITS)
		return -EINVAL;
	return set_limit(current_process(), arg_unsigned(call, 0), &limit);
}

/* Of the calling process alone. */
int64_t sys_prlimit64(const struct syscall *call)
{
	struct process *process = current_process();
	int pid = arg_int(call, 0);
	unsigned resource = arg_unsigned(call, 1);
	struct process_limit limit, before;

	if (call->a[2] && copy_from_user(&limit, call->a[2], sizeof(limit)))
		return -EFAULT;
	if (pid && pid != process->pid)
		return process_exists(pid) ? -EPERM : -ESRCH;
	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	before = process->limits[resource];
	int error = call->a[2] ? set_limit(process, resource, &limit) : 0;
	if (error)
		return error;
	return call->a[3] ? copy_to_user(call->a[3], &before, sizeof(before)) : 0;
}
