/*
 * elf.h: the kernel's ELF file, checked. Pure: it calls nothing, so the host's tests compile it
 * too.
 */
#ifndef BOOT_ELF_H
#define BOOT_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS_MAX 16

/* The kernel is linked for the top 2 GiB of the address space (-mcmodel=kernel), and not all of it.
 */
#define ELF_LINK_BASE   0xffffffff80000000ull
#define ELF_IMAGE_MAX   (512ull << 20)
#define ELF_IMAGE_ALIGN (2ull << 20)

struct elf_segment {
	uint64_t virtual_start;
	uint64_t memory_bytes;
	uint64_t file_offset, file_bytes;
	bool writable, executable;
};

struct elf_kernel {
	uint64_t link_start; /* lowest link address: a multiple of ELF_IMAGE_ALIGN */
	uint64_t bytes;      /* from there to the end of the highest page */
	uint64_t entry;
	uint32_t boot_info_version; /* that its note asks for */
	unsigned segment_count;
	struct elf_segment segments[ELF_SEGMENTS_MAX]; /* PT_LOAD, ascending */
};

/*
 * Check all that will be believed of `file`. NULL: it is good and *out is set; else the end of the
 * sentence "FILE: ...". (Tool Interface Standard, ELF Specification 1.2; System V ABI, AMD64
 * supplement.)
 */
const char *elf_parse(const void *file, uint64_t file_bytes, struct elf_kernel *out);
/* Copy the segments to `image`, which has out->bytes bytes, all zero. */
void elf_load(const struct elf_kernel *kernel, const void *file, void *image);

#endif
