/*
 * share.c: what processes may have in common, as clone(2) says: the table of open files, the place
 * where paths begin, and the actions on signals (signal.c). Each counts the processes that have it.
 */
#include "proc/share.h"

#include "debug/assert.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/thread.h"

/* ---- where paths begin ---- */

struct inode *process_get_cwd(void)
{
	spin_lock(&process_lock);
	struct inode *cwd = current_process()->place->cwd;
	inode_get(cwd);
	spin_unlock(&process_lock);
	return cwd;
}

void process_set_cwd(struct process *process, struct inode *inode)
{
	inode_get(inode);
	spin_lock(&process_lock);
	struct inode *old = process->place->cwd;
	process->place->cwd = inode;
	spin_unlock(&process_lock);
	if (old)
		inode_put(old);
}

static int copy_place(const struct process_place *place, struct process_place **out)
{
	struct process_place *copy = kmalloc(sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	spin_lock(&process_lock);
	*copy = *place;
	inode_get(copy->cwd);
	spin_unlock(&process_lock);
	copy->users = 1;
	*out = copy;
	return 0;
}

void process_place_put(struct process_place *place)
{
	if (__atomic_fetch_sub(&place->users, 1, __ATOMIC_ACQ_REL) != 1)
		return;
	inode_put(place->cwd);
	kfree(place);
}

/* ---- a child ---- */

int process_inherit_shared(struct process *child, struct process *parent, unsigned share)
{
	int error = 0;

	if (share & SHARE_PLACE) {
		child->place = parent->place;
		__atomic_fetch_add(&child->place->users, 1, __ATOMIC_RELAXED);
	} else {
		error = copy_place(parent->place, &child->place);
	}
	if (error)
		return error;
	if (share & SHARE_FILES)
		child->files = fd_table_share(parent->files);
	else
		error = fd_table_copy(parent->files, &child->files);
	if (error)
		child->files = NULL;
	return error ? error
		     : signals_inherit(&child->signals, &parent->signals, share & SHARE_ACTIONS);
}

void process_leave_files(struct process *process)
{
	spin_lock(&process_lock);
	struct fd_table *files = process->files;
	process->files = NULL;
	spin_unlock(&process_lock);
	if (files)
		fd_table_leave(files);
}

/* ---- a copy of one's own ---- */

static bool is_shared_place(const struct process_place *place)
{
	return __atomic_load_n(&place->users, __ATOMIC_ACQUIRE) > 1;
}

int process_unshare(unsigned share)
{
	struct process *process = current_process();
	struct process_place *place = NULL;
	struct fd_table *files = NULL;
	int error = 0;

	assert(process->thread_count == 1);
	if ((share & SHARE_PLACE) && is_shared_place(process->place))
		error = copy_place(process->place, &place);
	if (!error && (share & SHARE_FILES) && fd_table_is_shared(process->files))
		error = fd_table_copy(process->files, &files);
	if (error)
		files = NULL;
	if (!error && (share & SHARE_ACTIONS))
		error = signals_unshare(&process->signals);
	if (!error) {
		/* What is put below is what the process had. */
		spin_lock(&process_lock);
		struct process_place *old_place = process->place;
		struct fd_table *old_files = process->files;
		if (place) {
			process->place = place;
			place = old_place;
		}
		if (files) {
			process->files = files;
			files = old_files;
		}
		spin_unlock(&process_lock);
	}
	if (place)
		process_place_put(place);
	if (files)
		fd_table_leave(files);
	return error;
}
