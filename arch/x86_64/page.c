/*
 * page.c: whole pages. Vector stores are as good as "rep stos" on a processor that has both, and
 * far better under emulation, which takes the string instructions a step at a time. Where AVX-512
 * is on they would destroy half of a register (page.S), and such a processor has fast strings.
 */
#include <arch/page.h>

#include <arch/mmu.h>

#include "x86.h"

void page_zero_avx(void *page);
void page_copy_avx(void *to, const void *from);

#define WORDS (PAGE_SIZE / sizeof(uint64_t))

void page_zero(void *page)
{
	uint64_t words = WORDS;

	if (cpu_features.avx_pages)
		page_zero_avx(page);
	else
		__asm__ volatile("rep stosq" : "+D"(page), "+c"(words) : "a"(0ull) : "memory");
}

void page_copy(void *to, const void *from)
{
	uint64_t words = WORDS;

	if (cpu_features.avx_pages)
		page_copy_avx(to, from);
	else
		__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}
