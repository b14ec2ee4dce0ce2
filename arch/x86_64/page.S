/*
 * page.S: filling and copying a page, 4096 bytes, with the vector registers. They hold the running
 * thread's values, so those that are used here are put back; nothing between can switch threads.
 *
 * VEX-encoded instructions clear what lies above YMM: page.c does not come here where AVX-512 is
 * on.
 */
#define PAGE_SIZE 4096
#define VECTOR    32
#define STEP      (8 * VECTOR)

	.text

/* void page_zero_avx(void *page) */
	.globl page_zero_avx
	.type page_zero_avx, @function
page_zero_avx:
	pushq %rbp
	movq %rsp, %rbp
	subq $VECTOR, %rsp
	vmovdqu %ymm0, (%rsp)
	vpxor %xmm0, %xmm0, %xmm0
	leaq PAGE_SIZE(%rdi), %rax
1:	vmovdqa %ymm0, 0 * VECTOR(%rdi)
	vmovdqa %ymm0, 1 * VECTOR(%rdi)
	vmovdqa %ymm0, 2 * VECTOR(%rdi)
	vmovdqa %ymm0, 3 * VECTOR(%rdi)
	vmovdqa %ymm0, 4 * VECTOR(%rdi)
	vmovdqa %ymm0, 5 * VECTOR(%rdi)
	vmovdqa %ymm0, 6 * VECTOR(%rdi)
	vmovdqa %ymm0, 7 * VECTOR(%rdi)
	addq $STEP, %rdi
	cmpq %rax, %rdi
	jne 1b
	vmovdqu (%rsp), %ymm0
	leave
	ret
	.size page_zero_avx, . - page_zero_avx

/* void page_copy_avx(void *to, const void *from) */
	.globl page_copy_avx
	.type page_copy_avx, @function
page_copy_avx:
	pushq %rbp
	movq %rsp, %rbp
	subq $(4 * VECTOR), %rsp
	vmovdqu %ymm0, 0 * VECTOR(%rsp)
	vmovdqu %ymm1, 1 * VECTOR(%rsp)
	vmovdqu %ymm2, 2 * VECTOR(%rsp)
	vmovdqu %ymm3, 3 * VECTOR(%rsp)
	leaq PAGE_SIZE(%rdi), %rax
1:	vmovdqa 0 * VECTOR(%rsi), %ymm0
	vmovdqa 1 * VECTOR(%rsi), %ymm1
	vmovdqa 2 * VECTOR(%rsi), %ymm2
	vmovdqa 3 * VECTOR(%rsi), %ymm3
	vmovdqa %ymm0, 0 * VECTOR(%rdi)
	vmovdqa %ymm1, 1 * VECTOR(%rdi)
	vmovdqa %ymm2, 2 * VECTOR(%rdi)
	vmovdqa %ymm3, 3 * VECTOR(%rdi)
	vmovdqa 4 * VECTOR(%rsi), %ymm0
	vmovdqa 5 * VECTOR(%rsi), %ymm1
	vmovdqa 6 * VECTOR(%rsi), %ymm2
	vmovdqa 7 * VECTOR(%rsi), %ymm3
	vmovdqa %ymm0, 4 * VECTOR(%rdi)
	vmovdqa %ymm1, 5 * VECTOR(%rdi)
	vmovdqa %ymm2, 6 * VECTOR(%rdi)
	vmovdqa %ymm3, 7 * VECTOR(%rdi)
	addq $STEP, %rsi
	addq $STEP, %rdi
	cmpq %rax, %rdi
	jne 1b
	vmovdqu 0 * VECTOR(%rsp), %ymm0
	vmovdqu 1 * VECTOR(%rsp), %ymm1
	vmovdqu 2 * VECTOR(%rsp), %ymm2
	vmovdqu 3 * VECTOR(%rsp), %ymm3
	leave
	ret
	.size page_copy_avx, . - page_copy_avx
