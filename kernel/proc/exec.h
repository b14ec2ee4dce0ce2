/*
 * exec.h: execve(2) in two parts. exec_prepare() builds a whole new address space and may fail;
 * exec_commit() puts it in the place of the old one and can't.
 *
 * ELF64 programs, static and with an interpreter (a dynamic linker), at fixed addresses and
 * position-independent; and scripts ("#!"). Addresses are those that Linux chooses when it does not
 * randomise, but for a static-pie program, which lies where the others do.
 */
#ifndef PROC_EXEC_H
#define PROC_EXEC_H

#include "lib/types.h"
#include "proc/process.h"

struct inode;
struct process;
struct trap_frame;
struct vm_space;

/*
 * argv or envp: of the kernel's, NULL-terminated; or, if that is NULL, at an address of the calling
 * program (0: empty). For a script, `prefix` stands in the place of argv[0].
 */
struct exec_strings {
	const char *const *kernel;
	vaddr_t user;
	const char *const *prefix;
	unsigned prefix_count;
};

struct exec_request {
	struct inode *inode;     /* the file to run; the caller's reference */
	struct inode *directory; /* a script's interpreter is looked up from here */
	const char *name;        /* AT_EXECFN: the path as it was given */
	struct exec_strings arguments, environment;
};

struct exec_image {
	struct inode *inode; /* with a reference, and inode_begin_run() */
	struct vm_space *space;
	vaddr_t entry, sp;
	struct process_layout *layout;
	char name[PROCESS_NAME_BYTES];
};

/* For `process`, which gives the limits. Errors are execve's: -EACCES, -ENOEXEC, -E2BIG, -EFAULT,
 * -ENOMEM, -ENOENT, -ETXTBSY, -ELOOP, -ELIBBAD, -EIO. */
NODISCARD int exec_prepare(struct process *process, const struct exec_request *request,
			   struct exec_image *image);
/* It will not run after all. */
void exec_discard(struct exec_image *image);
/* `process` is the caller's, who is its one thread, or has not started. The image is used up. */
void exec_commit(struct process *process, struct exec_image *image);

/*
 * exec_stack.c: the initial stack (System V ABI, x86-64, 3.4.1; its strings as Linux lays them
 * out). What the program is told about itself stands in the auxiliary vector. Of *layout it sets
 * where the stack, the arguments and the environment are.
 */
struct credentials;
struct exec_auxiliary {
	vaddr_t phdr, base, entry;
	unsigned phdr_count;
	const struct credentials *credentials;
};
NODISCARD int exec_build_stack(struct vm_space *space, uint64_t stack_limit,
			       const struct exec_request *request,
			       const struct exec_auxiliary *auxiliary,
			       struct process_layout *layout, vaddr_t *sp);

#endif
