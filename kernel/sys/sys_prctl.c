/* sys_prctl.c: attributes of the calling process (prctl(2), personality(2)). */
#include <linux/capability.h>
#include <linux/personality.h>
#include <linux/prctl.h>

#include "lib/errno.h"
#include "lib/string.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sys/syscall.h"
#include "vm/user_copy.h"

#define TIMER_SLACK_NS 50000 /* Linux's default */

/* Nothing of the program's memory behind the name, nor of the name before. */
static void copy_name(char to[PROCESS_NAME_BYTES], const char *name)
{
	memset(to, 0, PROCESS_NAME_BYTES);
	memcpy(to, name, strlen(name));
}

/* Each thread has a name; a process has its leader's. */
static int64_t set_name(struct process *process, vaddr_t user)
{
	struct thread *thread = current_thread();
	char name[PROCESS_NAME_BYTES] = "";
	ssize_t length = copy_string_from_user(name, user, sizeof(name) - 1);

	if (length < 0 && length != -ENAMETOOLONG)
		return length;
	name[length < 0 ? PROCESS_NAME_BYTES - 1 : length] = 0;
	copy_name(thread->name, name);
	if (thread == process->leader)
		copy_name(process->name, name);
	return 0;
}

static int64_t set_death_signal(struct process *process, uint64_t signal)
{
	if (signal > SIGNAL_MAX)
		return -EINVAL;
	process->parent_death_signal = (int)signal;
	return 0;
}

static int64_t set_flag(bool *flag, uint64_t value)
{
	if (value > 1)
		return -EINVAL;
	*flag = value;
	return 0;
}

static int64_t set_adopts(struct process *process, bool adopts)
{
	spin_lock(&process_lock);
	process->adopts = adopts;
	spin_unlock(&process_lock);
	return 0;
}

static bool are_zero(const struct syscall *call, unsigned first)
{
	for (unsigned i = first; i < 5; i++)
		if (call->a[i])
			return false;
	return true;
}

/* There is no way back from it. */
static int64_t set_no_new_privileges(struct process *process, const struct syscall *call)
{
	if (call->a[1] != 1 || !are_zero(call, 2))
		return -EINVAL;
	process->no_new_privileges = true;
	return 0;
}

static int64_t drop_from_bounding_set(const struct process *process, uint64_t capability)
{
	if (!credentials_have(&process->credentials, CAP_SETPCAP))
		return -EPERM;
	/* To promise it would be wrong: exec by root gives all. */
	return cap_valid(capability) ? -EPERM : -EINVAL;
}

int64_t sys_prctl(const struct syscall *call)
{
	struct process *process = current_process();
	uint64_t argument = call->a[1];

	switch (arg_int(call, 0)) {
	case PR_SET_NAME:
		return set_name(process, argument);
	case PR_GET_NAME:
		return copy_to_user(argument, current_thread()->name, PROCESS_NAME_BYTES);
	case PR_SET_PDEATHSIG:
		return set_death_signal(process, argument);
	case PR_GET_PDEATHSIG:
		return copy_to_user(argument, &process->parent_death_signal,
				    sizeof(process->parent_death_signal));
	case PR_SET_CHILD_SUBREAPER:
		return set_adopts(process, argument != 0);
	case PR_GET_CHILD_SUBREAPER:
		return copy_to_user(argument, &(int){process->adopts}, sizeof(int));
	case PR_SET_DUMPABLE:
		return set_flag(&process->undumpable, argument ^ 1);
	case PR_GET_DUMPABLE:
		return !process->undumpable;
	case PR_SET_KEEPCAPS:
		return set_flag(&process->credentials.keep_capabilities, argument);
	case PR_GET_KEEPCAPS:
		return process->credentials.keep_capabilities;
	case PR_SET_NO_NEW_PRIVS:
		return set_no_new_privileges(process, call);
	case PR_GET_NO_NEW_PRIVS:
		return are_zero(call, 1) ? process->no_new_privileges : -EINVAL;
	case PR_CAPBSET_READ:
		return cap_valid(argument) ? 1 : -EINVAL;
	case PR_CAPBSET_DROP:
		return drop_from_bounding_set(process, argument);
	case PR_SET_TIMERSLACK:
		/* Sleepers are woken as exactly as the timer allows. */
		return 0;
	case PR_GET_TIMERSLACK:
		return TIMER_SLACK_NS;
	case PR_GET_TIMING:
	case PR_GET_SECUREBITS:
	case PR_GET_SECCOMP:
		return 0;
	default:
		return -EINVAL;
	}
}

/* Where things lie is not randomised anyway; nothing else of a persona is there. */
#define PERSONA_FLAGS ((unsigned)ADDR_NO_RANDOMIZE)
#define PERSONA_QUERY UINT32_MAX

int64_t sys_personality(const struct syscall *call)
{
	struct process *process = current_process();
	unsigned persona = arg_unsigned(call, 0), old = process->persona;

	if (persona == PERSONA_QUERY)
		return old;
	if (persona & ~PERSONA_FLAGS)
		return -EINVAL;
	process->persona = persona;
	return old;
}
