/*
 * space.h: an address space: a tree of regions, which says what may be there, and a tree of page
 * tables, which says what is. One file a verb works on it: map.c, unmap.c, protect.c, brk.c,
 * fork.c, fault.c, user_copy.c.
 *
 * Addresses and lengths are bytes. Errors are negative errno, as Linux gives them for the same
 * call. A failed call has changed nothing that a program can see.
 *
 * Lock letters: (s) space->lock, held exclusively to change it; (i) set at creation; (c) changed
 * atomically. Faults hold the lock shared, and may change the tables then: see docs/vm.md.
 */
#ifndef VM_SPACE_H
#define VM_SPACE_H

#include <arch/mmu.h>
#include "lib/list.h"
#include "lib/tree.h"
#include "sync/rwlock.h"

struct vm_object;
struct vm_space;

/* Flags of a region. */
#define REGION_SHARED       0x1u
#define REGION_GROWS_DOWN   0x2u
#define REGION_HEAP         0x4u
#define REGION_NORESERVE    0x8u   /* may be larger than memory could hold */
#define REGION_LOCKED       0x10u  /* mlock(2); there is no swap, so all it does is to populate */
#define REGION_LOCK_ONFAULT 0x20u  /* with LOCKED: not even that */
#define REGION_NO_FORK      0x40u  /* a child of fork does not get it */
#define REGION_WIPE_ON_FORK 0x80u  /* a child of fork gets it empty */
#define REGION_HUGE         0x100u /* may use large pages: madvise(MADV_HUGEPAGE) */
#define REGION_READ_ONLY    0x200u /* shared, of a file not open for writing: stays so */
/* What fork has to look for. */
#define REGION_FOR_FORK     (REGION_LOCK_BITS | REGION_NO_FORK | REGION_WIPE_ON_FORK)
#define REGION_LOCK_BITS    (REGION_LOCKED | REGION_LOCK_ONFAULT)

struct vm_region {
	struct tree_node node;    /* (s) by start */
	vaddr_t start, end;       /* (s) page-aligned, end excluded */
	uint8_t prot;             /* (s) VM_READ, VM_WRITE, VM_EXEC */
	uint16_t flags;           /* (s) REGION_* */
	struct vm_object *object; /* (s) NULL: zero-filled. Holds a reference */
	uint64_t offset;          /* (s) of start in the object, bytes, page-aligned */
	const char *name;         /* (i) static string such as "[heap]", or NULL */

	struct vm_space *space;     /* (s) that it is in */
	uint64_t truncations;       /* (s) of the object, up to which it is clean: truncate.c */
	struct list_node of_object; /* the object's lock: in the object's list of regions. Last:
				       what is before it can be copied without that lock */
};

/* The picture at the top of fault.c names these. */
enum vm_fault_kind {
	FAULT_ZERO_READ,
	FAULT_ZERO_FILL,
	FAULT_FILE_MAP,
	FAULT_FILE_COPY,
	FAULT_OWN_TABLE,
	FAULT_OWN_PAGE,
	FAULT_REUSE,
	FAULT_STACK_GROW,
	FAULT_SWAP_IN,
	FAULT_SPURIOUS,
	FAULT_BAD_ADDRESS,
	FAULT_BAD_ACCESS,
	FAULT_NO_MEMORY,
	FAULT_KINDS
};
extern const char *const vm_fault_kind_names[FAULT_KINDS];

/* A power of two: CPUs whose numbers differ by a multiple of it share one. */
#define VM_RECENT_REGIONS 4u

struct vm_space {
	uint32_t count;          /* (c) its users together, and who else looks at it */
	uint32_t users;          /* (c) processes that run in it; several only during vfork */
	uint64_t cpus;           /* (c) the set of CPUs that it is active on */
	uint64_t tlb_generation; /* (c) how often it was flushed, where there are tags: tlb.c */
	struct rwlock lock;
	paddr_t root;        /* (s) the level-4 table; 0 once it is destroyed */
	struct tree regions; /* (s) */
	/* (c) the last faults' regions, by CPU, or NULL; (s) to make them NULL */
	struct vm_region *recent[VM_RECENT_REGIONS];
	vaddr_t brk_start, brk;   /* (s) the heap; brk to the byte */
	vaddr_t mmap_top;         /* (i) mappings without an address grow down from here */
	uint64_t data_bytes;      /* (i) of the program's data, which RLIMIT_DATA counts */
	uint64_t stack_limit;     /* (s) RLIMIT_STACK, bytes */
	uint64_t address_limit;   /* (s) RLIMIT_AS, bytes */
	uint64_t data_limit;      /* (s) RLIMIT_DATA, bytes */
	uint64_t data_limit_hard; /* (s) its hard limit */
	unsigned future_flags;    /* (s) mlockall(MCL_FUTURE): REGION_LOCK_BITS of new regions */
	unsigned fork_flags;      /* (s) REGION_FOR_FORK that any region has, or once had */
	uint64_t mapped;          /* (s) bytes of all regions */
	unsigned region_count;    /* (s) */
	int id;                   /* (i) who it belongs to, for people: the process's number */
	uint64_t faults[FAULT_KINDS]; /* (c) */
	/* What usage.c needs to know the most that was ever resident: pages of large ones beyond
	 * the first, that faults filled (c); pages that were resident when all that faults had
	 * filled was `filled_before` (s); and the most pages so far (s). */
	uint64_t huge_filled, resident_before, filled_before, resident_peak;
	uint64_t fork_entries; /* (s) table entries that its last fork looked at */
	uint64_t serial;       /* (i) from 1; no other space since boot has it */
};

/* An empty space with the kernel's half in it. */
NODISCARD int vm_space_create(struct vm_space **out);
/* One more process runs in it, and one less: the last one destroys it. */
void vm_space_join(struct vm_space *space);
void vm_space_leave(struct vm_space *space);
/* Drop everything in it, and its users' reference. It is active on no CPU. Who still looks at it
 * finds it empty: no region, no root. */
void vm_space_destroy(struct vm_space *space);
/* Keep the structure, though not what is in it, from being freed. */
void vm_space_get(struct vm_space *space);
void vm_space_put(struct vm_space *space);
/* Run this CPU on it; NULL: on the kernel's half alone. (tlb.c) */
void vm_space_activate(struct vm_space *space);

/* mmap(2). Maps `bytes` (rounded up to pages) of `object` (NULL: zeros) from `offset`.
 * VM_MAP_FIXED: exactly at *address, replacing what is there; with NOREPLACE -EEXIST instead. Else
 * *address is a hint. On success *address is where. A reference on the object is taken. */
#define VM_MAP_FIXED     0x1u
#define VM_MAP_NOREPLACE 0x2u
#define VM_MAP_NORESERVE 0x4u /* may be larger than memory could hold */
#define VM_MAP_32BIT     0x8u /* without an address: between 1 and 2 GiB */
#define VM_MAP_ABOVE_4G  0x10u
struct vm_map_request {
	vaddr_t address;
	uint64_t bytes;
	unsigned prot;  /* VM_READ | VM_WRITE | VM_EXEC */
	unsigned flags; /* VM_MAP_* */
	unsigned region_flags;
	struct vm_object *object;
	uint64_t offset;
	const char *name;
};
NODISCARD int vm_map(struct vm_space *space, const struct vm_map_request *request,
		     vaddr_t *address);
/* What Linux says of a fixed address before it looks at anything else: -ENOMEM, -EINVAL, -EPERM. */
NODISCARD int vm_map_check_fixed(vaddr_t address, uint64_t bytes);
NODISCARD int vm_unmap(struct vm_space *space, vaddr_t start, uint64_t bytes);
/* Unmap what is left of a mapping of a whole object with these ops that began at `start`; *out is
 * the object, with a reference. -EINVAL: there is none; -ENOMEM: some of it is left. */
struct vm_object_ops;
NODISCARD int vm_unmap_object(struct vm_space *space, vaddr_t start,
			      const struct vm_object_ops *ops, struct vm_object **out);
/* mprotect(2); `prot` may have PROT_GROWSDOWN. Like Linux's it changes what is before a hole, and
 * then says -ENOMEM; so also before a region that RLIMIT_DATA or memory forbids to be writable. */
NODISCARD int vm_protect(struct vm_space *space, vaddr_t start, uint64_t bytes, unsigned prot);

/* madvise(2) for page-aligned [start, end), but for MADV_POPULATE_*. Goes on past holes and says
 * -ENOMEM then; -EINVAL for advice that is unknown or not for this memory; -EAGAIN: no memory. */
NODISCARD int vm_advise(struct vm_space *space, vaddr_t start, vaddr_t end, int advice);
/* Does vm_advise know this advice? */
NODISCARD bool vm_advice_is_valid(int advice);

/* mlock(2), munlock(2): set the REGION_LOCK_BITS of page-aligned [start, end) to `bits`. -ENOMEM at
 * a hole, after what is before it. Populating is up to the caller. */
NODISCARD int vm_lock(struct vm_space *space, vaddr_t start, vaddr_t end, unsigned bits);
/* mlockall(2), munlockall(2): of everything there is, if `current`; and of what will come. */
void vm_lock_all(struct vm_space *space, bool current, unsigned bits, unsigned future_bits);
/* msync(2) for page-aligned [start, end), flags MS_*: pages of files are their object's, so there
 * is nothing to write. -ENOMEM for holes; -EBUSY: MS_INVALIDATE of locked memory. */
NODISCARD int vm_sync(struct vm_space *space, vaddr_t start, vaddr_t end, unsigned flags);

/* Make [start, end), page-aligned, present. *reached: how far it came, in any case. 0: it came to
 * the end, or some hundred pages far, and the caller, who goes on, may let others run; -ENOMEM: no
 * memory; -EFAULT: nothing is mapped there; -EACCES: it may not be accessed so; -EIO: past the end
 * of its object, or it can't be read. */
enum vm_populate {
	VM_POPULATE_READ,   /* by reading */
	VM_POPULATE_WRITE,  /* by writing */
	VM_POPULATE_OWN,    /* by writing to what is private and writable, by reading the rest */
	VM_POPULATE_LOCKED, /* so, but only regions that are locked, and not ONFAULT */
	VM_POPULATE_ALL_LOCKED, /* so; holes, and what can't be populated, are passed over */
};
NODISCARD int vm_populate(struct vm_space *space, vaddr_t start, vaddr_t end, enum vm_populate how,
			  vaddr_t *reached);
/* The first mapped address at or above va; USER_END: none. */
vaddr_t vm_next_mapped(struct vm_space *space, vaddr_t va);
/* mincore(2): is each of the `pages` from `start`, page-aligned, in memory? Returns for how many it
 * says so, the first region's at most; -ENOMEM: `start` is not mapped. */
NODISCARD int vm_resident(struct vm_space *space, vaddr_t start, unsigned pages, uint8_t *vector);

/* mremap(2) with flags MREMAP_*; *address is the wanted, then the new start. */
NODISCARD int vm_remap(struct vm_space *space, vaddr_t old, uint64_t old_bytes, uint64_t new_bytes,
		       unsigned flags, vaddr_t *address);

/* Where the heap starts, page-aligned; the data of the program, for RLIMIT_DATA. For exec. */
void vm_set_brk_start(struct vm_space *space, vaddr_t start, uint64_t data_bytes);
/* brk(2): returns the new end, or the old one if it could not be moved there. */
vaddr_t vm_brk(struct vm_space *space, vaddr_t end);

/* A copy of the space that shares everything it can; copy-on-write from now on, on both sides. */
NODISCARD int vm_fork(struct vm_space *parent, struct vm_space **out);

/* RLIMIT_STACK, RLIMIT_AS and RLIMIT_DATA, bytes. They bind what is mapped from now on. */
struct vm_limits {
	uint64_t stack, address_space, data, data_hard;
};
void vm_set_limits(struct vm_space *space, const struct vm_limits *limits);

enum vm_result {
	VM_FIXED,
	VM_SPURIOUS_FAULT, /* the tables already allow it: proven */
	VM_RETRY,
	VM_NO_MEMORY,
	VM_BAD_ADDRESS, /* SIGSEGV, SEGV_MAPERR */
	VM_BAD_ACCESS,  /* SIGSEGV, SEGV_ACCERR */
	VM_BAD_OBJECT,  /* SIGBUS, BUS_ADRERR: past the end of the file, or it can't be read */
};
/* Serve an access of `access` (VM_READ, VM_WRITE or VM_EXEC) at va. */
NODISCARD enum vm_result vm_fault(struct vm_space *space, vaddr_t va, unsigned access);

/* Write into a space that need not be the active one, through the same path as the program's own
 * writes (for exec). 0, -EFAULT where the program could not write, or -ENOMEM. */
NODISCARD int vm_write_remote(struct vm_space *space, vaddr_t to, const void *from, size_t bytes);
NODISCARD int vm_zero_remote(struct vm_space *space, vaddr_t to, size_t bytes);

/* Check the regions and every table of this space against each other and against the frames' counts
 * and states; panics on a broken invariant. */
void vm_check(struct vm_space *space);

#endif
