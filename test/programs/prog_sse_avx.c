/*
 * prog_sse_avx.c: vector arithmetic. The wide version runs where the CPU and the kernel offer AVX2,
 * and must give what the plain one gives, so the output is the same on every CPU.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LANES 8
#define STEPS 1000

typedef float vector __attribute__((vector_size(LANES * sizeof(float))));
typedef int32_t int_vector __attribute__((vector_size(LANES * sizeof(int32_t))));

/* Always inlined, so that each caller compiles it for its own instruction set. */
static inline __attribute__((always_inline)) void iterate(float *reals, int32_t *numbers)
{
	vector x;
	int_vector n, m = {1, 2, 3, 4, 5, 6, 7, 8};

	memcpy(&x, reals, sizeof(x));
	memcpy(&n, numbers, sizeof(n));
	/* The logistic map is chaotic: a single wrong bit changes every digit of the end. */
	for (int step = 0; step < STEPS; step++) {
		x = x * (1.0f - x) * 3.75f;
		n = n * m + step;
		m ^= n;
	}
	n += m;
	memcpy(reals, &x, sizeof(x));
	memcpy(numbers, &n, sizeof(n));
}

__attribute__((target("avx2"))) static void iterate_wide(float *reals, int32_t *numbers)
{
	iterate(reals, numbers);
}

static void iterate_plain(float *reals, int32_t *numbers)
{
	iterate(reals, numbers);
}

static void start(float *reals, int32_t *numbers)
{
	for (int i = 0; i < LANES; i++) {
		reals[i] = (float)(i + 1) * 0.1f;
		numbers[i] = i * 12345;
	}
}

int main(void)
{
	float plain[LANES], wide[LANES];
	int32_t plain_numbers[LANES], wide_numbers[LANES];
	double sum = 0;

	start(plain, plain_numbers);
	start(wide, wide_numbers);
	iterate_plain(plain, plain_numbers);
	if (__builtin_cpu_supports("avx2"))
		iterate_wide(wide, wide_numbers);
	else
		iterate_plain(wide, wide_numbers);
	for (int i = 0; i < LANES; i++)
		printf("%.9g %d\n", wide[i], (int)wide_numbers[i]);
	printf("wide and plain: %s\n",
	       memcmp(plain, wide, sizeof(wide)) == 0 &&
			       memcmp(plain_numbers, wide_numbers, sizeof(wide_numbers)) == 0
		       ? "equal"
		       : "DIFFERENT");
	for (int i = 1; i <= 1000; i++)
		sum += 1.0 / ((double)i * i);
	long double x87 = 0;
	for (int i = 1; i <= 1000; i++)
		x87 += 1.0L / ((long double)i * i);
	printf("%.17g %.20Lg\n", sum, x87);
	return 0;
}
