/* fd_table.c: see fd_table.h. Memory is allocated and files are released outside the lock. */
#include "fs/fd_table.h"

#include "fs/file.h"
#include "fs/lock.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"

#define FIRST_CAPACITY 32u

void fd_table_init(struct fd_table *table)
{
	*table = (struct fd_table){.lock = SPINLOCK_INIT(RANK_FILES), .users = 1};
}

/* Make room for number `fd`. */
static int grow(struct fd_table *table, unsigned fd)
{
	spin_lock(&table->lock);
	unsigned capacity = MAX(table->capacity, FIRST_CAPACITY);
	spin_unlock(&table->lock);
	while (capacity <= fd)
		capacity *= 2;
	struct fd_slot *slots = kzalloc(capacity * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	spin_lock(&table->lock);
	struct fd_slot *old = slots;
	/* Another thread may have grown it meanwhile. */
	if (capacity > table->capacity) {
		old = table->slots;
		if (old)
			memcpy(slots, old, table->capacity * sizeof(*slots));
		table->slots = slots;
		table->capacity = capacity;
	}
	spin_unlock(&table->lock);
	kfree(old);
	return 0;
}

int fd_table_copy(struct fd_table *table, struct fd_table **out)
{
	struct fd_table *copy = kmalloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	fd_table_init(copy);
	*out = copy;
	for (;;) {
		spin_lock(&table->lock);
		unsigned capacity = table->capacity;
		bool fits = capacity <= copy->capacity;
		if (fits && capacity)
			memcpy(copy->slots, table->slots, capacity * sizeof(*copy->slots));
		for (unsigned i = 0; fits && i < capacity; i++)
			if (copy->slots[i].file)
				file_get(copy->slots[i].file);
		spin_unlock(&table->lock);
		if (fits)
			return 0;
		/* Another thread may have it grow meanwhile: then once more. */
		int error = grow(copy, capacity - 1);
		if (error) {
			fd_table_leave(copy);
			return error;
		}
	}
}

struct fd_table *fd_table_share(struct fd_table *table)
{
	__atomic_fetch_add(&table->users, 1, __ATOMIC_RELAXED);
	return table;
}

bool fd_table_is_shared(const struct fd_table *table)
{
	return __atomic_load_n(&table->users, __ATOMIC_ACQUIRE) > 1;
}

static struct file *take(struct fd_table *table, unsigned fd)
{
	struct file *file = NULL;

	spin_lock(&table->lock);
	if (fd < table->capacity) {
		file = table->slots[fd].file;
		table->slots[fd].file = NULL;
	}
	spin_unlock(&table->lock);
	return file;
}

/* The table's reference to a file that is in it no longer. */
static void drop(struct fd_table *table, struct file *file)
{
	lock_forget_records(file, table);
	file_put(file);
}

int fd_table_close(struct fd_table *table, unsigned fd)
{
	struct file *file = take(table, fd);

	if (!file)
		return -EBADF;
	drop(table, file);
	return 0;
}

void fd_table_leave(struct fd_table *table)
{
	if (__atomic_fetch_sub(&table->users, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	for (unsigned fd = 0; fd < table->capacity; fd++)
		if (table->slots[fd].file)
			drop(table, table->slots[fd].file);
	kfree(table->slots);
	kfree(table);
}

int fd_table_next(struct fd_table *table, int after)
{
	int found = -1;

	spin_lock(&table->lock);
	for (unsigned fd = (unsigned)(after + 1); fd < table->capacity && found < 0; fd++)
		if (table->slots[fd].file)
			found = (int)fd;
	spin_unlock(&table->lock);
	return found;
}

void fd_table_close_on_exec(struct fd_table *table)
{
	/* exec's process has one thread left, which is here, and the table for itself. */
	for (unsigned fd = 0; fd < table->capacity; fd++)
		if (table->slots[fd].file && table->slots[fd].close_on_exec)
			(void)fd_table_close(table, fd); /* it was open just now */
}

/* The lowest open number of first..last, whose file is taken out; NULL: there is none. */
static struct file *take_first(struct fd_table *table, unsigned *first, unsigned last)
{
	struct file *file = NULL;
	unsigned fd = *first;

	spin_lock(&table->lock);
	for (; !file && fd < table->capacity && fd <= last; fd++) {
		file = table->slots[fd].file;
		table->slots[fd].file = NULL;
	}
	spin_unlock(&table->lock);
	*first = fd;
	return file;
}

void fd_table_close_range(struct fd_table *table, unsigned first, unsigned last)
{
	struct file *file;

	while ((file = take_first(table, &first, last)))
		drop(table, file);
}

void fd_table_set_close_flags(struct fd_table *table, unsigned first, unsigned last)
{
	spin_lock(&table->lock);
	for (unsigned fd = first; fd < table->capacity && fd <= last; fd++)
		table->slots[fd].close_on_exec = true;
	spin_unlock(&table->lock);
}

struct file *fd_table_get_slot(struct fd_table *table, unsigned fd, bool *close_on_exec)
{
	struct fd_slot slot = {.file = NULL};

	spin_lock(&table->lock);
	if (fd < table->capacity)
		slot = table->slots[fd];
	if (slot.file)
		file_get(slot.file);
	spin_unlock(&table->lock);
	*close_on_exec = slot.file && slot.close_on_exec;
	return slot.file;
}

struct file *fd_table_get(struct fd_table *table, unsigned fd)
{
	bool close_on_exec;

	return fd_table_get_slot(table, fd, &close_on_exec);
}

int fd_table_flags(struct fd_table *table, unsigned fd, unsigned *flags)
{
	int error = -EBADF;

	spin_lock(&table->lock);
	if (fd < table->capacity && table->slots[fd].file) {
		*flags = table->slots[fd].file->flags;
		error = 0;
	}
	spin_unlock(&table->lock);
	return error;
}

/* The lowest free number from `minimum` on; capacity if there is none below it. */
static unsigned find_free_locked(const struct fd_table *table, unsigned minimum)
{
	unsigned fd = minimum;

	while (fd < table->capacity && table->slots[fd].file)
		fd++;
	return fd;
}

bool fd_table_is_full(struct fd_table *table, unsigned limit)
{
	spin_lock(&table->lock);
	bool is_full = find_free_locked(table, 0) >= limit;
	spin_unlock(&table->lock);
	return is_full;
}

int fd_table_add(struct fd_table *table, struct file *file, unsigned minimum, unsigned limit,
		 bool close_on_exec)
{
	for (;;) {
		spin_lock(&table->lock);
		unsigned fd = find_free_locked(table, minimum);
		bool fits = fd < table->capacity && fd < limit;
		if (fits)
			table->slots[fd] = (struct fd_slot){file, close_on_exec};
		spin_unlock(&table->lock);
		if (fits)
			return (int)fd;
		if (fd >= limit)
			return -EMFILE;
		int error = grow(table, fd);
		if (error)
			return error;
	}
}

int fd_table_put(struct fd_table *table, struct file *file, unsigned fd, unsigned limit,
		 bool close_on_exec)
{
	if (fd >= limit)
		return -EBADF;
	spin_lock(&table->lock);
	unsigned capacity = table->capacity;
	spin_unlock(&table->lock);
	int error = fd >= capacity ? grow(table, fd) : 0;
	if (error)
		return error;
	spin_lock(&table->lock);
	struct file *old = table->slots[fd].file;
	table->slots[fd] = (struct fd_slot){file, close_on_exec};
	spin_unlock(&table->lock);
	if (old)
		drop(table, old);
	return (int)fd;
}

int fd_table_close_flag(struct fd_table *table, unsigned fd)
{
	int result = -EBADF;

	spin_lock(&table->lock);
	if (fd < table->capacity && table->slots[fd].file)
		result = table->slots[fd].close_on_exec;
	spin_unlock(&table->lock);
	return result;
}

int fd_table_set_close_flag(struct fd_table *table, unsigned fd, bool close_on_exec)
{
	int result = -EBADF;

	spin_lock(&table->lock);
	if (fd < table->capacity && table->slots[fd].file) {
		table->slots[fd].close_on_exec = close_on_exec;
		result = 0;
	}
	spin_unlock(&table->lock);
	return result;
}
