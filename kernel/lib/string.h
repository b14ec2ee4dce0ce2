/* string.h: the C library's functions of these names, and no others. */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t max);
char *strchr(const char *text, int character);
char *strrchr(const char *text, int character);

/* Copies what fits, always NUL-terminated (size > 0); returns strlen(from). */
size_t string_copy(char *to, const char *from, size_t size);
/* Decimal, or hexadecimal after "0x", all of [text, text + length); false if it is no number. */
NODISCARD bool string_to_u64(const char *text, size_t length, uint64_t *value);

#endif
