/* sys_memory.c: system calls on the address space. The work is vm/'s; here are flags and files. */
#include <asm/fcntl.h>
#include <linux/mman.h>
#include <linux/stat.h>

#include "fs/file.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sys/decode.h"
#include "sys/syscall.h"
#include "vm/object.h"
#include "vm/space.h"

#define PROT_ALL (PROT_READ | PROT_WRITE | PROT_EXEC)
_Static_assert(PROT_READ == VM_READ && PROT_WRITE == VM_WRITE && PROT_EXEC == VM_EXEC,
	       "protections are passed as they are");

static struct vm_space *space(void)
{
	return current_process()->space;
}

/* ---- mmap ---- */

static int fill_zeros(struct vm_object *object, uint64_t index, void *page)
{
	memset(page, 0, PAGE_SIZE);
	return 0;
}

/* What MAP_SHARED | MAP_ANONYMOUS maps: memory that a fork shares. */
static const struct vm_object_ops shared_memory_ops = {.fill = fill_zeros};

static int make_shared(struct vm_map_request *request)
{
	uint64_t bytes = ALIGN_UP(request->bytes, PAGE_SIZE);

	if (bytes < request->bytes)
		return -ENOMEM;
	request->offset = 0;
	request->region_flags |= REGION_SHARED;
	int error = vm_object_create(&shared_memory_ops, NULL, bytes, &request->object);
	return error == -EFBIG ? -ENOMEM : error;
}

/* The checks are in Linux's order. */
static int use_file(struct vm_map_request *request, struct file *file, bool shared)
{
	if ((file->flags & O_PATH) || !file->inode)
		return file->flags & O_PATH ? -EBADF : -ENODEV;
	if ((file->flags & O_ACCMODE) == O_WRONLY)
		return -EACCES;
	bool may_write = (file->flags & O_ACCMODE) == O_RDWR;
	if (shared && (request->prot & VM_WRITE) && !may_write)
		return -EACCES;
	if (shared)
		request->region_flags |= REGION_SHARED | (may_write ? 0 : REGION_READ_ONLY);
	return inode_object(file->inode, &request->object);
}

static int choose_object(struct vm_map_request *request, unsigned flags, int fd)
{
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;

	if (flags & MAP_ANONYMOUS)
		return shared ? make_shared(request) : 0;
	struct file *file = get_file((uint64_t)fd);
	if (!file)
		return -EBADF;
	int error = use_file(request, file, shared);
	file_put(file);
	return error;
}

static int check_flags(unsigned flags)
{
	unsigned type = flags & MAP_TYPE;

	return type == MAP_SHARED || type == MAP_PRIVATE || type == MAP_SHARED_VALIDATE ? 0
											: -EINVAL;
}

int64_t sys_mmap(const struct syscall *call)
{
	unsigned flags = arg_unsigned(call, 3);
	struct vm_map_request request = {
		.address = call->a[0],
		.bytes = call->a[1],
		.prot = call->a[2] & PROT_ALL,
		.offset = call->a[5],
	};
	vaddr_t address = call->a[0];

	int error = check_flags(flags);
	if (!request.bytes || !IS_ALIGNED(request.offset, PAGE_SIZE))
		error = -EINVAL;
	if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) && !IS_ALIGNED(address, PAGE_SIZE))
		error = -EINVAL;
	if (error)
		return error;
	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
		request.flags |= VM_MAP_FIXED;
	if (flags & MAP_FIXED_NOREPLACE)
		request.flags |= VM_MAP_NOREPLACE;
	if (flags & MAP_NORESERVE)
		request.flags |= VM_MAP_NORESERVE;
	if ((flags & MAP_GROWSDOWN) && (flags & MAP_ANONYMOUS))
		request.region_flags |= REGION_GROWS_DOWN;
	if (flags & MAP_ANONYMOUS)
		request.offset = 0;
	error = choose_object(&request, flags, arg_int(call, 4));
	if (error)
		return error;
	error = vm_map(space(), &request, &address);
	if (request.object)
		vm_object_put(request.object); /* the region has its own reference */
	return error ? error : (int64_t)address;
}

/* ---- the others ---- */

int64_t sys_munmap(const struct syscall *call)
{
	return vm_unmap(space(), call->a[0], call->a[1]);
}

int64_t sys_mprotect(const struct syscall *call)
{
	if (call->a[2] & ~(uint64_t)PROT_ALL)
		return -EINVAL;
	return vm_protect(space(), call->a[0], call->a[1], (unsigned)call->a[2]);
}

int64_t sys_mremap(const struct syscall *call)
{
	vaddr_t address = call->a[4];
	int error = vm_remap(space(), call->a[0], call->a[1], call->a[2], arg_unsigned(call, 3),
			     &address);

	return error ? error : (int64_t)address;
}

int64_t sys_madvise(const struct syscall *call)
{
	uint64_t start = call->a[0], bytes = ALIGN_UP(call->a[1], PAGE_SIZE);

	if (!IS_ALIGNED(start, PAGE_SIZE) || bytes < call->a[1] || start + bytes < start)
		return -EINVAL;
	switch (arg_int(call, 2)) {
	case MADV_DONTNEED:
		return bytes ? vm_discard(space(), start, bytes) : 0;
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
		return vm_advise_huge(space(), start, bytes, arg_int(call, 2) == MADV_HUGEPAGE);
	case MADV_NORMAL: /* hints, and it is no error to do nothing about them */
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_WILLNEED:
	case MADV_FREE:
	case MADV_COLD:
	case MADV_PAGEOUT:
	case MADV_MERGEABLE:
	case MADV_UNMERGEABLE:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
		return 0;
	default:
		return -EINVAL;
	}
}

int64_t sys_brk(const struct syscall *call)
{
	return (int64_t)vm_brk(space(), call->a[0]);
}
