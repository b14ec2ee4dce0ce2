/*
 * user.h: guarded access to the user's memory in the active space.
 *
 * Each byte touched may fault; trap_page_fault serves it like a fault of the program, or ends the
 * copy. They never touch an address outside the user's half. vm/user_copy.h is what system calls
 * use.
 */
#ifndef ARCH_USER_H
#define ARCH_USER_H

#include "lib/types.h"

struct trap_frame;

#define USER_END 0x00007ffffffff000ull /* first address a program can't have, as on Linux */

/* Bytes NOT copied: 0 is success. */
NODISCARD size_t arch_copy_from_user(void *to, vaddr_t from, size_t bytes);
NODISCARD size_t arch_copy_to_user(vaddr_t to, const void *from, size_t bytes);
NODISCARD size_t arch_clear_user(vaddr_t to, size_t bytes);

/* Atomically make the word `desired` if it is *expected; in any case *expected becomes what it was.
 * False: the address, which is aligned, can't be written to. */
NODISCARD bool arch_user_compare_exchange(vaddr_t word, uint32_t *expected, uint32_t desired);

/* If frame's pc is inside a guarded copy: where to continue when the access can't be served; else
 * 0. */
vaddr_t arch_user_fixup(const struct trap_frame *frame);

#endif
