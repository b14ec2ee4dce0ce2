/*
 * prog_fork_fpu.c: processes that switch with their vector registers full. Each holds its own
 * pattern in xmm0-15 and its own rounding mode, across system calls and across preemption, and
 * looks whether they are still there.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 3
#define ROUNDS    200
#define YIELDS    5
#define SPINS     50000

/* MXCSR: all exceptions masked, and the rounding mode. (Intel SDM volume 1, 10.2.3) */
#define MXCSR_MASKED         0x1f80u
#define MXCSR_ROUNDING_SHIFT 13

struct registers {
	uint8_t xmm[16][16];
};

#define EACH_REGISTER ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n\t"
#define LOAD_ALL      EACH_REGISTER "movdqu \\n*16(%[in]), %%xmm\\n\n\t.endr\n\t"
#define STORE_ALL     EACH_REGISTER "movdqu %%xmm\\n, \\n*16(%[out])\n\t.endr\n\t"
#define ALL_REGISTERS                                                                            \
	"xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", \
		"xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

/* Load all, give the CPU away `count` times, store all. No other instruction of ours runs between.
 */
static void hold_across_yields(const struct registers *in, struct registers *out, uint64_t count)
{
	__asm__ volatile(LOAD_ALL "1: mov %[yield], %%eax\n\t"
				  "syscall\n\t"
				  "dec %[count]\n\t"
				  "jnz 1b\n\t" STORE_ALL
			 : [count] "+r"(count)
			 : [in] "r"(in), [out] "r"(out), [yield] "i"(SYS_sched_yield)
			 : "rax", "rcx", "r11", "cc", "memory", ALL_REGISTERS);
}

/* The same, but the timer has to take the CPU away. */
static void hold_across_spins(const struct registers *in, struct registers *out, uint64_t count)
{
	__asm__ volatile(LOAD_ALL "1: dec %[count]\n\t"
				  "jnz 1b\n\t" STORE_ALL
			 : [count] "+r"(count)
			 : [in] "r"(in), [out] "r"(out)
			 : "cc", "memory", ALL_REGISTERS);
}

static uint32_t read_mxcsr(void)
{
	uint32_t value;

	__asm__ volatile("stmxcsr %0" : "=m"(value));
	return value;
}

/* Rounds in which something was lost. */
static int work(unsigned number)
{
	struct registers mine, after;
	uint32_t mxcsr = MXCSR_MASKED | (number % 4) << MXCSR_ROUNDING_SHIFT;
	int lost = 0;

	for (unsigned i = 0; i < sizeof(mine); i++)
		((uint8_t *)&mine)[i] = (uint8_t)(i * 7 + number * 37 + 1);
	__asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
	for (int round = 0; round < ROUNDS; round++) {
		memset(&after, 0, sizeof(after));
		hold_across_yields(&mine, &after, YIELDS);
		lost += memcmp(&mine, &after, sizeof(mine)) != 0;
		memset(&after, 0, sizeof(after));
		hold_across_spins(&mine, &after, SPINS);
		lost += memcmp(&mine, &after, sizeof(mine)) != 0;
		lost += read_mxcsr() != mxcsr;
	}
	return lost;
}

/* A child starts with the registers its parent had at the fork. */
static int fork_keeps_registers(void)
{
	struct registers mine, after;
	uint64_t in_child = 0;

	memset(&mine, 0x5a, sizeof(mine));
	memset(&after, 0, sizeof(after));
	__asm__ volatile(LOAD_ALL "mov %[fork], %%eax\n\t"
				  "syscall\n\t" STORE_ALL
			 : "=&a"(in_child)
			 : [in] "r"(&mine), [out] "r"(&after), [fork] "i"(SYS_fork)
			 : "rcx", "r11", "cc", "memory", ALL_REGISTERS);
	int same = memcmp(&mine, &after, sizeof(mine)) == 0;
	if (in_child == 0)
		_exit(same ? 0 : 1);
	int how = 1;
	waitpid((pid_t)in_child, &how, 0);
	return same && how == 0;
}

int main(void)
{
	pid_t children[PROCESSES];

	printf("registers after fork: %s\n", fork_keeps_registers() ? "kept" : "LOST");
	fflush(stdout);
	for (unsigned i = 0; i < PROCESSES; i++) {
		children[i] = fork();
		if (children[i] == 0)
			_exit(work(i + 1) ? 1 : 0);
	}
	printf("parent: %s\n", work(0) ? "LOST" : "kept");
	for (unsigned i = 0; i < PROCESSES; i++) {
		int how = 1;
		waitpid(children[i], &how, 0);
		printf("child %u: %s\n", i, how == 0 ? "kept" : "LOST");
	}
	return 0;
}
