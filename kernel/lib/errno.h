/* errno.h: Linux's error numbers, from its own header. Kernel functions return them negated. */
#ifndef LIB_ERRNO_H
#define LIB_ERRNO_H

#include <asm-generic/errno.h>

#endif
