/* errno.h: Linux's error numbers, from its own header. Inside the kernel they are returned negated. */
#ifndef LIB_ERRNO_H
#define LIB_ERRNO_H

#include <asm-generic/errno.h>

#endif
