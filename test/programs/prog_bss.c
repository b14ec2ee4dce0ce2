/* prog_bss.c: large initialised and zero data; the last page of data shares its frame with the
 * first of bss. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define WORDS     (1 << 17) /* 1 MiB */
#define BSS_BYTES (16u << 20)

static uint64_t data[WORDS] = {[0] = 1, [WORDS / 2] = 2, [WORDS - 1] = 3};
static const uint32_t constants[8192] = {[0] = 10, [8191] = 20};
static unsigned char zeros[BSS_BYTES];
static char odd = 'o';
static char odd_zero;

static uint64_t sum_bytes(const unsigned char *from, size_t bytes)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < bytes; i++)
		sum += from[i];
	return sum;
}

int main(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < WORDS; i++)
		sum = sum * 3 + data[i];
	printf("data %016llx\n", (unsigned long long)sum);
	printf("constants %u %u %u\n", constants[0], constants[4000], constants[8191]);
	printf("single bytes %c %d\n", odd, odd_zero);
	printf("bss sums to %llu\n", (unsigned long long)sum_bytes(zeros, BSS_BYTES));
	memset(zeros + BSS_BYTES / 2, 1, 100000);
	zeros[BSS_BYTES - 1] = 5;
	odd_zero = 9;
	printf("bss sums to %llu\n", (unsigned long long)sum_bytes(zeros, BSS_BYTES));
	data[1] = 77;
	printf("data %llu, and odd_zero %d\n", (unsigned long long)(data[0] + data[1]), odd_zero);
	return 0;
}
