/*
 * ownership.pml: the ownership of pages and page tables (kernel/vm/table.c), explored exhaustively.
 *
 * Up to SPACES address spaces, one program each, and a thread that swaps pages out. Each space has
 * an entry of its root, which names a table of leaves, which names PAGES pages:
 *
 *	root[s] -> { table -> { page or slot } }
 *
 * The first space makes a child by fork, they share the table, and each program does up to OPS
 * operations of its choice: write, fork, unmap, and at last exit. One step of the model is one
 * access to memory that others may access, too. Translation caches are not here: each flush is
 * complete at once. shootdown.pml has those.
 *
 * What must hold (docs/vm.md, "What always holds"):
 *  - I1, where nobody is inside the kernel: a count is the number of names;
 *  - I2, where a program writes: all that its write goes through has one name;
 *  - I3: an entry of a table with several names changes only by losing W, or from a page to the
 *    slot with its contents;
 *  - a program finds what it wrote last, at any time, whatever the others do;
 *  - a frame that is free is not named, and is not touched;
 *  - when all have exited, everything is free; and nobody waits for ever.
 * I4 needs failures, and there are none here: the model in test/model/ has them.
 *
 * Swap is not in the kernel yet. Here are the steps that it must take; dropping the page of a
 * truncated file in a shared table (table_drop_leaves()) has the same steps and no slot.
 */
#ifndef SPACES
#define SPACES 2
#endif
#ifndef PAGES
#define PAGES 1
#endif
#ifndef OPS
#define OPS 3 /* of each space */
#endif
#ifndef SWAPS
#define SWAPS 1
#endif

#define TABLES (SPACES + 1) /* while one is duplicated, its space has two */
#define FRAMES (TABLES + SPACES * PAGES + 1)
#define SLOTS (SWAPS + 1)

/* An entry: NONE, a frame's number, or SLOT + a slot's number; and its W bit. The entries of table f
 * start at f * PAGES, those of the roots stand behind them. */
#define NONE 255
#define SLOT 128
#define ENTRIES (FRAMES * PAGES + SPACES)
#define ROOT(s) (FRAMES * PAGES + (s))
#define LEAF(table, page) ((table) * PAGES + (page))
#define is_slot(name) ((name) >= SLOT && (name) != NONE)
#define is_frame(name) ((name) < SLOT)

byte name[ENTRIES];
bit writable[ENTRIES];
byte count[FRAMES]; /* struct frame's */
bit used[FRAMES];   /* not in the free lists */
byte data[FRAMES];  /* what a page holds: 0, or the number of the write */
byte slots[SLOTS];  /* the count of each; 0: free */
byte stored[SLOTS];

bit locked[SPACES];      /* vm_space->lock */
bit table_lock;          /* table_lock(): one for all tables */
bit alive[SPACES];       /* its program runs */
byte born = 1; /* so many spaces have been made */
byte seen[SPACES * PAGES]; /* the oracle: what the program wrote last */

/* ---- the oracle ---- */

/* What the page of a program holds by its tables, whether or not it is in memory now. */
inline expect(s, p)
{
	if
	:: name[ROOT(s)] == NONE -> assert(seen[s * PAGES + p] == 0)
	:: else ->
		assert(used[name[ROOT(s)]] && count[name[ROOT(s)]] > 0);
		leaf = name[LEAF(name[ROOT(s)], p)];
		if
		:: leaf == NONE -> assert(seen[s * PAGES + p] == 0)
		:: is_slot(leaf) ->
			assert(slots[leaf - SLOT] > 0);
			assert(stored[leaf - SLOT] == seen[s * PAGES + p])
		:: is_frame(leaf) ->
			assert(used[leaf] && count[leaf] > 0);
			assert(data[leaf] == seen[s * PAGES + p])
		fi
	fi
}

/* Every program finds what it wrote last, now. */
inline expect_all()
{
	for (es : 0 .. SPACES - 1) {
		if
		:: alive[es] -> for (ep : 0 .. PAGES - 1) { expect(es, ep) }
		:: else
		fi
	}
}

/* I1: counts are the numbers of names, of frames and of slots. Only where nobody is half way. */
inline check_counts()
{
	for (cf : 0 .. FRAMES - 1) {
		names = 0;
		for (ce : 0 .. ENTRIES - 1) {
			if
			:: name[ce] == cf -> names++
			:: else
			fi
		}
		assert(count[cf] == names && used[cf] == (names > 0))
	}
	for (cf : 0 .. SLOTS - 1) {
		names = 0;
		for (ce : 0 .. ENTRIES - 1) {
			if
			:: name[ce] == SLOT + cf -> names++
			:: else
			fi
		}
		assert(slots[cf] == names)
	}
	cf = 0; ce = 0; names = 0
}

inline nobody_inside(yes)
{
	yes = 1;
	for (es : 0 .. SPACES - 1) {
		if
		:: locked[es] -> yes = 0
		:: else
		fi
	}
	es = 0
}

/* ---- frames ---- */

/* frame_alloc(). The lowest free one, so a frame is used again as soon as possible. */
inline alloc(f, contents)
{
	d_step {
		f = 0;
		do
		:: used[f] -> f++
		:: else -> break
		od;
		assert(f < FRAMES && count[f] == 0);
		used[f] = 1; count[f] = 1; data[f] = contents
	}
}

/* frame_put() of a page, or of a slot, and frame_free() if that was its last name. */
inline put_page(n)
{
	d_step {
		if
		:: is_slot(n) -> assert(slots[n - SLOT] > 0); slots[n - SLOT]--; last = 0
		:: is_frame(n) -> assert(count[n] > 0); count[n]--; last = (count[n] == 0)
		fi
	}
	if
	:: last -> d_step { assert(used[n]); used[n] = 0; data[n] = 0 }
	:: else
	fi
}

/* drop_name() of a table: the last name drops its entries, too, and frees it. */
inline put_table(f)
{
	d_step { assert(count[f] > 0); count[f]--; last = (count[f] == 0) }
	if
	:: last ->
		i = 0;
		do
		:: i < PAGES ->
			d_step {
				old = name[LEAF(f, i)];
				name[LEAF(f, i)] = NONE; writable[LEAF(f, i)] = 0
			}
			if
			:: old != NONE -> put_page(old)
			:: else
			fi;
			i++
		:: else -> break
		od;
		used[f] = 0
	:: else
	fi;
	d_step { i = 0; old = NONE; last = 0 }
}

/* ---- table.c ---- */

/* table_duplicate(): `copy` is nobody's yet, so what happens to it alone needs no step. */
inline duplicate_table(from, copy)
{
	alloc(copy, 0);
	atomic { !table_lock; table_lock = 1 }
	i = 0;
	do
	:: i < PAGES ->
		d_step { old = name[LEAF(from, i)]; oldw = writable[LEAF(from, i)] }
		/* duplicate_entry(): the name first, then W in both copies. */
		if
		:: is_slot(old) -> slots[old - SLOT]++
		:: is_frame(old) -> d_step { assert(count[old] > 0 && used[old]); count[old]++ }
		:: old == NONE
		fi;
		if
		:: is_frame(old) && oldw ->
			d_step { name[LEAF(from, i)] = old; writable[LEAF(from, i)] = 0 }
		:: else
		fi;
		d_step { name[LEAF(copy, i)] = old; writable[LEAF(copy, i)] = 0; i++ }
	:: else -> break
	od;
	table_lock = 0;
	d_step { i = 0; old = NONE; oldw = 0 }
}

/* table_own() of the root's entry: afterwards the table has one name, and the entry W. */
inline own_table(s)
{
	d_step { table = name[ROOT(s)]; oldw = writable[ROOT(s)] }
	if
	:: oldw -> assert(count[table] == 1)
	:: else ->
		if
		:: count[table] == 1 -> writable[ROOT(s)] = 1
		:: else ->
			duplicate_table(table, copy);
			d_step { name[ROOT(s)] = copy; writable[ROOT(s)] = 1 }
			/* table_gather_finish() */
			put_table(table);
			d_step { table = copy; copy = NONE }
		fi
	fi;
	oldw = 0
}

/* table_own() of a leaf: the table is ours. */
inline own_page(at)
{
	d_step { page = name[at]; assert(is_frame(page) && !writable[at]) }
	if
	:: count[page] == 1 ->
		d_step { assert(count[table] == 1); name[at] = page; writable[at] = 1 }
	:: else ->
		alloc(copy, 0);
		d_step { assert(used[page]); data[copy] = data[page] }
		d_step { assert(count[table] == 1); name[at] = copy; writable[at] = 1 }
		put_page(page);
		copy = NONE
	fi;
	page = NONE
}

/* ---- what a program does ---- */

inline enter(s) { atomic { !locked[s]; locked[s] = 1 } }

inline leave(s)
{
	d_step {
		locked[s] = 0;
		expect_all();
		nobody_inside(quiet);
		if
		:: quiet -> check_counts()
		:: else
		fi;
		es = 0; ep = 0; leaf = NONE; quiet = 0
	}
}

/* vm_fault() for a write: table_walk_own(), then what the leaf needs. */
inline fault(s, p)
{
	enter(s);
	/* make_table(), if there is none */
	if
	:: name[ROOT(s)] == NONE ->
		alloc(table, 0);
		d_step { name[ROOT(s)] = table; writable[ROOT(s)] = 1 }
	:: else -> own_table(s)
	fi;
	if
	:: name[LEAF(table, p)] == NONE ->
		alloc(page, 0);
		d_step {
			assert(count[table] == 1);
			name[LEAF(table, p)] = page; writable[LEAF(table, p)] = 1; page = NONE
		}
	:: is_slot(name[LEAF(table, p)]) ->
		d_step { old = name[LEAF(table, p)]; assert(slots[old - SLOT] > 0) }
		alloc(page, 0);
		data[page] = stored[old - SLOT];
		d_step {
			assert(count[table] == 1);
			name[LEAF(table, p)] = page; writable[LEAF(table, p)] = 1
		}
		put_page(old);
		d_step { page = NONE; old = NONE }
	:: is_frame(name[LEAF(table, p)]) && !writable[LEAF(table, p)] ->
		own_page(LEAF(table, p))
	:: else
	fi;
	table = NONE;
	leave(s)
}

/* What the processor does: the store succeeds if every level allows it. */
#define may_write(s, p) \
	(name[ROOT(s)] != NONE && writable[ROOT(s)] && \
	 is_frame(name[LEAF(name[ROOT(s)], p)]) && writable[LEAF(name[ROOT(s)], p)])

inline program_writes(s, p, value)
{
	do
	:: atomic {
		may_write(s, p) ->
		/* I2 */
		assert(count[name[ROOT(s)]] == 1 && count[name[LEAF(name[ROOT(s)], p)]] == 1);
		data[name[LEAF(name[ROOT(s)], p)]] = value;
		seen[s * PAGES + p] = value;
		d_step { expect_all(); es = 0; ep = 0; leaf = NONE }
		break
	}
	:: atomic { !may_write(s, p) -> skip };
		fault(s, p)
	od
}

/* vm_unmap() of one page: table_prepare_edges(), then table_drop_range(). */
inline unmap(s, p)
{
	enter(s);
	if
	:: name[ROOT(s)] != NONE ->
		own_table(s);
		d_step {
			assert(count[table] == 1);
			page = name[LEAF(table, p)];
			name[LEAF(table, p)] = NONE; writable[LEAF(table, p)] = 0;
			seen[s * PAGES + p] = 0
		}
		if
		:: page != NONE -> put_page(page)
		:: else
		fi;
		d_step { page = NONE; table = NONE }
	:: else
	fi;
	leave(s)
}

/* vm_fork(): the root is copied, and W is cleared in both copies. */
inline fork(s, child)
{
	enter(s);
	d_step { table = name[ROOT(s)]; oldw = writable[ROOT(s)] }
	if
	:: table != NONE ->
		d_step { assert(count[table] > 0); count[table]++ }
		d_step { name[ROOT(s)] = table; writable[ROOT(s)] = 0 }
		d_step { name[ROOT(child)] = table; writable[ROOT(child)] = 0 }
	:: else
	fi;
	d_step {
		for (i : 0 .. PAGES - 1) { seen[child * PAGES + i] = seen[s * PAGES + i] }
		alive[child] = 1;
		i = 0; oldw = 0; table = NONE
	}
	leave(s)
}

/* vm_space_destroy() */
inline exit(s)
{
	enter(s);
	d_step {
		alive[s] = 0; table = name[ROOT(s)];
		name[ROOT(s)] = NONE; writable[ROOT(s)] = 0;
		for (i : 0 .. PAGES - 1) { seen[s * PAGES + i] = 0 }
		i = 0
	}
	if
	:: table != NONE -> put_table(table)
	:: else
	fi;
	table = NONE;
	leave(s)
}

proctype program(byte me)
{
	byte table = NONE, page = NONE, copy = NONE, old = NONE, leaf = NONE;
	byte left = OPS, i, p, es, ep, cf, ce, names, other;
	bit oldw, last, quiet;

	do
	:: left > 0 ->
		left--;
		if
		:: p = 0
#if PAGES > 1
		:: p = 1
#endif
		fi;
		if
		:: program_writes(me, p, 1 + me)
		:: unmap(me, p)
		:: atomic { born < SPACES -> other = born; born++ }
			fork(me, other);
			atomic { run program(other); other = 0 }
		fi;
		p = 0
	:: break
	od;
	exit(me);
}

#if SWAPS
/* Under a space's lock its table is another's, too, or its own, but nobody else can take it over: it
 * has this name all the time. So all that may happen meanwhile is that it is duplicated, and that
 * the program writes through its own entries. */
proctype swapper()
{
	byte s, slot, page = NONE, table = NONE, left = SWAPS, at, p, leaf = NONE;
	byte es, ep, cf, ce, names;
	bit last, quiet;

	do
	:: left > 0 ->
		left--;
		if
		:: s = 0
		:: s = 1
#if SPACES > 2
		:: s = 2
#endif
		fi;
		enter(s);
		table = name[ROOT(s)];
		if
		:: table != NONE ->
			at = LEAF(table, p);
			/* First nobody may write to it any more. */
			atomic { !table_lock; table_lock = 1 }
			d_step {
				page = name[at];
				if
				:: is_frame(page) && count[page] == 1 -> writable[at] = 0
				:: else -> page = NONE
				fi
			}
			table_lock = 0;
			if
			:: page != NONE ->
				/* A slot, with the contents. */
				d_step {
					slot = 0;
					do
					:: slots[slot] > 0 -> slot++
					:: else -> break
					od;
					assert(slot < SLOTS);
					slots[slot] = 1
				}
				d_step { assert(used[page]); stored[slot] = data[page] }
				atomic { !table_lock; table_lock = 1 }
				d_step { assert(name[at] == page); name[at] = SLOT + slot; writable[at] = 0 }
				table_lock = 0;
				put_page(page)
			:: else
			fi
		:: else
		fi;
		d_step { page = NONE; table = NONE; at = 0; slot = 0 }
		leave(s);
		s = 0
	:: break
	od;
}
#endif

init
{
	byte i;

	atomic {
		for (i : 0 .. ENTRIES - 1) { name[i] = NONE }
		alive[0] = 1;
		i = 0;
		run program(0);
#if SWAPS
		run swapper();
#endif
	}
	/* Everybody is gone: so is everything. */
	d_step {
		_nr_pr == 1 ->
		for (i : 0 .. FRAMES - 1) { assert(count[i] == 0 && !used[i]) }
		for (i : 0 .. SLOTS - 1) { assert(slots[i] == 0) }
		i = 0
	}
}
