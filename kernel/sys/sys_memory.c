/* sys_memory.c: system calls on the address space. The work is vm/'s; here are flags and files. */
#include <arch/user.h>
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/stat.h>

#include "fs/devices.h"
#include "fs/file.h"
#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sys/decode.h"
#include "sys/populate.h"
#include "sys/syscall.h"
#include "vm/object.h"
#include "vm/space.h"

#define MAP_ABOVE4G    0x80u /* newer than the headers that this must build with */
/* The bits of MAP_HUGE_2MB and MAP_HUGE_1GB. */
#define MAP_HUGE_SIZES (0x7cu << 24)

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
	bool is_promise = !(request->flags & VM_MAP_NORESERVE);

	if (bytes < request->bytes || (is_promise && bytes > mm_total_bytes()))
		return -ENOMEM;
	request->offset = 0;
	request->region_flags |= REGION_SHARED;
	int error = vm_object_create(&shared_memory_ops, NULL, bytes, &request->object);
	return error == -EFBIG ? -ENOMEM : error;
}

/* The checks are in Linux's order. Under the inode's mutex if the mapping may become writable. */
static int use_file(struct vm_map_request *request, struct file *file, bool shared)
{
	if ((file->flags & O_PATH) || !file->inode)
		return file->flags & O_PATH ? -EBADF : -ENODEV;
	if (!file_may_read(file))
		return -EACCES;
	bool may_write = file_may_write(file);
	if (shared && (request->prot & VM_WRITE) && !may_write)
		return -EACCES;
	/* A sealed file can be mapped, but will never be written to by the mapping. */
	if (file->inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) {
		if (shared && (request->prot & VM_WRITE))
			return -EPERM;
		may_write = false;
	}
	if (file_is_zero_device(file))
		return shared ? make_shared(request) : 0;
	if (shared)
		request->region_flags |= REGION_SHARED | (may_write ? 0 : REGION_READ_ONLY);
	return inode_object(file->inode, &request->object);
}

/* Flags that MAP_SHARED_VALIDATE knows; MAP_SHARED ignores the others. */
#define MAP_KNOWN                                                                                \
	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE | MAP_EXECUTABLE | MAP_GROWSDOWN | \
	 MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB |    \
	 MAP_32BIT | MAP_HUGE_SIZES)

static int choose_anonymous(struct vm_map_request *request, unsigned flags)
{
	switch (flags & MAP_TYPE) {
	case MAP_SHARED:
		return flags & MAP_GROWSDOWN ? -EINVAL : make_shared(request);
	case MAP_PRIVATE:
		request->offset = 0;
		return 0;
	default:
		return -EINVAL;
	}
}

static int choose_file(struct vm_map_request *request, struct file *file, unsigned flags)
{
	switch (flags & MAP_TYPE) {
	case MAP_SHARED_VALIDATE:
		if (flags & ~(unsigned)(MAP_KNOWN | MAP_FIXED_NOREPLACE))
			return -EOPNOTSUPP;
		break;
	case MAP_SHARED:
	case MAP_PRIVATE:
		break;
	default:
		return -EINVAL;
	}
	int error = use_file(request, file, (flags & MAP_TYPE) != MAP_PRIVATE);
	if (!error && (flags & MAP_GROWSDOWN)) {
		if (request->object) /* /dev/zero has none */
			vm_object_put(request->object);
		request->object = NULL;
		error = -EINVAL;
	}
	return error;
}

/* Linux's order: the length, a fixed address, then what is mapped. */
static int prepare_map(struct vm_map_request *request, struct file *file, unsigned flags)
{
	uint64_t bytes = ALIGN_UP(request->bytes, PAGE_SIZE);

	if (!request->bytes)
		return -EINVAL;
	if (!bytes)
		return -ENOMEM;
	int error = request->flags & VM_MAP_FIXED ? vm_map_check_fixed(request->address, bytes) : 0;
	if (error)
		return error;
	if (file && request->offset > INT64_MAX - bytes)
		return -EOVERFLOW;
	return file ? choose_file(request, file, flags) : choose_anonymous(request, flags);
}

static unsigned map_flags(unsigned flags)
{
	unsigned result = 0;

	if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
		result |= VM_MAP_FIXED;
	if (flags & MAP_FIXED_NOREPLACE)
		result |= VM_MAP_NOREPLACE;
	if (flags & MAP_NORESERVE)
		result |= VM_MAP_NORESERVE;
	if (flags & MAP_32BIT)
		result |= VM_MAP_32BIT;
	if (flags & MAP_ABOVE4G)
		result |= VM_MAP_ABOVE_4G;
	return result;
}

static int prepare_and_map(struct vm_map_request *request, struct file *file, unsigned flags,
			   vaddr_t *address)
{
	int error = prepare_map(request, file, flags);

	if (error)
		return error;
	error = vm_map(space(), request, address);
	if (request->object)
		vm_object_put(request->object); /* the region has its own reference */
	return error;
}

/* Until a mapping that may become writable is there, for inode_seal() to find, the seals must stay
 * as they were when it was allowed. */
static int map_as_sealed(struct vm_map_request *request, struct file *file, unsigned flags,
			 vaddr_t *address)
{
	if (!file || !file->inode || (flags & MAP_TYPE) == MAP_PRIVATE || !file_may_write(file))
		return prepare_and_map(request, file, flags, address);
	mutex_lock(&file->inode->mutex);
	int error = prepare_and_map(request, file, flags, address);
	mutex_unlock(&file->inode->mutex);
	return error;
}

static int map(struct vm_map_request *request, struct file *file, unsigned flags, vaddr_t *address)
{
	int error = map_as_sealed(request, file, flags, address);

	if (error)
		return error;
	/* As with Linux, it is no error that there was no memory to populate it. */
	vaddr_t end = *address + ALIGN_UP(request->bytes, PAGE_SIZE);
	if ((flags & MAP_POPULATE) && !(flags & MAP_NONBLOCK))
		(void)populate_user(*address, end, VM_POPULATE_OWN);
	else if ((flags & MAP_LOCKED) || space()->future_flags)
		(void)populate_user(*address, end, VM_POPULATE_LOCKED);
	return 0;
}

int64_t sys_mmap(const struct syscall *call)
{
	unsigned flags = arg_unsigned(call, 3);
	struct file *file = NULL;
	struct vm_map_request request = {
		.address = call->a[0],
		.bytes = call->a[1],
		.prot = call->a[2] & PROT_ALL,
		.flags = map_flags(flags),
		.region_flags = (flags & MAP_GROWSDOWN ? REGION_GROWS_DOWN : 0) |
				(flags & MAP_LOCKED ? REGION_LOCKED : 0),
		.offset = call->a[5],
	};
	vaddr_t address = call->a[0];

	if (!IS_ALIGNED(request.offset, PAGE_SIZE))
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS)) {
		file = get_file(call->a[4]);
		if (!file || (file->flags & O_PATH)) {
			if (file)
				file_put(file);
			return -EBADF;
		}
	}
	/* There is no pool of huge pages. */
	int error = flags & MAP_HUGETLB ? (file ? -EINVAL : -ENOMEM) : 0;
	if (!error)
		error = map(&request, file, flags, &address);
	if (file)
		file_put(file);
	return error ? error : (int64_t)address;
}

/* ---- the others ---- */

int64_t sys_munmap(const struct syscall *call)
{
	return vm_unmap(space(), call->a[0], call->a[1]);
}

int64_t sys_mprotect(const struct syscall *call)
{
	uint64_t start = call->a[0], bytes = call->a[1], prot = call->a[2];
	const uint64_t grows = PROT_GROWSDOWN | PROT_GROWSUP;

	if ((prot & grows) == grows || !IS_ALIGNED(start, PAGE_SIZE))
		return -EINVAL;
	if (!bytes)
		return 0;
	uint64_t length = ALIGN_UP(bytes, PAGE_SIZE);
	if (start + length <= start)
		return -ENOMEM;
	/* PROT_SEM means nothing on this processor. */
	if (prot & ~(uint64_t)(PROT_ALL | PROT_SEM | grows))
		return -EINVAL;
	/* Nothing grows up. */
	if (prot & PROT_GROWSUP)
		return start < USER_END && vm_next_mapped(space(), start) == start ? -EINVAL
										   : -ENOMEM;
	unsigned wanted = (unsigned)prot & (unsigned)(PROT_ALL | PROT_GROWSDOWN);
	return vm_protect(space(), start, bytes, wanted);
}

int64_t sys_mremap(const struct syscall *call)
{
	uint64_t old_bytes = ALIGN_UP(call->a[1], PAGE_SIZE);
	uint64_t new_bytes = ALIGN_UP(call->a[2], PAGE_SIZE);
	vaddr_t address = call->a[4];
	int error = vm_remap(space(), call->a[0], old_bytes, new_bytes, arg_unsigned(call, 3),
			     &address);

	if (error)
		return error;
	if (new_bytes > old_bytes)
		(void)populate_user(address + old_bytes, address + new_bytes, VM_POPULATE_LOCKED);
	return (int64_t)address;
}

int64_t sys_brk(const struct syscall *call)
{
	/* Read without the lock: another thread may move it, too, and populating bears that. */
	vaddr_t old = space()->brk, end = vm_brk(space(), call->a[0]);

	if (end > old && space()->future_flags)
		(void)populate_user(ALIGN_UP(old, PAGE_SIZE), ALIGN_UP(end, PAGE_SIZE),
				    VM_POPULATE_LOCKED);
	return (int64_t)end;
}
