/* exec.c: a program into an address space. See exec.h. */
#include "proc/exec.h"

#include <arch/thread.h>
#include <arch/user.h>
#include <linux/stat.h>

#include "debug/log.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/elf.h"
#include "proc/exec_script.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "vm/object.h"
#include "vm/space.h"

/* Where Linux puts a position-independent program when it does not randomise (ELF_ET_DYN_BASE). */
#define DYN_BASE          0x555555554000ull
/* Mapped at first; it grows on faults to the limit. Linux maps as much. */
#define STACK_FIRST_BYTES (132 * KIB)
/* Kept free below USER_END for the stack and for mmap: no segment may lie there. */
#define TOP_RESERVE       (128 * MIB)
#define EXECUTE_BITS      0111u

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
	vm_set_brk_start(space, bias + elf->high, data_bytes(elf));
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

/* ---- the whole ---- */

static int check_file(const struct inode *inode)
{
	if ((inode->mode & S_IFMT) != S_IFREG || !(inode->mode & EXECUTE_BITS))
		return -EACCES;
	return 0;
}

/* Dynamic programs are not implemented. Why not, in words, and with Linux's error where there is no
 * such interpreter. */
static int refuse_interpreter(const struct elf_image *elf, struct vm_object *object,
			      const struct exec_request *request)
{
	struct inode *found;

	if (elf->interp_bytes < 2 || elf->interp_bytes > PATH_BYTES_MAX)
		return -ENOEXEC;
	char *name = kzalloc(elf->interp_bytes);
	if (!name)
		return -ENOMEM;
	int error = read_object(object, elf->interp_offset, name, elf->interp_bytes);
	if (!error && name[elf->interp_bytes - 1])
		error = -ENOEXEC;
	if (!error)
		error = path_walk(request->directory, name, 0, &found);
	if (!error) {
		error = check_file(found);
		inode_put(found);
	}
	if (!error) {
		log_warning("%s wants the dynamic linker %s: dynamic programs are not implemented",
			    request->name, name);
		error = -ENOEXEC;
	}
	kfree(name);
	return error;
}

/* Mappings leave as much room for the stack as it may take, within bounds, as on Linux. */
static void set_layout(const struct process *process, struct vm_space *space)
{
	uint64_t gap = process->limits[RLIMIT_STACK].soft;

	gap = ALIGN_UP(MIN(MAX(gap, TOP_RESERVE), USER_END / 6 * 5), PAGE_SIZE);
	space->mmap_top = USER_END - gap;
	process_apply_limits(process, space);
}

static int load(struct process *process, const struct exec_request *request,
		struct vm_object *object, const struct elf_image *elf, struct exec_image *image)
{
	uint64_t stack_limit = process->limits[RLIMIT_STACK].soft;
	vaddr_t bias = 0;

	set_layout(process, image->space);

	if (elf->position_independent)
		bias = ALIGN_UP(DYN_BASE, elf->max_alignment) - elf->low;
	if (bias + elf->high > USER_END - TOP_RESERVE)
		return -ENOMEM;
	int error = map_image(image->space, elf, bias, object);
	if (error)
		return error;
	error = map_stack(image->space, stack_limit, elf->executable_stack);
	if (error)
		return error;
	image->entry = bias + elf->entry;
	struct exec_auxiliary auxiliary = {
		.phdr = elf->phdr ? bias + elf->phdr : 0,
		.phdr_count = elf->phdr_count,
		.entry = image->entry,
	};
	note_segments(image->layout, elf, bias);
	return exec_build_stack(image->space, stack_limit, request, &auxiliary, image->layout,
				&image->sp);
}

static int load_object(struct process *process, const struct exec_request *request,
		       struct vm_object *object, struct exec_image *image)
{
	/* Too large for a kernel stack. */
	struct elf_image *elf = kmalloc(sizeof(*elf));
	if (!elf)
		return -ENOMEM;
	int error = elf_parse(read_object, object, object->bytes, USER_END - TOP_RESERVE, elf);
	if (!error && elf->has_interpreter)
		error = refuse_interpreter(elf, object, request);
	image->layout = kzalloc(sizeof(*image->layout));
	if (!error)
		error = image->layout ? vm_space_create(&image->space) : -ENOMEM;
	if (!error) {
		image->layout->count = 1;
		image->space->id = process->pid;
		error = load(process, request, object, elf, image);
		if (error)
			vm_space_destroy(image->space);
	}
	if (error)
		kfree(image->layout);
	kfree(elf);
	return error;
}

/* ---- scripts ---- */

/* The scripts on the way to a program, and the arguments that they make. */
struct scripts {
	unsigned depth;
	struct exec_script script[SCRIPT_DEPTH_MAX];
	const char *prefix[SCRIPT_DEPTH_MAX * 2 + 1];
	unsigned prefix_count;
};

/* Put the interpreter, its argument and the script's name in the place of argv[0]. */
static void push_script(struct scripts *scripts, const struct exec_script *script, const char *name)
{
	unsigned added = script->argument ? 2 : 1;
	unsigned old = scripts->prefix_count;

	/* An interpreter that is a script itself was argv[0] so far: its name is there already. */
	memmove(scripts->prefix + added, scripts->prefix, old * sizeof(scripts->prefix[0]));
	scripts->prefix[0] = script->interpreter;
	if (script->argument)
		scripts->prefix[1] = script->argument;
	if (!old)
		scripts->prefix[added] = name;
	scripts->prefix_count = added + (old ? old : 1);
}

/* Is `object` a script? Then *inode, whose reference is put, becomes its interpreter, with one. 1,
 * 0 or negative. */
static int follow_script(struct scripts *scripts, const struct exec_request *request,
			 struct vm_object *object, struct inode **inode)
{
	struct exec_script *script = &scripts->script[MIN(scripts->depth, SCRIPT_DEPTH_MAX - 1)];
	bool is_script;

	ssize_t bytes = vm_object_read(object, 0, script->line, SCRIPT_LINE_BYTES);
	if (bytes < 0)
		return (int)bytes;
	int error = exec_script_parse(script, (size_t)bytes, &is_script);
	if (error || !is_script)
		return error;
	if (scripts->depth == SCRIPT_DEPTH_MAX)
		return -ELOOP;
	scripts->depth++;
	push_script(scripts, script, request->name);
	struct inode *interpreter;
	error = path_walk(request->directory, script->interpreter, 0, &interpreter);
	if (error)
		return error;
	inode_put(*inode);
	*inode = interpreter;
	return 1;
}

/* Load request->inode, or the program at the end of its chain of scripts, which it becomes. */
static int load_chain(struct process *process, struct exec_request *request,
		      struct scripts *scripts, struct exec_image *image)
{
	for (;;) {
		struct vm_object *object;
		int error = check_file(request->inode);
		if (!error)
			error = inode_object(request->inode, &object);
		if (error)
			return error;
		error = follow_script(scripts, request, object, &request->inode);
		if (!error) {
			request->arguments.prefix = scripts->prefix;
			request->arguments.prefix_count = scripts->prefix_count;
			error = inode_begin_run(request->inode);
			if (!error) {
				error = load_object(process, request, object, image);
				if (error)
					inode_end_run(request->inode);
			}
			vm_object_put(object); /* the regions have their own references */
			return error;
		}
		vm_object_put(object);
		if (error < 0)
			return error;
	}
}

int exec_prepare(struct process *process, const struct exec_request *request,
		 struct exec_image *image)
{
	struct exec_request resolved = *request;
	struct scripts *scripts = kzalloc(sizeof(*scripts));
	const char *slash = strrchr(request->name, '/');

	if (!scripts)
		return -ENOMEM;
	*image = (struct exec_image){0};
	string_copy(image->name, slash ? slash + 1 : request->name, sizeof(image->name));
	inode_get(resolved.inode);
	int error = load_chain(process, &resolved, scripts, image);
	kfree(scripts);
	if (error)
		inode_put(resolved.inode);
	else
		image->inode = resolved.inode;
	return error;
}

void exec_commit(struct process *process, struct exec_image *image)
{
	struct vm_space *old = process_set_space(process, image->space);

	process_set_layout(process, image->layout);
	process_set_executable(process, image->inode);
	inode_end_run(image->inode);
	inode_put(image->inode);
	memcpy(process->name, image->name, sizeof(process->name));
	signals_reset_handlers(process);
	fd_table_close_on_exec(&process->files);
	if (!old)
		return;
	/* A program replaces itself. */
	arch_thread_reset(&current_thread()->arch);
	vm_space_activate(process->space);
	vm_space_destroy(old);
}
