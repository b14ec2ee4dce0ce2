/* child.c: a process that makes calls, and those that it becomes or starts. */
#include <asm/unistd_64.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "fuzz.h"

#define DEPTH_MAX     2
#define SHARE         10u  /* a process's own child makes one call in so many of its own */
#define UNKNOWN_IN    24u  /* one call in so many has any number and any arguments */
#define SELF_EXEC     256u /* one call in so many is an exec of this program */
/* The upper halves of kernel addresses, and how much of a structure may show one. */
#define KERNEL_FRAMES 0xffffe000u
#define KERNEL_STACKS 0xffffe800u
#define LOOKED_AT     256u
#define NAME_DIGITS   20u

int64_t plain_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	uint64_t regs[12] = {number, a, b, c, d};

	return fuzz_call(regs);
}

uint64_t mix_seed(uint64_t seed, uint64_t salt)
{
	struct random random = {seed ^ salt * 0xd1342543de82ef95ull};

	return random_next(&random);
}

/* ---- what a process begins with ---- */

static int64_t open_file(const char *name, unsigned flags)
{
	return plain_call(__NR_openat, (uint64_t)AT_FDCWD, (uint64_t)name, flags, 0666);
}

static int64_t map(uint64_t at, uint64_t bytes, uint64_t protection, uint64_t flags)
{
	uint64_t regs[12] = {__NR_mmap, at, bytes, protection, flags | MAP_FIXED, UINT64_MAX};

	return fuzz_call(regs);
}

/* A page of each kind, and files of each kind. What fails is not there. */
static void set_up(void)
{
	const uint64_t anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
	int *ends = (int *)STRUCTURES;

	map(KEPT, PAGE, PROT_NONE, anonymous);
	map(STRUCTURES - PAGE, PAGE, PROT_NONE, anonymous);
	map(STRUCTURES, STRUCTURES_BYTES, PROT_READ | PROT_WRITE, anonymous);
	map(ARENA, 16 * PAGE, PROT_READ | PROT_WRITE, anonymous);
	map(ARENA + 16 * PAGE, PAGE, PROT_READ, anonymous);
	map(ARENA + 17 * PAGE, PAGE, PROT_NONE, anonymous);
	map(ARENA + 18 * PAGE, PAGE, PROT_READ | PROT_WRITE, anonymous);
	map(ARENA + 20 * PAGE, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS);
	plain_call(__NR_chdir, (uint64_t)SCRATCH, 0, 0, 0);
	plain_call(__NR_mkdir, (uint64_t) "q-dir", 0777, 0, 0);
	plain_call(__NR_mkdir, (uint64_t) "q-sub", 0777, 0, 0);
	plain_call(__NR_symlink, (uint64_t) "q-dir", (uint64_t) "q-link", 0, 0);
	plain_call(__NR_symlink, (uint64_t) "q-loop", (uint64_t) "q-loop", 0, 0);
	plain_call(__NR_pipe2, (uint64_t)ends, O_NONBLOCK, 0, 0);
	plain_call(__NR_pipe2, (uint64_t)ends, O_NONBLOCK, 0, 0);
	open_file("q-a", O_RDWR | O_CREAT);
	open_file("q-b", O_RDWR | O_CREAT | O_APPEND);
	/* It may be a FIFO by now, which nobody else opens. */
	open_file("q-c", O_RDONLY | O_CREAT | O_NONBLOCK);
	open_file("q-dir", O_RDONLY | O_DIRECTORY);
	open_file("/proc/self/maps", O_RDONLY);
	open_file("/dev/zero", O_RDWR);
	open_file("/proc/self/fd", O_RDONLY | O_DIRECTORY);
	plain_call(__NR_memfd_create, (uint64_t) "memory", 0, 0, 0);
	plain_call(__NR_eventfd2, 3, O_NONBLOCK, 0, 0);
	plain_call(__NR_epoll_create1, 0, 0, 0, 0);
	int64_t null = open_file("/dev/null", O_RDWR);
	if (!SHARED->trace && null >= 0) { /* what is said is said by the supervisor */
		plain_call(__NR_dup2, (uint64_t)null, 1, 0, 0);
		plain_call(__NR_dup2, (uint64_t)null, 2, 0, 0);
	}
}

/* The name by which a panic's message tells the run: "seed.slot". */
static void set_name(const struct slot *slot)
{
	char name[NAME_DIGITS + 8] = {0}, *end = name;
	uint64_t scale = 1;

	for (const char *text = "fuzz."; *text; text++)
		*end++ = *text;
	for (int i = 0; i < 9; i++)
		scale *= 10;
	for (uint64_t rest = slot->seed % (scale * 10); scale; scale /= 10)
		*end++ = (char)('0' + rest / scale % 10);
	plain_call(__NR_prctl, PR_SET_NAME, (uint64_t)name, 0, 0);
}

/* ---- one call ---- */

static void choose(struct child *child, uint64_t *regs)
{
	unsigned total = 0;
	struct random *random = &child->random;
	unsigned at, i = 0;

	for (unsigned n = 0; n < calls_count; n++)
		total += calls[n].weight;
	if (one_in(random, UNKNOWN_IN)) {
		regs[0] = one_in(random, 32) ? make_any(child, 0) : random_below(random, CALLS - 8);
		for (unsigned n = 0; n < ARGUMENTS; n++)
			regs[n + 1] = one_in(random, 2) ? make_any(child, 0) : make_out(child, 256);
		return;
	}
	for (at = (unsigned)random_below(random, total); at >= calls[i].weight; i++)
		at -= calls[i].weight;
	regs[0] = calls[i].number;
	for (unsigned n = 0; n < ARGUMENTS; n++)
		if (calls[i].arguments[n].make)
			regs[n + 1] = calls[i].arguments[n].make(child, calls[i].arguments[n].what);
		else if (one_in(random, 2))
			regs[n + 1] = random_next(random);
}

/* Registers that a call has no business with. */
static void make_odd_registers(struct child *child, uint64_t *regs)
{
	/* AF, ZF, SF, DF, OF, NT, AC, ID; the carry and parity flags too. TF traps at once. */
	static const uint64_t harmless = 0x244cd5;
	struct random *random = &child->random;

	if (one_in(random, 8))
		regs[8] = random_next(random) & harmless;
	if (one_in(random, 1000))
		regs[8] |= 0x100;
	if (one_in(random, 16))
		regs[9] = one_in(random, 2) ? make_wild(child) | 8 : make_out(child, 64);
}

static bool is_fork(uint64_t number)
{
	return number == __NR_fork || number == __NR_vfork || number == __NR_clone;
}

/* The child would go on with the stack of its parent, or none. */
static bool shares(const uint64_t *regs)
{
	return regs[0] == __NR_clone3 || regs[0] == __NR_vfork ||
	       (regs[0] == __NR_clone && ((regs[1] & CLONE_VM) || regs[2]));
}

static bool gives_any_bytes(uint64_t number)
{
	return number == __NR_read || number == __NR_pread64 || number == __NR_readv ||
	       number == __NR_preadv || number == __NR_preadv2 || number == __NR_getrandom;
}

/* Does what a pointer led to hold the upper half of an address of the kernel's: of its frames or
 * its stacks? (That of its map of all memory, 0xffff8000, also comes of odd arguments side by
 * side.) */
static bool tells_address(const uint64_t *regs)
{
	for (unsigned n = 1; n <= ARGUMENTS; n++) {
		const uint32_t *at = (const uint32_t *)(regs[n] & ~3ull);
		if (regs[n] < STRUCTURES || regs[n] >= STRUCTURES + STRUCTURES_BYTES - LOOKED_AT)
			continue;
		for (unsigned i = 0; i < LOOKED_AT / sizeof(*at); i++)
			if (at[i] == KERNEL_STACKS || at[i] == KERNEL_FRAMES)
				return true;
	}
	return false;
}

static void count(const uint64_t *regs, struct record *record)
{
	uint64_t number = regs[0];
	bool failed = record->result < 0 && record->result > -4096;
	bool odd = regs[7] || (failed && -record->result >= (int64_t)ERRORS) ||
		   (!gives_any_bytes(number) && tells_address(regs));

	if (odd) {
		__atomic_fetch_add(&SHARED->odd, 1, __ATOMIC_RELAXED);
		SHARED->odd_record = *record;
	} else if (number < CALLS && failed) {
		__atomic_fetch_add(&SHARED->failed[number][-record->result], 1, __ATOMIC_RELAXED);
	} else if (number < CALLS) {
		__atomic_fetch_add(&SHARED->succeeded[number], 1, __ATOMIC_RELAXED);
	}
}

/* The child that a call has made: its own slot and seed, or its end. */
static void begin_grandchild(struct child *child, uint64_t nth)
{
	const struct slot *parent = child->slot;

	for (unsigned i = 0; parent->depth < DEPTH_MAX && i < SLOTS; i++) {
		struct slot *slot = &SHARED->slots[i];
		int32_t is_free = 0;
		if (slot->depth &&
		    __atomic_compare_exchange_n(&slot->pid, &is_free, -1, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED)) {
			slot->seed = mix_seed(parent->seed, nth);
			slot->made = 0;
			slot->allowed = parent->allowed / SHARE;
			slot->depth = parent->depth + 1;
			child->slot = slot;
			child->random.state = slot->seed;
			__atomic_store_n(&slot->pid, (int32_t)plain_call(__NR_getpid, 0, 0, 0, 0),
					 __ATOMIC_RELEASE);
			return;
		}
	}
	plain_call(__NR_exit_group, 0, 0, 0, 0);
}

/* This program again, in the same slot. */
static void make_self_exec(struct child *child, uint64_t *regs)
{
	static char digits[3];      /* not among the structures: */
	static const char *argv[4]; /* they may overwrite each other */
	unsigned index = (unsigned)(child->slot - SHARED->slots);

	digits[0] = (char)('0' + index / 10);
	digits[1] = (char)('0' + index % 10);
	argv[0] = "fuzz";
	argv[1] = "--child";
	argv[2] = digits;
	regs[0] = __NR_execve;
	regs[1] = (uint64_t) "/proc/self/exe";
	regs[2] = (uint64_t)argv;
	regs[3] = make_strings(child, 0);
}

static void one_call(struct child *child)
{
	struct slot *slot = child->slot;
	uint64_t regs[12] = {0}, nth = slot->made;

	choose(child, regs);
	filter_call(child, regs[0], regs + 1);
	make_odd_registers(child, regs);
	if (one_in(&child->random, SELF_EXEC))
		make_self_exec(child, regs);
	struct record *record = &slot->ring[nth % RING];
	*record = (struct record){
		regs[0], {regs[1], regs[2], regs[3], regs[4], regs[5], regs[6]}, INT64_MIN};
	if (SHARED->trace)
		trace_call(slot, record);
	__atomic_store_n(&slot->made, nth + 1, __ATOMIC_RELEASE);
	if (shares(regs)) {
		record->result = fuzz_clone(regs);
	} else {
		int64_t result = fuzz_call(regs);
		if (result == 0 && is_fork(regs[0])) {
			begin_grandchild(child, nth);
			return;
		}
		record->result = result;
	}
	count(regs, record);
}

_Noreturn void child_run(struct slot *slot)
{
	/* After an exec the numbers go on, but not from the same seed. */
	struct child child = {
		.random = {mix_seed(slot->seed, slot->made)},
		.slot = slot,
		.next = (unsigned char *)STRUCTURES,
	};

	const struct record *last = &slot->ring[(slot->made - 1) % RING];

	if (slot->made && last->number == __NR_execve && last->result == INT64_MIN)
		__atomic_fetch_add(&SHARED->succeeded[__NR_execve], 1, __ATOMIC_RELAXED);
	set_up();
	set_name(slot);
	plain_call(__NR_setsid, 0, 0, 0, 0);
	child.own_group =
		plain_call(__NR_getpgrp, 0, 0, 0, 0) == plain_call(__NR_getpid, 0, 0, 0, 0);
	while (child.slot->made < child.slot->allowed)
		one_call(&child);
	if (child.slot->depth)
		__atomic_store_n(&child.slot->pid, 0, __ATOMIC_RELEASE);
	for (;;)
		plain_call(__NR_exit_group, 0, 0, 0, 0);
}
