/*
 * shootdown.pml: translations that CPUs keep, and how they are got rid of before what they name is
 * used for something else (vm_flush() and vm_space_activate() in kernel/vm/tlb.c, struct
 * table_gather in kernel/vm/table.h, kernel/sync/cross_call.c), explored exhaustively.
 *
 * CPUS processors and two spaces: A, whose threads may run on all of them at once, and B, a child
 * that A makes by fork, with one thread. The tables are those of ownership.pml, with one page:
 *
 *	root[s] -> table -> page
 *
 * A CPU remembers the two entries of the space whose root is loaded. It looks them up whenever it
 * likes, whether or not the program asks for the page and whether or not it is in the kernel, until
 * another root is loaded (walker() below), and goes by what it remembers without looking again. With
 * TAGS it keeps what it remembers of a space that it leaves, without using it. All CPUs together do at most OPS operations: a fault, unmapping a page or its whole table, fork, exit,
 * a switch to another space or to none.
 *
 * What must hold:
 *  - no walk reads a table that is free or used for something else;
 *  - a program that reads finds what a thread of its space wrote last, and one that writes changes
 *    nothing that the other space sees: whatever its CPU remembers;
 *  - a count is the number of names, where nobody is inside the kernel; no frame is free while it
 *    is named; and nobody waits for ever.
 */
#ifndef CPUS
#define CPUS 2
#endif
#ifndef OPS
#define OPS 4
#endif

#ifndef SWITCHES
#define SWITCHES 1 /* CPUs switch between spaces */
#endif
#ifndef FORKED
#define FORKED 0 /* B is there from the start */
#endif

#ifndef TAGS
#define TAGS 0 /* what is remembered of each space has a tag of its own */
#endif

#define A 0
#define B 1
#define KERNEL 2 /* no space is active */
#define NONE 15
#define BUSY 14 /* an entry whose page is just being exchanged: not present */
#define FRAMES 8

/* The entries: what each names, and W. One in each table, and those of the roots. */
#define ROOT(s) (FRAMES + (s))
byte name[FRAMES + 2];
bit writable[FRAMES + 2];
byte count[FRAMES];
bit used[FRAMES];
bit is_table[FRAMES];
byte data[FRAMES]; /* what a page holds: 0, or the number of the writer */

byte cpus[2];    /* vm_space->cpus */
bit locked[2];   /* vm_space->lock, exclusively */
byte sharing[2]; /* so many hold it shared */
bit alive[2];
byte seen[2];    /* the oracle: what a thread of the space wrote last */
bit forked;      /* there was a B */
bit b_runs;      /* some CPU runs B's thread, or is on its way to or from it */
byte left = OPS;

/* Of each CPU: */
byte root[CPUS];    /* CR3: a space, or KERNEL */
byte upper[CPUS];   /* the table that it remembers; NONE */
bit upper_w[CPUS];  /* and W of the entry that named it */
byte page[CPUS];    /* the page that it remembers; NONE */
bit page_w[CPUS];   /* W of both levels */
byte current[CPUS]; /* cpu->space */
byte callers[CPUS]; /* cpu->callers */
byte pending[CPUS]; /* cpu->call.pending */
byte about[CPUS];   /* the space that its call is about: struct flush */
#if TAGS
/* vm_space->tlb_generation. Of each CPU and space: cpu_tag->generation; what is kept of the space
 * while another one's root is loaded; of each CPU: the generation that its call is about. */
byte generation[3]; /* KERNEL's stays 0 */
byte tag[2 * CPUS];
byte kept_upper[2 * CPUS];
bit kept_upper_w[2 * CPUS];
byte kept_page[2 * CPUS];
bit kept_page_w[2 * CPUS];
byte wanted[CPUS];
#define TAG(c, s)           (2 * (c) + (s))
#define WANTED(c)           wanted[c]
#define raise_generation(s) d_step { generation[s]++; raised = generation[s] }
#define note_generation(s)  wanted[me] = raised
#define read_generation(s)  seen_generation = generation[s]
#else
#define WANTED(c)           0
#define raise_generation(s) skip
#define note_generation(s)  skip
#define read_generation(s)  skip
#endif

#define BIT(c) (1 << (c))
#define is_frame(n) ((n) < FRAMES)

/* ---- the processor ---- */

/* The root's entry is remembered at one moment and the table's at a later one, by what was
 * remembered then. A leaf may be forgotten, and looked up again, at any time. */
#define looked_up (is_frame(name[upper[me]]) -> name[upper[me]] : NONE)
#define looked_up_w (is_frame(name[upper[me]]) && upper_w[me] && writable[upper[me]])
proctype walker(byte me)
{
end:
	do
	:: d_step {
		root[me] != KERNEL && upper[me] == NONE && name[ROOT(root[me])] != NONE ->
		assert(alive[root[me]]);
		upper[me] = name[ROOT(root[me])]; upper_w[me] = writable[ROOT(root[me])]
	}
	:: d_step {
		root[me] != KERNEL && upper[me] != NONE &&
			!(used[upper[me]] && is_table[upper[me]]) -> assert(false)
	}
	:: d_step {
		root[me] != KERNEL && upper[me] != NONE &&
			(page[me] != looked_up || page_w[me] != looked_up_w) ->
		page_w[me] = looked_up_w; page[me] = looked_up
	}
	od
}

/* mmu_flush_page(), mmu_flush_all(): what is remembered of the root that is loaded. */
inline forget(c)
{
	upper[c] = NONE; upper_w[c] = 0; page[c] = NONE; page_w[c] = 0
}

/* mmu_activate(), or mmu_activate_tagged(): under a tag that is not as new as `seen_generation` all
 * is forgotten. */
inline load(s)
{
#if TAGS
	d_step {
		if
		:: root[me] != KERNEL ->
			kept_upper[TAG(me, root[me])] = upper[me];
			kept_upper_w[TAG(me, root[me])] = upper_w[me];
			kept_page[TAG(me, root[me])] = page[me];
			kept_page_w[TAG(me, root[me])] = page_w[me]
		:: else
		fi;
		root[me] = s;
		forget(me);
		if
		:: s != KERNEL ->
			if
			:: tag[TAG(me, s)] == seen_generation ->
				upper[me] = kept_upper[TAG(me, s)];
				upper_w[me] = kept_upper_w[TAG(me, s)];
				page[me] = kept_page[TAG(me, s)];
				page_w[me] = kept_page_w[TAG(me, s)]
			:: else
			fi;
			tag[TAG(me, s)] = seen_generation;
			kept_upper[TAG(me, s)] = NONE; kept_upper_w[TAG(me, s)] = 0;
			kept_page[TAG(me, s)] = NONE; kept_page_w[TAG(me, s)] = 0
		:: else
		fi;
		seen_generation = 0
	}
#else
	d_step { root[me] = s; forget(me) }
#endif
}

/* flush_here() of the running space `s`; `g` is the generation that the flush has made. */
inline flush_to(c, s, g)
{
#if TAGS
	if
	:: tag[TAG(c, s)] < g ->
		/* renew_tag() */
		tag[TAG(c, s)] = (tag[TAG(c, s)] + 1 == g -> g : generation[s]);
		forget(c)
	:: else
	fi
#else
	forget(c)
#endif
}

/* ---- frames ---- */

inline alloc(f, for_table)
{
	d_step {
		f = 0;
		do
		:: used[f] -> f++
		:: else -> break
		od;
		assert(f < FRAMES);
		used[f] = 1; count[f] = 1; is_table[f] = for_table; data[f] = 0
	}
}

/* drop_name(): of a page, or of a table and then of what its entry names. */
inline put(f)
{
	d_step { assert(used[f] && count[f] > 0); count[f]--; last = (count[f] == 0) }
	if
	:: last && is_table[f] ->
		d_step {
			child = name[f]; name[f] = NONE; writable[f] = 0;
			is_table[f] = 0; used[f] = 0
		}
		if
		:: child != NONE -> d_step {
			assert(used[child] && count[child] > 0);
			count[child]--;
			if
			:: count[child] == 0 -> used[child] = 0; data[child] = 0
			:: else
			fi
		}
		:: else
		fi;
		child = NONE
	:: last && !is_table[f] -> d_step { used[f] = 0; data[f] = 0 }
	:: else
	fi;
	last = 0
}

/* Where nobody is inside the kernel a count is the number of names. */
inline check_counts()
{
	if
	:: !locked[A] && !locked[B] && !sharing[A] && !sharing[B] ->
		for (copy : 0 .. FRAMES - 1) {
			names = 0;
			for (child : 0 .. FRAMES + 1) {
				if
				:: name[child] == copy -> names++
				:: else
				fi
			}
			assert(count[copy] == names && used[copy] == (names > 0))
		}
		copy = NONE; child = NONE; names = 0
	:: else
	fi
}

/* ---- cross_call.c ---- */

/* cross_call_serve(), with flush_here() as what is called. */
inline serve()
{
	d_step {
		got = callers[me]; callers[me] = 0;
		for (other : 0 .. CPUS - 1) {
			if
			:: (got & BIT(other)) && current[me] == about[other] ->
				flush_to(me, about[other], WANTED(other))
			:: else
			fi
		}
	}
	d_step {
		for (other : 0 .. CPUS - 1) {
			if
			:: got & BIT(other) -> pending[other] = pending[other] & ~BIT(me)
			:: else
			fi
		}
		got = 0; other = 0
	}
}

/* The kernel takes interrupts while it serves a fault. Here it may; that is where it makes a
 * difference. */
inline interrupts_on()
{
	if
	:: callers[me] -> serve()
	:: true
	fi
}

/* cross_call() */
inline call(targets, s)
{
	d_step { about[me] = s; note_generation(s); pending[me] = targets }
	d_step {
		for (other : 0 .. CPUS - 1) {
			if
			:: targets & BIT(other) -> callers[other] = callers[other] | BIT(me)
			:: else
			fi
		}
		other = 0
	}
	do
	:: pending[me] == 0 -> break
	:: callers[me] -> serve()
	od
}

/* ---- tlb.c ---- */

/* vm_flush(): the tables have changed; then the set is read. */
inline flush(s)
{
	raise_generation(s);
	set = cpus[s];
	d_step {
		if
		:: set & BIT(me) -> flush_to(me, s, raised)
		:: else
		fi;
		set = set & ~BIT(me)
	}
	if
	:: set -> call(set, s)
	:: else
	fi;
	set = 0;
	raised = 0
}

/* vm_space_activate(), interrupts off. */
inline activate(s)
{
	old = current[me];
	if
	:: s != KERNEL -> cpus[s] = cpus[s] | BIT(me)
	:: else
	fi;
	current[me] = s;
	read_generation(s);
	load(s);
	if
	:: old != KERNEL -> cpus[old] = cpus[old] & ~BIT(me)
	:: else
	fi;
	old = NONE
}

/* Who waits for a lock takes interrupts. */
inline lock(s)
{
	do
	:: atomic { !locked[s] && !sharing[s] -> locked[s] = 1; break }
	:: callers[me] -> serve()
	od
}

inline lock_shared(s)
{
	do
	:: atomic { !locked[s] -> sharing[s]++; break }
	:: callers[me] -> serve()
	od
}

/* ---- table.c, under the space's lock, shared or exclusive ---- */

/* table_gather_finish() */
inline finish(s)
{
	if
	:: old_table != NONE || old_page != NONE -> flush(s)
	:: else
	fi;
	if
	:: old_page != NONE -> put(old_page)
	:: else
	fi;
	if
	:: old_table != NONE -> put(old_table)
	:: else
	fi;
	d_step { old_table = NONE; old_page = NONE }
}

/* table_duplicate() */
inline duplicate(from)
{
	alloc(copy, 1);
	child = name[from];
	if
	:: is_frame(child) ->
		d_step { assert(used[child] && count[child] > 0); count[child]++ }
		writable[from] = 0
	:: else
	fi;
	d_step { assert(child != BUSY); name[copy] = child; child = NONE }
}

/* table_own() of the root's entry, again until it is writable. */
inline own_table(s)
{
	do
	:: atomic { writable[ROOT(s)] -> table = name[ROOT(s)]; break }
	:: atomic { !writable[ROOT(s)] ->
		/* claim(), under the lock of the table that has the entry. */
		table = name[ROOT(s)];
		if
		:: count[table] == 1 -> writable[ROOT(s)] = 1; table = NONE
		:: else -> count[table]++
		fi
		}
		if
		:: table != NONE ->
			duplicate(table);
			interrupts_on();
			/* rename_table() */
			d_step {
				if
				:: !writable[ROOT(s)] ->
					name[ROOT(s)] = copy; writable[ROOT(s)] = 1;
					/* table_gather_name() */
					old_table = table; copy = NONE
				:: else
				fi
			}
			if
			:: copy != NONE -> put(copy); copy = NONE
			:: else
			fi;
			put(table)
		:: else
		fi
	od
}

/* table_own_leaf(); nothing is done if another thread was faster. */
inline own_page(s)
{
	if
	:: count[old] == 1 ->
		/* table_replace() */
		d_step {
			if
			:: name[table] == old -> writable[table] = 1
			:: else
			fi
		}
	:: else ->
		alloc(copy, 0);
		data[copy] = data[old];
		interrupts_on();
		/* Threads that read the old page still and threads that find the copy would find
		 * different things: so nobody finds either until all have forgotten the old one. */
		d_step {
			if
			:: name[table] == old && !writable[table] -> name[table] = BUSY; old_page = old
			:: else
			fi
		}
		if
		:: old_page != NONE ->
			finish(s);
			d_step { assert(name[table] == BUSY); name[table] = copy; writable[table] = 1 }
		:: else -> d_step { used[copy] = 0; count[copy] = 0; data[copy] = 0 }
		fi;
		copy = NONE
	fi
}

/* ---- what the kernel does for a program ---- */

/* vm_fault(), for a write: faults of one space are served side by side. */
inline fault(s)
{
	lock_shared(s);
	do
	:: name[ROOT(s)] == NONE ->
		/* make_table(): table_install(), or somebody else was faster. */
		alloc(copy, 1);
		d_step {
			if
			:: name[ROOT(s)] == NONE -> name[ROOT(s)] = copy; writable[ROOT(s)] = 1
			:: else -> used[copy] = 0; count[copy] = 0; is_table[copy] = 0
			fi;
			copy = NONE
		}
	:: name[ROOT(s)] != NONE ->
		own_table(s);
		old = name[table];
		if
		:: old == NONE ->
			alloc(copy, 0);
			d_step {
				if
				:: name[table] == NONE -> name[table] = copy; writable[table] = 1
				:: else -> used[copy] = 0; count[copy] = 0
				fi;
				copy = NONE
			}
		:: is_frame(old) && !writable[table] -> own_page(s)
		:: is_frame(old) && writable[table] -> skip
		/* Look again. */
		:: old == BUSY ->
			do
			:: name[table] != BUSY -> break
			:: callers[me] -> serve()
			od
		fi;
		break
	od;
	finish(s);
	d_step { table = NONE; old = NONE; sharing[s]--; check_counts() }
}

/* vm_unmap() of the page alone, or of all that the table covers. Until it returns both what was
 * there and nothing may be found. */
inline unmap(s)
{
	lock(s);
	if
	:: name[ROOT(s)] != NONE ->
		own_table(s);
		old_page = name[table];
		d_step { name[table] = NONE; writable[table] = 0 }
		finish(s)
	:: name[ROOT(s)] != NONE ->
		d_step { old_table = name[ROOT(s)]; name[ROOT(s)] = NONE; writable[ROOT(s)] = 0 }
		finish(s)
	:: else
	fi;
	d_step { seen[s] = 0; table = NONE; locked[s] = 0; check_counts() }
}

/* vm_fork() */
inline fork()
{
	lock(A);
	table = name[ROOT(A)];
	if
	:: table != NONE ->
		d_step { assert(count[table] > 0); count[table]++ }
		writable[ROOT(A)] = 0;
		d_step { name[ROOT(B)] = table; writable[ROOT(B)] = 0 }
	:: else
	fi;
	flush(A);
	/* Only now the child may run, and its memory is what it is to be. */
	d_step {
		seen[B] = seen[A]; alive[B] = 1; table = NONE; locked[A] = 0;
		check_counts()
	}
}

/* process_exit() of B's only thread, up to vm_space_destroy(). */
inline exit()
{
	activate(KERNEL);
	lock(B);
	alive[B] = 0;
	d_step { old_table = name[ROOT(B)]; name[ROOT(B)] = NONE; writable[ROOT(B)] = 0 }
	if
	:: old_table != NONE -> put(old_table)
	:: else
	fi;
	d_step { old_table = NONE; locked[B] = 0; check_counts() }
}

/* ---- a CPU ---- */

/* What a space sees by its tables is what its threads wrote. */
inline expect(s)
{
	if
	:: alive[s] && name[ROOT(s)] != NONE && is_frame(name[name[ROOT(s)]]) ->
		assert(data[name[name[ROOT(s)]]] == seen[s])
	:: else
	fi
}

proctype cpu(byte me)
{
	byte table = NONE, copy = NONE, child = NONE, old = NONE;
	byte old_table = NONE, old_page = NONE, set, got, other, names;
	byte raised, seen_generation;
	bit last, was_b;

	do
	/* An interrupt, in the program or in the idle loop. */
	:: callers[me] -> serve()
	/* The program reads. */
	:: d_step {
		current[me] != KERNEL && page[me] != NONE ->
		assert(used[page[me]] && !is_table[page[me]]);
		assert(data[page[me]] == seen[current[me]])
	}
	/* The program writes. */
	:: d_step {
		current[me] != KERNEL && page[me] != NONE && page_w[me] ->
		assert(used[page[me]] && !is_table[page[me]]);
		data[page[me]] = 1 + me;
		seen[current[me]] = 1 + me;
		expect(1 - current[me])
	}
	:: atomic { current[me] != KERNEL && !page_w[me] && left -> left-- };
		fault(current[me])
	:: atomic { current[me] != KERNEL && left -> left-- };
		unmap(current[me])
	:: atomic { current[me] == A && !forked && left -> left--; forked = 1 };
		fork()
	:: atomic { current[me] == B && left -> left-- };
		exit();
		b_runs = 0
#if SWITCHES
	/* The scheduler. */
	:: atomic { current[me] != KERNEL && left -> left-- };
		was_b = (current[me] == B);
		activate(KERNEL);
		if
		:: was_b -> d_step { b_runs = 0; was_b = 0 }
		:: else
		fi
	:: atomic { current[me] != A && left -> left-- };
		was_b = (current[me] == B);
		activate(A);
		if
		:: was_b -> d_step { b_runs = 0; was_b = 0 }
		:: else
		fi
	:: atomic { current[me] != B && alive[B] && !b_runs && left -> left--; b_runs = 1 };
		activate(B)
#endif
	:: atomic { left == 0 && current[me] == KERNEL -> break }
	:: atomic { left == 0 && current[me] != KERNEL };
		activate(KERNEL)
	od;
end:
	/* It idles, and may be asked by one that saw it in a set before. */
	do
	:: callers[me] -> serve()
	od
}

init
{
	byte i;

	atomic {
		for (i : 0 .. FRAMES + 1) { name[i] = NONE }
		for (i : 0 .. CPUS - 1) {
			root[i] = KERNEL; current[i] = KERNEL; upper[i] = NONE; page[i] = NONE
#if TAGS
			;
			kept_upper[TAG(i, A)] = NONE; kept_page[TAG(i, A)] = NONE;
			kept_upper[TAG(i, B)] = NONE; kept_page[TAG(i, B)] = NONE
#endif
		}
		/* A has its page already, and runs on all. */
		used[0] = 1; count[0] = 1; is_table[0] = 1;
		used[1] = 1; count[1] = 1;
		name[ROOT(A)] = 0; writable[ROOT(A)] = 1;
		name[0] = 1; writable[0] = 1;
		alive[A] = 1;
#if FORKED
		count[0] = 2; writable[ROOT(A)] = 0; name[ROOT(B)] = 0; alive[B] = 1; forked = 1;
#endif
		for (i : 0 .. CPUS - 1) {
			cpus[A] = cpus[A] | BIT(i); root[i] = A; current[i] = A
		}
		for (i : 0 .. CPUS - 1) { run cpu(i); run walker(i) }
		i = 0
	}
}
