/* filter.c: what no process may do, because the run would end or could not be told apart from a
 * broken one. Only arguments change: each call is still made. */
#define _GNU_SOURCE
#include <asm/unistd_64.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "fuzz.h"

#define STACK_LOW 0x7ff000000000ul
#define OWN_HARM  200u /* one call in so many may harm the process's own code or stack */

extern char __executable_start[], end[]; /* of the program, by the linker */

static bool overlaps(uint64_t start, uint64_t bytes, uint64_t from, uint64_t to)
{
	uint64_t last = start + bytes < start ? UINT64_MAX : start + bytes;

	return start < to && last > from;
}

/* A range of memory that is changed: elsewhere, if it is what the run needs. */
static void spare(struct child *child, uint64_t *start, uint64_t *bytes)
{
	uint64_t page = *start & ~(PAGE - 1), length = *bytes + 2 * PAGE;

	if (length < *bytes)
		length = UINT64_MAX;
	bool kept = overlaps(page, length, KEPT, KEPT_END);
	bool own = overlaps(page, length, (uint64_t)__executable_start, (uint64_t)end) ||
		   overlaps(page, length, STACK_LOW, 1ul << 47);
	if (kept || (own && !one_in(&child->random, OWN_HARM))) {
		*start = ARENA + *start % (ARENA_PAGES * PAGE);
		*bytes %= ARENA_PAGES * PAGE;
	}
}

static bool is_player(int pid)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (SHARED->slots[i].pid == pid)
			return true;
	return false;
}

/* Who is not a player is nobody: not the supervisor, nor who started it. */
static void spare_pid(struct child *child, uint64_t *pid, bool may_be_group)
{
	int number = (int)*pid;

	if (number > 0x7fff0000 || (number > 0 && is_player(number)))
		return;
	if (number == 0 && (child->own_group || !may_be_group))
		return;
	*pid = (uint64_t)child->slot->pid;
}

static void filter_memory(struct child *child, uint64_t number, uint64_t a[ARGUMENTS])
{
	uint64_t target_bytes;

	switch (number) {
	case __NR_mmap:
		if (a[3] & (MAP_FIXED | MAP_GROWSDOWN))
			spare(child, &a[0], &a[1]);
		break;
	case __NR_munmap:
	case __NR_mprotect:
	case __NR_madvise:
	case __NR_pkey_mprotect:
	case __NR_remap_file_pages:
	case 462: /* mseal */
		spare(child, &a[0], &a[1]);
		break;
	case __NR_shmat:
		target_bytes = ARENA_PAGES * PAGE;
		if (a[2] & SHM_REMAP)
			spare(child, &a[1], &target_bytes);
		break;
	case __NR_mremap:
		spare(child, &a[0], &a[1]);
		target_bytes = a[2];
		if (a[3] & MREMAP_FIXED)
			spare(child, &a[4], &target_bytes);
		break;
	default:
		break;
	}
}

static void filter_pids(struct child *child, uint64_t number, uint64_t a[ARGUMENTS])
{
	switch (number) {
	case __NR_kill:
		spare_pid(child, &a[0], true);
		break;
	case __NR_tgkill:
	case __NR_rt_tgsigqueueinfo:
		spare_pid(child, &a[1], false);
		spare_pid(child, &a[0], false);
		break;
	case __NR_tkill:
	case __NR_rt_sigqueueinfo:
	case __NR_pidfd_open:
	case __NR_prlimit64:
	case __NR_process_vm_readv:
	case __NR_process_vm_writev:
	case __NR_sched_setparam:
	case __NR_sched_setscheduler:
	case __NR_sched_setaffinity:
	case __NR_sched_setattr:
	case __NR_migrate_pages:
	case __NR_move_pages:
	case __NR_get_robust_list:
	case __NR_setpgid:
		spare_pid(child, &a[0], false);
		if (number == __NR_setpgid && (int)a[1])
			spare_pid(child, &a[1], false);
		break;
	case __NR_ptrace:
	case __NR_setpriority:
	case __NR_ioprio_set:
		spare_pid(child, &a[1], true);
		break;
	default:
		break;
	}
}

void filter_call(struct child *child, uint64_t number, uint64_t a[ARGUMENTS])
{
	filter_memory(child, number, a);
	filter_pids(child, number, a);
	switch (number) {
	case __NR_reboot:
	case __NR_kexec_load:
	case __NR_kexec_file_load:
		a[0] = a[1] = 0; /* a wrong magic number */
		break;
	case __NR_mount:
	case __NR_umount2:
	case __NR_pivot_root:
	case __NR_chroot:
	case __NR_move_mount:
	case __NR_swapon:
	case __NR_acct:
		a[0] = a[1] = make_wild(child) | 1ull << 63; /* no name */
		break;
	case __NR_clone:
		if (a[0] & CLONE_THREAD) /* a thread of its own memory would go on in ours */
			a[0] |= CLONE_VM;
		break;
	default:
		break;
	}
}
