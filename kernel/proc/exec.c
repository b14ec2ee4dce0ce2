/* exec.c: a program into an address space. See exec.h. */
#include "proc/exec.h"

#include <arch/thread.h>
#include <arch/user.h>
#include <linux/stat.h>

#include "fs/inode.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/exec_load.h"
#include "proc/exec_script.h"
#include "proc/fault_stream.h"
#include "proc/futex.h"
#include "proc/interval_timer.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "vm/object.h"
#include "vm/space.h"

#define EXECUTE_BITS 0111u

int exec_check_file(const struct inode *inode)
{
	if ((inode->mode & S_IFMT) != S_IFREG || !(inode->mode & EXECUTE_BITS))
		return -EACCES;
	return 0;
}

/* ---- scripts ---- */

/* The scripts on the way to a program, and the arguments that they make. */
struct scripts {
	unsigned depth;
	struct exec_script
		script[SCRIPT_DEPTH_MAX + 1]; /* the last is the program, or one too many */
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
	struct exec_script *script = &scripts->script[scripts->depth];
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
		int error = exec_check_file(request->inode);
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
				error = exec_load(process, request, object, image);
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

void exec_discard(struct exec_image *image)
{
	vm_space_destroy(image->space);
	kfree(image->layout);
	inode_end_run(image->inode);
	inode_put(image->inode);
}

void exec_commit(struct process *process, struct exec_image *image)
{
	/* While the old space is the process's: a futex is known by its space. */
	if (process->space)
		futex_thread_ends(current_thread());
	struct vm_space *old = process_set_space(process, image->space);

	process_set_layout(process, image->layout);
	process_set_executable(process, image->inode);
	inode_end_run(image->inode);
	inode_put(image->inode);
	memcpy(process->name, image->name, sizeof(process->name));
	signals_reset_handlers(process);
	spin_lock(&process_lock);
	credentials_exec(&process->credentials);
	process->exit_signal = SIGCHLD;
	spin_unlock(&process_lock);
	process->undumpable = process->wants_barriers = false;
	timers_exec(process);
	fd_table_close_on_exec(process->files);
	fault_stream_exec(process);
	if (!old)
		return;
	fault_stream_leave(old);
	/* A program replaces itself: the old space is still the one that is active. */
	struct thread *thread = current_thread();
	memcpy(thread->name, process->name, sizeof(thread->name));
	signal_drop_alternate(&thread->signals);
	arch_thread_reset(&thread->arch);
	vm_space_activate(process->space);
	process_count_faults(process, old);
	vm_space_leave(old);
	process_end_vfork(process);
}
