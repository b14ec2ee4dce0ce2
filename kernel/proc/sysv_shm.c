/*
 * sysv_shm.c: see sysv.h: segments of shared memory (shmget(2), shmat(2)). A segment is an object,
 * mapped like any other. The table holds a reference to it until the segment is removed, its
 * mappings hold one each: with the last one the object releases the segment, which is in the table
 * till then.
 */
#include <asm/shmbuf.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/mm.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/sysv.h"
#include "proc/thread.h"
#include "vm/object.h"
#include "vm/region.h"
#include "vm/space.h"

#define NAME_BYTES 24u

struct segment {
	struct sysv_entry entry;
	struct vm_object *object;   /* (i) without a reference of its own, once it is removed */
	struct vm_account frames;   /* those that it has */
	uint64_t bytes;             /* (i) as was asked for */
	int creator, last;          /* (v) process numbers */
	int64_t attached, detached; /* (v) seconds since 1970 */
	char name[NAME_BYTES];      /* (i) in /proc/<pid>/maps */
};

/* (v) */
static struct sysv_table segments = SYSV_TABLE_INIT(segments, SHM_ENTRIES_MAX);

static struct segment *of(struct sysv_entry *entry)
{
	return container_of(entry, struct segment, entry);
}

/* The last mapping of a removed segment is gone. Its frames are free already. */
static void release(struct vm_object *object)
{
	struct segment *segment = object->context;

	spin_lock(&sysv_lock);
	sysv_remove_locked(&segments, &segment->entry);
	spin_unlock(&sysv_lock);
	kfree(segment);
}

static const struct vm_object_ops segment_ops = {.release = release};

static struct segment *make(int key, uint64_t bytes)
{
	struct segment *segment = kzalloc(sizeof(*segment));

	if (!segment)
		return NULL;
	segment->bytes = bytes;
	segment->frames.limit = UINT64_MAX;
	segment->creator = current_process()->pid;
	format(segment->name, sizeof(segment->name), "/SYSV%08x (deleted)", (unsigned)key);
	if (vm_object_create(&segment_ops, segment, ALIGN_UP(bytes, PAGE_SIZE), &segment->object)) {
		kfree(segment);
		return NULL;
	}
	segment->object->account = &segment->frames;
	return segment;
}

static int check_size(const struct segment *found, uint64_t bytes, int flags)
{
	if (found)
		return bytes > found->bytes ? -EINVAL : 0;
	if (!bytes || bytes > SHMMAX)
		return -EINVAL;
	if (flags & SHM_HUGETLB)
		return -ENOMEM; /* no pages are set aside for that */
	return bytes > mm_total_bytes() && !(flags & SHM_NORESERVE) ? -ENOMEM : 0;
}

int shm_get(int key, uint64_t bytes, int flags)
{
	struct segment *fresh = NULL;
	struct sysv_entry *entry = NULL;

	/* A second time, if need be, with the memory for a new one. */
	for (;;) {
		spin_lock(&sysv_lock);
		int result = sysv_choose_locked(&segments, key, flags, &entry);
		int error =
			result < 0 ? result : check_size(result ? NULL : of(entry), bytes, flags);
		if (!error && result && fresh)
			error = sysv_add_locked(&segments, &fresh->entry, key, flags);
		int id = error ? error : !result ? entry->id : fresh ? fresh->entry.id : 0;
		bool is_made = !error && result && fresh;
		spin_unlock(&sysv_lock);
		if (is_made)
			return id;
		if (!error && result) {
			fresh = make(key, bytes);
			if (fresh)
				continue;
			id = -ENOMEM;
		} else if (fresh) {
			/* It is in no table: its release would look for it there. */
			fresh->object->ops = &(const struct vm_object_ops){.release = NULL};
			vm_object_put(fresh->object);
			kfree(fresh);
		}
		return id;
	}
}

/* ---- attaching ---- */

/* The segment's object with a reference. */
static int get_object(int id, struct vm_object **out)
{
	int error = -EINVAL;

	spin_lock(&sysv_lock);
	struct sysv_entry *entry = sysv_find_locked(&segments, id);
	/* It may be about to go. */
	if (entry && vm_object_try_get(of(entry)->object)) {
		*out = of(entry)->object;
		error = 0;
	}
	spin_unlock(&sysv_lock);
	return error;
}

static int place(struct vm_map_request *request, vaddr_t address, int flags)
{
	request->address = address;
	if (!address)
		return flags & SHM_REMAP ? -EINVAL : 0;
	if (address & (SHMLBA - 1)) {
		if (!(flags & SHM_RND))
			return -EINVAL;
		request->address = address = ALIGN_DOWN(address, SHMLBA);
		if (!address && (flags & SHM_REMAP))
			return -EINVAL;
	}
	request->flags = VM_MAP_FIXED | (flags & SHM_REMAP ? 0 : VM_MAP_NOREPLACE);
	return 0;
}

static void note_locked(struct segment *segment, int64_t *time)
{
	segment->last = current_process()->pid;
	*time = sysv_now();
}

int64_t shm_attach(int id, vaddr_t address, int flags)
{
	struct vm_map_request request = {.region_flags = REGION_SHARED};
	vaddr_t at = 0;

	int error = id < 0 ? -EINVAL : place(&request, address, flags);
	if (!error)
		error = get_object(id, &request.object);
	if (error)
		return error;
	struct segment *segment = request.object->context;
	request.bytes = request.object->bytes;
	request.name = segment->name;
	request.prot =
		VM_READ | (flags & SHM_RDONLY ? 0 : VM_WRITE) | (flags & SHM_EXEC ? VM_EXEC : 0);
	if (flags & SHM_RDONLY)
		request.region_flags |= REGION_READ_ONLY;
	if (request.flags & VM_MAP_FIXED)
		error = request.address + request.bytes < request.address
				? -EINVAL
				: vm_map_check_fixed(request.address, request.bytes);
	at = request.address;
	if (!error)
		error = vm_map(current_process()->space, &request, &at);
	if (!error) {
		spin_lock(&sysv_lock);
		note_locked(segment, &segment->attached);
		spin_unlock(&sysv_lock);
	}
	vm_object_put(request.object);
	if (error == -EEXIST)
		error = -EINVAL;
	return error ? error : (int64_t)at;
}

int shm_detach(vaddr_t address)
{
	struct vm_object *object;

	if (!IS_ALIGNED(address, PAGE_SIZE))
		return -EINVAL;
	int error = vm_unmap_object(current_process()->space, address, &segment_ops, &object);
	if (error)
		return error;
	struct segment *segment = object->context;
	spin_lock(&sysv_lock);
	note_locked(segment, &segment->detached);
	spin_unlock(&sysv_lock);
	vm_object_put(object);
	return 0;
}

/* ---- control ---- */

int shm_remove(int id)
{
	spin_lock(&sysv_lock);
	struct sysv_entry *entry = sysv_find_locked(&segments, id);
	struct vm_object *object = NULL;
	int error = entry ? 0 : -EINVAL;
	/* The second time there is nothing left to do. */
	if (entry && !(entry->mode & SHM_DEST)) {
		entry->mode |= SHM_DEST;
		entry->key = IPC_PRIVATE;
		object = of(entry)->object;
	}
	spin_unlock(&sysv_lock);
	if (object)
		vm_object_put(object);
	return error;
}

int shm_lock(int id, bool lock)
{
	spin_lock(&sysv_lock);
	struct sysv_entry *entry = sysv_find_locked(&segments, id);
	/* There is no swap: nothing has to be done. */
	if (entry)
		entry->mode = lock ? entry->mode | SHM_LOCKED : entry->mode & ~(uint32_t)SHM_LOCKED;
	spin_unlock(&sysv_lock);
	return entry ? 0 : -EINVAL;
}

int shm_set(int id, const struct ipc64_perm *perm)
{
	spin_lock(&sysv_lock);
	struct sysv_entry *entry = sysv_find_locked(&segments, id);
	if (entry)
		sysv_set_permissions_locked(entry, perm);
	spin_unlock(&sysv_lock);
	return entry ? 0 : -EINVAL;
}

static uint64_t count_regions(struct vm_object *object)
{
	uint64_t count = 0;

	spin_lock(&object->lock);
	list_for_each (node, &object->regions)
		count++;
	spin_unlock(&object->lock);
	return count;
}

static void stat_locked(struct segment *segment, struct shmid64_ds *out)
{
	*out = (struct shmid64_ds){
		.shm_segsz = segment->bytes,
		.shm_atime = segment->attached,
		.shm_dtime = segment->detached,
		.shm_ctime = segment->entry.changed,
		.shm_cpid = segment->creator,
		.shm_lpid = segment->last,
		.shm_nattch = count_regions(segment->object),
	};
	sysv_get_permissions_locked(&segment->entry, &out->shm_perm);
}

int shm_stat(int id, bool by_index, struct shmid64_ds *out)
{
	int result;

	spin_lock(&sysv_lock);
	struct sysv_entry *entry = sysv_find_to_stat_locked(&segments, id, by_index, &result);
	if (entry)
		stat_locked(of(entry), out);
	spin_unlock(&sysv_lock);
	return result;
}

static uint64_t resident(const struct segment *segment)
{
	return __atomic_load_n(&segment->frames.used, __ATOMIC_RELAXED);
}

int shm_info(struct shm_info *out)
{
	*out = (struct shm_info){0};
	spin_lock(&sysv_lock);
	list_for_each (node, &segments.entries) {
		const struct segment *segment = of(container_of(node, struct sysv_entry, link));
		out->used_ids++;
		out->shm_tot += ALIGN_UP(segment->bytes, PAGE_SIZE) / PAGE_SIZE;
		out->shm_rss += resident(segment);
	}
	int last = sysv_last_index_locked(&segments);
	spin_unlock(&sysv_lock);
	return last;
}

int shm_next(int *index, struct shmid64_ds *out, uint64_t *pages)
{
	spin_lock(&sysv_lock);
	struct sysv_entry *entry = sysv_next_locked(&segments, *index);
	if (entry) {
		*index = entry->id;
		stat_locked(of(entry), out);
		*pages = resident(of(entry));
	}
	spin_unlock(&sysv_lock);
	return entry ? 0 : -EINVAL;
}
