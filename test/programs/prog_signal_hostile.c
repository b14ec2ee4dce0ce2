/*
 * prog_signal_hostile.c: signal frames that no kernel has made, handed to rt_sigreturn: each is
 * tried in a child, with a handler of SIGSEGV that tells what it was given, and without.
 */
#define _GNU_SOURCE
#include "signal_test.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>

#define STACK_BYTES  65536
#define SOFTWARE_AT  464
#define MXCSR_AT     24
#define HEADER_AT    512
#define HEADER_BYTES 64
#define NONCANONICAL 0x0000800000000000ll
#define KERNEL       ((long long)0xffffffff80000000ull)

static char other_stack[STACK_BYTES];
static ucontext_t *context;
static char *area; /* floating-point state */

static void set32(size_t at, uint32_t value)
{
	memcpy(area + at, &value, sizeof(value));
}

static void set64(size_t at, uint64_t value)
{
	memcpy(area + at, &value, sizeof(value));
}

/* ---- what is done to the frame ---- */

static void rip_noncanonical(void)
{
	context->uc_mcontext.gregs[REG_RIP] = NONCANONICAL;
}

static void rip_kernel(void)
{
	context->uc_mcontext.gregs[REG_RIP] = KERNEL;
}

static void rip_null(void)
{
	context->uc_mcontext.gregs[REG_RIP] = 0;
}

static void rip_top(void)
{
	context->uc_mcontext.gregs[REG_RIP] = 0x7ffffffff000;
}

static void rip_all_ones(void)
{
	context->uc_mcontext.gregs[REG_RIP] = -1;
}

static void set_selectors(unsigned cs, unsigned ss)
{
	context->uc_mcontext.gregs[REG_CSGSFS] = cs;
	((uint16_t *)&context->uc_mcontext.gregs[REG_CSGSFS])[3] = (uint16_t)ss;
}

static void cs_null(void)
{
	set_selectors(0, 0x2b);
}

static void cs_kernel(void)
{
	set_selectors(0x10, 0x2b);
}

static void cs_beyond(void)
{
	set_selectors(0xffff, 0x2b);
}

static void cs_data(void)
{
	set_selectors(0x2b, 0x2b);
}

static void cs_without_privilege(void)
{
	set_selectors(0x30, 0x28); /* RPL 0: the kernel says 3 */
}

static void ss_null(void)
{
	set_selectors(0x33, 0);
}

static void ss_code(void)
{
	set_selectors(0x33, 0x33);
}

static void ss_kernel(void)
{
	set_selectors(0x33, 0x18);
}

static void ss_kernel_not_strict(void)
{
	context->uc_flags &= ~4ul; /* UC_STRICT_RESTORE_SS */
	set_selectors(0x33, 0x18);
}

static void flags_all(void)
{
	/* Neither IOPL nor NT, VM, VIF, ID; TF and AC would count. */
	context->uc_mcontext.gregs[REG_EFL] = 0xfffffffffffafeffull & ~0x40000ull;
}

static void flags_none(void)
{
	context->uc_mcontext.gregs[REG_EFL] = 0;
}

static void state_nowhere(void)
{
	context->uc_mcontext.fpregs = (void *)8;
}

static void state_kernel(void)
{
	context->uc_mcontext.fpregs = (void *)KERNEL;
}

static void state_noncanonical(void)
{
	context->uc_mcontext.fpregs = (void *)NONCANONICAL;
}

static void state_none(void)
{
	context->uc_mcontext.fpregs = NULL;
}

static void state_unaligned(void)
{
	static char copy[8192] __attribute__((aligned(64)));

	memcpy(copy + 1, area, HEADER_AT + HEADER_BYTES);
	context->uc_mcontext.fpregs = (void *)(copy + 1);
}

/* The end of it is not mapped. */
static void state_cut_off(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(page + 4096, 4096);
	char *at = page + 4096 - HEADER_AT - HEADER_BYTES;
	memcpy(at, area, HEADER_AT + HEADER_BYTES);
	context->uc_mcontext.fpregs = (void *)at;
}

static void mxcsr_reserved(void)
{
	set32(MXCSR_AT, 0xffffffff);
}

static void mxcsr_reserved_legacy(void)
{
	set32(SOFTWARE_AT, 0);
	set32(MXCSR_AT, 0x80000000);
}

static void features_unknown(void)
{
	set64(HEADER_AT, 1ull << 62);
}

static void features_none(void)
{
	set64(HEADER_AT, 0);
}

static void header_compacted(void)
{
	set64(HEADER_AT, 7);
	set64(HEADER_AT + 8, 1ull << 63 | 3); /* the third is not there */
}

static void header_reserved(void)
{
	set64(HEADER_AT + 16, 1);
}

static void header_reserved_later(void)
{
	set64(HEADER_AT + 56, 1);
}

static void size_huge(void)
{
	set32(SOFTWARE_AT + 4, 0xffffffff);
	set32(SOFTWARE_AT + 16, 0xfffffff0);
}

static void size_zero(void)
{
	set32(SOFTWARE_AT + 16, 0);
}

static void size_beyond_extended(void)
{
	set32(SOFTWARE_AT + 4, 0);
}

static void magic_missing(void)
{
	uint32_t size;

	memcpy(&size, area + SOFTWARE_AT + 16, sizeof(size));
	set32(size, 0);
}

static void software_features_all(void)
{
	set64(SOFTWARE_AT + 8, UINT64_MAX);
}

static void all_ones(void)
{
	memset(area, 0xff, HEADER_AT);
}

static void stack_odd(void)
{
	context->uc_stack.ss_sp = (void *)KERNEL;
	context->uc_stack.ss_size = (size_t)-1;
	context->uc_stack.ss_flags = 0x7fffffff;
}

static void mask_all(void)
{
	memset(&context->uc_sigmask, 0xff, 8);
}

static void nothing(void)
{
}

static const struct {
	const char *name;
	void (*spoil)(void);
} cases[] = {
	{"nothing", nothing},
	{"rip not canonical", rip_noncanonical},
	{"rip in the kernel", rip_kernel},
	{"rip 0", rip_null},
	{"rip at the end of user space", rip_top},
	{"rip -1", rip_all_ones},
	{"cs 0", cs_null},
	{"cs the kernel's", cs_kernel},
	{"cs beyond the table", cs_beyond},
	{"cs of data", cs_data},
	{"cs with RPL 0", cs_without_privilege},
	{"ss 0", ss_null},
	{"ss of code", ss_code},
	{"ss the kernel's", ss_kernel},
	{"ss the kernel's, not strict", ss_kernel_not_strict},
	{"all flags", flags_all},
	{"no flags", flags_none},
	{"fpstate nowhere", state_nowhere},
	{"fpstate in the kernel", state_kernel},
	{"fpstate not canonical", state_noncanonical},
	{"no fpstate", state_none},
	{"fpstate not aligned", state_unaligned},
	{"fpstate cut off", state_cut_off},
	{"reserved bits of MXCSR", mxcsr_reserved},
	{"reserved bits of MXCSR, FXSAVE alone", mxcsr_reserved_legacy},
	{"unknown components", features_unknown},
	{"no components", features_none},
	{"compacted", header_compacted},
	{"reserved bytes of the header", header_reserved},
	{"reserved bytes that are not looked at", header_reserved_later},
	{"a huge size", size_huge},
	{"no size", size_zero},
	{"a size larger than the whole", size_beyond_extended},
	{"no magic word at the end", magic_missing},
	{"components that the processor has not", software_features_all},
	{"all ones", all_ones},
	{"an odd alternate stack", stack_odd},
	{"all signals blocked", mask_all},
};

/* ---- the trying ---- */

static volatile int which;

static void spoil(int signal, siginfo_t *info, void *argument)
{
	context = argument;
	area = (char *)context->uc_mcontext.fpregs;
	cases[which].spoil();
}

static void tell(int signal, siginfo_t *info, void *argument)
{
	const ucontext_t *at = argument;
	long long rip = at->uc_mcontext.gregs[REG_RIP];

	printf("signal %d code %d address %#lx", signal, info->si_code,
	       info->si_code > 0 && info->si_code < SI_KERNEL ? (long)info->si_addr : 0);
	if (rip == NONCANONICAL || rip == KERNEL || rip == -1 || rip == 0)
		printf(" rip %#llx", rip);
	printf("\n");
	fflush(stdout);
	_exit(50);
}

static void use_other_stack(void)
{
	const stack_t stack = {.ss_sp = other_stack, .ss_size = STACK_BYTES};

	sigaltstack(&stack, NULL);
}

/* An own exit: only the registers may count that the frame gave back. */
static void try(int number, int handled)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_CORE, &none);
	which = number;
	use_other_stack();
	if (handled)
		set_info_handler(SIGSEGV, tell, SA_ONSTACK);
	set_info_handler(SIGUSR1, spoil, 0);
	syscall(SYS_kill, getpid(), SIGUSR1);
	_exit(40 + is_blocked(SIGUSR2));
}

static void try_in_child(int number, int handled)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		try(number, handled);
	waitpid(child, &status, 0);
	say_status(handled ? "  handled" : "  not handled", status);
}

/* rt_sigreturn with a stack pointer where there is no frame. */
static void bare_return(const char *what, uintptr_t sp, int handled)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		use_other_stack();
		if (handled)
			set_info_handler(SIGSEGV, tell, SA_ONSTACK);
		__asm__ volatile("mov %0, %%rsp; mov $15, %%eax; syscall; ud2" : : "r"(sp));
		_exit(1);
	}
	waitpid(child, &status, 0);
	say_status(what, status);
}

int main(void)
{
	static char zeros[4096] __attribute__((aligned(16)));

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		printf("%s\n", cases[i].name);
		fflush(stdout);
		try_in_child((int)i, 1);
		try_in_child((int)i, 0);
	}
	for (int handled = 0; handled < 2; handled++) {
		bare_return("sp 0", 0, handled);
		bare_return("sp 8", 8, handled);
		bare_return("sp not canonical", NONCANONICAL, handled);
		bare_return("sp in the kernel", (uintptr_t)KERNEL, handled);
		bare_return("sp at the end of user space", 0x7ffffffff000, handled);
		bare_return("a frame of zeros", (uintptr_t)zeros, handled);
	}
	return 0;
}
