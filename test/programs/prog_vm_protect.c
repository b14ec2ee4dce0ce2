/*
 * prog_vm_protect.c: what a program may not do with its own pages, and what it may do with nobody
 * else's: the kernel's half can't be read, written or executed, by it or for it.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "vm_arena.h"

typedef int (*code)(void);

static const unsigned char returns[] = {0xb8, 42, 0, 0, 0, 0xc3}; /* mov eax, 42; ret */
static unsigned char in_data[64] = {0xb8, 42, 0, 0, 0, 0xc3};
static unsigned char in_bss[64];
static int ends[2];

static __attribute__((noinline)) int in_text(void)
{
	__asm__ volatile("");
	return 7;
}

static int dies_running(const void *at)
{
	code function;

	memcpy(&function, &at, sizeof(function));
	fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		_exit(function());
	return child_ends(child);
}

/* All that can be tried with an address; by the program, then by system calls. */
static void try_at(const char *what, void *at)
{
	char byte = 'b';

	printf("%s: read %d", what, dies_of(at, 0));
	printf(", write %d", dies_of(at, 1));
	fflush(stdout);
	errno = 0;
	int result = (int)write(ends[1], at, 1);
	printf(", write() from it %s", result == 1 ? "ok" : error_name(errno));
	if (result != 1)
		result = (int)write(ends[1], &byte, 1);
	errno = 0;
	result = (int)read(ends[0], at, 1);
	printf(", read() into it %s\n", result == 1 ? "ok" : error_name(errno));
	if (result != 1)
		result = (int)read(ends[0], &byte, 1);
}

static void own_pages(void)
{
	void *text;
	code function = in_text;

	memcpy(&text, &function, sizeof(text));
	int before = *(volatile unsigned char *)text;
	try_at("text", text);
	printf("text is as it was: %s, runs: %d\n",
	       before == *(volatile unsigned char *)text ? "yes" : "NO", in_text());
	try_at("read-only data", (void *)returns);
	try_at("data", in_data + 32);
	printf("run read-only data: %d\n", dies_running(returns));
	printf("run data: %d\n", dies_running(in_data));
	memcpy(in_bss, returns, sizeof(returns));
	printf("run bss: %d\n", dies_running(in_bss));
	unsigned char on_stack[64];
	memcpy(on_stack, returns, sizeof(returns));
	printf("run the stack: %d\n", dies_running(on_stack));
}

static void mapped_pages(void)
{
	static const struct {
		const char *name;
		int prot;
	} kinds[] = {
		{"none", PROT_NONE},
		{"r", PROT_READ},
		{"w", PROT_WRITE},
		{"rw", PROT_READ | PROT_WRITE},
		{"rx", PROT_READ | PROT_EXEC},
		{"rwx", PROT_READ | PROT_WRITE | PROT_EXEC},
	};

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		unsigned char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		memcpy(page, returns, sizeof(returns));
		mprotect(page, PAGE, kinds[i].prot);
		try_at(kinds[i].name, page + 100);
		printf("%s runs: %d\n", kinds[i].name, dies_running(page));
		/* Protected before it is there. */
		unsigned char *fresh =
			mmap(NULL, PAGE, kinds[i].prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		try_at("fresh", fresh + 100);
		munmap(page, PAGE);
		munmap(fresh, PAGE);
	}
}

static void others(void)
{
	static const struct {
		const char *name;
		unsigned long address;
	} places[] = {
		{"NULL", 0},
		{"near NULL", 0xfff},
		{"end of the user's half", 0x7ffffffff000ul},
		{"its last byte", 0x7fffffffffff},
		{"first not canonical", 0x800000000000},
		{"last not canonical", 0xffff7fffffffffff},
		{"kernel's half", 0xffff800000000000},
		{"direct map", 0xffff888000000000},
		{"middle of it", 0xffffc00000000000},
		{"kernel's image", 0xffffffff80000000},
		{"kernel's text", 0xffffffff80100000},
		{"kernel's text, later", 0xffffffff81000000},
		{"last page", 0xfffffffffffff000},
		{"last byte", 0xffffffffffffffff},
	};

	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		try_at(places[i].name, (void *)places[i].address);
		printf("%s runs: %d\n", places[i].name, dies_running((void *)places[i].address));
	}
	/* Every 2^36 bytes of the kernel's half. */
	unsigned readable = 0;
	for (unsigned long at = 0xffff800000000000; at >= 0xffff800000000000; at += 1ul << 36)
		readable += write(ends[1], (void *)at, 1) == 1;
	printf("readable by write(): %u\n", readable);
}

int main(void)
{
	if (pipe(ends) != 0)
		return 2;
	own_pages();
	mapped_pages();
	others();
	return 0;
}
