/*
 * elf.c: see elf.h. The order of the checks and their errors follow what execve of Linux does
 * (measured; the corpus in test/elf is held against the build host's Linux). What Linux finds only
 * after it has given up the old program, and kills for, is refused here before that, with the error
 * that Linux has inside.
 */
#include "proc/elf.h"

#include <linux/elf.h>
#include <linux/limits.h>

#include <arch/mmu.h>

#include "lib/errno.h"
#include "lib/string.h"

#define PROGRAM_HEADERS_MAX_BYTES 65536 /* Linux's limit for the whole table */

_Static_assert(sizeof(Elf64_Ehdr) == ELF_HEADER_BYTES, "the header's size, for the reader's users");

struct elf_file {
	elf_read_fn read;
	void *handle;
	uint64_t bytes;
	uint64_t limit;
	Elf64_Ehdr header;
};

typedef int (*visit_fn)(const struct elf_file *file, const Elf64_Phdr *phdr,
			struct elf_image *image);

/* Is [offset, offset + bytes) inside the file? */
static bool file_has(const struct elf_file *file, uint64_t offset, uint64_t bytes)
{
	return offset <= file->bytes && bytes <= file->bytes - offset;
}

static int read_header(struct elf_file *file)
{
	Elf64_Ehdr *header = &file->header;
	int error;

	if (!file_has(file, 0, sizeof(*header)))
		return -ENOEXEC;
	error = file->read(file->handle, 0, header, sizeof(*header));
	if (error != 0)
		return error;
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
	    header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
	    header->e_ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT)
		return -ENOEXEC;
	if (header->e_machine != EM_X86_64 ||
	    (header->e_type != ET_EXEC && header->e_type != ET_DYN))
		return -ENOEXEC;
	uint64_t table_bytes = (uint64_t)header->e_phnum * sizeof(Elf64_Phdr);
	if (header->e_phentsize != sizeof(Elf64_Phdr) || table_bytes == 0 ||
	    table_bytes > PROGRAM_HEADERS_MAX_BYTES ||
	    !file_has(file, header->e_phoff, table_bytes))
		return -ENOEXEC;
	return 0;
}

static int for_each_phdr(const struct elf_file *file, visit_fn visit, struct elf_image *image)
{
	for (unsigned i = 0; i < file->header.e_phnum; i++) {
		Elf64_Phdr phdr;
		int error = file->read(file->handle, file->header.e_phoff + i * sizeof(phdr), &phdr,
				       sizeof(phdr));
		if (error == 0)
			error = visit(file, &phdr, image);
		if (error != 0)
			return error;
	}
	return 0;
}

/* The path of the interpreter, with its NUL. Of several Linux takes the first. */
static int note_interpreter(const struct elf_file *file, const Elf64_Phdr *phdr,
			    struct elf_image *image)
{
	char last;
	int error;

	if (image->has_interpreter)
		return 0;
	if (phdr->p_filesz < 2 || phdr->p_filesz > PATH_MAX)
		return -ENOEXEC;
	if ((int64_t)phdr->p_offset < 0)
		return -EINVAL;
	if (!file_has(file, phdr->p_offset, phdr->p_filesz))
		return -EIO;
	error = file->read(file->handle, phdr->p_offset + phdr->p_filesz - 1, &last, 1);
	if (error != 0)
		return error;
	if (last != '\0')
		return -ENOEXEC;
	image->has_interpreter = true;
	image->interp_offset = phdr->p_offset;
	image->interp_bytes = phdr->p_filesz;
	return 0;
}

static int visit_properties(const struct elf_file *file, const Elf64_Phdr *phdr,
			    struct elf_image *image)
{
	if (phdr->p_type == PT_INTERP)
		return note_interpreter(file, phdr, image);
	if (phdr->p_type == PT_GNU_STACK)
		image->executable_stack = (phdr->p_flags & PF_X) != 0;
	return 0;
}

static unsigned segment_prot(const Elf64_Phdr *phdr)
{
	return (phdr->p_flags & PF_R ? VM_READ : 0) | (phdr->p_flags & PF_W ? VM_WRITE : 0) |
	       (phdr->p_flags & PF_X ? VM_EXEC : 0);
}

static int check_load(const struct elf_file *file, const Elf64_Phdr *phdr)
{
	uint64_t alignment = phdr->p_align, limit = file->limit;

	if (phdr->p_filesz > phdr->p_memsz || phdr->p_memsz > limit ||
	    phdr->p_vaddr > limit - phdr->p_memsz)
		return -EINVAL;
	if (phdr->p_filesz != 0 && !IS_ALIGNED(phdr->p_vaddr - phdr->p_offset, PAGE_SIZE))
		return -EINVAL;
	if (phdr->p_filesz != 0 && !file_has(file, phdr->p_offset, phdr->p_filesz))
		return -ENOEXEC;
	if ((alignment & (alignment - 1)) != 0 || alignment > limit)
		return -ENOEXEC;
	if ((phdr->p_flags & PF_W) && (phdr->p_flags & PF_X))
		return -ENOEXEC;
	return 0;
}

static vaddr_t first_page(const struct elf_segment *segment)
{
	return ALIGN_DOWN(segment->start, PAGE_SIZE);
}

static vaddr_t end_page(const struct elf_segment *segment)
{
	return ALIGN_UP(segment->start + segment->memory_bytes, PAGE_SIZE);
}

/* Keep the segments ascending, whatever the order in the file. */
static int insert_segment(struct elf_image *image, const struct elf_segment *segment)
{
	struct elf_segment *segments = image->segments;
	unsigned at = image->segment_count;

	if (image->segment_count == ELF_MAX_SEGMENTS)
		return -ENOEXEC;
	while (at > 0 && segments[at - 1].start > segment->start)
		at--;
	if (at > 0 && end_page(&segments[at - 1]) > first_page(segment))
		return -ENOEXEC;
	if (at < image->segment_count && end_page(segment) > first_page(&segments[at]))
		return -ENOEXEC;
	memmove(&segments[at + 1], &segments[at], (image->segment_count - at) * sizeof(*segments));
	segments[at] = *segment;
	image->segment_count++;
	return 0;
}

static int visit_load(const struct elf_file *file, const Elf64_Phdr *phdr, struct elf_image *image)
{
	struct elf_segment segment;
	int error;

	if (phdr->p_type != PT_LOAD)
		return 0;
	error = check_load(file, phdr);
	if (error != 0 || phdr->p_memsz == 0)
		return error;
	segment = (struct elf_segment){
		.start = phdr->p_vaddr,
		.memory_bytes = phdr->p_memsz,
		.file_bytes = phdr->p_filesz,
		.file_offset = phdr->p_filesz != 0 ? phdr->p_offset : phdr->p_vaddr % PAGE_SIZE,
		.prot = segment_prot(phdr),
	};
	image->max_alignment = MAX(image->max_alignment, phdr->p_align);
	return insert_segment(image, &segment);
}

/* Where the program headers are in memory, for AT_PHDR: they have to be wholly in one segment's
 * part of the file. */
static vaddr_t find_phdr(const struct elf_file *file, const struct elf_image *image)
{
	uint64_t offset = file->header.e_phoff;
	uint64_t bytes = (uint64_t)file->header.e_phnum * sizeof(Elf64_Phdr);

	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct elf_segment *segment = &image->segments[i];

		if (offset >= segment->file_offset && bytes <= segment->file_bytes &&
		    offset - segment->file_offset <= segment->file_bytes - bytes)
			return segment->start + (offset - segment->file_offset);
	}
	return 0;
}

static bool is_executable(const struct elf_image *image, vaddr_t address)
{
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct elf_segment *segment = &image->segments[i];

		if (address >= segment->start && address - segment->start < segment->memory_bytes)
			return (segment->prot & VM_EXEC) != 0;
	}
	return false;
}

/* What the segments have to be as a whole. */
static int check_image(const struct elf_file *file, struct elf_image *image)
{
	if (image->segment_count == 0)
		return -ENOEXEC;
	image->low = first_page(&image->segments[0]);
	image->high = end_page(&image->segments[image->segment_count - 1]);
	if (!image->position_independent && image->low < ELF_LOWEST_ADDRESS)
		return -EPERM;
	image->entry = file->header.e_entry;
	if (!is_executable(image, image->entry))
		return -ENOEXEC;
	image->phdr = find_phdr(file, image);
	image->phdr_count = file->header.e_phnum;
	return 0;
}

int elf_parse(elf_read_fn read, void *handle, uint64_t file_bytes, uint64_t limit,
	      struct elf_image *out)
{
	struct elf_file file = {
		.read = read,
		.handle = handle,
		.bytes = file_bytes,
		.limit = ALIGN_DOWN(limit, PAGE_SIZE),
	};
	int error;

	*out = (struct elf_image){.max_alignment = PAGE_SIZE};
	error = read_header(&file);
	if (error != 0)
		return error;
	out->position_independent = file.header.e_type == ET_DYN;
	error = for_each_phdr(&file, visit_properties, out);
	if (error == 0)
		error = for_each_phdr(&file, visit_load, out);
	if (error == 0)
		error = check_image(&file, out);
	return error;
}
