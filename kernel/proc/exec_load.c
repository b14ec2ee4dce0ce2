/*
 * exec_load.c: the segments of a program, of its interpreter if it wants one, and its stack, into a
 * new space. A dynamic program's interpreter is its dynamic linker: the kernel maps both, starts
 * the interpreter, and tells it in the auxiliary vector where the program is. The libraries are
 * the interpreter's affair.
 */
#include <arch/user.h>

#include "fs/inode.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/elf.h"
#include "proc/exec.h"
#include "proc/exec_load.h"
#include "proc/process.h"
#include "vm/object.h"
#include "vm/space.h"

/* Where Linux puts a position-independent program when it does not randomise (ELF_ET_DYN_BASE). */
#define DYN_BASE          0x555555554000ull
/* Mapped at first; it grows on faults to the limit. Linux maps as much. */
#define STACK_FIRST_BYTES (132 * KIB)
/* Kept free below USER_END for the stack and for mmap: no segment may lie there. */
#define TOP_RESERVE       (128 * MIB)

static int read_object(void *file, uint64_t offset, void *to, size_t bytes)
{
	ssize_t done = vm_object_read(file, offset, to, bytes);

	if (done < 0)
		return (int)done;
	return (size_t)done == bytes ? 0 : -EIO;
}

/* ---- segments ---- */

static int map_fixed(struct vm_space *space, struct vm_map_request request)
{
	vaddr_t at = request.address;

	/* Large tables of zeros of which little is used are common: only what is used must fit. */
	request.flags = VM_MAP_FIXED | VM_MAP_NOREPLACE | VM_MAP_NORESERVE;
	return vm_map(space, &request, &at);
}

/*
 * A segment is file pages, private and not read before they are touched, then zeros. The last file
 * page has other bytes of the file behind the segment's own: they are wiped where the program could
 * see them as its zeros, which takes that one page into memory now.
 */
static int map_segment(struct vm_space *space, const struct elf_segment *segment, vaddr_t bias,
		       struct vm_object *object)
{
	vaddr_t start = bias + segment->start, page = ALIGN_DOWN(start, PAGE_SIZE);
	vaddr_t file_end = start + segment->file_bytes, end = start + segment->memory_bytes;
	vaddr_t file_pages_end = segment->file_bytes ? ALIGN_UP(file_end, PAGE_SIZE) : page;
	vaddr_t pages_end = ALIGN_UP(end, PAGE_SIZE);
	int error = 0;

	if (segment->file_bytes)
		error = map_fixed(space, (struct vm_map_request){
						 .address = page,
						 .bytes = file_pages_end - page,
						 .prot = segment->prot,
						 .object = object,
						 .offset = segment->file_offset - (start - page),
					 });
	if (error)
		return error;
	if (end > file_end && file_pages_end > file_end && (segment->prot & VM_WRITE)) {
		error = vm_zero_remote(space, file_end, file_pages_end - file_end);
		if (error)
			return error;
	}
	if (pages_end <= file_pages_end)
		return 0;
	return map_fixed(space, (struct vm_map_request){
					.address = file_pages_end,
					.bytes = pages_end - file_pages_end,
					.prot = segment->prot,
				});
}

/* What RLIMIT_DATA counts of a program beside its heap; Linux's end_data - start_data. */
static uint64_t data_bytes(const struct elf_image *elf)
{
	vaddr_t start = 0, end = 0;

	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		start = MAX(start, segment->start);
		end = MAX(end, segment->start + segment->file_bytes);
	}
	return end > start ? end - start : 0;
}

/* Where code and data are, as Linux tells it: code is what may be executed, data the last of all.
 */
static void note_segments(struct process_layout *layout, const struct elf_image *elf, vaddr_t bias)
{
	layout->code_start = UINT64_MAX;
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct elf_segment *segment = &elf->segments[i];
		vaddr_t start = bias + segment->start, end = start + segment->file_bytes;
		if (segment->prot & VM_EXEC) {
			layout->code_start = MIN(layout->code_start, start);
			layout->code_end = MAX(layout->code_end, end);
		}
		layout->data_start = MAX(layout->data_start, start);
		layout->data_end = MAX(layout->data_end, end);
	}
}

static int map_image(struct vm_space *space, const struct elf_image *elf, vaddr_t bias,
		     struct vm_object *object)
{
	for (unsigned i = 0; i < elf->segment_count; i++) {
		int error = map_segment(space, &elf->segments[i], bias, object);
		if (error)
			return error;
	}
	return 0;
}

static int map_stack(struct vm_space *space, uint64_t limit, bool executable)
{
	uint64_t bytes = ALIGN_DOWN(MIN(limit, STACK_FIRST_BYTES), PAGE_SIZE);

	if (!bytes)
		return -ENOMEM;
	return map_fixed(space, (struct vm_map_request){
					.address = USER_END - bytes,
					.bytes = bytes,
					.prot = VM_READ | VM_WRITE | (executable ? VM_EXEC : 0),
					.region_flags = REGION_GROWS_DOWN,
					.name = "[stack]",
				});
}

/* ---- the interpreter ---- */

/* A file, what its headers say, and where it is in the new space. */
struct image_file {
	struct vm_object *object; /* NULL: there is none */
	struct inode *inode;      /* the interpreter's, with a reference and inode_begin_run() */
	struct elf_image elf;
	vaddr_t bias;
};

/* Too large for a kernel stack. */
struct loading {
	struct image_file program, interpreter;
};

/* The path in PT_INTERP; kfree() it. elf_parse has looked at its length and its NUL, but the file
 * may have been written to since. */
static int read_interpreter_name(const struct image_file *program, char **out)
{
	size_t bytes = program->elf.interp_bytes;
	char *name = kmalloc(bytes);

	if (!name)
		return -ENOMEM;
	int error = read_object(program->object, program->elf.interp_offset, name, bytes);
	if (!error && name[bytes - 1])
		error = -ENOEXEC;
	if (error)
		kfree(name);
	else
		*out = name;
	return error;
}

/* What Linux says of an interpreter that is no program: shorter than a header is -EIO, anything
 * else -ELIBBAD. */
static int parse_interpreter(struct image_file *file)
{
	uint64_t bytes = file->object->bytes;

	if (bytes < ELF_HEADER_BYTES)
		return -EIO;
	int error = elf_parse(read_object, file->object, bytes, USER_END - TOP_RESERVE, &file->elf);
	return error == -ENOEXEC || error == -EINVAL ? -ELIBBAD : error;
}

static void close_interpreter(struct image_file *file)
{
	if (!file->object)
		return;
	vm_object_put(file->object);
	inode_end_run(file->inode);
	inode_put(file->inode);
}

/* All that can be wrong with the interpreter, in Linux's order. */
static int open_interpreter(const struct image_file *program, const struct exec_request *request,
			    struct image_file *file)
{
	char *name;

	int error = read_interpreter_name(program, &name);
	if (error)
		return error;
	error = path_walk(request->directory, name, 0, &file->inode);
	kfree(name);
	if (error)
		return error;
	error = exec_check_file(file->inode);
	if (!error)
		error = inode_begin_run(file->inode);
	if (!error) {
		error = inode_object(file->inode, &file->object);
		if (error)
			inode_end_run(file->inode);
	}
	if (error) {
		inode_put(file->inode);
		return error;
	}
	return parse_interpreter(file);
}

/* Where mmap would put it, in one piece: just below the stack's reserve. The place is asked for by
 * mapping all of it at once. */
static int place_interpreter(struct vm_space *space, struct image_file *file)
{
	const struct elf_image *elf = &file->elf;
	vaddr_t at = 0;

	if (!elf->position_independent)
		return 0;
	int error = vm_map(space,
			   &(struct vm_map_request){
				   .bytes = elf->high - elf->low,
				   .flags = VM_MAP_NORESERVE,
			   },
			   &at);
	if (!error)
		error = vm_unmap(space, at, elf->high - elf->low);
	file->bias = at - elf->low;
	return error;
}

static int map_interpreter(struct vm_space *space, struct image_file *file)
{
	int error = place_interpreter(space, file);

	return error ? error : map_image(space, &file->elf, file->bias, file->object);
}

/* ---- the whole ---- */

/* Mappings leave as much room for the stack as it may take, within bounds, as on Linux. */
static void set_layout(const struct process *process, struct vm_space *space)
{
	uint64_t gap = process->limits[RLIMIT_STACK].soft;

	gap = ALIGN_UP(MIN(MAX(gap, TOP_RESERVE), USER_END / 6 * 5), PAGE_SIZE);
	space->mmap_top = USER_END - gap;
	process_apply_limits(process, space);
}

static int map_program(struct vm_space *space, struct image_file *file)
{
	const struct elf_image *elf = &file->elf;

	if (elf->position_independent)
		file->bias = ALIGN_DOWN(DYN_BASE, elf->max_alignment) - elf->low;
	if (file->bias + elf->high > USER_END - TOP_RESERVE)
		return -ENOMEM;
	int error = map_image(space, elf, file->bias, file->object);
	if (!error)
		vm_set_brk_start(space, file->bias + elf->high, data_bytes(elf));
	return error;
}

/* Linux's order: the stack, the program, the interpreter. */
static int map_all(const struct process *process, struct loading *loading, struct vm_space *space)
{
	struct image_file *program = &loading->program, *interpreter = &loading->interpreter;

	set_layout(process, space);
	int error =
		map_stack(space, process->limits[RLIMIT_STACK].soft, program->elf.executable_stack);
	if (!error)
		error = map_program(space, program);
	if (!error && interpreter->object)
		error = map_interpreter(space, interpreter);
	return error;
}

static int build(const struct process *process, const struct exec_request *request,
		 struct loading *loading, struct exec_image *image)
{
	const struct image_file *program = &loading->program;
	const struct image_file *interpreter = &loading->interpreter;
	const struct elf_image *elf = &program->elf;

	int error = map_all(process, loading, image->space);
	if (error)
		return error;
	struct exec_auxiliary auxiliary = {
		.phdr = elf->phdr ? program->bias + elf->phdr : 0,
		.phdr_count = elf->phdr_count,
		.base = interpreter->bias,
		.entry = program->bias + elf->entry,
		.credentials = &process->credentials,
	};
	image->entry =
		interpreter->object ? interpreter->bias + interpreter->elf.entry : auxiliary.entry;
	note_segments(image->layout, elf, program->bias);
	return exec_build_stack(image->space, process->limits[RLIMIT_STACK].soft, request,
				&auxiliary, image->layout, &image->sp);
}

static int build_image(const struct process *process, const struct exec_request *request,
		       struct loading *loading, struct exec_image *image)
{
	image->layout = kzalloc(sizeof(*image->layout));
	int error = image->layout ? vm_space_create(&image->space) : -ENOMEM;

	if (!error) {
		image->layout->count = 1;
		image->space->id = process->pid;
		error = build(process, request, loading, image);
		if (error)
			vm_space_destroy(image->space);
	}
	if (error)
		kfree(image->layout);
	return error;
}

int exec_load(const struct process *process, const struct exec_request *request,
	      struct vm_object *object, struct exec_image *image)
{
	struct loading *loading = kzalloc(sizeof(*loading));
	struct image_file *program;

	if (!loading)
		return -ENOMEM;
	program = &loading->program;
	program->object = object;
	int error = elf_parse(read_object, object, object->bytes, USER_END - TOP_RESERVE,
			      &program->elf);
	/* Linux finds what is wrong with segments only when it has the interpreter. */
	if (program->elf.has_interpreter) {
		int worse = open_interpreter(program, request, &loading->interpreter);
		error = worse ? worse : error;
	}
	if (!error)
		error = build_image(process, request, loading, image);
	close_interpreter(&loading->interpreter);
	kfree(loading);
	return error;
}
