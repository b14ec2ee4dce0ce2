/* run_queue.c: see run_queue.h. */
#include "proc/run_queue.h"

#include "debug/assert.h"
#include "proc/thread.h"

/* How far somebody must be behind the one that runs to go first at once: less would have two that
 * talk to each other switch with each word. */
#define OVERTAKE_NS   1000000ull
/* What a new thread is charged for in advance. */
#define NEW_THREAD_NS 3000000ull

/* ---- the queue ---- */

static struct thread *thread_of(struct tree_node *node)
{
	return container_of(node, struct thread, run_node);
}

static struct thread *first_of(const struct run_queue *queue)
{
	struct tree_node *node = tree_first(&queue->threads);

	return node ? thread_of(node) : NULL;
}

static void set_count(struct run_queue *queue, unsigned count)
{
	__atomic_store_n(&queue->count, count, __ATOMIC_RELAXED);
}

void run_queue_insert_locked(struct run_queue *queue, struct thread *thread)
{
	struct tree_node *parent = NULL, **link = &queue->threads.root;

	while (*link) {
		parent = *link;
		link = &parent->child[thread->virtual_time >= thread_of(parent)->virtual_time];
	}
	tree_insert(&queue->threads, parent, link, &thread->run_node);
	set_count(queue, queue->count + 1);
}

void run_queue_remove_locked(struct run_queue *queue, struct thread *thread)
{
	tree_remove(&queue->threads, &thread->run_node);
	set_count(queue, queue->count - 1);
}

struct thread *run_queue_find_locked(const struct run_queue *queue, uint64_t allowed,
				     uint64_t limit)
{
	struct tree_node *node = tree_first(&queue->threads);

	while (node && !(thread_of(node)->affinity & allowed))
		node = tree_next(node);
	return node && thread_of(node)->virtual_time < limit ? thread_of(node) : NULL;
}

struct thread *run_queue_take_locked(struct run_queue *queue)
{
	struct thread *thread = first_of(queue);

	if (!thread)
		return NULL;
	run_queue_remove_locked(queue, thread);
	__atomic_store_n(&queue->floor, MAX(queue->floor, thread->virtual_time), __ATOMIC_RELAXED);
	return thread;
}

void run_queue_make_way_locked(const struct run_queue *queue, struct thread *thread)
{
	const struct thread *first = first_of(queue);

	if (first)
		thread->virtual_time = MAX(thread->virtual_time, first->virtual_time);
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
	uint32_t weight = weights[thread_effective_nice(thread) - NICE_MIN];

	return weight == WEIGHT_NORMAL ? nanoseconds : nanoseconds * WEIGHT_NORMAL / weight;
}

uint64_t run_queue_charged(const struct thread *thread, uint64_t nanoseconds)
{
	return thread->virtual_time + weighted(thread, nanoseconds);
}

bool run_queue_is_overtaken_locked(const struct run_queue *queue, const struct thread *running,
				   uint64_t nanoseconds)
{
	const struct thread *first = first_of(queue);

	return first && !running->is_idle &&
	       first->virtual_time + OVERTAKE_NS < run_queue_charged(running, nanoseconds);
}

void run_queue_begin(struct thread *thread, const struct thread *parent, uint64_t nanoseconds)
{
	thread->virtual_time = run_queue_charged(parent, nanoseconds) + NEW_THREAD_NS;
}
