/* sys_poll.c: poll(2) and select(2), over fs/poll.h. */
#include <arch/time.h>
#include <asm/poll.h>
#include <asm/unistd_64.h>
#include <linux/posix_types.h>

#include "fs/file.h"
#include "fs/poll.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sync/wait_queue.h"
#include "sys/decode.h"
#include "sys/restart.h"
#include "sys/signal_mask.h"
#include "sys/syscall.h"
#include "sys/time_args.h"
#include "vm/user_copy.h"

#define NS_PER_MS 1000000ull

/* ---- poll ---- */

static void begin_poll(const struct pollfd *wanted, struct poll_item *items, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		items[i] = (struct poll_item){
			.file = get_file((uint64_t)wanted[i].fd),
			.wanted = (unsigned short)wanted[i].events | POLLERR | POLLHUP,
		};
}

static void end_poll(struct pollfd *wanted, struct poll_item *items, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		wanted[i].revents = (short)items[i].found;
	poll_put(items, count);
}

/* Those with a negative number are not asked about: move the others to the front. */
static unsigned drop_negative(const struct pollfd *all, struct pollfd *asked, unsigned count)
{
	unsigned left = 0;

	for (unsigned i = 0; i < count; i++)
		if (all[i].fd >= 0)
			asked[left++] = all[i];
	return left;
}

/* Only revents are written, as Linux does: the rest may be changed by another thread meanwhile. */
static int put_results(vaddr_t user, const struct pollfd *all, const struct pollfd *asked,
		       unsigned count)
{
	for (unsigned i = 0, next = 0; i < count; i++) {
		short events = all[i].fd >= 0 ? asked[next++].revents : 0;
		vaddr_t at = user + i * sizeof(*all) + offsetof(struct pollfd, revents);
		if (copy_to_user(at, &events, sizeof(events)))
			return -EFAULT;
	}
	return 0;
}

static int64_t poll_files(vaddr_t user, unsigned count, uint64_t deadline)
{
	if (count > file_limit())
		return -EINVAL;
	struct pollfd *all = kmalloc((count + 1) * sizeof(*all));
	struct pollfd *asked = kmalloc((count + 1) * sizeof(*asked));
	struct poll_item *items = kmalloc((count + 1) * sizeof(*items));
	int64_t result = all && asked && items ? 0 : -ENOMEM;
	if (!result)
		result = copy_from_user(all, user, count * sizeof(*all));
	if (!result) {
		unsigned left = drop_negative(all, asked, count);
		begin_poll(asked, items, left);
		result = poll_wait(items, left, deadline);
		end_poll(asked, items, left);
		if (result >= 0 && put_results(user, all, asked, count))
			result = -EFAULT;
	}
	kfree(all);
	kfree(asked);
	kfree(items);
	return result;
}

int64_t sys_poll(const struct syscall *call)
{
	int timeout = arg_int(call, 2);
	uint64_t deadline = WAIT_FOREVER;

	if (timeout >= 0 && !restart_deadline(&deadline))
		deadline = timeout ? time_now() + (uint64_t)timeout * NS_PER_MS : 0;
	int64_t result = poll_files(call->a[0], arg_unsigned(call, 1), deadline);
	if (result == -EINTR)
		restart_later(__NR_poll, deadline);
	return result;
}

/* ---- times that come back as what is left of them ---- */

enum time_kind { TIMESPEC, TIMEVAL };

/* user: 0: for ever. */
static int get_timeout(vaddr_t user, enum time_kind kind, uint64_t *deadline)
{
	struct __kernel_old_timeval time;
	uint64_t left;

	*deadline = WAIT_FOREVER;
	if (!user)
		return 0;
	if (kind == TIMESPEC)
		return get_deadline(user, false, false, deadline);
	if (copy_from_user(&time, user, sizeof(time)))
		return -EFAULT;
	/* More microseconds than a second has are taken as Linux takes them. */
	if (time.tv_sec < 0 || time.tv_usec < 0)
		return -EINVAL;
	if (__builtin_mul_overflow((uint64_t)time.tv_sec, NS_PER_SECOND, &left) ||
	    __builtin_add_overflow(left, (uint64_t)time.tv_usec * NS_PER_US, &left) ||
	    __builtin_add_overflow(left, time_now(), deadline))
		*deadline = WAIT_FOREVER - 1;
	return 0;
}

/* A program whose time can't be written gets its result all the same, as on Linux. */
static void put_timeout(vaddr_t user, enum time_kind kind, uint64_t deadline)
{
	uint64_t now = time_now(), left = deadline > now ? deadline - now : 0;
	struct __kernel_old_timeval time = timeval_of(left);
	int error = 0;

	if (!user)
		return;
	if (kind == TIMESPEC)
		error = put_timespec(user, left);
	else
		error = copy_to_user(user, &time, sizeof(time));
	(void)error;
}

int64_t sys_ppoll(const struct syscall *call)
{
	uint64_t deadline;
	int error = get_timeout(call->a[2], TIMESPEC, &deadline);

	if (!error)
		error = signal_mask_swap(call->a[3], call->a[4]);
	if (error)
		return error;
	int64_t result = poll_files(call->a[0], arg_unsigned(call, 1), deadline);
	put_timeout(call->a[2], TIMESPEC, deadline);
	return signal_mask_restore(result);
}

/* ---- select ---- */

#define WORD_BITS 64u
enum { SET_READ, SET_WRITE, SET_EXCEPTION, SETS };

/* What makes a file ready for each set (Linux's fs/select.c says so, and select(2)). */
static const unsigned set_events[SETS] = {
	[SET_READ] = POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR,
	[SET_WRITE] = POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR,
	[SET_EXCEPTION] = POLLPRI,
};

struct select {
	unsigned bits, words;    /* of each set */
	uint64_t *sets[SETS];    /* in one allocation, at sets[0] */
	vaddr_t user[SETS];      /* 0: not given */
	struct poll_item *items; /* one for each descriptor that is in a set */
	unsigned *fds;           /* of the items */
	unsigned count;
};

static bool in_set(const struct select *select, unsigned set, unsigned fd)
{
	return select->sets[set][fd / WORD_BITS] >> fd % WORD_BITS & 1;
}

static int allocate_select(struct select *select)
{
	select->words = (select->bits + WORD_BITS - 1) / WORD_BITS;
	uint64_t *words = kzalloc((SETS * select->words + 1) * sizeof(*words));
	select->items = kmalloc((select->bits + 1) * sizeof(*select->items));
	select->fds = kmalloc((select->bits + 1) * sizeof(*select->fds));
	for (unsigned set = 0; set < SETS; set++)
		select->sets[set] = words ? words + set * select->words : NULL;
	return words && select->items && select->fds ? 0 : -ENOMEM;
}

static void free_select(struct select *select)
{
	poll_put(select->items, select->count);
	kfree(select->sets[0]);
	kfree(select->items);
	kfree(select->fds);
}

static int copy_sets_in(struct select *select)
{
	for (unsigned set = 0; set < SETS; set++)
		if (select->user[set] && copy_from_user(select->sets[set], select->user[set],
							select->words * sizeof(uint64_t)))
			return -EFAULT;
	return 0;
}

static int find_files(struct select *select)
{
	for (unsigned fd = 0; fd < select->bits; fd++) {
		unsigned wanted = 0;
		for (unsigned set = 0; set < SETS; set++)
			wanted |= in_set(select, set, fd) ? set_events[set] : 0;
		if (!wanted)
			continue;
		struct file *file = get_file(fd);
		if (!file)
			return -EBADF;
		select->fds[select->count] = fd;
		select->items[select->count++] = (struct poll_item){.file = file, .wanted = wanted};
	}
	return 0;
}

/* The sets become what was found; how many bits that is. */
static int note_found(struct select *select)
{
	int ready = 0;

	for (unsigned i = 0; i < select->count; i++) {
		unsigned fd = select->fds[i];
		uint64_t bit = 1ull << fd % WORD_BITS;
		for (unsigned set = 0; set < SETS; set++) {
			if (!in_set(select, set, fd))
				continue;
			if (select->items[i].found & set_events[set])
				ready++;
			else
				select->sets[set][fd / WORD_BITS] &= ~bit;
		}
	}
	return ready;
}

static int copy_sets_out(const struct select *select)
{
	for (unsigned set = 0; set < SETS; set++)
		if (select->user[set] && copy_to_user(select->user[set], select->sets[set],
						      select->words * sizeof(uint64_t)))
			return -EFAULT;
	return 0;
}

static int run_select(struct select *select, uint64_t deadline)
{
	int error = copy_sets_in(select);

	if (!error)
		error = find_files(select);
	if (!error)
		error = poll_wait(select->items, select->count, deadline);
	if (error < 0)
		return error;
	int ready = note_found(select);
	error = copy_sets_out(select);
	return error ? error : ready;
}

static int64_t select_files(const struct syscall *call, uint64_t deadline)
{
	struct select select = {.user = {call->a[1], call->a[2], call->a[3]}};
	int bits = arg_int(call, 0);

	if (bits < 0)
		return -EINVAL;
	select.bits = MIN((unsigned)bits, file_limit());
	int64_t result = allocate_select(&select);
	if (!result)
		result = run_select(&select, deadline);
	free_select(&select);
	return result;
}

int64_t sys_select(const struct syscall *call)
{
	uint64_t deadline;
	int error = get_timeout(call->a[4], TIMEVAL, &deadline);

	if (error)
		return error;
	int64_t result = select_files(call, deadline);
	put_timeout(call->a[4], TIMEVAL, deadline);
	return result;
}

int64_t sys_pselect6(const struct syscall *call)
{
	struct {
		vaddr_t set;
		uint64_t bytes;
	} mask = {0};
	uint64_t deadline;

	if (call->a[5] && copy_from_user(&mask, call->a[5], sizeof(mask)))
		return -EFAULT;
	int error = get_timeout(call->a[4], TIMESPEC, &deadline);
	if (!error)
		error = signal_mask_swap(mask.set, mask.bytes);
	if (error)
		return error;
	int64_t result = select_files(call, deadline);
	put_timeout(call->a[4], TIMESPEC, deadline);
	return signal_mask_restore(result);
}
