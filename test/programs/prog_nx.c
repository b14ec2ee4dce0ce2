/* prog_nx.c: accesses that no program may make, each in a child; prints which signal each one got.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RET 0xc3 /* the instruction */

static unsigned char data_code[16] = {RET};
static unsigned char bss_code[16];
static const unsigned char constant_code[16] = {RET};

static void jump(uintptr_t to)
{
	void (*function)(void);

	memcpy(&function, &to, sizeof(function));
	function();
}

static void read_at(uintptr_t at)
{
	(void)*(volatile unsigned char *)at;
}

static void write_at(uintptr_t at)
{
	*(volatile unsigned char *)at = RET;
}

static void in_child(const char *what, void (*act)(uintptr_t), uintptr_t where)
{
	int how = 0;

	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		act(where);
		_exit(0);
	}
	waitpid(child, &how, 0);
	if (WIFSIGNALED(how))
		printf("%s: signal %d\n", what, WTERMSIG(how));
	else
		printf("%s: allowed\n", what);
}

static void execute(void)
{
	unsigned char stack_code[16] = {RET};
	unsigned char *heap_code = malloc(16);

	heap_code[0] = RET;
	bss_code[0] = RET;
	in_child("execute the stack", jump, (uintptr_t)stack_code);
	in_child("execute the heap", jump, (uintptr_t)heap_code);
	in_child("execute data", jump, (uintptr_t)data_code);
	in_child("execute bss", jump, (uintptr_t)bss_code);
	in_child("execute constants", jump, (uintptr_t)constant_code);
	in_child("execute NULL", jump, 0);
	in_child("execute the kernel", jump, 0xffffffff80200000);
	in_child("execute a non-canonical address", jump, 0x0000800000000000);
	free(heap_code);
}

static void access_memory(void)
{
	in_child("read NULL", read_at, 0);
	in_child("read the first page's end", read_at, 4095);
	in_child("write NULL", write_at, 0);
	in_child("read text", read_at, (uintptr_t)&jump);
	in_child("write text", write_at, (uintptr_t)&jump);
	in_child("write constants", write_at, (uintptr_t)constant_code);
	in_child("write data", write_at, (uintptr_t)data_code);
	in_child("read the kernel's direct map", read_at, 0xffff888000000000);
	in_child("read the kernel's half", read_at, 0xffff800000000000);
	in_child("read the kernel's image", read_at, 0xffffffff80200000);
	in_child("write the kernel's image", write_at, 0xffffffff80200000);
	in_child("write the last byte of all", write_at, UINTPTR_MAX);
	in_child("read the last page of user space", read_at, 0x00007ffffffff000);
	in_child("read a non-canonical address", read_at, 0x0000800000000000);
	in_child("write a non-canonical address", write_at, 0x7fffffffffffffff);
}

int main(void)
{
	execute();
	access_memory();
	return 0;
}
