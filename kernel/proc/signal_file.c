/*
 * signal_file.c: see signal_file.h. What is read is the reader's, whoever has made the file. So all
 * of them share one queue of waiters: a process's own might be gone before its waiters, where an
 * epoll watches a file that a child has inherited.
 *
 * Lock letters: (c) changed atomically.
 */
#include "proc/signal_file.h"

#include <asm/fcntl.h>
#include <asm/poll.h>
#include <linux/signalfd.h>

#include "fs/anonymous.h"
#include "fs/file.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/signal.h"
#include "proc/thread.h"
#include "sync/wait_queue.h"

struct signal_file {
	uint64_t mask; /* (c) what is read, never SIGKILL and SIGSTOP */
};

/* Whoever reads or watches any signal file. It has its own lock. */
static struct wait_queue arrivals;

void signal_file_init(void)
{
	wait_queue_init(&arrivals);
}

void signal_file_wake(void)
{
	wait_wake_all(&arrivals);
}

static uint64_t mask_of(const struct file *file)
{
	const struct signal_file *own = file->context;

	return __atomic_load_n(&own->mask, __ATOMIC_RELAXED);
}

static bool is_ready(const struct file *file)
{
	spin_lock(&process_lock);
	bool ready = signals_pending_locked(current_thread()) & mask_of(file);
	spin_unlock(&process_lock);
	return ready;
}

/* What siginfo's union holds follows from its code and signal (sigaction(2)). */
static void fill(struct signalfd_siginfo *to, const struct signal_info *info)
{
	bool is_fault = SIGNAL_BIT(info->si_signo) & SIGNAL_SYNCHRONOUS;

	*to = (struct signalfd_siginfo){
		.ssi_signo = (uint32_t)info->si_signo,
		.ssi_errno = info->si_errno,
		.ssi_code = info->si_code,
	};
	if (info->si_code == SI_TIMER) {
		to->ssi_tid = (uint32_t)info->si_tid;
		to->ssi_overrun = (uint32_t)info->si_overrun;
	} else if (info->si_code > SI_USER && info->si_code < SI_KERNEL && is_fault) {
		to->ssi_addr = (uint64_t)info->si_addr;
		return;
	} else {
		to->ssi_pid = (uint32_t)info->si_pid;
		to->ssi_uid = info->si_uid;
	}
	if (info->si_code < 0) {
		to->ssi_ptr = (uint64_t)info->si_ptr;
		to->ssi_int = info->si_int;
	} else if (info->si_code > SI_USER && info->si_signo == SIGCHLD) {
		to->ssi_status = info->si_status;
		to->ssi_utime = (uint64_t)info->si_utime;
		to->ssi_stime = (uint64_t)info->si_stime;
	}
}

static bool take(const struct file *file, struct signal_info *info)
{
	spin_lock(&process_lock);
	int signal = signal_dequeue_locked(current_thread(), mask_of(file), info);
	spin_unlock(&process_lock);
	return signal;
}

/* Wait for the first one only. */
static int take_first(const struct file *file, struct signal_info *info)
{
	while (!take(file, info)) {
		if (file->flags & O_NONBLOCK)
			return -EAGAIN;
		int error = wait_until(&arrivals, WAIT_FOREVER, is_ready(file));
		if (error)
			return error;
	}
	return 0;
}

static ssize_t signal_file_read(struct file *file, struct io *io, uint64_t *position)
{
	struct signalfd_siginfo record;
	struct signal_info info;
	ssize_t done = 0;

	if (io->left < sizeof(record))
		return -EINVAL;
	int error = take_first(file, &info);
	if (error)
		return error;
	do {
		fill(&record, &info);
		/* As on Linux the signal is lost if there is no room for it. */
		error = io_put(io, &record, sizeof(record));
		if (error)
			return done ? done : error;
		done += (ssize_t)sizeof(record);
	} while (io->left >= sizeof(record) && take(file, &info));
	return done;
}

static unsigned signal_file_poll(struct file *file, struct wait_queue **queue)
{
	*queue = &arrivals;
	return is_ready(file) ? POLLIN : 0;
}

static void signal_file_release(struct file *file)
{
	kfree(file->context);
}

static const struct file_ops signal_file_ops = {
	.name = "anon_inode:[signalfd]",
	.read = signal_file_read,
	.stat = anonymous_stat,
	.poll = signal_file_poll,
	.release = signal_file_release,
	.is_stream = true,
	.ignores_seek = true,
};

int signal_file_create(uint64_t mask, unsigned flags, struct file **out)
{
	struct signal_file *own = kzalloc(sizeof(*own));

	if (!own)
		return -ENOMEM;
	own->mask = mask & ~SIGNAL_UNBLOCKABLE;
	int error = file_create(&signal_file_ops, O_RDWR | (flags & O_NONBLOCK), NULL, own, out);
	if (error)
		kfree(own);
	return error;
}

int signal_file_set(struct file *file, uint64_t mask)
{
	struct signal_file *own = file->context;

	if (file->ops != &signal_file_ops)
		return -EINVAL;
	__atomic_store_n(&own->mask, mask & ~SIGNAL_UNBLOCKABLE, __ATOMIC_RELAXED);
	signal_file_wake();
	return 0;
}
