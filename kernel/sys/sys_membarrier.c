/* sys_membarrier.c: a memory barrier on all CPUs that run the process (membarrier(2)): an interrupt
 * is one. */
#include <linux/membarrier.h>

#include "lib/errno.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sync/cross_call.h"
#include "sys/syscall.h"
#include "vm/space.h"

#define COMMANDS                                                    \
	(MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_PRIVATE_EXPEDITED | \
	 MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)

static void pass(void *argument)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* A CPU that begins to run the process later passes a barrier by that. */
static void pass_on(uint64_t targets)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	cross_call(targets, pass, NULL);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

int64_t sys_membarrier(const struct syscall *call)
{
	struct process *process = current_process();

	if (arg_unsigned(call, 1))
		return -EINVAL;
	switch (arg_int(call, 0)) {
	case MEMBARRIER_CMD_QUERY:
		return COMMANDS;
	case MEMBARRIER_CMD_GLOBAL:
		pass_on(UINT64_MAX);
		return 0;
	case MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED:
		__atomic_store_n(&process->wants_barriers, true, __ATOMIC_RELAXED);
		return 0;
	case MEMBARRIER_CMD_PRIVATE_EXPEDITED:
		if (!__atomic_load_n(&process->wants_barriers, __ATOMIC_RELAXED))
			return -EPERM;
		pass_on(__atomic_load_n(&process->space->cpus, __ATOMIC_SEQ_CST));
		return 0;
	default:
		return -EINVAL;
	}
}
