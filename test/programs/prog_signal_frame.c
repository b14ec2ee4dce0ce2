/*
 * prog_signal_frame.c: what a handler finds on its stack, what becomes of what it changes there,
 * and that the program is the same after it as before.
 */
#define _GNU_SOURCE
#include "signal_test.h"

#include <cpuid.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <ucontext.h>

#define UC_FP_XSTATE         0x1
#define UC_SIGCONTEXT_SS     0x2
#define UC_STRICT_RESTORE_SS 0x4
#define MAGIC1               0x46505853u
#define MAGIC2               0x46505845u
#define SOFTWARE_AT          464 /* struct _fpx_sw_bytes, in the FXSAVE area */
#define FLAG_DIRECTION       0x400
#define FLAG_TRAP            0x100
#define RED_ZONE             128
#define UD2_BYTES            2
#define TRACES               250

struct software {
	uint32_t magic1, extended_size;
	uint64_t features;
	uint32_t state_size;
};

static int has_avx(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_OSXSAVE) && (c & bit_AVX);
}

static int has_xsave(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_OSXSAVE);
}

/* ---- the layout ---- */

static volatile uintptr_t program_sp;
static volatile uintptr_t handler_sp; /* where the handler's return address is */

/* A handler in assembly: a C compiler says nothing about its stack pointer at the entry. */
void entry(int signal, siginfo_t *info, void *context);
void look_at(int signal, siginfo_t *info, ucontext_t *context, uintptr_t sp, uint64_t flags);
__asm__("entry:\n"
	"	mov %rsp, %rcx\n"
	"	pushf\n"
	"	pop %r8\n"
	"	jmp look_at\n");

static void look_at_state(const mcontext_t *machine)
{
	const char *area = (const char *)machine->fpregs;
	struct software software;
	uint32_t magic2;

	memcpy(&software, area + SOFTWARE_AT, sizeof(software));
	say("the area is aligned to 64", ((uintptr_t)area & 63) == 0);
	say("the red zone is left alone",
	    program_sp - ((uintptr_t)area + software.extended_size) >= RED_ZONE);
	say("there is an XSAVE area", (software.magic1 == MAGIC1) == has_xsave());
	if (software.magic1 != MAGIC1)
		return;
	say("its size", software.extended_size == software.state_size + 4);
	memcpy(&magic2, area + software.state_size, sizeof(magic2));
	say("the magic word behind it", magic2 == MAGIC2);
	say("x87 and SSE are in it", (software.features & 3) == 3);
	say("AVX", (software.features >> 2 & 1) == (uint64_t)has_avx());
}

static void look_more(siginfo_t *info, const ucontext_t *context)
{
	const mcontext_t *machine = &context->uc_mcontext;
	const greg_t *registers = machine->gregs;
	uint64_t selectors = (uint64_t)registers[REG_CSGSFS];

	say("sp is 8 below a multiple of 16", (handler_sp & 15) == 8);
	say("the context is above it", (uintptr_t)context - handler_sp);
	say("siginfo is above that", (uintptr_t)info - (uintptr_t)context);
	say("and the floating-point state", (uintptr_t)machine->fpregs > (uintptr_t)info);
	printf("flags %#lx link %p\n", context->uc_flags & ~(unsigned long)UC_FP_XSTATE,
	       (void *)context->uc_link);
	say("XSAVE is said to be used", (int)(context->uc_flags & UC_FP_XSTATE) == has_xsave());
	printf("selectors cs %#x gs %#x fs %#x ss %#x\n", (unsigned)(selectors & 0xffff),
	       (unsigned)(selectors >> 16 & 0xffff), (unsigned)(selectors >> 32 & 0xffff),
	       (unsigned)(selectors >> 48));
	printf("rax %#llx rbx %#llx r12 %#llx r15 %#llx\n", registers[REG_RAX], registers[REG_RBX],
	       registers[REG_R12], registers[REG_R15]);
	say("rsp is the program's", (uintptr_t)registers[REG_RSP] == program_sp);
	printf("trap %lld error %lld address %llx\n", registers[REG_TRAPNO], registers[REG_ERR],
	       registers[REG_CR2]);
	printf("mask %#lx old mask %#llx\n", *(const unsigned long *)&context->uc_sigmask,
	       registers[REG_OLDMASK]);
	printf("flags: direction %d interrupts %d\n", (registers[REG_EFL] & FLAG_DIRECTION) != 0,
	       (registers[REG_EFL] & 0x200) != 0);
	look_at_state(machine);
}

void __attribute__((used))
look_at(int signal, siginfo_t *info, ucontext_t *context, uintptr_t sp, uint64_t flags)
{
	handler_sp = sp;
	say("signal", signal);
	say("direction flag in the handler", (flags & FLAG_DIRECTION) != 0);
	look_more(info, context);
	context->uc_mcontext.gregs[REG_RIP] += UD2_BYTES;
}

static void layout(void)
{
	uint64_t rbx = 0, r12 = 0, r15 = 0, flags = 0;

	set_info_handler(SIGILL, entry, 0);
	mask_signal(SIG_BLOCK, SIGUSR2);
	__asm__ volatile("mov $0x1234567890, %%rax\n\t"
			 "mov $0xbbbb, %%rbx\n\t"
			 "mov $0x1212, %%r12\n\t"
			 "mov $-15, %%r15\n\t"
			 "mov %%rsp, %[sp]\n\t"
			 "std\n\t"
			 "ud2\n\t"
			 "pushf\n\t"
			 "pop %%rax\n\t"
			 "cld\n\t"
			 "mov %%rbx, %[rbx]\n\t"
			 "mov %%r12, %[r12]\n\t"
			 "mov %%r15, %[r15]\n\t"
			 "mov %%rax, %[flags]\n\t"
			 : [sp] "=m"(program_sp), [rbx] "=m"(rbx), [r12] "=m"(r12), [r15] "=m"(r15),
			   [flags] "=m"(flags)
			 :
			 : "rax", "rbx", "r12", "r15", "memory", "cc");
	mask_signal(SIG_UNBLOCK, SIGUSR2);
	printf("after it: rbx %#lx r12 %#lx r15 %#lx direction %d\n", rbx, r12, r15,
	       (flags & FLAG_DIRECTION) != 0);
}

/* ---- registers that a handler changes ---- */

static void change(int signal, siginfo_t *info, void *argument)
{
	ucontext_t *context = argument;
	greg_t *registers = context->uc_mcontext.gregs;
	uint64_t *xmm1 = (uint64_t *)((char *)context->uc_mcontext.fpregs + 160 + 16);

	registers[REG_RIP] += UD2_BYTES;
	registers[REG_RAX] = 1;
	registers[REG_RCX] = 2;
	registers[REG_R11] = 11;
	registers[REG_R8] += 8;
	registers[REG_EFL] |= 0x8d5; /* what arithmetic changes */
	xmm1[0] = 0x1111;
	xmm1[1] = 0x2222;
	context->uc_mcontext.fpregs->mxcsr |= 0x8000; /* flush to zero */
	sigaddset(&context->uc_sigmask, SIGUSR1);
	sigaddset(&context->uc_sigmask, SIGKILL);
}

static void changed(void)
{
	uint64_t rax, rcx, r11, r8, flags, low, high;
	uint32_t mxcsr, plain = 0x1f80;

	set_info_handler(SIGILL, change, 0);
	__asm__ volatile("mov $5, %%r8d\n\t"
			 "ud2\n\t"
			 "pushf\n\t"
			 "pop %[flags]\n\t"
			 "movq %%xmm1, %[low]\n\t"
			 "psrldq $8, %%xmm1\n\t"
			 "movq %%xmm1, %[high]\n\t"
			 "mov %%rcx, %[rcx]\n\t"
			 "mov %%r11, %[r11]\n\t"
			 "mov %%r8, %[r8]\n\t"
			 "stmxcsr %[mxcsr]\n\t"
			 : "=a"(rax), [flags] "=&r"(flags), [low] "=&r"(low), [high] "=&r"(high),
			   [rcx] "=m"(rcx), [r11] "=m"(r11), [r8] "=m"(r8), [mxcsr] "=m"(mxcsr)
			 :
			 : "rcx", "r11", "r8", "xmm1", "memory", "cc");
	__asm__ volatile("ldmxcsr %0" : : "m"(plain));
	printf("changed: rax %ld rcx %ld r11 %ld r8 %ld flags %#lx xmm1 %#lx %#lx mxcsr %#x\n", rax,
	       rcx, r11, r8, flags & 0x8d5, low, high, mxcsr);
	say("the mask", is_blocked(SIGUSR1));
	say("but never SIGKILL", is_blocked(SIGKILL));
	mask_signal(SIG_UNBLOCK, SIGUSR1);
}

/* ---- floating-point state is the program's own, and the handler's its own ---- */

static uint32_t handler_mxcsr;
static uint16_t handler_control;

static void clobber(int signal)
{
	const uint32_t mxcsr = 0x9fc0;
	const uint16_t control = 0x27f;

	__asm__ volatile("stmxcsr %0; fnstcw %1" : "=m"(handler_mxcsr), "=m"(handler_control));
	__asm__ volatile("ldmxcsr %0; fldcw %1; fld1" : : "m"(mxcsr), "m"(control));
	__asm__ volatile("pcmpeqd %%xmm0, %%xmm0; movdqa %%xmm0, %%xmm7; movdqa %%xmm0, %%xmm15"
			 :
			 :
			 : "xmm0", "xmm7", "xmm15");
	if (has_avx())
		__asm__ volatile("vpcmpeqd %%xmm8, %%xmm8, %%xmm8; vinsertf128 $1, %%xmm8, %%ymm8, "
				 "%%ymm8; vmovaps %%ymm8, %%ymm9"
				 :
				 :
				 : "xmm8", "xmm9");
}

static void float_state(void)
{
	const uint32_t mxcsr = 0x7f80, plain = 0x1f80; /* round to zero */
	const uint16_t control = 0xf7f, plain_control = 0x37f;
	uint64_t wide[4] = {1, 2, 3, 4}, xmm7[2] = {77, 78};
	double sum = 0;
	uint32_t got_mxcsr;
	uint16_t got_control;

	set_handler(SIGUSR1, clobber, 0);
	__asm__ volatile("ldmxcsr %0; fldcw %1; fldpi" : : "m"(mxcsr), "m"(control));
	if (has_avx())
		__asm__ volatile("vmovups %0, %%ymm9" : : "m"(wide) : "xmm9");
	__asm__ volatile("movdqu %0, %%xmm7" : : "m"(xmm7) : "xmm7");
	__asm__ volatile("syscall" /* kill(pid, SIGUSR1), in place: no call may lose registers */
			 :
			 : "a"(62), "D"(getpid()), "S"(SIGUSR1)
			 : "rcx", "r11", "memory");
	__asm__ volatile("movdqu %%xmm7, %0" : "=m"(xmm7));
	if (has_avx())
		__asm__ volatile("vmovups %%ymm9, %0; vzeroupper" : "=m"(wide));
	__asm__ volatile("fstpl %0; stmxcsr %1; fnstcw %2"
			 : "=m"(sum), "=m"(got_mxcsr), "=m"(got_control));
	__asm__ volatile("ldmxcsr %0; fldcw %1" : : "m"(plain), "m"(plain_control));
	printf("handler: mxcsr %#x control %#x\n", handler_mxcsr, handler_control);
	printf("program: mxcsr %#x control %#x pi %.4f xmm7 %lu %lu ymm9 %lu %lu %lu %lu\n",
	       got_mxcsr, got_control, sum, xmm7[0], xmm7[1], wide[0], wide[1], wide[2], wide[3]);
}

/* ---- the red zone, all registers ---- */

static void nothing(int signal)
{
	volatile char room[2048];

	for (unsigned i = 0; i < sizeof(room); i++)
		room[i] = (char)i;
}

static void red_zone(void)
{
	uint64_t far, near;

	set_handler(SIGUSR1, nothing, 0);
	__asm__ volatile("movq $111, -128(%%rsp)\n\t"
			 "movq $222, -8(%%rsp)\n\t"
			 "syscall\n\t"
			 "movq -128(%%rsp), %[far]\n\t"
			 "movq -8(%%rsp), %[near]\n\t"
			 : [far] "=&r"(far), [near] "=&r"(near)
			 : "a"(62), "D"(getpid()), "S"(SIGUSR1)
			 : "rcx", "r11", "memory");
	printf("the red zone: %lu %lu\n", far, near);
}

/* A counter runs in each register, until a signal from elsewhere has come often enough. */
static volatile sig_atomic_t interruptions;

static void interrupt(int signal)
{
	nothing(signal);
	interruptions++;
}

static void from_elsewhere(void)
{
	uint64_t sums[4] = {0};
	pid_t parent = getpid(), child;

	interruptions = 0;
	set_handler(SIGUSR1, interrupt, 0);
	fflush(stdout);
	if ((child = fork()) == 0) {
		while (kill(parent, SIGUSR1) == 0)
			;
		_exit(0);
	}
	do /* the child may have sent as many before */
		__asm__ volatile(
			"mov $1000, %%ecx\n\t"
			"xor %%r9d, %%r9d\n\t"
			"xor %%r10d, %%r10d\n\t"
			"xor %%r14d, %%r14d\n\t"
			"xor %%edx, %%edx\n"
			"1:	inc %%r9\n\t"
			"add $2, %%r10\n\t"
			"sub $1, %%r14\n\t"
			"add $3, %%rdx\n\t"
			"dec %%ecx\n\t"
			"jnz 1b\n\t"
			"mov %%r9, %[a]\n\t"
			"mov %%r10, %[b]\n\t"
			"mov %%r14, %[c]\n\t"
			"mov %%rdx, %[d]\n\t"
			: [a] "=m"(sums[0]), [b] "=m"(sums[1]), [c] "=m"(sums[2]), [d] "=m"(sums[3])
			:
			: "rcx", "r9", "r10", "r14", "rdx", "cc");
	while (interruptions < 20);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	printf("registers of a loop that was interrupted: %ld %ld %ld %ld\n", sums[0], sums[1],
	       -sums[2], sums[3]);
}

/* ---- nothing of the kernel's shows ---- */

static volatile int strange;

/* The frame lies where all was zeros before. What the processor does not write stays so: bytes 416
 * to 463, and what is between and behind the components. */
static void look_into_gaps(int signal, siginfo_t *info, void *argument)
{
	const unsigned char *at = (void *)((ucontext_t *)argument)->uc_mcontext.fpregs;

	for (int i = 416; i < SOFTWARE_AT; i++)
		strange += at[i] != 0;
	for (int i = SOFTWARE_AT + 24; i < 512; i++)
		strange += at[i] != 0;
	for (int i = 512 + 24; i < 512 + 64; i++)
		strange += at[i] != 0;
}

/* The kernel may give to the child what it had for the others' copies. */
static void leave_traces(void)
{
	static struct pollfd files[TRACES];

	memset(files, 0xff, sizeof(files));
	for (nfds_t count = 1; count <= TRACES; count++)
		poll(files, count, 0);
}

static void gaps(void)
{
	volatile char room[16384];
	int status;

	fflush(stdout);
	leave_traces();
	pid_t child = fork();
	if (child == 0) {
		for (unsigned i = 0; i < sizeof(room); i++)
			room[i] = 0;
		set_info_handler(SIGUSR1, look_into_gaps, 0);
		kill(getpid(), SIGUSR1);
		_exit(strange != 0);
	}
	waitpid(child, &status, 0);
	say_status("are there bytes in the gaps that are not zero", status);
}

/* ---- single steps ---- */

static volatile int steps, trace_code;

static void step(int signal, siginfo_t *info, void *argument)
{
	ucontext_t *context = argument;

	steps++;
	trace_code = info->si_code;
	if (steps == 5)
		context->uc_mcontext.gregs[REG_EFL] &= ~FLAG_TRAP;
}

static void begin_steps(int signal, siginfo_t *info, void *argument)
{
	ucontext_t *context = argument;

	context->uc_mcontext.gregs[REG_RIP] += UD2_BYTES;
	context->uc_mcontext.gregs[REG_EFL] |= FLAG_TRAP;
}

static void single_steps(void)
{
	set_info_handler(SIGTRAP, step, 0);
	set_info_handler(SIGILL, begin_steps, 0);
	__asm__ volatile("ud2; nop; nop; nop; nop; nop; nop; nop");
	printf("steps %d code %d\n", steps, trace_code);
}

int main(void)
{
	layout();
	changed();
	float_state();
	red_zone();
	from_elsewhere();
	gaps();
	single_steps();
	return 0;
}
