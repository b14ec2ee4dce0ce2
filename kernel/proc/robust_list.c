/*
 * robust_list.c: what a thread's end does to the futexes that it holds (get_robust_list(2)). The
 * list is the program's memory, and may be anything: each step may fail, which ends it, and there
 * are only so many.
 */
#include <linux/futex.h>

#include "lib/errno.h"
#include "proc/futex.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "vm/space.h"
#include "vm/user_copy.h"

/* Linux's ROBUST_LIST_LIMIT. */
#define ENTRIES_MAX 2048u
/* Bit 0 of a pointer in the list: the futex inherits priorities, which is the library's matter. */
#define IS_PI       1u

/* An entry and what its pointer says. */
struct entry {
	vaddr_t at;
	bool is_pi;
};

static int get_entry(vaddr_t pointer, struct entry *out)
{
	vaddr_t value;

	int error = copy_from_user(&value, pointer, sizeof(value));
	if (!error)
		*out = (struct entry){value & ~(vaddr_t)IS_PI, value & IS_PI};
	return error;
}

/* Mark a futex that the thread may hold. pending: it was about to take it, or to let go of it. */
static int mark(vaddr_t word, bool is_pi, bool pending)
{
	uint32_t id = (uint32_t)current_thread()->id, value, found;

	if (!IS_ALIGNED(word, sizeof(value)))
		return -EINVAL;
	int error = copy_from_user(&value, word, sizeof(value));
	if (error)
		return error;
	/* It has let go, and not woken the next one yet. */
	if (pending && !is_pi && !value) {
		(void)!futex_wake(word, false, 1, FUTEX_BITSET_MATCH_ANY);
		return 0;
	}
	for (; (value & FUTEX_TID_MASK) == id; value = found) {
		found = value;
		error = user_compare_exchange_u32(word, &found,
						  (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED);
		if (error)
			return error;
		if (found != value)
			continue;
		if (!is_pi && (value & FUTEX_WAITERS))
			(void)!futex_wake(word, false, 1, FUTEX_BITSET_MATCH_ANY);
		return 0;
	}
	return 0;
}

static void walk(vaddr_t head)
{
	struct entry entry, next, pending;
	uint64_t offset;

	if (get_entry(head, &entry) ||
	    copy_from_user(&offset, head + offsetof(struct robust_list_head, futex_offset),
			   sizeof(offset)) ||
	    get_entry(head + offsetof(struct robust_list_head, list_op_pending), &pending))
		return;
	for (unsigned i = 0; i < ENTRIES_MAX && entry.at != head; i++) {
		/* Before the futex is anybody else's. */
		int error = get_entry(entry.at, &next);
		if (entry.at != pending.at && mark(entry.at + offset, entry.is_pi, false))
			return;
		if (error)
			return;
		entry = next;
	}
	if (pending.at)
		(void)!mark(pending.at + offset, pending.is_pi, true);
}

/* Nobody is left to read it if no other thread runs in the space. */
static void tell_end(const struct process *process, vaddr_t address)
{
	const uint32_t none = 0;

	if (__atomic_load_n(&process->thread_count, __ATOMIC_RELAXED) == 1 &&
	    __atomic_load_n(&process->space->users, __ATOMIC_RELAXED) == 1)
		return;
	if (!copy_to_user(address, &none, sizeof(none)))
		(void)!futex_wake(address, false, 1, FUTEX_BITSET_MATCH_ANY);
}

void futex_thread_ends(struct thread *thread)
{
	if (thread->robust_list)
		walk(thread->robust_list);
	futex_owner_ends(thread->id);
	if (thread->clear_id)
		tell_end(thread->process, thread->clear_id);
	thread->robust_list = thread->clear_id = 0;
}
