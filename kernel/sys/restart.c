/* restart.c: see restart.h. */
#include "sys/restart.h"

#include <asm/unistd_64.h>

#include "lib/errno.h"
#include "proc/thread.h"
#include "sys/syscall.h"

/* All others are never made again: they end with EINTR. Those that wait for some time call
 * restart_later(), unless the time is a point in it. */
static const uint8_t kinds[] = {
	[__NR_read] = RESTART_BY_FLAG,
	[__NR_write] = RESTART_BY_FLAG,
	[__NR_readv] = RESTART_BY_FLAG,
	[__NR_writev] = RESTART_BY_FLAG,
	[__NR_pread64] = RESTART_BY_FLAG,
	[__NR_pwrite64] = RESTART_BY_FLAG,
	[__NR_preadv] = RESTART_BY_FLAG,
	[__NR_pwritev] = RESTART_BY_FLAG,
	[__NR_preadv2] = RESTART_BY_FLAG,
	[__NR_pwritev2] = RESTART_BY_FLAG,
	[__NR_open] = RESTART_BY_FLAG,
	[__NR_openat] = RESTART_BY_FLAG,
	[__NR_creat] = RESTART_BY_FLAG,
	[__NR_ioctl] = RESTART_BY_FLAG,
	[__NR_fcntl] = RESTART_BY_FLAG,
	[__NR_flock] = RESTART_BY_FLAG,
	[__NR_sendfile] = RESTART_BY_FLAG,
	[__NR_splice] = RESTART_BY_FLAG,
	[__NR_tee] = RESTART_BY_FLAG,
	[__NR_vmsplice] = RESTART_BY_FLAG,
	[__NR_copy_file_range] = RESTART_BY_FLAG,
	[__NR_fallocate] = RESTART_BY_FLAG,
	[__NR_accept] = RESTART_BY_FLAG,
	[__NR_accept4] = RESTART_BY_FLAG,
	[__NR_connect] = RESTART_BY_FLAG,
	[__NR_recvfrom] = RESTART_BY_FLAG,
	[__NR_recvmsg] = RESTART_BY_FLAG,
	[__NR_sendto] = RESTART_BY_FLAG,
	[__NR_sendmsg] = RESTART_BY_FLAG,
	[__NR_getrandom] = RESTART_BY_FLAG,
	[__NR_wait4] = RESTART_BY_FLAG,
	[__NR_waitid] = RESTART_BY_FLAG,
	[__NR_pause] = RESTART_NO_HANDLER,
	[__NR_rt_sigsuspend] = RESTART_NO_HANDLER,
	[__NR_select] = RESTART_NO_HANDLER,
	[__NR_pselect6] = RESTART_NO_HANDLER,
	[__NR_ppoll] = RESTART_NO_HANDLER,
	[__NR_poll] = RESTART_NO_HANDLER,
	[__NR_nanosleep] = RESTART_NO_HANDLER,
	[__NR_clock_nanosleep] = RESTART_NO_HANDLER,
	[__NR_futex] = RESTART_BY_FLAG,
	[__NR_msgsnd] = RESTART_NO_HANDLER,
	[__NR_msgrcv] = RESTART_NO_HANDLER,
};

enum signal_restart restart_kind(uint64_t number)
{
	struct thread_signals *signals = &current_thread()->signals;

	if (signals->restart_always) {
		signals->restart_always = false;
		return RESTART_ALWAYS;
	}
	/* It has called restart_later(). */
	if (signals->restart_number &&
	    (signals->restart_number == number || number == __NR_restart_syscall))
		return RESTART_DEADLINE;
	return number < ARRAY_SIZE(kinds) ? (enum signal_restart)kinds[number] : RESTART_NEVER;
}

bool restart_deadline(uint64_t *deadline)
{
	const struct thread_signals *signals = &current_thread()->signals;

	if (signals->restarting)
		*deadline = signals->restart_deadline;
	return signals->restarting;
}

void restart_always(void)
{
	current_thread()->signals.restart_always = true;
}

void restart_later(unsigned number, uint64_t deadline)
{
	struct thread_signals *signals = &current_thread()->signals;

	signals->restart_number = number;
	signals->restart_deadline = deadline;
}

/* The arguments are still in the registers. */
int64_t sys_restart_syscall(const struct syscall *call)
{
	struct thread_signals *signals = &current_thread()->signals;
	unsigned number = signals->restart_number;

	if (!number)
		return -EINTR;
	signals->restart_number = 0;
	signals->restarting = true;
	int64_t result = syscall_table[number](call);
	signals->restarting = false;
	return result;
}
