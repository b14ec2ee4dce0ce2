/* interval_timer.c: see interval_timer.h: the clockwork, and setitimer(2). */
#include "proc/interval_timer.h"

#include <arch/cpu.h>
#include <arch/time.h>
#include <linux/resource.h>
#include <linux/time.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/process_table.h"
#include "proc/sched.h"
#include "proc/signal.h"
#include "proc/thread.h"

#define ITIMERS         ARRAY_SIZE(((struct process_timers *)NULL)->of_process)
#define CPU_LIMIT_TIMER (ITIMER_PROF + 1)
#define NS_PER_SECOND   1000000000ull

/* ---- the clockwork ---- */

uint64_t interval_timer_now(const struct interval_timer *timer)
{
	const struct process *process = timer->process;

	if (!timer->counts_cpu)
		return time_now();
	if (!timer->thread)
		return process_cpu_time_locked(process);
	struct thread *thread = process_thread_locked(process, timer->thread);
	return thread ? sched_cpu_time(thread) : 0; /* its end never comes */
}

/* CPU time goes no faster than time_now() on each CPU: so it is early enough to look when the end
 * would be if the process did nothing but run. */
static void arm_locked(struct interval_timer *timer)
{
	uint64_t deadline = timer->end;

	if (timer->counts_cpu) {
		uint64_t used = interval_timer_now(timer);
		uint64_t left = timer->end > used ? timer->end - used : 0;
		left /= MAX(MIN(timer->process->thread_count, cpu_count()), 1u);
		if (timer->thread && !used)
			return; /* the thread is gone */
		if (__builtin_add_overflow(time_now(), MAX(left, TIMER_TICK_NS), &deadline))
			return; /* it will not be */
	}
	timer_set(&timer->timer, deadline);
}

static void expire(struct timer *base)
{
	struct interval_timer *timer = container_of(base, struct interval_timer, timer);

	spin_lock(&process_lock);
	if (timer->end && timer->end > interval_timer_now(timer))
		arm_locked(timer); /* it was set again, or its clock stood still */
	else if (timer->end)
		timer->ended(timer);
	spin_unlock(&process_lock);
}

void interval_timer_init(struct interval_timer *timer, struct process *process, bool counts_cpu,
			 int thread, void (*ended)(struct interval_timer *timer))
{
	timer->thread = thread;
	timer->timer.expire = expire;
	timer->process = process;
	timer->counts_cpu = counts_cpu;
	timer->ended = ended;
}

/* One that is set no longer still expires, and does nothing: to take it out of the list could mean
 * to wait for expire(), which wants the lock. */
void interval_timer_set_locked(struct interval_timer *timer, uint64_t end)
{
	assert(spin_held(&process_lock));
	timer->end = end;
	if (end)
		arm_locked(timer);
}

uint64_t interval_timer_next_locked(struct interval_timer *timer, uint64_t end)
{
	uint64_t now = interval_timer_now(timer), passed = 1, next;

	if (now > end)
		passed += (now - end) / timer->interval;
	if (__builtin_mul_overflow(passed, timer->interval, &next) ||
	    __builtin_add_overflow(end, next, &next))
		next = UINT64_MAX;
	interval_timer_set_locked(timer, next);
	return passed;
}

/* ---- setitimer ---- */

static void watch_cpu_locked(struct interval_timer *timer)
{
	const struct process_limit *limit = &timer->process->limits[RLIMIT_CPU];
	uint64_t end;

	/* 0 is a second, too. */
	if (__builtin_mul_overflow(MAX(MIN(limit->soft, limit->hard), 1u), NS_PER_SECOND, &end))
		end = 0;
	interval_timer_set_locked(timer, end);
}

static void itimer_ended(struct interval_timer *timer)
{
	static const int signals[] = {
		[ITIMER_REAL] = SIGALRM, [ITIMER_VIRTUAL] = SIGVTALRM, [ITIMER_PROF] = SIGPROF};
	struct process *process = timer->process;
	size_t which = (size_t)(timer - process->timers->of_process);
	const struct signal_info info = signal_info_kernel(signals[which]);

	if (timer->counts_cpu && timer->interval)
		interval_timer_next_locked(timer, timer->end);
	else
		timer->end = 0;
	signal_send_locked(process, &info);
}

/* As Linux: who goes on in spite of SIGXCPU has a second more, also in what getrlimit(2) says. */
static void cpu_limit_ended(struct interval_timer *timer)
{
	struct process *process = timer->process;
	struct process_limit *limit = &process->limits[RLIMIT_CPU];
	uint64_t seconds = interval_timer_now(timer) / NS_PER_SECOND;
	struct signal_info info;

	timer->end = 0;
	if (seconds >= limit->hard) {
		info = signal_info_kernel(SIGKILL);
		signal_send_locked(process, &info);
		return;
	}
	if (seconds >= limit->soft) {
		info = signal_info_kernel(SIGXCPU);
		signal_send_locked(process, &info);
		limit->soft = seconds + 1;
	}
	watch_cpu_locked(timer);
}

static struct process_timers *get_timers(struct process *process)
{
	struct process_timers *there = __atomic_load_n(&process->timers, __ATOMIC_ACQUIRE);

	if (there)
		return there;
	struct process_timers *timers = kzalloc(sizeof(*timers));
	if (!timers)
		return NULL;
	for (unsigned i = 0; i < ITIMERS; i++)
		interval_timer_init(&timers->of_process[i], process, i != ITIMER_REAL, 0,
				    i == CPU_LIMIT_TIMER ? cpu_limit_ended : itimer_ended);
	list_init(&timers->created);
	spin_lock(&process_lock);
	there = process->timers; /* another thread may have been faster */
	if (!there)
		__atomic_store_n(&process->timers, timers, __ATOMIC_RELEASE);
	spin_unlock(&process_lock);
	if (there)
		kfree(timers);
	return there ? there : timers;
}

struct process_timers *timers_get(void)
{
	return get_timers(current_process());
}

void process_watch_cpu_locked(struct process *process)
{
	assert(spin_held(&process_lock) && process->timers);
	watch_cpu_locked(&process->timers->of_process[CPU_LIMIT_TIMER]);
}

int process_watch_cpu(struct process *process)
{
	const struct process_limit *limit = &process->limits[RLIMIT_CPU];

	if (!process->timers && MIN(limit->soft, limit->hard) == RLIM64_INFINITY)
		return 0;
	struct process_timers *timers = get_timers(process);
	if (!timers)
		return -ENOMEM;
	spin_lock(&process_lock);
	watch_cpu_locked(&timers->of_process[CPU_LIMIT_TIMER]);
	spin_unlock(&process_lock);
	return 0;
}

static struct timer_setting get_locked(const struct interval_timer *timer)
{
	struct timer_setting setting = {.interval = timer->interval};
	uint64_t now = interval_timer_now(timer);

	/* 0 would say that it is not set. */
	if (timer->end)
		setting.value = timer->end > now ? timer->end - now : 1;
	return setting;
}

void process_get_itimer(unsigned which, struct timer_setting *out)
{
	const struct process_timers *timers =
		__atomic_load_n(&current_process()->timers, __ATOMIC_ACQUIRE);

	assert(which < ITIMERS);
	*out = (struct timer_setting){0};
	if (!timers)
		return;
	spin_lock(&process_lock);
	*out = get_locked(&timers->of_process[which]);
	spin_unlock(&process_lock);
}

int process_set_itimer(unsigned which, const struct timer_setting *fresh, struct timer_setting *old)
{
	struct process_timers *timers = timers_get();
	uint64_t end = 0;

	assert(which < ITIMERS);
	if (!timers)
		return -ENOMEM;
	struct interval_timer *timer = &timers->of_process[which];
	spin_lock(&process_lock);
	*old = get_locked(timer);
	timer->interval = fresh->value || timer->counts_cpu ? fresh->interval : 0;
	if (fresh->value && __builtin_add_overflow(interval_timer_now(timer), fresh->value, &end))
		end = UINT64_MAX;
	interval_timer_set_locked(timer, end);
	spin_unlock(&process_lock);
	return 0;
}

/* ---- signals and processes ---- */

void timers_taken_locked(struct process *process, struct queued_signal *owned,
			 struct signal_info *info)
{
	struct process_timers *timers = process->timers;

	if (LIKELY(!timers))
		return;
	if (owned) {
		posix_timer_taken_locked(owned, info);
		return;
	}
	struct interval_timer *real = &timers->of_process[ITIMER_REAL];
	/* Whoever has sent it: as on Linux. */
	if (info->si_signo == SIGALRM && !real->end && real->interval)
		interval_timer_next_locked(real, real->timer.deadline);
}

void timers_discarded_locked(struct process *process, uint64_t set)
{
	if (process->timers)
		posix_timers_discarded_locked(process->timers, set);
}

void timers_thread_ends_locked(struct process *process, int thread)
{
	if (process->timers)
		posix_timers_thread_ends_locked(process->timers, thread);
}

void timers_exec(struct process *process)
{
	if (process->timers)
		posix_timers_destroy(process->timers);
}

void timers_destroy(struct process *process)
{
	struct process_timers *timers = process->timers;

	if (!timers)
		return;
	posix_timers_destroy(timers);
	/* First: nobody else sets one any more (prlimit(2)), and one that expires does nothing. */
	spin_lock(&process_lock);
	process->timers = NULL;
	for (unsigned i = 0; i < ITIMERS; i++)
		interval_timer_set_locked(&timers->of_process[i], 0);
	spin_unlock(&process_lock);
	for (unsigned i = 0; i < ITIMERS; i++)
		timer_cancel(&timers->of_process[i].timer);
	kfree(timers);
}
