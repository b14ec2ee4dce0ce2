/* types.h: the integer types and small macros that every file uses. */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t paddr_t; /* physical address, bytes */
typedef uint64_t vaddr_t; /* virtual address, bytes; a user's address is always one of these */
typedef uint64_t pfn_t;   /* page frame number: paddr_t >> PAGE_SHIFT */
typedef int64_t ssize_t;

#define NODISCARD        __attribute__((warn_unused_result))
#define NORETURN         __attribute__((noreturn))
#define PRINTF(f, a)     __attribute__((format(printf, f, a)))
#define PACKED           __attribute__((packed))
#define ALIGNED(n)       __attribute__((aligned(n)))
#define SECTION(name)    __attribute__((section(name), used))
#define NOINLINE         __attribute__((noinline))
#define ALWAYS_INLINE    inline __attribute__((always_inline))
#define UNUSED           __attribute__((unused))
#define LIKELY(x)        __builtin_expect(!!(x), 1)
#define UNLIKELY(x)      __builtin_expect(!!(x), 0)
#define ARRAY_SIZE(a)    (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)        ((a) < (b) ? (a) : (b))
#define MAX(a, b)        ((a) > (b) ? (a) : (b))
#define ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define ALIGN_UP(x, a)   ALIGN_DOWN((x) + ((__typeof__(x))(a)-1), a)
#define IS_ALIGNED(x, a) (((x) & ((__typeof__(x))(a)-1)) == 0)

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define KIB (1ull << 10)
#define MIB (1ull << 20)
#define GIB (1ull << 30)

#endif
