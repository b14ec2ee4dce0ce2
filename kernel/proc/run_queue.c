/* run_queue.c: see run_queue.h. */
#include "proc/run_queue.h"

#include "debug/assert.h"
#include "lib/tree.h"
#include "proc/sched.h"
#include "proc/thread.h"

/* How far somebody must be behind the one that runs to go first at once: less would have two that
 * talk to each other switch with each word. */
#define OVERTAKE_NS   1000000ull
/* What a new thread is charged for in advance. */
#define NEW_THREAD_NS 3000000ull

/* (r): everything here, under the scheduler's lock. */
static struct queue {
	struct tree threads; /* by virtual_time */
	unsigned count;
	uint64_t floor; /* virtual time of who was taken last: never goes back */
} queues[CPU_MAX];
static uint64_t idle_cpus; /* (r) */
static unsigned total;     /* (r) the sum of the counts */
/* (r) The least of the busy CPUs' floors: never goes back. */
static uint64_t common_floor;

/* How far before or behind others one may be who comes from another CPU. Where threads are bound to
 * CPUs, or a nice one has a CPU to itself, virtual times go apart; nobody shall wait long for that,
 * nor have a CPU to himself. */
#define FAR_NS (20 * SCHED_SLICE_NS)

/* ---- one queue ---- */

static struct thread *thread_of(struct tree_node *node)
{
	return container_of(node, struct thread, run_node);
}

static struct thread *first_of(const struct queue *queue)
{
	struct tree_node *node = tree_first(&queue->threads);

	return node ? thread_of(node) : NULL;
}

/* Behind those with the same time: first come, first served. */
static void insert(struct queue *queue, struct thread *thread)
{
	struct tree_node *parent = NULL, **link = &queue->threads.root;

	while (*link) {
		parent = *link;
		link = &parent->child[thread->virtual_time >= thread_of(parent)->virtual_time];
	}
	tree_insert(&queue->threads, parent, link, &thread->run_node);
	queue->count++;
	total++;
}

static void remove(struct queue *queue, struct thread *thread)
{
	tree_remove(&queue->threads, &thread->run_node);
	queue->count--;
	total--;
}

/* ---- which queue ---- */

static bool may_run_on(const struct thread *thread, unsigned cpu)
{
	return thread->affinity & 1ull << cpu;
}

/* A running thread that starts or wakes another often waits for it next: to have that one wait for
 * a moment costs less than to call another CPU. Not where somebody waits here already. */
static bool stays_with_waker(const struct thread *thread)
{
	const struct cpu *here = cpu_local();

	return !here->in_interrupt && !here->thread->is_idle && !queues[here->id].count &&
	       may_run_on(thread, here->id);
}

/* With who wakes it. Else where it ran last, if that idles: its data may be in the caches. Else any
 * that idles. Else where it ran last, or where it may. */
static unsigned best_cpu(const struct thread *thread)
{
	if (stays_with_waker(thread))
		return cpu_local()->id;

	uint64_t allowed = thread->affinity & cpus_online();

	if (!allowed)
		allowed = cpus_online();
	uint64_t last = allowed & 1ull << thread->cpu;
	if (last & idle_cpus)
		return thread->cpu;
	if (allowed & idle_cpus)
		return (unsigned)__builtin_ctzll(allowed & idle_cpus);
	return last ? thread->cpu : (unsigned)__builtin_ctzll(allowed);
}

/* The virtual time that those who compete for the CPU have reached. */
static uint64_t floor_of(unsigned cpu)
{
	uint64_t least = UINT64_MAX, busy = cpus_online() & ~idle_cpus;

	for (; busy; busy &= busy - 1)
		least = MIN(least, queues[__builtin_ctzll(busy)].floor);
	if (least != UINT64_MAX)
		common_floor = MAX(common_floor, least);
	return MAX(common_floor, queues[cpu].floor);
}

/* It waits for `cpu` from now on, and is at most `behind` behind the others there. */
static void move_to(struct thread *thread, unsigned cpu, uint64_t behind)
{
	uint64_t floor = floor_of(cpu);

	if (thread->cpu != cpu)
		thread->virtual_time = MIN(thread->virtual_time, floor + FAR_NS);
	if (floor > behind)
		thread->virtual_time = MAX(thread->virtual_time, floor - behind);
	thread->cpu = (uint16_t)cpu;
}

unsigned run_queue_add_locked(struct thread *thread)
{
	unsigned cpu = best_cpu(thread);

	thread->state = THREAD_RUNNABLE;
	move_to(thread, cpu, SCHED_SLICE_NS);
	insert(&queues[cpu], thread);
	return cpu;
}

void run_queue_return_locked(struct thread *thread, bool makes_way)
{
	const struct thread *first = first_of(&queues[thread->cpu]);

	if (makes_way && first)
		thread->virtual_time = MAX(thread->virtual_time, first->virtual_time);
	if (!may_run_on(thread, thread->cpu))
		move_to(thread, best_cpu(thread), FAR_NS);
	insert(&queues[thread->cpu], thread);
}

/* The first one of another CPU's queue that `cpu` may take, and that is behind `limit`. */
static struct thread *find_behind(unsigned cpu, uint64_t limit)
{
	struct thread *best = NULL;

	for (unsigned other = 0; other < cpu_count(); other++) {
		struct tree_node *node = other == cpu ? NULL : tree_first(&queues[other].threads);
		while (node && !may_run_on(thread_of(node), cpu))
			node = tree_next(node);
		if (!node || thread_of(node)->virtual_time >= limit)
			continue;
		if (!best || thread_of(node)->virtual_time < best->virtual_time)
			best = thread_of(node);
	}
	return best;
}

struct thread *run_queue_take_locked(unsigned cpu)
{
	struct thread *mine = first_of(&queues[cpu]), *other = NULL;

	if (total > queues[cpu].count)
		other = find_behind(cpu, !mine ? UINT64_MAX
					 : mine->virtual_time > SCHED_SLICE_NS
						 ? mine->virtual_time - SCHED_SLICE_NS
						 : 0);
	struct thread *thread = other ? other : mine;
	if (!thread)
		return NULL;
	remove(&queues[thread->cpu], thread);
	if (thread->cpu != cpu)
		move_to(thread, cpu, FAR_NS);
	queues[cpu].floor = MAX(queues[cpu].floor, thread->virtual_time);
	return thread;
}

bool run_queue_waits_locked(unsigned cpu)
{
	return queues[cpu].count;
}

void run_queue_remove_locked(struct thread *thread)
{
	remove(&queues[thread->cpu], thread);
}

bool run_queue_has_work_locked(unsigned cpu)
{
	return queues[cpu].count || (total && find_behind(cpu, UINT64_MAX));
}

unsigned run_queue_length_locked(void)
{
	return total;
}

/* ---- virtual time ---- */

/* Of nice values from -20 to 19: each step is about 1.25 times as much, 1024 is nice 0. */
static const uint32_t weights[NICE_COUNT] = {
	88818, 71054, 56843, 45475, 36380, 29104, 23283, 18626, 14901, 11921,
	9537,  7629,  6104,  4883,  3906,  3125,  2500,  2000,  1600,  1280,
	1024,  819,   655,   524,   419,   336,   268,   215,   172,   137,
	110,   88,    70,    56,    45,    36,    29,    23,    18,    15,
};
#define WEIGHT_NORMAL 1024u

static uint64_t weighted(const struct thread *thread, uint64_t nanoseconds)
{
	uint32_t weight = weights[sched_effective_nice(thread) - NICE_MIN];

	return weight == WEIGHT_NORMAL ? nanoseconds : nanoseconds * WEIGHT_NORMAL / weight;
}

void run_queue_charge_locked(struct thread *thread, uint64_t nanoseconds)
{
	thread->virtual_time += weighted(thread, nanoseconds);
}

bool run_queue_is_overtaken_locked(unsigned cpu, const struct thread *running, uint64_t nanoseconds)
{
	const struct thread *first = first_of(&queues[cpu]);

	return first && !running->is_idle &&
	       first->virtual_time + OVERTAKE_NS <
		       running->virtual_time + weighted(running, nanoseconds);
}

void run_queue_begin_locked(struct thread *thread, const struct thread *parent,
			    uint64_t nanoseconds)
{
	thread->virtual_time = parent->virtual_time + weighted(parent, nanoseconds) + NEW_THREAD_NS;
}

void run_queue_set_idle_locked(unsigned cpu, bool idle)
{
	if (idle)
		idle_cpus |= 1ull << cpu;
	else
		idle_cpus &= ~(1ull << cpu);
}

uint64_t run_queue_idle_cpus_locked(void)
{
	return idle_cpus;
}
