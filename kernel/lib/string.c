/*
 * string.c: the C library's memory and string functions.
 *
 * They are compiled with -ffreestanding (host tests: -fno-builtin), without which the compiler
 * could replace the loop in memcpy() by a call of memcpy(). Copies go by 8-byte words at any
 * alignment: x86 allows it, and under emulation it beats "rep movsb".
 */
#include "lib/string.h"

/* A word at any address, of memory of any type. */
typedef uint64_t word __attribute__((may_alias, aligned(1)));

#define BLOCK (4 * sizeof(word))

static void copy_block(char *to, const char *from)
{
	word a = ((const word *)from)[0], b = ((const word *)from)[1];
	word c = ((const word *)from)[2], d = ((const word *)from)[3];

	((word *)to)[0] = a;
	((word *)to)[1] = b;
	((word *)to)[2] = c;
	((word *)to)[3] = d;
}

/* Ascending: also right for overlapping areas with to < from, because each block is read before it
 * is written. */
static void copy_forwards(char *to, const char *from, size_t bytes)
{
	for (; bytes >= BLOCK; bytes -= BLOCK, to += BLOCK, from += BLOCK)
		copy_block(to, from);
	for (; bytes >= sizeof(word); bytes -= sizeof(word)) {
		*(word *)to = *(const word *)from;
		to += sizeof(word);
		from += sizeof(word);
	}
	while (bytes-- > 0)
		*to++ = *from++;
}

static void copy_backwards(char *to, const char *from, size_t bytes)
{
	for (; bytes >= BLOCK; bytes -= BLOCK)
		copy_block(to + bytes - BLOCK, from + bytes - BLOCK);
	for (; bytes >= sizeof(word); bytes -= sizeof(word))
		*(word *)(to + bytes - sizeof(word)) = *(const word *)(from + bytes - sizeof(word));
	for (; bytes > 0; bytes--)
		to[bytes - 1] = from[bytes - 1];
}

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	copy_forwards(to, from, bytes);
	return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	if ((uintptr_t)to <= (uintptr_t)from)
		copy_forwards(to, from, bytes);
	else
		copy_backwards(to, from, bytes);
	return to;
}

void *memset(void *to, int value, size_t bytes)
{
	char *at = to;
	word pattern = (unsigned char)value * 0x0101010101010101ull;

	for (; bytes >= BLOCK; bytes -= BLOCK, at += BLOCK) {
		((word *)at)[0] = pattern;
		((word *)at)[1] = pattern;
		((word *)at)[2] = pattern;
		((word *)at)[3] = pattern;
	}
	while (bytes-- > 0)
		*at++ = (char)value;
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const unsigned char *left = a, *right = b;

	for (; bytes >= sizeof(word); bytes -= sizeof(word)) {
		if (*(const word *)left != *(const word *)right)
			break;
		left += sizeof(word);
		right += sizeof(word);
	}
	for (; bytes > 0; bytes--, left++, right++) {
		if (*left != *right)
			return *left - *right;
	}
	return 0;
}

size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length] != '\0')
		length++;
	return length;
}

size_t strnlen(const char *text, size_t max)
{
	size_t length = 0;

	while (length < max && text[length] != '\0')
		length++;
	return length;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t max)
{
	for (size_t i = 0; i < max; i++) {
		if (a[i] != b[i])
			return (unsigned char)a[i] - (unsigned char)b[i];
		if (a[i] == '\0')
			break;
	}
	return 0;
}

char *strchr(const char *text, int character)
{
	for (;; text++) {
		if (*text == (char)character)
			return (char *)text;
		if (*text == '\0')
			return NULL;
	}
}

char *strrchr(const char *text, int character)
{
	const char *last = NULL;

	for (;; text++) {
		if (*text == (char)character)
			last = text;
		if (*text == '\0')
			return (char *)last;
	}
}

size_t string_copy(char *to, const char *from, size_t size)
{
	size_t length = strlen(from), copied = MIN(length, size - 1);

	memcpy(to, from, copied);
	to[copied] = '\0';
	return length;
}

/* The value of a digit, or -1. */
static int digit_value(char digit, unsigned base)
{
	int value = -1;

	if (digit >= '0' && digit <= '9')
		value = digit - '0';
	else if (digit >= 'a' && digit <= 'f')
		value = digit - 'a' + 10;
	else if (digit >= 'A' && digit <= 'F')
		value = digit - 'A' + 10;
	return value < (int)base ? value : -1;
}

bool string_to_u64(const char *text, size_t length, uint64_t *value)
{
	unsigned base = 10;
	uint64_t result = 0;

	if (length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
		length -= 2;
	}
	if (length == 0)
		return false;
	for (size_t i = 0; i < length; i++) {
		int digit = digit_value(text[i], base);
		if (digit < 0 || __builtin_mul_overflow(result, base, &result) ||
		    __builtin_add_overflow(result, (uint64_t)digit, &result))
			return false;
	}
	*value = result;
	return true;
}
