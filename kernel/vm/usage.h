/*
 * usage.h: how much memory a range of an address space has, read from its tables: what
 * /proc/<pid>/smaps, statm and status tell (proc(5)). Bytes; changes nothing; needs space->lock.
 */
#ifndef VM_USAGE_H
#define VM_USAGE_H

#include "vm/space.h"

/*
 * A page is shared if another space reaches its frame, be it by an entry of its own or through a
 * page table that both have. The page of zeros counts nowhere, as on Linux.
 */
struct vm_usage {
	uint64_t resident;
	uint64_t shared_clean, shared_dirty, private_clean, private_dirty;
	uint64_t referenced;   /* accessed */
	uint64_t anonymous;    /* no file behind it */
	uint64_t huge;         /* of anonymous, in leaves of 2 MiB */
	uint64_t swapped;      /* not resident */
	uint64_t proportional; /* each page divided by those who reach it; in 1/4096 bytes */
	uint64_t proportional_dirty;
	uint64_t tables; /* page tables that cover the range, but for the root */
};
#define VM_USAGE_FRACTION_BITS 12u

/* Of [start, end), page-aligned. */
void vm_usage_locked(const struct vm_space *space, vaddr_t start, vaddr_t end,
		     struct vm_usage *out);

/* How many spaces reach what `entry`, at `level` of a table that `paths` reach, names. */
uint64_t vm_reached_by(entry_t entry, unsigned level, uint64_t paths);

/*
 * The most bytes that were ever resident. Nobody counts pages as they come and go: tables are
 * shared and dropped as a whole, and nothing is walked only to be counted. So it is an estimate:
 * what faults have filled, less what was unmapped, as if all of that had been there. It is exact
 * whenever somebody asks for the whole space's usage, which is counted then.
 */
uint64_t vm_resident_peak(const struct vm_space *space);
/* [start, end) is about to be dropped. */
void vm_peak_before_drop_locked(struct vm_space *space, vaddr_t start, vaddr_t end);
/* `usage` is that of the whole space, just now. */
void vm_peak_learn_locked(struct vm_space *space, const struct vm_usage *usage);
/* A fork's child begins with what its parent has. Its lock is not needed yet. */
void vm_peak_inherit_locked(struct vm_space *child, const struct vm_space *parent);

/* Of all that `space` has had: those that needed no file to be read. */
uint64_t vm_minor_faults(const struct vm_space *space);

#endif
