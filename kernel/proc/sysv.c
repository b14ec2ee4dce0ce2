/* sysv.c: see sysv.h: the tables. */
#include "proc/sysv.h"

#include <asm/ipcbuf.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sync/realtime.h"

#define NS_PER_SECOND   1000000000ull
#define PERMISSION_BITS 0777u
#define SERIALS         (INT32_MAX >> SYSV_INDEX_BITS)

struct spinlock sysv_lock = SPINLOCK_INIT(RANK_SYSV);

int64_t sysv_now(void)
{
	return (int64_t)(realtime_now() / NS_PER_SECOND);
}

static struct sysv_entry *entry_of(struct list_node *node)
{
	return container_of(node, struct sysv_entry, link);
}

struct sysv_entry *sysv_next_locked(const struct sysv_table *table, int index)
{
	assert(spin_held(&sysv_lock));
	list_for_each (node, &table->entries)
		if (sysv_index(entry_of(node)->id) >= index)
			return entry_of(node);
	return NULL;
}

static struct sysv_entry *find_index_locked(const struct sysv_table *table, int index)
{
	struct sysv_entry *entry = sysv_next_locked(table, index);

	return entry && sysv_index(entry->id) == index ? entry : NULL;
}

struct sysv_entry *sysv_find_locked(const struct sysv_table *table, int id)
{
	struct sysv_entry *entry = id < 0 ? NULL : find_index_locked(table, sysv_index(id));

	return entry && entry->id == id ? entry : NULL;
}

struct sysv_entry *sysv_find_to_stat_locked(const struct sysv_table *table, int number,
					    bool by_index, int *result)
{
	struct sysv_entry *entry = by_index ? find_index_locked(table, sysv_index(number))
					    : sysv_find_locked(table, number);

	*result = !entry ? -EINVAL : by_index ? entry->id : 0;
	return entry;
}

int sysv_last_index_locked(const struct sysv_table *table)
{
	return list_is_empty(&table->entries) ? 0 : sysv_index(entry_of(table->entries.prev)->id);
}

int sysv_choose_locked(const struct sysv_table *table, int key, int flags, struct sysv_entry **out)
{
	assert(spin_held(&sysv_lock));
	if (key == IPC_PRIVATE)
		return 1;
	list_for_each (node, &table->entries) {
		if (entry_of(node)->key != key)
			continue;
		*out = entry_of(node);
		return (flags & IPC_CREAT) && (flags & IPC_EXCL) ? -EEXIST : 0;
	}
	return flags & IPC_CREAT ? 1 : -ENOENT;
}

int sysv_add_locked(struct sysv_table *table, struct sysv_entry *entry, int key, int flags)
{
	const struct credentials *who = &current_process()->credentials;
	struct list_node *before = &table->entries;
	int index = 0;

	assert(spin_held(&sysv_lock));
	if (table->count == table->max)
		return -ENOSPC;
	list_for_each (node, &table->entries) {
		before = node;
		if (sysv_index(entry_of(node)->id) != index)
			break;
		index++;
		before = &table->entries;
	}
	/* As Linux: an index that comes again comes with another number. */
	if (index <= table->last_index)
		table->serial = table->serial == SERIALS ? 0 : table->serial + 1;
	table->last_index = index;
	entry->id = table->serial << SYSV_INDEX_BITS | index;
	entry->key = key;
	entry->mode = (uint32_t)flags & PERMISSION_BITS;
	entry->uid = entry->cuid = who->user.effective;
	entry->gid = entry->cgid = who->group.effective;
	entry->changed = sysv_now();
	list_push_back(before, &entry->link);
	table->count++;
	return 0;
}

void sysv_remove_locked(struct sysv_table *table, struct sysv_entry *entry)
{
	assert(spin_held(&sysv_lock));
	list_remove(&entry->link);
	table->count--;
}

void sysv_get_permissions_locked(const struct sysv_entry *entry, struct ipc64_perm *out)
{
	*out = (struct ipc64_perm){
		.key = entry->key,
		.uid = entry->uid,
		.gid = entry->gid,
		.cuid = entry->cuid,
		.cgid = entry->cgid,
		.mode = entry->mode,
		.seq = (unsigned short)(entry->id >> SYSV_INDEX_BITS),
	};
}

void sysv_set_permissions_locked(struct sysv_entry *entry, const struct ipc64_perm *perm)
{
	entry->uid = perm->uid;
	entry->gid = perm->gid;
	entry->mode = (entry->mode & ~PERMISSION_BITS) | (perm->mode & PERMISSION_BITS);
	entry->changed = sysv_now();
}
