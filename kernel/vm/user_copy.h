/*
 * user_copy.h: the only ways to touch a program's memory. The active space is the program's. They
 * take the same faults as the program does: a lazy, copy-on-write or not yet grown page works.
 * Never called under a spinlock.
 */
#ifndef VM_USER_COPY_H
#define VM_USER_COPY_H

#include "lib/types.h"

/* 0 or -EFAULT. After -EFAULT part may have been copied. */
NODISCARD int copy_from_user(void *to, vaddr_t from, size_t bytes);
NODISCARD int copy_to_user(vaddr_t to, const void *from, size_t bytes);
NODISCARD int clear_user(vaddr_t to, size_t bytes);

/* Atomically make the aligned word `desired` if it is *expected; in any case *expected becomes what
 * it was. 0 or -EFAULT. */
NODISCARD int user_compare_exchange_u32(vaddr_t word, uint32_t *expected, uint32_t desired);

/* Bytes of a NUL-terminated string, without the NUL; -EFAULT; -ENAMETOOLONG if there is no NUL in
 * `size` bytes. */
NODISCARD ssize_t copy_string_from_user(char *to, vaddr_t from, size_t size);

#endif
