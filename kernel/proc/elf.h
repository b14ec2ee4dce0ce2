/*
 * elf.h: reading an ELF64 executable's headers (System V ABI, gABI chapters 4 and 5). Pure: bytes
 * in, segments out; nothing in the file is believed.
 */
#ifndef PROC_ELF_H
#define PROC_ELF_H

#include "lib/types.h"

/* Of PT_LOAD; more is -ENOEXEC. */
#define ELF_MAX_SEGMENTS   64
/* Of an ET_EXEC's segments, as Linux's vm.mmap_min_addr usually is; below is -EPERM. */
#define ELF_LOWEST_ADDRESS 0x10000ull
/* Of an Elf64_Ehdr. */
#define ELF_HEADER_BYTES   64u

struct elf_segment {
	vaddr_t start;         /* p_vaddr, any alignment; relative to the load base for ET_DYN */
	uint64_t memory_bytes; /* p_memsz, > 0 */
	uint64_t file_bytes;   /* p_filesz <= memory_bytes */
	uint64_t file_offset;  /* congruent to start modulo the page size; all inside the file */
	unsigned prot;         /* VM_READ | VM_WRITE | VM_EXEC */
};

struct elf_image {
	bool position_independent; /* ET_DYN */
	bool has_interpreter;      /* PT_INTERP at [interp_offset, +interp_bytes) of the file */
	uint64_t interp_offset, interp_bytes;
	bool executable_stack; /* PT_GNU_STACK with PF_X */
	vaddr_t entry;
	vaddr_t low, high;      /* page-aligned span of all segments */
	uint64_t max_alignment; /* largest p_align, a power of two, from a page to `limit` */
	vaddr_t phdr;           /* where the program headers are in memory; 0: in no segment */
	uint16_t phdr_count;
	unsigned segment_count;
	struct elf_segment segments[ELF_MAX_SEGMENTS]; /* ascending, disjoint by page */
};

/*
 * Read the headers of a file of `file_bytes`, through `read` (0, or a negative error that is passed
 * on; asked only for what lies inside the file). Negative errno is what Linux's execve gives where
 * Linux refuses; where Linux accepts what can't work here (W+X or overlapping segments, an entry
 * outside) it is -ENOEXEC. Every segment of an accepted image ends below `limit` (relative for
 * ET_DYN).
 */
typedef int (*elf_read_fn)(void *file, uint64_t offset, void *to, size_t bytes);
NODISCARD int elf_parse(elf_read_fn read, void *file, uint64_t file_bytes, uint64_t limit,
			struct elf_image *out);

#endif
