/* elf_promises.h: does an accepted image keep every promise of proc/elf.h? For the unit tests and
 * the fuzzer. */
#ifndef TEST_UNIT_ELF_PROMISES_H
#define TEST_UNIT_ELF_PROMISES_H

#include <linux/limits.h>

#include <arch/mmu.h>

#include "proc/elf.h"

/* The promise about one segment that is broken, or NULL. */
static inline const char *elf_broken_segment(const struct elf_segment *segment, uint64_t file_bytes,
					     uint64_t limit)
{
	uint64_t end;

	if (segment->memory_bytes == 0)
		return "a segment without memory";
	if (segment->file_bytes > segment->memory_bytes)
		return "more bytes in the file than in memory";
	if (__builtin_add_overflow(segment->start, segment->memory_bytes, &end) ||
	    ALIGN_UP(end, PAGE_SIZE) > limit || ALIGN_UP(end, PAGE_SIZE) < end)
		return "a segment past the limit";
	if (segment->start % PAGE_SIZE != segment->file_offset % PAGE_SIZE)
		return "address and file offset not congruent";
	if (segment->file_bytes > 0 &&
	    (__builtin_add_overflow(segment->file_offset, segment->file_bytes, &end) ||
	     end > file_bytes))
		return "a segment past the end of the file";
	if ((segment->prot & ~(VM_READ | VM_WRITE | VM_EXEC)) != 0)
		return "an unknown protection";
	if ((segment->prot & VM_WRITE) && (segment->prot & VM_EXEC))
		return "a segment writable and executable";
	return NULL;
}

static inline const char *elf_broken_promise(const struct elf_image *image, uint64_t file_bytes,
					     uint64_t limit)
{
	bool entry_executable = false;
	uint64_t previous_end = 0;

	if (image->segment_count == 0 || image->segment_count > ELF_MAX_SEGMENTS)
		return "the number of segments";
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct elf_segment *segment = &image->segments[i];
		const char *broken = elf_broken_segment(segment, file_bytes, limit);
		if (broken != NULL)
			return broken;
		if (i > 0 && ALIGN_DOWN(segment->start, PAGE_SIZE) < previous_end)
			return "segments that share a page or are not ascending";
		previous_end = ALIGN_UP(segment->start + segment->memory_bytes, PAGE_SIZE);
		if (image->entry >= segment->start &&
		    image->entry - segment->start < segment->memory_bytes)
			entry_executable = segment->prot & VM_EXEC;
	}
	if (!entry_executable)
		return "the entry is not executable";
	if (image->low != ALIGN_DOWN(image->segments[0].start, PAGE_SIZE) ||
	    image->high != previous_end)
		return "low and high";
	if (!image->position_independent && image->low < ELF_LOWEST_ADDRESS)
		return "an address too low";
	if (image->max_alignment < PAGE_SIZE || image->max_alignment > limit ||
	    (image->max_alignment & (image->max_alignment - 1)) != 0)
		return "the alignment";
	if (image->phdr_count == 0)
		return "no program headers";
	if (image->phdr != 0 && (image->phdr < image->low || image->phdr >= image->high))
		return "program headers outside the image";
	if (image->has_interpreter && (image->interp_bytes < 2 || image->interp_bytes > PATH_MAX ||
				       image->interp_offset > file_bytes ||
				       image->interp_bytes > file_bytes - image->interp_offset))
		return "the interpreter's path";
	return NULL;
}

#endif
