/*
 * model.c: runs random operations on address spaces, against an oracle. See model.h.
 *
 *     model [--seed N] [--ops N] [--check N] [--oom N] [--share HOW]
 *           [--only N,N,...] [--words] [--shrink]
 *
 *   --check N   check all invariants, all counts and all regions every N operations (default 100;
 *               0: at the end only)
 *   --oom N     one operation in N runs with only 0 to 5 frames left (default 8; 0: never)
 *   --share HOW how deep fork shares: root (default), leaf or none
 *   --only LIST only the operations of these numbers
 *   --words     print each operation, in words, before it is run
 *   --shrink    after a failure, look for the shortest list of operations that fails too
 *
 * The processor has tags for its translations (vm/tlb.c) if the seed is odd.
 *
 * The run is a process of its own (gdb: set follow-fork-mode child). A difference, a broken
 * invariant or a sanitizer's report ends it; the exit status is 1 then, and the command that fails
 * in the same way is printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "model.h"
#include "vm/check.h"
#include "vm/fork.h"

/* Every so many operations a space that is not concerned is compared before and after. */
#define BYSTANDER_EVERY 16u

/* More than there are frames, for vm_check_all(). */
#define SLOTS (1u << 16)
_Static_assert(SLOTS > FRAMES, "a slot for each frame");

/* The run in progress; one at a time in a process. */
static const struct arguments *run_arguments;
static volatile struct progress *run_progress;
static struct vm_name scratch[SLOTS];

/* ---- what failed ---- */

void differ(const char *what, vaddr_t va, uint64_t got, uint64_t want)
{
	fprintf(stderr, "model: %s at %#llx: %#llx, the oracle says %#llx\n", what,
		(unsigned long long)va, (unsigned long long)got, (unsigned long long)want);
	exit(1);
}

enum outcome expect_done(const char *what, const struct operation *op, int error)
{
	if (!error)
		return DONE;
	if (error != -ENOMEM || op->allow < 0)
		differ(what, page_va(op->first), (uint64_t)error, 0);
	return FAILED;
}

/* ---- one operation ---- */

static enum outcome call(const struct operation *op, struct process *process)
{
	static enum outcome (*const calls[OPERATION_KINDS])(const struct operation *,
							    struct process *) = {
		[OP_MAP_ANONYMOUS] = run_map,   [OP_MAP_FILE_PRIVATE] = run_map,
		[OP_MAP_FILE_SHARED] = run_map, [OP_MAP_SHARED_MEMORY] = run_map,
		[OP_MAP_ANYWHERE] = run_map,    [OP_MAP_HUGE] = run_map,
		[OP_UNMAP] = run_unmap,         [OP_PROTECT] = run_protect,
		[OP_REMAP_TO] = run_remap,      [OP_REMAP_ANYWHERE] = run_remap,
		[OP_DISCARD] = run_advise,      [OP_ADVISE_HUGE] = run_advise,
		[OP_ADVISE_FORK] = run_advise,  [OP_LOCK] = run_lock,
		[OP_POPULATE] = run_populate,   [OP_LIMIT] = run_limit,
		[OP_TRUNCATE] = run_truncate,   [OP_BRK] = run_brk,
		[OP_LOAD] = run_access,         [OP_STORE] = run_access,
		[OP_EXECUTE] = run_access,      [OP_COPY_FROM_USER] = run_copy,
		[OP_COPY_TO_USER] = run_copy,   [OP_CLEAR_USER] = run_copy,
		[OP_COPY_STRING] = run_string,  [OP_WRITE_REMOTE] = run_copy,
		[OP_ZERO_REMOTE] = run_copy,    [OP_FORK] = run_fork,
		[OP_EXEC] = run_exec,           [OP_EXIT] = run_exit,
	};

	return calls[op->kind](op, process);
}

/* The process the operation is for: the next that lives; a new one starts where none does. */
static struct process *choose(struct operation *op)
{
	for (unsigned i = 0; i < PROCESSES; i++) {
		struct process *process = &processes[(op->process + i) % PROCESSES];
		if (process->space)
			return process;
	}
	op->kind = OP_EXEC;
	op->allow = -1;
	return &processes[op->process];
}

static unsigned next_mapped(const struct process *process, unsigned first)
{
	const struct window *window = window_of(first);

	for (unsigned page = first; page < window->first + window->pages; page++)
		if (process->pages[page].prot != UNMAPPED)
			return page;
	return first;
}

static struct process *bystander_of(const struct process *process)
{
	for (unsigned i = 1; i < PROCESSES; i++) {
		struct process *other = &processes[((size_t)(process - processes) + i) % PROCESSES];
		if (other->space)
			return other;
	}
	return NULL;
}

static void touch(const struct operation *op, struct process *process)
{
	const unsigned pages[] = {op->first, op->first + op->count - 1, op->to};

	for (unsigned i = 0; process->space && i < ARRAY_SIZE(pages); i++) {
		struct operation access = {
			.kind = OP_STORE,
			.first = pages[i],
			.value = op->value + i,
			.allow = -1,
		};
		(void)run_access(&access, process);
		access.kind = OP_LOAD;
		(void)run_access(&access, process);
	}
}

static void step(unsigned long number)
{
	struct operation op;
	char text[320];

	operation_make(run_arguments->seed, number, run_arguments->oom, &op);
	struct process *process = choose(&op);
	if (op.mapped)
		op.first = next_mapped(process, op.first);
	/* A file that is cut off is so for everybody. */
	bool alone = op.kind == OP_TRUNCATE || number % BYSTANDER_EVERY;
	struct process *bystander = alone ? NULL : bystander_of(process);
	bool may_fail = process->space && (op.allow >= 0 || number % BYSTANDER_EVERY == 1);

	if (run_arguments->words) {
		operation_describe(&op, (unsigned)(process - processes), text, sizeof(text));
		printf("%lu: %s\n", number, text);
		fflush(stdout);
	}
	if (operation_touches(&op))
		touch(&op, process);
	if (may_fail)
		snapshot_take(0, process->space);
	if (bystander)
		snapshot_take(1, bystander->space);
	if (op.allow >= 0)
		host_allow_allocations(op.allow);
	enum outcome outcome = call(&op, process);
	host_allow_allocations(-1);
	run_progress->outcomes[op.kind][outcome]++;
	if (may_fail && (outcome == FAILED || outcome == REFUSED))
		snapshot_compare(0, process->space, true, "something changed by a failed call");
	if (bystander)
		snapshot_compare(1, bystander->space, false, "something changed for a bystander");
	if (operation_touches(&op))
		touch(&op, process);
}

/* ---- the checks ---- */

static void check_state(const struct vm_census *census, enum frame_state state, uint64_t others)
{
	struct frame_counts counts;

	frame_counts(&counts);
	if (counts.by_state[state] != census->by_state[state] + others)
		differ(frame_state_names[state], 0, counts.by_state[state],
		       census->by_state[state] + others);
}

static void check_everything(void)
{
	struct vm_space *spaces[PROCESSES];
	struct vm_object *objects[MEMORIES];
	struct vm_census census;
	unsigned space_count = 0, object_count = 0;

	for (unsigned i = 0; i < PROCESSES; i++)
		if (processes[i].space) {
			oracle_check_regions(&processes[i]);
			spaces[space_count++] = processes[i].space;
		}
	oracle_check_memories();
	for (unsigned i = 0; i < MEMORIES; i++)
		if (memories[i].object)
			objects[object_count++] = memories[i].object;
	vm_check_all(spaces, space_count, objects, object_count, scratch, SLOTS, &census);
	/* Nothing is in use that nobody names; one table is the kernel's root. */
	check_state(&census, FRAME_ANON, 0);
	check_state(&census, FRAME_CACHE, 0);
	check_state(&census, FRAME_TABLE, 1);
}

static void check_end(const struct frame_counts *before)
{
	struct frame_counts after;

	for (unsigned i = 0; i < PROCESSES; i++)
		if (processes[i].space)
			run_exit(NULL, &processes[i]);
	files_destroy();
	for (unsigned i = 0; i < MEMORIES; i++)
		if (memories[i].object)
			differ("an object nobody maps", 0, i, 0);
	frame_counts(&after);
	for (unsigned i = 0; i < FRAME_STATES; i++)
		if (after.by_state[i] != before->by_state[i])
			differ(frame_state_names[i], 0, after.by_state[i], before->by_state[i]);
}

static enum fork_share share_named(const char *name)
{
	if (name && !strcmp(name, "none"))
		return FORK_SHARE_NONE;
	return name && !strcmp(name, "leaf") ? FORK_SHARE_LEAF : FORK_SHARE_ROOT;
}

void run_list(const struct arguments *arguments, const unsigned long *numbers, unsigned long count,
	      volatile struct progress *progress)
{
	struct frame_counts before;

	run_arguments = arguments;
	run_progress = progress;
	progress->place = 0;
	host_tags = arguments->seed % 2;
	host_memory_init(FRAMES);
	vm_set_fork_share(share_named(arguments->share));
	frame_counts(&before);
	files_create();
	for (unsigned long i = 0; i < count; i++) {
		progress->place = i;
		step(numbers ? numbers[i] : i);
		if (arguments->check && i % arguments->check == 0)
			check_everything();
	}
	check_everything();
	check_end(&before);
}

/* ---- the command ---- */

static const char *argument(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], name))
			return i + 1 < argc ? argv[i + 1] : "";
	return NULL;
}

static unsigned long number_argument(int argc, char **argv, const char *name,
				     unsigned long otherwise)
{
	const char *text = argument(argc, argv, name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

/* "3,14,15": the numbers, in memory of their own. */
static unsigned long *read_list(const char *text, unsigned long *count)
{
	unsigned long *numbers = malloc((strlen(text) + 1) * sizeof(*numbers));

	assert(numbers);
	*count = 0;
	while (*text) {
		char *end;
		numbers[(*count)++] = strtoul(text, &end, 10);
		text = *end ? end + 1 : end;
	}
	return numbers;
}

static void print_outcomes(const struct arguments *arguments, unsigned long count,
			   const volatile struct progress *progress)
{
	printf("seed %lu: %lu operations: ok\n", arguments->seed, count);
	printf("%-18s %8s %8s %8s %8s %8s\n", "", "done", "skipped", "refused", "failed", "partly");
	for (unsigned kind = 0; kind < OPERATION_KINDS; kind++) {
		printf("%-18s", operation_names[kind]);
		for (unsigned outcome = 0; outcome < OUTCOMES; outcome++)
			printf(" %8lu", progress->outcomes[kind][outcome]);
		puts("");
	}
}

int main(int argc, char **argv)
{
	const char *only = argument(argc, argv, "--only");
	struct arguments arguments = {
		.seed = number_argument(argc, argv, "--seed", 1),
		.operations = number_argument(argc, argv, "--ops", 100000),
		.check = number_argument(argc, argv, "--check", 100),
		.oom = (unsigned)number_argument(argc, argv, "--oom", 8),
		.share = argument(argc, argv, "--share"),
		.words = argument(argc, argv, "--words"),
	};
	unsigned long *numbers = only ? read_list(only, &arguments.operations) : NULL;
	unsigned long count = arguments.operations;
	volatile struct progress *progress = mmap(NULL, sizeof(*progress), PROT_READ | PROT_WRITE,
						  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;

	assert(progress != MAP_FAILED);
	if (argument(argc, argv, "--shrink")) {
		status = shrink(&arguments, numbers, count, progress);
	} else if (run_fails(&arguments, numbers, &count, true, progress)) {
		print_replay(&arguments, numbers, count);
		status = 1;
	} else {
		print_outcomes(&arguments, count, progress);
	}
	free(numbers);
	return status;
}
