/*
 * wakeup.pml: a thread that waits, those who wake it, and the CPUs that it moves between
 * (kernel/proc/waits.c, wake.c, balance.c and the switch in sched.c), explored exhaustively.
 *
 * One thread waits for a condition, again and again, as wait_until() does; it may be preempted while
 * it does not wait. WAKERS others make the condition true and wake its queue, OPS times in all; a
 * thief makes it false again THEFTS times. All of these run on CPUs that the model does not have. A
 * signal wakes the thread without the queue, SIGNALS times. Two CPUs idle until the thread stands in
 * their queues, or one takes it from the other's.
 *
 * What must hold:
 *  - the thread runs on one CPU at a time, and only after its registers were saved;
 *  - it stands in one run queue at most, and nobody but who moves it changes it while it is MOVING;
 *  - when it has left the wait queue nobody who took it from there is at it any more;
 *  - in the end it does not sleep while the condition is true.
 */
#ifndef WAKERS
#define WAKERS 2
#endif
#ifndef OPS
#define OPS 2
#endif
#ifndef THEFTS
#define THEFTS 1
#endif
#ifndef SIGNALS
#define SIGNALS 1
#endif
#ifndef MOVES
#define MOVES 1 /* so often a CPU takes it from the other's queue, or it is preempted */
#endif

#define CPUS 2

mtype = {RUNNING, BLOCKED, RUNNABLE, MOVING};

mtype state = RUNNING;
bit on_cpu = 1;
bit saved;       /* the switch away has come to its end: another may load its registers */
byte home;       /* thread->cpu */
byte in_queue;   /* how many run queues it stands in */
bit queued[CPUS];
bit runs[CPUS];  /* where the thread's code goes on */

bit condition;
bit waits;       /* it stands in the wait queue */
bit queue_lock;
bit cpu_lock[CPUS];

byte ops = OPS;
byte thefts = THEFTS;
byte signals = SIGNALS;
byte moves = MOVES;
bit waking;      /* a waker has taken the thread from the queue, and is not done with it */

inline take(lock)
{
	atomic { !lock -> lock = 1 }
}

inline release(lock)
{
	lock = 0
}

/* sched_insert_locked() */
inline insert(cpu)
{
	d_step {
		assert(cpu_lock[cpu] && state == MOVING && !on_cpu);
		home = cpu;
		state = RUNNABLE;
		queued[cpu] = 1;
		in_queue++;
		assert(in_queue == 1)
	}
}

/* sched_lock_home() */
inline lock_home(cpu)
{
	do
	:: cpu = home;
	   take(cpu_lock[cpu]);
	   if
	   :: home == cpu && state != MOVING -> break
	   :: else -> release(cpu_lock[cpu])
	   fi
	od
}

/* sched_wake(): to whatever CPU is the best. */
inline wake(cpu, to)
{
	lock_home(cpu);
	if
	:: state != BLOCKED -> release(cpu_lock[cpu])
	:: else ->
	   if
	   :: on_cpu ->
	      state = RUNNING;
	      release(cpu_lock[cpu])
	   :: else ->
	      state = MOVING;
	      if
	      :: to = cpu
	      :: to = 1 - cpu
	      fi;
	      if
	      :: to == cpu -> skip
	      :: else ->
		 release(cpu_lock[cpu]);
		 take(cpu_lock[to])
	      fi;
	      insert(to);
	      release(cpu_lock[to])
	   fi
	fi
}

/* sched_switch_locked() and what follows, away from the thread: its CPU's lock is held until the
 * registers are saved. */
inline switch_away(cpu)
{
	on_cpu = 0;
	runs[cpu] = 0;
	saved = 1;
	release(cpu_lock[cpu])
}

/* It goes on, maybe on another CPU. */
inline come_back(cpu)
{
	if
	:: runs[0] -> cpu = 0
	:: else -> cpu = 1
	fi
}

/* ---- the thread ---- */

proctype Thread()
{
	byte me = 0;

	do
	:: /* it computes, and its slice ends */
	   atomic { moves > 0 -> moves-- };
	   take(cpu_lock[me]);
	   d_step {
		   state = RUNNABLE;
		   queued[me] = 1;
		   in_queue++;
		   assert(in_queue == 1)
	   }
	   switch_away(me);
end_preempted:
	   (runs[0] || runs[1]);
	   come_back(me)
	:: /* wait_until() */
	   do
	   :: take(queue_lock); /* wait_prepare() */
	      waits = 1;
	      state = BLOCKED;
	      release(queue_lock);
	      if
	      :: condition -> break
	      :: else -> skip
	      fi;
	      take(cpu_lock[me]); /* wait_block() */
	      if
	      :: state == BLOCKED ->
		 switch_away(me);
end_asleep:
		 (runs[0] || runs[1]);
		 come_back(me)
	      :: else -> release(cpu_lock[me])
	      fi
	   od;
	   take(queue_lock); /* wait_finish() */
	   waits = 0;
	   release(queue_lock);
	   assert(!waking); /* it may end now */
	   state = RUNNING;
	   condition = 0
	od
}

/* ---- the others ---- */

proctype Waker()
{
	byte cpu, to;

end:
	do
	:: atomic { ops > 0 -> ops--; cpu = 0; to = 0 };
	   condition = 1;
	   if /* wait_wake() */
	   :: waits ->
	      take(queue_lock);
	      if
	      :: waits ->
		 waits = 0;
		 waking = 1;
		 wake(cpu, to);
		 waking = 0
	      :: else -> skip
	      fi;
	      release(queue_lock)
	   :: else -> skip
	   fi
	od
}

proctype Signaller()
{
	byte cpu, to;

end:
	do
	:: atomic { signals > 0 -> signals--; cpu = 0; to = 0 };
	   wake(cpu, to)
	od
}

proctype Thief()
{
end:
	do
	:: atomic { thefts > 0 -> thefts-- };
	   condition = 0
	od
}

/* ---- the CPUs ---- */

proctype Cpu(byte me)
{
end:
	do
	:: queued[me] && !runs[me] -> /* sched_switch_locked(), to the thread */
	   take(cpu_lock[me]);
	   if
	   :: queued[me] ->
	      d_step {
		      assert(saved && !on_cpu && !runs[0] && !runs[1] && state == RUNNABLE);
		      queued[me] = 0;
		      in_queue--;
		      state = RUNNING;
		      on_cpu = 1;
		      saved = 0
	      };
	      release(cpu_lock[me]);
	      runs[me] = 1
	   :: else -> release(cpu_lock[me])
	   fi
	:: atomic { queued[1 - me] && moves > 0 -> moves-- }; /* sched_pull() */
	   take(cpu_lock[1 - me]);
	   if
	   :: queued[1 - me] ->
	      d_step {
		      queued[1 - me] = 0;
		      in_queue--;
		      state = MOVING
	      };
	      release(cpu_lock[1 - me]);
	      take(cpu_lock[me]);
	      insert(me);
	      release(cpu_lock[me])
	   :: else -> release(cpu_lock[1 - me])
	   fi
	od
}

/* Nobody can do anything any more: where that is as it should be, a label begins with `end`. */
proctype End()
{
	timeout;
	assert(!ops && !signals && !in_queue && !queue_lock && !cpu_lock[0] && !cpu_lock[1]);
	assert(!condition)
}

init
{
	atomic {
		runs[0] = 1;
		run Thread();
		run Waker();
		if
		:: WAKERS == 2 -> run Waker()
		:: else -> skip
		fi;
		run Signaller();
		run Thief();
		run Cpu(0);
		run Cpu(1);
		run End()
	}
}
