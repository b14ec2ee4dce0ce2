/*
 * prog_hostile.c: what has killed other kernels. Each attempt is a child's, which ends by the
 * signal that Linux says, or goes on; then the machine is used a little. Instructions that are not
 * a program's, flags, selectors, stacks and system calls' arguments. What QEMU's emulation does not
 * do as a processor does is left out: ICEBP, SYSEXIT, #SS, #AC and exceptions of SSE.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul
#define LAST 0x7fffffffe000ul /* the last page that a program can map */
/* linux/futex.h is not among every C library's headers. */
enum { WAIT = 0, WAKE = 1, WAIT_BITSET = 9, WAKE_BITSET = 10, COMMAND_MASK = 127, PRIVATE = 128 };
#define FLAG_TF  0x100ul
#define FLAG_DF  0x400ul
#define FLAG_NT  0x4000ul
#define FLAG_AC  0x40000ul
#define FLAG_ID  0x200000ul
#define NOT_ADDR 0x8000000000000000ul /* not canonical */
#define KERNEL   0xffff888000000000ul

static const unsigned long odd_addresses[] = {
	0,      1,        3,    0x7ffffffff000ul, 0x7ffffffffffcul, 0x800000000000ul, NOT_ADDR,
	KERNEL, ~0ul - 3, ~0ul,
};
#define ODD_ADDRESSES (sizeof(odd_addresses) / sizeof(odd_addresses[0]))

/* Without errno: its place may be gone. */
static long raw(long number, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	register unsigned long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}

static _Noreturn void leave(int status)
{
	for (;;)
		raw(SYS_exit_group, (unsigned long)status, 0, 0, 0);
}

/* How attempt(argument) ends in a process of its own. */
static void try(const char *name, void (*attempt)(unsigned long), unsigned long argument)
{
	int status;

	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		attempt(argument);
		leave(0);
	}
	waitpid(child, &status, 0);
	printf("%s", name);
	if (argument)
		printf(" %#lx", argument);
	if (WIFSIGNALED(status))
		printf(": signal %d\n", WTERMSIG(status));
	else
		printf(": exit %d\n", WEXITSTATUS(status));
}

/* ---- instructions ---- */

/* Machine code, each followed by exit_group(42). */
#define CODE(name, bytes)                      \
	{                                      \
		name, bytes, sizeof(bytes) - 1 \
	}
static const struct code {
	const char *name, *bytes;
	size_t length;
} codes[] = {
	CODE("int3", "\xcc"),
	CODE("int 3", "\xcd\x03"),
	CODE("int 0", "\xcd\x00"),
	CODE("int 2", "\xcd\x02"),
	CODE("int 8", "\xcd\x08"),
	CODE("int 14", "\xcd\x0e"),
	CODE("int 0x20", "\xcd\x20"),
	CODE("int 0x21", "\xcd\x21"),
	CODE("int 0xff", "\xcd\xff"),
	CODE("into", "\xce"),
	CODE("bound", "\x62\x00"),
	CODE("iretq of a null frame", "\x6a\x00\x6a\x00\x6a\x02\x6a\x00\x6a\x00\x48\xcf"),
	CODE("iretq of a frame in the kernel's half", "\x48\xc7\xc4\x00\xf0\xff\xff\x48\xcf"),
	CODE("lretq of one", "\x48\xc7\xc4\x00\xf0\xff\xff\x48\xcb"),
	CODE("lretq to 0:0", "\x6a\x00\x6a\x00\x48\xcb"),
	CODE("lretq to 8:0", "\x6a\x08\x6a\x00\x48\xcb"),
	CODE("sysretq", "\x48\x0f\x07"),
	CODE("sysretl", "\x0f\x07"),
	CODE("hlt", "\xf4"),
	CODE("cli", "\xfa"),
	CODE("sti", "\xfb"),
	CODE("in al, dx", "\xec"),
	CODE("in eax, 0x80", "\xe5\x80"),
	CODE("out dx, al", "\xee"),
	CODE("out 0x80, al", "\xe6\x80"),
	CODE("insb", "\x6c"),
	CODE("rep outsb", "\xf3\x6e"),
	CODE("lgdt", "\x0f\x01\x14\x24"),
	CODE("lidt", "\x0f\x01\x1c\x24"),
	CODE("lldt ax", "\x0f\x00\xd0"),
	CODE("ltr ax", "\x0f\x00\xd8"),
	CODE("lmsw ax", "\x0f\x01\xf0"),
	CODE("clts", "\x0f\x06"),
	CODE("invd", "\x0f\x08"),
	CODE("wbinvd", "\x0f\x09"),
	CODE("invlpg", "\x0f\x01\x3c\x24"),
	CODE("mov cr0, rax", "\x0f\x22\xc0"),
	CODE("mov rax, cr0", "\x0f\x20\xc0"),
	CODE("mov cr3, rax", "\x0f\x22\xd8"),
	CODE("mov rax, cr4", "\x0f\x20\xe0"),
	CODE("mov rax, cr8", "\x44\x0f\x20\xc0"),
	CODE("mov rax, dr7", "\x0f\x21\xf8"),
	CODE("mov dr0, rax", "\x0f\x23\xc0"),
	CODE("rdmsr", "\x0f\x32"),
	CODE("wrmsr", "\x0f\x30"),
	CODE("swapgs", "\x0f\x01\xf8"),
	CODE("xsetbv", "\x0f\x01\xd1"),
	CODE("clac", "\x0f\x01\xca"),
	CODE("stac", "\x0f\x01\xcb"),
	CODE("rsm", "\x0f\xaa"),
	CODE("ud1", "\x0f\xb9\xc0"),
	CODE("ud2", "\x0f\x0b"),
	CODE("lock nop", "\xf0\x90"),
	CODE("push cs", "\x0e"),
	CODE("jump to what is not canonical", "\x48\xb8\x00\x00\x00\x00\x00\x80\x00\x00\xff\xe0"),
	CODE("jump to the kernel", "\x48\xc7\xc0\x00\x00\x00\x80\xff\xe0"),
	CODE("load, not canonical", "\x48\xb8\x00\x00\x00\x00\x00\x80\x00\x00\x8b\x00"),
	CODE("push, sp not canonical", "\x48\xbc\x00\x00\x00\x00\x00\x80\x00\x00\x50"),
	CODE("push, sp 0", "\x31\xe4\x50"),
	CODE("call, sp the kernel's", "\x48\xc7\xc4\x00\x00\x00\x80\xff\xd0"),
	CODE("ud2, sp not canonical", "\x48\xbc\x00\x00\x00\x00\x00\x80\x00\x00\x0f\x0b"),
	CODE("int3, sp 0", "\x31\xe4\xcc"),
	CODE("ud2, sp odd", "\x48\xff\xc4\x0f\x0b"),
	CODE("rep movsb from 0 to the kernel", "\x31\xf6\x48\x83\xcf\xff\x48\x89\xf9\xf3\xa4"),
};

static void run_code(unsigned long index)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static const char end[] = "\xbf\x2a\x00\x00\x00\xb8\xe7\x00\x00\x00\x0f\x05";
	const struct code *code = &codes[index - 1];

	memcpy(page, code->bytes, code->length);
	memcpy(page + code->length, end, sizeof(end));
	((void (*)(void))page)();
}

static void instructions(void)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		printf("%s, ", codes[i].name);
		try("code", run_code, i + 1);
	}
}

/* The last thing that a program can execute: the address behind it is no program's. */
static void run_at_the_end(unsigned long bytes)
{
	static const unsigned char getpid_call[] = {0xb8, 39, 0, 0, 0, 0x0f, 0x05};
	char *stack =
		mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const unsigned char *from = getpid_call;

	/* The old stack may be on that page: nothing of it is used from here on. */
	__asm__ volatile("movq %0, %%rsp\n\t"
			 "movq %1, %%r12\n\t"
			 "movq %2, %%r13\n\t"
			 "movl $9, %%eax\n\t"
			 "movq %3, %%rdi\n\t"
			 "movl $4096, %%esi\n\t"
			 "movl $7, %%edx\n\t"
			 "movl $0x32, %%r10d\n\t"
			 "movq $-1, %%r8\n\t"
			 "xorl %%r9d, %%r9d\n\t"
			 "syscall\n\t"
			 "leaq 4096(%%rdi), %%rdi\n\t"
			 "subq %%r13, %%rdi\n\t"
			 "movq %%rdi, %%rbx\n\t"
			 "movq %%r12, %%rsi\n\t"
			 "movq %%r13, %%rcx\n\t"
			 "rep movsb\n\t"
			 "jmp *%%rbx"
			 :
			 : "r"(stack + 15 * PAGE), "r"(from), "r"(bytes), "i"(LAST)
			 : "memory");
	__builtin_unreachable();
}

/* ---- flags ---- */

static unsigned long flags_after_call(unsigned long flags, long *result)
{
	unsigned long after;

	__asm__ volatile("pushfq\n\t"
			 "orq %2, (%%rsp)\n\t"
			 "popfq\n\t"
			 "syscall\n\t"
			 "pushfq\n\t"
			 "popq %0\n\t"
			 "pushq $0x202\n\t"
			 "popfq"
			 : "=&r"(after), "=a"(*result)
			 : "r"(flags), "a"(SYS_getppid)
			 : "rcx", "r11", "memory", "cc");
	return after;
}

static void call_with_flags(unsigned long flags)
{
	long parent;
	unsigned long after = flags_after_call(flags, &parent);

	leave((after & flags) == flags && parent > 0 ? 1 : 2);
}

static void flags(void)
{
	static const unsigned long each[] = {FLAG_TF,
					     FLAG_DF,
					     FLAG_NT,
					     FLAG_AC,
					     FLAG_ID,
					     0x8d5,
					     FLAG_DF | FLAG_NT | FLAG_AC | FLAG_ID,
					     0x3000,
					     0x10000};

	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++)
		try("flags", call_with_flags, each[i]);
}

/* With flags that a fault must not mind, and a stack that it must not use. */
static void fault_with_flags(unsigned long bits)
{
	__asm__ volatile("pushq %0\n\tpopfq\n\txorl %%esp, %%esp\n\tud2" : : "r"(bits | 2) : "cc");
}

/* ---- selectors ---- */

#define LOAD(segment)                                                                          \
	static void load_##segment(unsigned long selector)                                     \
	{                                                                                      \
		__asm__ volatile("movl %0, %%" #segment : : "r"((unsigned)selector & 0xffff)); \
		raw(SYS_getpid, 0, 0, 0, 0);                                                   \
		raw(SYS_sched_yield, 0, 0, 0, 0);                                              \
		leave(5);                                                                      \
	}
LOAD(ds)
LOAD(es)
LOAD(fs)
LOAD(gs)
LOAD(ss)

/* The two bits above 16 only tell the attempts apart: null is 0x10000. */
static void selectors(void)
{
	static const unsigned long each[] = {0x10000, 0x10003, 4,      7,     0x10,
					     0x13,    0x400,   0xfff8, 0xffff};

	for (size_t i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		try("ds", load_ds, each[i]);
		try("es", load_es, each[i]);
		try("fs", load_fs, each[i]);
		try("gs", load_gs, each[i]);
		if (each[i] != 0x10003) /* which some processors allow */
			try("ss", load_ss, each[i]);
	}
}

/* ---- stacks ---- */

static void call_with_sp(unsigned long sp)
{
	long result;

	__asm__ volatile("movq %%rsp, %%r12\n\t"
			 "movq %1, %%rsp\n\t"
			 "syscall\n\t"
			 "movq %%r12, %%rsp"
			 : "=a"(result)
			 : "r"(sp), "a"(SYS_getppid)
			 : "rcx", "r11", "r12", "memory");
	leave(result > 0 ? 3 : 4);
}

/* ---- floating point ---- */

/* 1/0 with its exception on is raised by the next instruction that waits for it. */
static void divide_by_zero(void)
{
	const unsigned short control = 0x340;

	__asm__ volatile("fninit\n\tfldcw %0\n\tfld1\n\tfldz\n\tfdivrp" : : "m"(control));
}

static void wait_for_x87(unsigned long rounds)
{
	divide_by_zero();
	for (unsigned long i = 0; i < rounds; i++)
		raw(SYS_sched_yield, 0, 0, 0, 0);
	__asm__ volatile("fwait");
}

static void leave_x87_pending(unsigned long status)
{
	int how;
	divide_by_zero();
	/* A child has it, too, and ends with it. */
	long child = raw(SYS_fork, 0, 0, 0, 0);
	if (child == 0)
		leave((int)status);
	raw(SYS_wait4, (unsigned long)child, (unsigned long)&how, 0, 0);
	leave(WIFEXITED(how) ? WEXITSTATUS(how) : 99);
}

static void wait_in_child(unsigned long unused)
{
	int how;
	divide_by_zero();
	long child = raw(SYS_fork, 0, 0, 0, 0);
	if (child == 0) {
		__asm__ volatile("fwait");
		leave((int)unused);
	}
	raw(SYS_wait4, (unsigned long)child, (unsigned long)&how, 0, 0);
	leave(WIFSIGNALED(how) ? WTERMSIG(how) : 99);
}

static const char *program;

static void exec_with_x87_pending(unsigned long unused)
{
	const char *const argv[] = {program, "clean", NULL};

	(void)unused;
	divide_by_zero();
	raw(SYS_execve, (unsigned long)program, (unsigned long)argv, 0, 0);
}

static int is_clean(void)
{
	unsigned short control, status;

	__asm__ volatile("fnstcw %0; fnstsw %1; fwait" : "=m"(control), "=m"(status));
	return control == 0x37f && status == 0 ? 6 : 7;
}

/* ---- system calls ---- */

static void tell(const char *what, unsigned long a, unsigned long b, long result)
{
	printf("%s %#lx %#lx: %d\n", what, a, b, result < 0 ? (int)-result : 0);
}

static void futexes(void)
{
	static const unsigned operations[] = {WAIT_BITSET, WAKE_BITSET, WAIT,        WAKE,
					      14,          64,          COMMAND_MASK};

	for (size_t i = 0; i < ODD_ADDRESSES; i++)
		for (size_t j = 0; j < sizeof(operations) / sizeof(operations[0]); j++) {
			unsigned operation = operations[j] | PRIVATE;
			tell("futex", odd_addresses[i], operation,
			     raw(SYS_futex, odd_addresses[i], operation, 1, 0));
		}
}

static void signal_arguments(void)
{
	unsigned long set = ~0ul;
	stack_t stack = {.ss_sp = &set, .ss_size = 1 << 20};

	for (unsigned long bytes = 0; bytes < 20; bytes++) {
		tell("rt_sigprocmask", 0, bytes,
		     raw(SYS_rt_sigprocmask, SIG_UNBLOCK, (unsigned long)&set, 0, bytes));
		tell("rt_sigaction", 0, bytes, raw(SYS_rt_sigaction, SIGUSR1, 0, 0, bytes));
	}
	for (unsigned long how = 0; how < 5; how++)
		tell("rt_sigprocmask", how, 8,
		     raw(SYS_rt_sigprocmask, how, (unsigned long)&set, 0, 8));
	raw(SYS_rt_sigprocmask, SIG_UNBLOCK, (unsigned long)&set, 0, 8);
	for (size_t i = 0; i < ODD_ADDRESSES; i++) {
		unsigned long at = odd_addresses[i];
		tell("rt_sigprocmask", at, 0, raw(SYS_rt_sigprocmask, SIG_BLOCK, at, 0, 8));
		tell("sigaltstack", at, 0, raw(SYS_sigaltstack, at, 0, 0, 0));
		tell("sigaltstack to", 0, at, raw(SYS_sigaltstack, 0, at, 0, 0));
	}
	for (int flags = -1; flags < 6; flags++) {
		stack.ss_flags = flags;
		tell("sigaltstack", (unsigned)flags, 0,
		     raw(SYS_sigaltstack, (unsigned long)&stack, 0, 0, 0));
	}
	stack = (stack_t){.ss_sp = (void *)KERNEL, .ss_size = 100};
	tell("sigaltstack", 100, 0, raw(SYS_sigaltstack, (unsigned long)&stack, 0, 0, 0));
	stack.ss_size = ~0ul;
	tell("sigaltstack", ~0ul, 0, raw(SYS_sigaltstack, (unsigned long)&stack, 0, 0, 0));
}

/* A list that leads nowhere; the kernel follows it when the thread ends. */
static void end_with_robust_list(unsigned long at)
{
	unsigned long head[3] = {at, 0, at};

	raw(SYS_set_robust_list, (unsigned long)head, sizeof(head), 0, 0);
	leave(8);
}

static void other_arguments(void)
{
	for (unsigned long bytes = 0; bytes < 32; bytes += 8)
		tell("set_robust_list", 0, bytes, raw(SYS_set_robust_list, 0, bytes, 0, 0));
	for (size_t i = 1; i < ODD_ADDRESSES; i++)
		try("robust list", end_with_robust_list, odd_addresses[i]);
	for (size_t i = 3; i < ODD_ADDRESSES; i++) {
		unsigned long at = odd_addresses[i];
		if (at == 0x7ffffffffffcul || at == 0x7ffffffff000ul)
			continue; /* whether these are a program's, Linux's versions disagree */
		tell("arch_prctl fs", at, 0, raw(SYS_arch_prctl, 0x1002, at, 0, 0));
		tell("arch_prctl gs", at, 0, raw(SYS_arch_prctl, 0x1001, at, 0, 0));
		tell("arch_prctl to", at, 0, raw(SYS_arch_prctl, 0x1003, at, 0, 0));
	}
	for (unsigned long code = 0; code < 0x1001; code += 0x111)
		tell("arch_prctl", code, 0, raw(SYS_arch_prctl, code, 0, 0, 0));
	for (unsigned long advice = 100; advice < 0x100000000ul; advice = advice * 3 + 7)
		tell("madvise", advice & 0xffffff7f, 0,
		     raw(SYS_madvise, 0x10000000, PAGE, advice & 0xffffff7f, 0));
	/* Whether there is such a call is not said; only that it is answered. */
	raw(SYS_semget, ~0ul, ~0ul, ~0ul, 0);
	raw(~0ul >> 1, 0, 0, 0, 0);
	tell("call", ~0ul, 0, raw(-1, 0, 0, 0, 0));
	tell("call", 1000, 0, raw(1000, 0, 0, 0, 0));
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "clean"))
		return is_clean();
	program = argv[0];
	instructions();
	for (unsigned long bytes = 1; bytes <= 7; bytes++)
		try("at the end", run_at_the_end, bytes);
	flags();
	for (unsigned long bits = FLAG_TF; bits <= FLAG_ID; bits <<= 1)
		try("fault with flags", fault_with_flags, bits & 0x244dd5);
	selectors();
	for (size_t i = 0; i < ODD_ADDRESSES; i++)
		try("call with sp", call_with_sp, odd_addresses[i]);
	for (unsigned long rounds = 0; rounds < 3; rounds++)
		try("fwait", wait_for_x87, rounds);
	try("x87 at the end", leave_x87_pending, 9);
	try("x87 in a child", wait_in_child, 10);
	try("x87 and exec", exec_with_x87_pending, 0);
	futexes();
	signal_arguments();
	other_arguments();
	return 0;
}
