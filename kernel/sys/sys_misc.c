/* sys_misc.c: the machine, limits, random numbers. */
#include <arch/debug.h>
#include <arch/time.h>
#include <linux/capability.h>
#include <linux/random.h>
#include <linux/reboot.h>
#include <linux/resource.h>
#include <linux/sysinfo.h>
#include <linux/utsname.h>

#include "debug/log.h"
#include "fs/host_name.h"
#include "fs/random.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/mm.h"
#include "proc/interval_timer.h"
#include "proc/load.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "proc/version.h"
#include "sync/wait_queue.h"
#include "sys/syscall.h"
#include "sys/time_args.h"
#include "vm/space.h"
#include "vm/user_copy.h"

#define RANDOM_STEP           256u
#define RESTART_COMMAND_BYTES 256u
/* getrandom gives at most this much at once (INT_MAX). */
#define RANDOM_MAX            0x7fffffffull

_Static_assert(LOAD_FRACTION_BITS == SI_LOAD_SHIFT, "load averages are passed on");

int64_t sys_zero(const struct syscall *call)
{
	return 0;
}

int64_t sys_absent(const struct syscall *call)
{
	return -ENOSYS;
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

int64_t sys_uname(const struct syscall *call)
{
	struct new_utsname name = {
		.sysname = SYSTEM_NAME,
		.release = SYSTEM_RELEASE,
		.version = SYSTEM_VERSION,
		.machine = SYSTEM_MACHINE,
	};

	host_name_get(HOST_NAME, name.nodename);
	host_name_get(HOST_DOMAIN, name.domainname);
	return copy_to_user(call->a[0], &name, sizeof(name));
}

static int64_t set_name(enum host_name which, const struct syscall *call)
{
	char name[HOST_NAME_BYTES];

	if (call->a[1] >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, call->a[0], call->a[1]))
		return -EFAULT;
	host_name_set(which, name, call->a[1]);
	return 0;
}

int64_t sys_sethostname(const struct syscall *call)
{
	return set_name(HOST_NAME, call);
}

int64_t sys_setdomainname(const struct syscall *call)
{
	return set_name(HOST_DOMAIN, call);
}

int64_t sys_sysinfo(const struct syscall *call)
{
	struct frame_counts counts;
	struct sysinfo info;
	uint64_t loads[ARRAY_SIZE(info.loads)];

	frame_counts(&counts);
	load_averages(loads);
	/* An initialiser need not clear what lies between the fields: the kernel's own data. */
	memset(&info, 0, sizeof(info));
	info.uptime = (__kernel_long_t)(time_now() / NS_PER_SECOND);
	memcpy(info.loads, loads, sizeof(info.loads));
	info.totalram = mm_total_bytes();
	info.freeram = counts.by_state[FRAME_FREE] << PAGE_SHIFT;
	info.bufferram = counts.by_state[FRAME_CACHE] << PAGE_SHIFT;
	info.procs = (uint16_t)process_count_threads();
	info.mem_unit = 1;
	return copy_to_user(call->a[0], &info, sizeof(info));
}

int64_t sys_getrandom(const struct syscall *call)
{
	vaddr_t to = call->a[0];
	uint64_t bytes = MIN(call->a[1], RANDOM_MAX), done = 0;
	uint8_t random[RANDOM_STEP];

	unsigned flags = arg_unsigned(call, 2);
	if ((flags & ~(unsigned)(GRND_NONBLOCK | GRND_RANDOM | GRND_INSECURE)) ||
	    (flags & (GRND_RANDOM | GRND_INSECURE)) == (GRND_RANDOM | GRND_INSECURE))
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

/* ---- the end of the machine ---- */

static bool is_reboot_magic(unsigned second)
{
	return second == LINUX_REBOOT_MAGIC2 || second == LINUX_REBOOT_MAGIC2A ||
	       second == LINUX_REBOOT_MAGIC2B || second == LINUX_REBOOT_MAGIC2C;
}

int64_t sys_reboot(const struct syscall *call)
{
	char how[RESTART_COMMAND_BYTES];

	if (arg_unsigned(call, 0) != LINUX_REBOOT_MAGIC1 || !is_reboot_magic(arg_unsigned(call, 1)))
		return -EINVAL;
	switch (arg_unsigned(call, 2)) {
	case LINUX_REBOOT_CMD_CAD_ON:
	case LINUX_REBOOT_CMD_CAD_OFF:
		process_restart_keys(arg_unsigned(call, 2) == LINUX_REBOOT_CMD_CAD_ON);
		return 0;
	case LINUX_REBOOT_CMD_RESTART2: {
		ssize_t length = copy_string_from_user(how, call->a[3], sizeof(how));
		if (length < 0 && length != -ENAMETOOLONG)
			return length;
		log_info("restarting system with command '%s'", length < 0 ? "..." : how);
		arch_machine_end(MACHINE_RESTART);
	}
	case LINUX_REBOOT_CMD_RESTART:
		log_info("restarting system");
		arch_machine_end(MACHINE_RESTART);
	case LINUX_REBOOT_CMD_HALT:
		log_info("system halted");
		arch_machine_end(MACHINE_HALT);
	case LINUX_REBOOT_CMD_POWER_OFF:
		log_info("power down");
		arch_machine_end(MACHINE_DONE);
	default:
		return -EINVAL;
	}
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
	spin_lock(&process_lock);
	const struct process_limit before = *old;
	*old = *limit;
	spin_unlock(&process_lock);
	int error = resource == RLIMIT_CPU ? process_watch_cpu(process) : 0;
	if (error) {
		spin_lock(&process_lock);
		*old = before;
		spin_unlock(&process_lock);
		return error;
	}
	if (resource == RLIMIT_STACK || resource == RLIMIT_AS || resource == RLIMIT_DATA)
		process_apply_limits(process, process->space);
	return 0;
}

static struct process_limit get_limit(const struct process *process, unsigned resource)
{
	spin_lock(&process_lock);
	const struct process_limit limit = process->limits[resource];
	spin_unlock(&process_lock);
	return limit;
}

int64_t sys_getlimit(const struct syscall *call)
{
	unsigned resource = arg_unsigned(call, 0);

	if (resource >= RLIM_NLIMITS)
		return -EINVAL;
	const struct process_limit limit = get_limit(current_process(), resource);
	return copy_to_user(call->a[1], &limit, sizeof(limit));
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

/* ---- of another process ---- */

/* prlimit(2): its users and groups are all the caller's, or the caller may do all. */
static bool may_limit(const struct process *process)
{
	const struct credentials *own = &current_process()->credentials;
	const struct credentials *other = &process->credentials;
	uint32_t user = own->user.real, group = own->group.real;

	return credentials_have(own, CAP_SYS_RESOURCE) ||
	       (other->user.real == user && other->user.effective == user &&
		other->user.saved == user && other->group.real == group &&
		other->group.effective == group && other->group.saved == group);
}

/* *limit: NULL, to look only. A limit of processor time is watched by a timer that the process has
 * or makes by itself: for one that has none, -EPERM. */
static int change_locked(struct process *process, unsigned resource,
			 const struct process_limit *limit, struct process_limit *before)
{
	if (!process)
		return -ESRCH;
	if (!may_limit(process))
		return -EPERM;
	if (resource >= RLIM_NLIMITS || (limit && limit->soft > limit->hard))
		return -EINVAL;
	*before = process->limits[resource];
	if (limit && ((resource == RLIMIT_NOFILE && limit->hard > before->hard) ||
		      (resource == RLIMIT_CPU && !process->timers)))
		return -EPERM;
	if (limit)
		process->limits[resource] = *limit;
	if (limit && resource == RLIMIT_CPU)
		process_watch_cpu_locked(process);
	return 0;
}

static struct process *find_locked(int pid)
{
	struct process *process = process_find_locked(pid);
	const struct thread *thread = process ? NULL : thread_find_locked(pid);

	return thread ? thread->process : process;
}

static int change_other(int pid, unsigned resource, const struct process_limit *limit,
			struct process_limit *before)
{
	struct vm_space *space = NULL;
	struct vm_limits memory;

	spin_lock(&process_lock);
	struct process *process = find_locked(pid);
	int error = change_locked(process, resource, limit, before);
	if (!error && limit && process->space) {
		space = process->space;
		vm_space_get(space);
		process_memory_limits(process, &memory);
	}
	spin_unlock(&process_lock);
	if (space) {
		vm_set_limits(space, &memory);
		vm_space_put(space);
	}
	return error;
}

int64_t sys_prlimit64(const struct syscall *call)
{
	struct process *process = current_process();
	int pid = arg_int(call, 0);
	unsigned resource = arg_unsigned(call, 1);
	struct process_limit limit, before;

	if (call->a[2] && copy_from_user(&limit, call->a[2], sizeof(limit)))
		return -EFAULT;
	int error = 0;
	if (pid && pid != process->pid) {
		error = change_other(pid, resource, call->a[2] ? &limit : NULL, &before);
	} else {
		if (resource >= RLIM_NLIMITS)
			return -EINVAL;
		before = get_limit(process, resource);
		error = call->a[2] ? set_limit(process, resource, &limit) : 0;
	}
	if (error)
		return error;
	return call->a[3] ? copy_to_user(call->a[3], &before, sizeof(before)) : 0;
}
