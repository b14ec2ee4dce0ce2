/*
 * prog_signal_fault.c: what a handler is told of each fault, and programs that live on faults:
 * pages that come when they are touched, and a log of pages written to.
 */
#define _GNU_SOURCE
#include "signal_test.h"

#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

#define PAGE  4096
#define PAGES 64

static sigjmp_buf place;
static volatile int told_signal, told_code;
static volatile uintptr_t told_address, told_pc;
static volatile long long told_trap, told_error;

static void tell(int signal, siginfo_t *info, void *argument)
{
	const greg_t *registers = ((ucontext_t *)argument)->uc_mcontext.gregs;

	told_signal = signal;
	told_code = info->si_code;
	told_address = (uintptr_t)info->si_addr;
	told_pc = (uintptr_t)registers[REG_RIP];
	told_trap = registers[REG_TRAPNO];
	told_error = registers[REG_ERR];
	siglongjmp(place, 1);
}

static void handle_all(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};

	for (unsigned i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		set_info_handler(signals[i], tell, 0);
}

/* Where the address is the fault's, the instruction's, or neither. */
static const char *whose(uintptr_t wanted)
{
	if (told_address == 0)
		return wanted ? "0" : "0, as wanted";
	if (told_address == wanted)
		return "as wanted";
	return told_address == told_pc ? "the instruction" : "another";
}

#define TRY(what, wanted, statement)                                                            \
	do {                                                                                    \
		if (sigsetjmp(place, 1) == 0) {                                                 \
			statement;                                                              \
			printf("%s: nothing\n", what);                                          \
		} else {                                                                        \
			printf("%s: signal %d code %d address %s trap %lld error %lld\n", what, \
			       told_signal, told_code, whose((uintptr_t)(wanted)), told_trap,   \
			       told_error);                                                     \
		}                                                                               \
	} while (0)

__attribute__((noipa)) static int read_at(uintptr_t address)
{
	return *(volatile int *)address;
}

__attribute__((noipa)) static void write_at(uintptr_t address)
{
	*(volatile int *)address = 1;
}

static void call(uintptr_t address)
{
	__asm__ volatile("call *%0" : : "r"(address) : "memory");
}

static void memory(void)
{
	char *none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *fixed = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *gone = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(gone, PAGE);
	TRY("reading 0", 0, read_at(0));
	TRY("writing 16", 16, write_at(16));
	TRY("reading what is gone", gone + 12, read_at((uintptr_t)gone + 12));
	TRY("executing what is gone", gone, call((uintptr_t)gone));
	TRY("reading PROT_NONE", none + 100, read_at((uintptr_t)none + 100));
	TRY("writing PROT_NONE", none + 100, write_at((uintptr_t)none + 100));
	TRY("executing PROT_NONE", none, call((uintptr_t)none));
	TRY("writing an untouched page to be read", fixed + 8, write_at((uintptr_t)fixed + 8));
	read_at((uintptr_t)fixed);
	TRY("writing a page to be read", fixed + 8, write_at((uintptr_t)fixed + 8));
	TRY("executing a page to be read", fixed, call((uintptr_t)fixed));
	TRY("reading the kernel", 0xffffffff80000000, read_at(0xffffffff80000000));
	TRY("writing the kernel", 0xffffffff80000000, write_at(0xffffffff80000000));
	TRY("executing the kernel", 0xffffffff80000000, call(0xffffffff80000000));
	TRY("reading the kernel's half", 0xffff800000000000, read_at(0xffff800000000000));
	TRY("reading where nothing can be", 0, read_at(0x0000800000000000));
	TRY("the last page of user space", 0x7ffffffff000, read_at(0x7ffffffff000));
	TRY("writing the own text", (uintptr_t)read_at, write_at((uintptr_t)read_at));
}

static void files(void)
{
	int file = open("signal_fault_file", O_RDWR | O_CREAT | O_TRUNC, 0600);

	unlink("signal_fault_file");
	if (file < 0 || ftruncate(file, PAGE / 2) != 0)
		return;
	char *map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	TRY("the file's page", 0, write_at((uintptr_t)map));
	TRY("behind the file's end", map + PAGE + 4, read_at((uintptr_t)map + PAGE + 4));
	TRY("writing there", map + PAGE + 4, write_at((uintptr_t)map + PAGE + 4));
	if (ftruncate(file, 0) != 0)
		return;
	TRY("the file is cut off", map, read_at((uintptr_t)map));
	munmap(map, 2 * PAGE);
	close(file);
}

static void divide(int by, int what)
{
	volatile int divisor = by, dividend = what;

	dividend = dividend / divisor;
}

static void x87(unsigned unmasked, double a, double b)
{
	uint16_t control = (uint16_t)(0x37f & ~unmasked);

	__asm__ volatile("fninit; fldcw %0; fldl %1; fldl %2; fdivrp; fwait; fninit"
			 :
			 : "m"(control), "m"(a), "m"(b));
}

/* An emulator's processor raises no exceptions of SSE, and has its own error codes for INT. */
static void exceptions(void)
{
	TRY("dividing by 0", 0, divide(0, 5));
	TRY("a quotient that does not fit", 0, divide(-1, INT_MIN));
	TRY("x87: division by 0", 0, x87(1 << 2, 1, 0));
	TRY("x87: invalid", 0, x87(1 << 0, 0, 0));
	TRY("x87: inexact", 0, x87(1 << 5, 1, 3));
	__asm__ volatile("fninit");
	TRY("ud2", 0, __asm__ volatile("ud2"));
	TRY("hlt", 0, __asm__ volatile("hlt"));
	TRY("cli", 0, __asm__ volatile("cli"));
	TRY("in", 0, __asm__ volatile("in $0x60, %%al" : : : "rax"));
	TRY("mov to cr3", 0, __asm__ volatile("mov %0, %%cr3" : : "r"(0ul)));
	TRY("int3", 0, __asm__ volatile("int3"));
	TRY("int 3", 0, __asm__ volatile(".byte 0xcd, 3"));
	TRY("int 4", 0, __asm__ volatile("int $4"));
	TRY("lock on an instruction without", 0, __asm__ volatile(".byte 0xf0, 0x90"));
	TRY("a null selector, loaded", 0, __asm__ volatile("mov %0, %%es" : : "r"(0)));
	TRY("a selector beyond the table", 0, __asm__ volatile("mov %0, %%es" : : "r"(0xfff0)));
}

/* ---- pages that come when they are touched ---- */

static char *arena;
static volatile int filled, dirtied;
static char is_dirty[PAGES];

static void fill_page(int signal, siginfo_t *info, void *argument)
{
	char *page = (char *)((uintptr_t)info->si_addr & ~(uintptr_t)(PAGE - 1));

	if (page < arena || page >= arena + PAGES * PAGE)
		_exit(66);
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	for (int i = 0; i < PAGE; i++)
		page[i] = (char)((page - arena) / PAGE);
	mprotect(page, PAGE, PROT_READ);
	filled++;
}

static void note_write(int signal, siginfo_t *info, void *argument)
{
	uintptr_t page = ((uintptr_t)info->si_addr - (uintptr_t)arena) / PAGE;

	if (page >= PAGES || info->si_code != SEGV_ACCERR)
		_exit(67);
	is_dirty[page] = 1;
	dirtied++;
	mprotect(arena + page * PAGE, PAGE, PROT_READ | PROT_WRITE);
}

static void on_demand(void)
{
	long sum = 0, wrong = 0;

	arena = mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	set_info_handler(SIGSEGV, fill_page, 0);
	for (int i = PAGES - 1; i >= 0; i -= 2)
		for (int j = 0; j < PAGE; j += 1024)
			sum += arena[i * PAGE + j];
	say("pages filled when they were read", filled);
	say("their sum", sum);
	set_info_handler(SIGSEGV, note_write, 0);
	mprotect(arena, PAGES * PAGE, PROT_READ);
	for (int i = 0; i < PAGES; i += 3)
		for (int j = 0; j < 3; j++)
			arena[i * PAGE + j] = 1;
	say("pages written to", dirtied);
	for (int i = 0; i < PAGES; i++)
		wrong += is_dirty[i] != (i % 3 == 0);
	say("not as noted", wrong);
	/* System calls do not call the handler: they fail. */
	int ends[2];
	if (pipe(ends) != 0)
		return;
	mprotect(arena, PAGE, PROT_NONE);
	say_result("a system call with such a page", write(ends[1], arena, 1));
	handle_all();
}

static void sent(void)
{
	const union sigval value = {.sival_int = 0};

	TRY("raise", getpid(), raise(SIGSEGV));
	TRY("kill", getpid(), kill(getpid(), SIGFPE));
	TRY("sigqueue", getpid(), sigqueue(getpid(), SIGBUS, value));
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	handle_all();
	memory();
	files();
	exceptions();
	on_demand();
	sent();
	return 0;
}
