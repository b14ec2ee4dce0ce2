/*
 * fuzz.h: a fuzzer of system calls. A supervisor (main.c) starts processes that make calls
 * (child.c), each call drawn from a table (calls.c), its arguments by generators (generate.c,
 * structures.c) that know what kind of thing each is.
 *
 * Everything a process does follows from its seed and from what the kernel answers, so a run can be
 * repeated. A process uses nothing of the C library, because its calls may take away what the
 * library needs: no errno, no memory but what stands below.
 */
#ifndef TEST_SYSCALLS_FUZZ_H
#define TEST_SYSCALLS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE 4096ul

/* Where a process plays with memory. Only the kernel touches it: pages may go at any time. */
#define ARENA            0x10000000ul
#define ARENA_PAGES      32ul
/* What the calls must leave alone: a page without access, for a long write may come up to it from
 * below; what all processes share; another such page, the structures that the generators make, and
 * a page that is never there. */
#define KEPT             0x20000000ul
#define STATE            (KEPT + PAGE)
#define SHARED_BYTES     0x200000ul
#define STRUCTURES       (STATE + SHARED_BYTES + PAGE)
#define STRUCTURES_BYTES (16 * PAGE)
#define KEPT_END         (STRUCTURES + STRUCTURES_BYTES + PAGE)

#define SCRATCH    "/q-fuzz" /* the folder that processes work in */
#define STATE_FILE "/q-fuzz-state"

#define CALLS     480u /* beyond the last number of Linux */
#define ERRORS    134u
#define ARGUMENTS 6u
#define RING      24u
#define SLOTS     24u /* the supervisor's own processes, then theirs */

struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *random)
{
	uint64_t z = random->state += 0x9e3779b97f4a7c15ull; /* SplitMix64 */

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

static inline uint64_t random_below(struct random *random, uint64_t end)
{
	return random_next(random) % end;
}

static inline bool one_in(struct random *random, uint64_t n)
{
	return random_below(random, n) == 0;
}

struct record {
	uint64_t number, a[ARGUMENTS];
	int64_t result;
};

/* One process. Its calls are counted before they are made: call n stands at ring[n % RING]. */
struct slot {
	int32_t pid;      /* 0: free; -1: being set up */
	int32_t depth;    /* 0: the supervisor's own child */
	uint64_t seed;    /* of this process */
	uint64_t made;    /* calls */
	uint64_t allowed; /* calls */
	struct record ring[RING];
};

/* Mapped by all, from STATE_FILE. */
struct shared {
	struct slot slots[SLOTS];
	uint32_t succeeded[CALLS];
	uint32_t failed[CALLS][ERRORS];
	uint32_t odd; /* answers that no call may give */
	struct record odd_record;
	uint32_t ends[128]; /* of processes, by signal; 0: an exit */
	uint32_t started, stuck_killed;
	bool trace;
};

#define SHARED ((struct shared *)STATE)

/* A process's own state. */
struct child {
	struct random random;
	struct slot *slot;
	unsigned char *next; /* in the structures */
	bool own_group;      /* of processes: signals to it reach nobody else */
};

/* An argument: how it is made, and what of: bits that are known, a count, a size. */
struct argument {
	uint64_t (*make)(struct child *child, uint64_t what);
	uint64_t what;
};

struct call {
	const char *name;
	unsigned number, weight;
	struct argument arguments[ARGUMENTS];
};

extern const struct call calls[];
extern const unsigned calls_count;

/* call.S: make the call at regs[0] with the arguments at regs[1] to [6]. regs[7] is set to 1 if a
 * register was not kept. regs[8] is or-ed into RFLAGS before. regs[9], unless 0, is RSP meanwhile.
 */
int64_t fuzz_call(uint64_t *regs);
/* The same where the child shares memory or has its own stack: there it only makes a few calls and
 * exits, without a stack. */
int64_t fuzz_clone(uint64_t *regs);
void fuzz_restorer(void);
void fuzz_handler(int signal);

int64_t plain_call(uint64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d);
uint64_t mix_seed(uint64_t seed, uint64_t salt);

/* child.c: from here to the end of the process. */
_Noreturn void child_run(struct slot *slot);

/* report.c: a call in words; its length. On standard error, before it is made. */
size_t describe_call(char *to, const struct record *record);
void trace_call(const struct slot *slot, const struct record *record);

/* files.c: the files that are there; remove those that were not when noted. */
void files_note(void);
unsigned files_remove_new(void);
void sysv_remove_all(void);

/* filter.c: change the arguments of a call that would end or spoil the run itself. */
void filter_call(struct child *child, uint64_t number, uint64_t a[ARGUMENTS]);

/* generate.c: numbers */
uint64_t make_any(struct child *child, uint64_t what);
uint64_t make_flags(struct child *child, uint64_t bits);
uint64_t make_below(struct child *child, uint64_t end);
uint64_t make_value(struct child *child, uint64_t value);
uint64_t make_fd(struct child *child, uint64_t what);
uint64_t make_directory(struct child *child, uint64_t what);
uint64_t make_length(struct child *child, uint64_t what);
uint64_t make_offset(struct child *child, uint64_t what);
uint64_t make_address(struct child *child, uint64_t what);
uint64_t make_pages(struct child *child, uint64_t what);
uint64_t make_signal(struct child *child, uint64_t what);
uint64_t make_pid(struct child *child, uint64_t what);
uint64_t make_wild(struct child *child);

/* generate.c: names */
uint64_t make_path(struct child *child, uint64_t what);
uint64_t make_own_path(struct child *child, uint64_t what);
uint64_t make_text(struct child *child, uint64_t longest);

/* structures.c: pointers. In most cases to something of the wanted form. */
void *structure(struct child *child, size_t bytes);
uint64_t make_out(struct child *child, uint64_t bytes);
uint64_t make_random_bytes(struct child *child, uint64_t bytes);
uint64_t make_offset_pointer(struct child *child, uint64_t what);
uint64_t make_iovec(struct child *child, uint64_t what);
uint64_t make_timespec(struct child *child, uint64_t is_microseconds);
uint64_t make_interval(struct child *child, uint64_t what);
uint64_t make_sigset(struct child *child, uint64_t what);
uint64_t make_sigaction(struct child *child, uint64_t what);
uint64_t make_altstack(struct child *child, uint64_t what);
uint64_t make_pollfds(struct child *child, uint64_t what);
uint64_t make_limits(struct child *child, uint64_t what);
uint64_t make_strings(struct child *child, uint64_t what);
uint64_t make_event(struct child *child, uint64_t what);
uint64_t make_ioctl(struct child *child, uint64_t what);
uint64_t make_futex(struct child *child, uint64_t what);
uint64_t make_clone_args(struct child *child, uint64_t what);

#endif
