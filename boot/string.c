/* string.c: the functions that a compiler calls on its own, even in a freestanding program. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *left, const void *right, size_t bytes);

/* `rep movsb` is fast on every CPU with ERMS, and keeps the compiler from calling memcpy here. */
void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	void *destination = to;

	__asm__ volatile("rep movsb" : "+D"(destination), "+S"(from), "+c"(bytes) : : "memory");
	return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	uint8_t *destination = to;
	const uint8_t *source = from;

	if ((uintptr_t)to - (uintptr_t)from >= bytes)
		return memcpy(to, from, bytes);
	while (bytes--) {
		destination[bytes] = source[bytes];
		__asm__ volatile("" : : : "memory");
	}
	return to;
}

void *memset(void *to, int value, size_t bytes)
{
	void *destination = to;

	__asm__ volatile("rep stosb" : "+D"(destination), "+c"(bytes) : "a"(value) : "memory");
	return to;
}

int memcmp(const void *left, const void *right, size_t bytes)
{
	const uint8_t *a = left, *b = right;

	for (size_t i = 0; i < bytes; i++) {
		if (a[i] != b[i])
			return a[i] - b[i];
	}
	return 0;
}
