/* sys_credentials.c: users, groups and capabilities (credentials(7)). */
#include <linux/capability.h>
#include <linux/limits.h>

#include "lib/errno.h"
#include "proc/credentials.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sys/syscall.h"
#include "vm/user_copy.h"

static struct credentials *own(void)
{
	return &current_process()->credentials;
}

/* All threads of a process are the same user, so two may want to change that at once. */
#define CHANGE(call)                        \
	({                                  \
		spin_lock(&process_lock);   \
		int64_t result_ = (call);   \
		spin_unlock(&process_lock); \
		result_;                    \
	})

int64_t sys_getuid(const struct syscall *call)
{
	return own()->user.real;
}

int64_t sys_geteuid(const struct syscall *call)
{
	return own()->user.effective;
}

int64_t sys_getgid(const struct syscall *call)
{
	return own()->group.real;
}

int64_t sys_getegid(const struct syscall *call)
{
	return own()->group.effective;
}

int64_t sys_setuid(const struct syscall *call)
{
	return CHANGE(credentials_set(own(), ID_USER, arg_unsigned(call, 0)));
}

int64_t sys_setgid(const struct syscall *call)
{
	return CHANGE(credentials_set(own(), ID_GROUP, arg_unsigned(call, 0)));
}

int64_t sys_setreuid(const struct syscall *call)
{
	return CHANGE(
		credentials_set_two(own(), ID_USER, arg_unsigned(call, 0), arg_unsigned(call, 1)));
}

int64_t sys_setregid(const struct syscall *call)
{
	return CHANGE(
		credentials_set_two(own(), ID_GROUP, arg_unsigned(call, 0), arg_unsigned(call, 1)));
}

int64_t sys_setresuid(const struct syscall *call)
{
	return CHANGE(credentials_set_three(own(), ID_USER, arg_unsigned(call, 0),
					    arg_unsigned(call, 1), arg_unsigned(call, 2)));
}

int64_t sys_setresgid(const struct syscall *call)
{
	return CHANGE(credentials_set_three(own(), ID_GROUP, arg_unsigned(call, 0),
					    arg_unsigned(call, 1), arg_unsigned(call, 2)));
}

int64_t sys_setfsuid(const struct syscall *call)
{
	return CHANGE(credentials_set_filesystem(own(), ID_USER, arg_unsigned(call, 0)));
}

int64_t sys_setfsgid(const struct syscall *call)
{
	return CHANGE(credentials_set_filesystem(own(), ID_GROUP, arg_unsigned(call, 0)));
}

static int64_t give_three(const struct syscall *call, const struct id_set *ids)
{
	const uint32_t values[] = {ids->real, ids->effective, ids->saved};

	for (unsigned i = 0; i < ARRAY_SIZE(values); i++)
		if (copy_to_user(call->a[i], &values[i], sizeof(values[i])))
			return -EFAULT;
	return 0;
}

int64_t sys_getresuid(const struct syscall *call)
{
	return give_three(call, &own()->user);
}

int64_t sys_getresgid(const struct syscall *call)
{
	return give_three(call, &own()->group);
}

/* ---- supplementary groups ---- */

static int64_t give_groups(const struct syscall *call, const struct group_list *groups)
{
	int room = arg_int(call, 0);
	uint32_t count = groups ? groups->count : 0;

	if (room < 0)
		return -EINVAL;
	if (!room || !count)
		return count;
	if ((uint32_t)room < count)
		return -EINVAL;
	int error = copy_to_user(call->a[1], groups->ids, count * sizeof(groups->ids[0]));
	return error ? error : (int64_t)count;
}

int64_t sys_getgroups(const struct syscall *call)
{
	spin_lock(&process_lock);
	struct group_list *groups = group_list_get(own()->groups);
	spin_unlock(&process_lock);
	int64_t result = give_groups(call, groups);
	group_list_put(groups);
	return result;
}

/* As Linux does, in ascending order. */
static void sort(uint32_t *ids, uint32_t count)
{
	for (uint32_t gap = count / 2; gap; gap /= 2)
		for (uint32_t i = gap; i < count; i++) {
			uint32_t id = ids[i], at = i;
			for (; at >= gap && ids[at - gap] > id; at -= gap)
				ids[at] = ids[at - gap];
			ids[at] = id;
		}
}

int64_t sys_setgroups(const struct syscall *call)
{
	unsigned count = arg_unsigned(call, 0);

	if (!credentials_have(own(), CAP_SETGID))
		return -EPERM;
	if (count > NGROUPS_MAX)
		return -EINVAL;
	struct group_list *groups = group_list_create(count);
	if (!groups)
		return -ENOMEM;
	if (copy_from_user(groups->ids, call->a[1], count * sizeof(groups->ids[0]))) {
		group_list_put(groups);
		return -EFAULT;
	}
	for (unsigned i = 0; i < count; i++)
		if (groups->ids[i] == ID_UNCHANGED) {
			group_list_put(groups);
			return -EINVAL;
		}
	sort(groups->ids, count);
	spin_lock(&process_lock);
	groups = credentials_set_groups(own(), groups);
	spin_unlock(&process_lock);
	group_list_put(groups);
	return 0;
}

/* ---- capabilities ---- */

/* How many structures of 32 bits each that version of the interface has, or -EINVAL: then the
 * caller is told the version to use. */
static int data_count(vaddr_t user, struct __user_cap_header_struct *header)
{
	const uint32_t preferred = _LINUX_CAPABILITY_VERSION_3;

	if (copy_from_user(header, user, sizeof(*header)))
		return -EFAULT;
	switch (header->version) {
	case _LINUX_CAPABILITY_VERSION_1:
		return _LINUX_CAPABILITY_U32S_1;
	case _LINUX_CAPABILITY_VERSION_2:
	case _LINUX_CAPABILITY_VERSION_3:
		return _LINUX_CAPABILITY_U32S_3;
	default:
		return copy_to_user(user, &preferred, sizeof(preferred)) ? -EFAULT : -EINVAL;
	}
}

static bool is_self(int pid)
{
	return !pid || pid == current_process()->pid;
}

int64_t sys_capget(const struct syscall *call)
{
	const struct capabilities *have = &own()->capabilities;
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	struct __user_cap_header_struct header;

	int count = data_count(call->a[0], &header);
	if (count < 0)
		return count == -EINVAL && !call->a[1] ? 0 : count;
	if (header.pid < 0)
		return -EINVAL;
	/* Of others: as long as they can't be asked for by another process, what they began with.
	 */
	if (!is_self(header.pid) && !process_exists(header.pid))
		return -ESRCH;
	for (int i = 0; i < count; i++)
		data[i] = (struct __user_cap_data_struct){
			.effective = (uint32_t)(have->effective >> (32 * i)),
			.permitted = (uint32_t)(have->permitted >> (32 * i)),
			.inheritable = (uint32_t)(have->inheritable >> (32 * i)),
		};
	if (!call->a[1])
		return 0;
	return copy_to_user(call->a[1], data, (size_t)count * sizeof(data[0]));
}

int64_t sys_capset(const struct syscall *call)
{
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	struct __user_cap_header_struct header;
	struct capabilities wanted = {0};

	int count = data_count(call->a[0], &header);
	if (count < 0)
		return count;
	if (!is_self(header.pid))
		return -EPERM;
	if (copy_from_user(data, call->a[1], (size_t)count * sizeof(data[0])))
		return -EFAULT;
	for (int i = 0; i < count; i++) {
		wanted.effective |= (uint64_t)data[i].effective << (32 * i);
		wanted.permitted |= (uint64_t)data[i].permitted << (32 * i);
		wanted.inheritable |= (uint64_t)data[i].inheritable << (32 * i);
	}
	return CHANGE(credentials_set_capabilities(own(), &wanted));
}
