/* syscall.c: the way in. */
#include "sys/syscall.h"

#include <arch/irq.h>
#include <arch/trap.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "lib/errno.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "sys/restart.h"

#define NAMED_MAX 512u

/* Bit n: call n is not implemented, and was named in the log. Changed atomically. */
static uint64_t named[NAMED_MAX / 64 + 1];

/* Say once for each call that it is missing; numbers that are no call's share one line. */
static void name_missing(uint64_t number)
{
	const struct process *process = current_process();
	uint64_t slot = MIN(number, (uint64_t)NAMED_MAX);
	uint64_t bit = 1ull << slot % 64;

	if (__atomic_fetch_or(&named[slot / 64], bit, __ATOMIC_RELAXED) & bit)
		return;
	const char *name = number < syscall_names_size ? syscall_names[number] : NULL;
	log_warning("process %s (pid %d): system call %lld (%s) is not implemented", process->name,
		    process->pid, (long long)number, name ? name : "no name");
}

void trap_syscall(struct trap_frame *frame)
{
	uint64_t number = trap_syscall_number(frame);
	struct syscall call = {frame, trap_syscall_arguments(frame)};
	int64_t result = -ENOSYS;

	irq_enable();
	if (number < syscall_table_size && syscall_table[number])
		result = syscall_table[number](&call);
	else
		name_missing(number);
	assert(cpu_local()->held_ranks == 0);
	trap_set_result(frame, result);
	if (UNLIKELY(result == -EINTR))
		signal_deliver(frame, restart_kind(number), (unsigned)number);
	irq_disable(); /* the way back wants them off */
}
