/* exec_load.h: what exec.c and exec_load.c need of each other. */
#ifndef PROC_EXEC_LOAD_H
#define PROC_EXEC_LOAD_H

#include "lib/types.h"

struct exec_image;
struct exec_request;
struct inode;
struct process;
struct vm_object;

/* May it be executed at all? -EACCES. */
NODISCARD int exec_check_file(const struct inode *inode);

/*
 * Make image->space, ->layout, ->entry and ->sp out of the ELF program `object`, and out of its
 * interpreter. The errors are execve(2)'s; of the interpreter: whatever finding it says, -EACCES,
 * -ETXTBSY, -EIO when it is shorter than a header, -ELIBBAD when it is no program.
 */
NODISCARD int exec_load(const struct process *process, const struct exec_request *request,
			struct vm_object *object, struct exec_image *image);

#endif
