/*
 * posix_timer.c: timer_create(2) and its like; see interval_timer.h. All timers of a process stand
 * in a list: programs have few.
 */
#include <linux/posix_types.h>
#include <linux/signal.h>
#include <linux/time.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/interval_timer.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/signal.h"
#include "proc/thread.h"

#define OVERRUN_MAX INT32_MAX /* DELAYTIMER_MAX */

struct posix_timer {
	struct interval_timer base;
	struct list_node link;        /* (p) in process_timers.created */
	int id;                       /* (i) */
	struct timer_request request; /* (i) */
	struct queued_signal entry;   /* (p) in a queue while its signal is pending */
	bool is_queued;               /* (p) the same, but for a SIGKILL once its thread ends */
	uint64_t last_end;            /* (p) that it stands for */
	int overrun;                  /* (p) of the last signal that was taken */
};

static struct posix_timer *find_locked(struct process_timers *timers, int id)
{
	if (!timers)
		return NULL;
	list_for_each (node, &timers->created) {
		struct posix_timer *timer = container_of(node, struct posix_timer, link);
		if (timer->id == id)
			return timer;
	}
	return NULL;
}

static struct signal_info info_of(const struct posix_timer *timer)
{
	struct signal_info info = {.si_signo = timer->request.signal, .si_code = SI_TIMER};

	info.si_tid = timer->id;
	if (timer->request.has_value)
		info.si_ptr = (void *)timer->request.value;
	else
		info.si_int = timer->id;
	return info;
}

/* Without anybody to take the signal, look again later: it may be wanted then. */
static void try_later_locked(struct posix_timer *timer)
{
	uint64_t step = MAX(timer->base.interval, TIMER_TICK_NS), next;

	if (__builtin_add_overflow(interval_timer_now(&timer->base), step, &next))
		next = UINT64_MAX;
	interval_timer_set_locked(&timer->base, next);
}

static void posix_timer_ended(struct interval_timer *base)
{
	struct posix_timer *timer = container_of(base, struct posix_timer, base);
	struct process *process = base->process;
	struct thread *thread = NULL;

	timer->last_end = base->end;
	base->end = 0;
	if (timer->request.notify == SIGEV_NONE)
		return;
	if (timer->request.notify == SIGEV_THREAD_ID) {
		thread = process_thread_locked(process, timer->request.thread);
		if (!thread)
			return; /* nobody is there to be told */
	}
	if (signal_is_ignored_locked(process, thread, timer->request.signal)) {
		if (base->interval)
			try_later_locked(timer);
		return;
	}
	timer->is_queued = true;
	timer->entry.info = info_of(timer);
	signal_queue_owned_locked(process, thread, &timer->entry);
}

void posix_timer_taken_locked(struct queued_signal *entry, struct signal_info *info)
{
	struct posix_timer *timer = container_of(entry, struct posix_timer, entry);
	uint64_t passed = 1;

	timer->is_queued = false;
	if (timer->base.interval && !timer->base.end)
		passed = interval_timer_next_locked(&timer->base, timer->last_end);
	timer->overrun = (int)MIN(passed - 1, (uint64_t)OVERRUN_MAX);
	info->si_overrun = timer->overrun;
}

void posix_timers_discarded_locked(struct process_timers *timers, uint64_t set)
{
	list_for_each (node, &timers->created) {
		struct posix_timer *timer = container_of(node, struct posix_timer, link);
		if (!timer->is_queued || !(set & SIGNAL_BIT(timer->request.signal)))
			continue;
		timer->is_queued = false;
		if (timer->base.interval)
			try_later_locked(timer);
	}
}

/* The queue that they stood in is gone, so that nobody will take them. */
void posix_timers_thread_ends_locked(struct process_timers *timers, int thread)
{
	list_for_each (node, &timers->created) {
		struct posix_timer *timer = container_of(node, struct posix_timer, link);
		if (timer->request.notify == SIGEV_THREAD_ID && timer->request.thread == thread)
			timer->is_queued = false;
	}
}

/* ---- the calls ---- */

int posix_timer_create(const struct timer_request *request, int *id)
{
	struct process *process = current_process();
	struct process_timers *timers = timers_get();
	struct posix_timer *timer = kzalloc(sizeof(*timer));
	bool counts_cpu = request->clock == CLOCK_PROCESS_CPUTIME_ID ||
			  request->clock == CLOCK_THREAD_CPUTIME_ID;

	if (!timers || !timer) {
		kfree(timer);
		return -ENOMEM;
	}
	interval_timer_init(&timer->base, process, counts_cpu,
			    request->clock == CLOCK_THREAD_CPUTIME_ID ? current_thread()->id : 0,
			    posix_timer_ended);
	timer->request = *request;
	timer->entry.origin = QUEUED_OWNED;
	spin_lock(&process_lock);
	bool may = timers->count < process->limits[RLIMIT_SIGPENDING].soft;
	if (may) {
		timers->count++;
		do {
			timer->id = timers->next_id++ & INT32_MAX;
		} while (find_locked(timers, timer->id));
		list_push_back(&timers->created, &timer->link);
		*id = timer->id;
	}
	spin_unlock(&process_lock);
	if (!may)
		kfree(timer);
	return may ? 0 : -EAGAIN;
}

/* Out of the list: nobody finds it any more, but for its expire(). Its signal goes with it. */
static void remove_locked(struct process_timers *timers, struct posix_timer *timer)
{
	list_remove(&timer->link);
	timers->count--;
	interval_timer_set_locked(&timer->base, 0);
	signal_discard_owned_locked(timer->base.process, &timer->entry);
}

static void destroy(struct posix_timer *timer)
{
	timer_cancel(&timer->base.timer);
	kfree(timer);
}

int posix_timer_delete(int id)
{
	spin_lock(&process_lock);
	struct process_timers *timers = current_process()->timers;
	struct posix_timer *timer = find_locked(timers, id);
	if (timer)
		remove_locked(timers, timer);
	spin_unlock(&process_lock);
	if (!timer)
		return -EINVAL;
	destroy(timer);
	return 0;
}

void posix_timers_destroy(struct process_timers *timers)
{
	struct list_node graves;

	list_init(&graves);
	spin_lock(&process_lock);
	list_for_each_safe (node, &timers->created) {
		remove_locked(timers, container_of(node, struct posix_timer, link));
		list_push_back(&graves, node);
	}
	timers->next_id = 0;
	spin_unlock(&process_lock);
	list_for_each_safe (node, &graves)
		destroy(container_of(node, struct posix_timer, link));
}

static void get_locked(const struct posix_timer *timer, struct timer_setting *out)
{
	const struct interval_timer *base = &timer->base;
	uint64_t now = interval_timer_now(base), end = base->end;

	*out = (struct timer_setting){.interval = base->interval};
	/* Between an end and the taking of its signal: the next one is where it will be. */
	if (!end && base->interval && timer->last_end)
		end = timer->last_end +
		      (now > timer->last_end ? (now - timer->last_end) / base->interval + 1 : 1) *
			      base->interval;
	if (end)
		out->value = end > now ? end - now : 1;
}

int posix_timer_get(int id, struct timer_setting *out)
{
	spin_lock(&process_lock);
	const struct posix_timer *timer = find_locked(current_process()->timers, id);
	if (timer)
		get_locked(timer, out);
	spin_unlock(&process_lock);
	return timer ? 0 : -EINVAL;
}

/* A signal of the old setting that is still pending goes: it would be taken for the new one's. */
static void set_locked(struct posix_timer *timer, bool relative, const struct timer_setting *fresh)
{
	struct interval_timer *base = &timer->base;
	uint64_t end = fresh->value;

	signal_discard_owned_locked(base->process, &timer->entry);
	timer->is_queued = false;
	timer->last_end = 0;
	timer->overrun = 0;
	base->interval = fresh->value ? fresh->interval : 0;
	if (end && relative && __builtin_add_overflow(interval_timer_now(base), end, &end))
		end = UINT64_MAX;
	interval_timer_set_locked(base, end);
}

int posix_timer_set(int id, bool relative, const struct timer_setting *fresh,
		    struct timer_setting *old)
{
	spin_lock(&process_lock);
	struct posix_timer *timer = find_locked(current_process()->timers, id);
	if (timer) {
		get_locked(timer, old);
		set_locked(timer, relative, fresh);
	}
	spin_unlock(&process_lock);
	return timer ? 0 : -EINVAL;
}

int posix_timer_overrun(int id)
{
	spin_lock(&process_lock);
	const struct posix_timer *timer = find_locked(current_process()->timers, id);
	int overrun = timer ? timer->overrun : -EINVAL;
	spin_unlock(&process_lock);
	return overrun;
}

int posix_timer_clock(int id, int *clock)
{
	spin_lock(&process_lock);
	const struct posix_timer *timer = find_locked(current_process()->timers, id);
	if (timer)
		*clock = timer->request.clock;
	spin_unlock(&process_lock);
	return timer ? 0 : -EINVAL;
}
