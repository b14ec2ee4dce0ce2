/* prog_malloc.c: allocations of many sizes, on the heap and mapped; contents survive, calloc gives
 * zeros. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCKS 512
#define ROUNDS 8192

static uint32_t state = 1;

/* xorshift (Marsaglia, 2003): the same numbers everywhere. */
static uint32_t next_random(void)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

struct block {
	unsigned char *data;
	size_t bytes;
	unsigned char fill;
};

static struct block blocks[BLOCKS];

/* Mostly small, sometimes beyond the size from which a C library maps memory. */
static size_t random_size(void)
{
	uint32_t choice = next_random() % 100;

	if (choice < 70)
		return next_random() % 256;
	if (choice < 98)
		return next_random() % 8192;
	return next_random() % 300000;
}

static void check(const struct block *block)
{
	for (size_t i = 0; i < block->bytes; i++) {
		if (block->data[i] != block->fill) {
			printf("a block of %zu bytes changed at %zu\n", block->bytes, i);
			exit(1);
		}
	}
}

static void fill(struct block *block, size_t bytes)
{
	block->bytes = bytes;
	block->fill = (unsigned char)next_random();
	memset(block->data, block->fill, bytes);
}

static void resize(struct block *block)
{
	size_t bytes = random_size() + 1;
	unsigned char *data = realloc(block->data, bytes);

	if (!data)
		abort();
	block->data = data;
	if (bytes < block->bytes)
		block->bytes = bytes;
	check(block);
	fill(block, bytes);
}

static void replace_cleared(struct block *block)
{
	size_t bytes = random_size();

	free(block->data);
	block->data = calloc(1, bytes + 1);
	block->bytes = bytes;
	block->fill = 0;
	check(block);
	fill(block, bytes);
}

static uint64_t churn(void)
{
	uint64_t sum = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct block *block = &blocks[next_random() % BLOCKS];

		if (block->data)
			check(block);
		switch (next_random() % 3) {
		case 0:
			free(block->data);
			block->data = malloc(random_size() + 1);
			fill(block, 1);
			break;
		case 1:
			resize(block);
			break;
		default:
			replace_cleared(block);
		}
		sum = sum * 31 + block->bytes + block->fill;
	}
	for (unsigned i = 0; i < BLOCKS; i++)
		free(blocks[i].data);
	return sum;
}

int main(void)
{
	printf("checksum %016llx\n", (unsigned long long)churn());

	unsigned char *large = calloc(32, 1 << 20);
	unsigned sum = 0;
	for (size_t at = 0; at < 32u << 20; at += 1 << 16)
		sum += large[at]++;
	printf("32 MiB: sum %u, then %u\n", sum, large[0] + large[31 << 20]);
	large = realloc(large, 48 << 20);
	printf("48 MiB: %u %u\n", large[0], large[1 << 16]);
	free(large);

	void *aligned = aligned_alloc(4096, 8192);
	printf("aligned_alloc: %s\n", (uintptr_t)aligned % 4096 == 0 ? "aligned" : "not aligned");
	free(aligned);

	volatile size_t impossible = SIZE_MAX / 2 - 4096;
	errno = 0;
	void *none = malloc(impossible);
	printf("malloc of half the address space: %s, %s\n", none ? "given" : "refused",
	       errno == ENOMEM ? "ENOMEM" : "another error");
	return 0;
}
