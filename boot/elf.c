/* elf.c: hostile ELF files in, sentences or a checked kernel out. */
#include "elf.h"

#include <linux/elf.h>

#include "boot_info.h"

#define ELF_PAGE 4096ull

static uint64_t page_down(uint64_t address)
{
	return address & ~(ELF_PAGE - 1);
}

/* Only of addresses that are at least a page from the end of the address space. */
static uint64_t page_up(uint64_t address)
{
	return page_down(address + ELF_PAGE - 1);
}

static bool inside(uint64_t offset, uint64_t bytes, uint64_t limit)
{
	return offset <= limit && bytes <= limit - offset;
}

/* The file may place headers at any offset, so they are copied out rather than pointed at. */
static void copy(void *to, const void *from, uint64_t bytes)
{
	__builtin_memcpy(to, from, bytes);
}

static const char *check_header(const Elf64_Ehdr *header, uint64_t file_bytes)
{
	const unsigned char *ident = header->e_ident;

	if (ident[EI_MAG0] != ELFMAG0 || ident[EI_MAG1] != ELFMAG1 || ident[EI_MAG2] != ELFMAG2 ||
	    ident[EI_MAG3] != ELFMAG3)
		return "not an ELF file";
	if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB)
		return "not a 64-bit little-endian ELF file";
	if (ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT)
		return "an ELF file of an unknown version";
	if (header->e_machine != EM_X86_64)
		return "an ELF file for another machine than x86-64";
	if (header->e_type != ET_EXEC)
		return "not an executable ELF file (ET_EXEC)";
	if (header->e_phentsize != sizeof(Elf64_Phdr))
		return "its program headers have the wrong size";
	if (header->e_phnum == 0)
		return "it has no program headers";
	if (!inside(header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr), file_bytes))
		return "truncated: its program headers lie past the end of the file";
	return NULL;
}

static const char *check_segment(const Elf64_Phdr *header, uint64_t file_bytes)
{
	const uint64_t top = page_down(UINT64_MAX);

	if (header->p_filesz > header->p_memsz)
		return "a segment is larger in the file than in memory";
	if (!inside(header->p_offset, header->p_filesz, file_bytes))
		return "truncated: a segment lies past the end of the file";
	if (header->p_vaddr < ELF_LINK_BASE || !inside(header->p_vaddr, header->p_memsz, top))
		return "a segment lies outside the kernel's 2 GiB of addresses";
	if ((header->p_flags & PF_W) && (header->p_flags & PF_X))
		return "a segment is both writable and executable";
	return NULL;
}

/* Insert in ascending order. Segments with different permissions must not share a page. */
static const char *add_segment(struct elf_kernel *kernel, const Elf64_Phdr *header)
{
	const struct elf_segment segment = {
		.virtual_start = header->p_vaddr,
		.memory_bytes = header->p_memsz,
		.file_offset = header->p_offset,
		.file_bytes = header->p_filesz,
		.writable = header->p_flags & PF_W,
		.executable = header->p_flags & PF_X,
	};
	const uint64_t start = page_down(header->p_vaddr);
	const uint64_t end = page_up(header->p_vaddr + header->p_memsz);
	unsigned at = kernel->segment_count;

	if (at == ELF_SEGMENTS_MAX)
		return "it has too many segments";
	for (unsigned i = 0; i < kernel->segment_count; i++) {
		const struct elf_segment *other = &kernel->segments[i];

		if (start < page_up(other->virtual_start + other->memory_bytes) &&
		    page_down(other->virtual_start) < end)
			return "two segments overlap, or share a page";
	}
	while (at > 0 && kernel->segments[at - 1].virtual_start > segment.virtual_start) {
		kernel->segments[at] = kernel->segments[at - 1];
		at--;
	}
	kernel->segments[at] = segment;
	kernel->segment_count++;
	return NULL;
}

/* Look through the notes of one PT_NOTE segment. Other owners' notes (PVH's entry) are not our
 * business. */
static const char *read_notes(const uint8_t *file, uint64_t file_bytes, const Elf64_Phdr *header,
			      bool *found, uint32_t *version)
{
	/* Names and descriptors are padded to 4 bytes, but to 8 where the segment says so. */
	const uint64_t align = header->p_align == 8 ? 8 : 4;
	uint64_t at = 0;

	if (!inside(header->p_offset, header->p_filesz, file_bytes))
		return "truncated: its notes lie past the end of the file";
	while (inside(at, sizeof(Elf64_Nhdr), header->p_filesz)) {
		const uint8_t *note = file + header->p_offset + at;
		Elf64_Nhdr head;
		uint64_t descriptor;

		copy(&head, note, sizeof head);
		descriptor = (sizeof head + head.n_namesz + align - 1) & ~(align - 1);
		if (!inside(at, descriptor + head.n_descsz, header->p_filesz))
			return "one of its notes is larger than its segment";
		if (head.n_type == BOOT_NOTE_INFO_VERSION && head.n_descsz == sizeof *version &&
		    head.n_namesz == sizeof BOOT_NOTE_NAME &&
		    __builtin_memcmp(note + sizeof head, BOOT_NOTE_NAME, sizeof BOOT_NOTE_NAME) ==
			    0) {
			copy(version, note + descriptor, sizeof *version);
			*found = true;
		}
		at += (descriptor + head.n_descsz + align - 1) & ~(align - 1);
	}
	return NULL;
}

/* What concerns all segments together: the image's extent, and where it is entered. */
static const char *check_image(struct elf_kernel *kernel)
{
	const struct elf_segment *last;
	bool entry_found = false;

	if (kernel->segment_count == 0)
		return "it has nothing to load";
	last = &kernel->segments[kernel->segment_count - 1];
	kernel->link_start = page_down(kernel->segments[0].virtual_start);
	kernel->bytes = page_up(last->virtual_start + last->memory_bytes) - kernel->link_start;
	if (kernel->link_start % ELF_IMAGE_ALIGN != 0)
		return "its lowest address is no multiple of 2 MiB";
	if (kernel->bytes > ELF_IMAGE_MAX)
		return "its segments span more than 512 MiB";
	for (unsigned i = 0; i < kernel->segment_count; i++) {
		const struct elf_segment *segment = &kernel->segments[i];

		if (segment->executable && kernel->entry >= segment->virtual_start &&
		    kernel->entry - segment->virtual_start < segment->file_bytes)
			entry_found = true;
	}
	if (!entry_found)
		return "its entry point lies outside its code";
	return NULL;
}

const char *elf_parse(const void *file, uint64_t file_bytes, struct elf_kernel *out)
{
	struct elf_kernel kernel = {0};
	const char *error;
	bool note_found = false;
	Elf64_Ehdr header;

	if (file_bytes < sizeof header)
		return "not an ELF file";
	copy(&header, file, sizeof header);
	error = check_header(&header, file_bytes);
	if (error)
		return error;
	kernel.entry = header.e_entry;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;

		copy(&segment, (const uint8_t *)file + header.e_phoff + i * sizeof segment,
		     sizeof segment);
		if (segment.p_type == PT_LOAD && segment.p_memsz != 0) {
			error = check_segment(&segment, file_bytes);
			if (!error)
				error = add_segment(&kernel, &segment);
		} else if (segment.p_type == PT_NOTE) {
			error = read_notes(file, file_bytes, &segment, &note_found,
					   &kernel.boot_info_version);
		}
		if (error)
			return error;
	}
	error = check_image(&kernel);
	if (error)
		return error;
	if (!note_found)
		return "it does not name the version of boot_info that it wants; is it a Quire "
		       "kernel?";
	*out = kernel;
	return NULL;
}

void elf_load(const struct elf_kernel *kernel, const void *file, void *image)
{
	for (unsigned i = 0; i < kernel->segment_count; i++) {
		const struct elf_segment *segment = &kernel->segments[i];

		copy((uint8_t *)image + (segment->virtual_start - kernel->link_start),
		     (const uint8_t *)file + segment->file_offset, segment->file_bytes);
	}
}
