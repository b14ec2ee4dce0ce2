/*
 * futex.h: futex(2): waiting, waking, requeueing; and what a thread's end does to the futexes that
 * it holds. A futex is a word of memory: of one space, or, in
 * a shared mapping, of the object that is mapped there.
 */
#ifndef PROC_FUTEX_H
#define PROC_FUTEX_H

#include "lib/types.h"

struct thread;

void futex_init(void);

/* Sleep while the word at `address` of the calling program is `expected`, at most until time_now()
 * reaches `deadline`. private: only this process uses it. 0 after a wake-up, -EAGAIN if the word is
 * another, -EINVAL, -EFAULT, -ETIMEDOUT, -EINTR. */
NODISCARD int futex_wait(vaddr_t address, bool private, uint32_t expected, uint32_t bits,
			 uint64_t deadline);

/* Wake up to `max` that wait with one of `bits`; how many, or negative. */
NODISCARD int futex_wake(vaddr_t address, bool private, unsigned max, uint32_t bits);

/* Wake `wake` that wait at `from`, and let `move` more wait at `to` from now on; each at most
 * INT_MAX. How many in all; -EAGAIN if the word at `from` is not `*expected` (NULL: not compared);
 * -EINVAL, -EFAULT. */
NODISCARD int futex_requeue(vaddr_t from, vaddr_t to, bool private, unsigned wake, unsigned move,
			    const uint32_t *expected);

/* FUTEX_WAKE_OP: change the word at `second` as `operation` says, wake up to `wake` that wait at
 * `first`, and, if the old word compares so, up to `wake_second` at `second`. How many in all;
 * -ENOSYS, -EINVAL, -EFAULT. */
NODISCARD int futex_wake_operation(vaddr_t first, vaddr_t second, bool private, unsigned wake,
				   unsigned wake_second, uint32_t operation);

/*
 * Locks that inherit priorities (futex_pi.c). Take one: 0; -EAGAIN: somebody has it, and `wait` is
 * false; -EDEADLK: the caller has it, or who has it waits for the caller; -ESRCH: the owner is not
 * there; -ETIMEDOUT, -EINTR, -EINVAL, -EFAULT.
 */
NODISCARD int futex_lock_pi(vaddr_t address, bool private, bool wait, uint64_t deadline);
/* Give it to who waits for it with the best nice value, or to nobody. -EPERM: it is another's. */
NODISCARD int futex_unlock_pi(vaddr_t address, bool private);
/* The thread with this number ends: who waits for it takes over. Once more when it is in no
 * process's list any longer: until then others may begin to wait. process_lock may be held. */
void futex_owner_ends(int id);

/* The calling thread ends, or its program, whose space is still active: robust_list.c. Robust
 * futexes that it holds are marked, who waits for its end (set_tid_address(2)) is told. */
void futex_thread_ends(struct thread *thread);

#endif
