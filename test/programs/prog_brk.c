/*
 * prog_brk.c: the heap by the system call itself (a C library's sbrk may always fail): growing
 * costs nothing until it is touched, what was given back is gone, and what comes again is zero.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB  (1ul << 20)
#define PAGE 4096ul

static char output[4096]; /* so that printf does not use the heap itself */

/* brk(2) returns the end of the heap as it is afterwards. */
static char *set_end(char *end)
{
	return (char *)syscall(SYS_brk, end);
}

static void say(const char *what, int is_so)
{
	printf("%s: %s\n", what, is_so ? "yes" : "NO");
}

static unsigned touched_sum(const char *from, size_t bytes)
{
	unsigned sum = 0;

	for (size_t at = 0; at < bytes; at += PAGE)
		sum += (unsigned char)from[at];
	return sum;
}

static int dies_at(volatile char *at)
{
	pid_t child = fork();
	int how;

	if (child == 0) {
		*at = 1;
		_exit(0);
	}
	waitpid(child, &how, 0);
	return WIFSIGNALED(how) ? WTERMSIG(how) : 0;
}

int main(void)
{
	setvbuf(stdout, output, _IOFBF, sizeof(output));

	char *old = set_end(NULL);
	/* The C library may own what is below the end: start on the next page. */
	char *start = (char *)(((uintptr_t)old + PAGE - 1) & ~(PAGE - 1));

	say("brk(0) gives the same end twice", set_end(NULL) == old);
	say("grow by 64 MiB", set_end(start + 64 * MIB) == start + 64 * MIB);
	printf("one byte a MiB: %u\n", touched_sum(start, MIB));
	for (unsigned i = 0; i < 64; i++)
		start[i * MIB] = (char)(i + 1);
	unsigned sum = 0;
	for (unsigned i = 0; i < 64; i++)
		sum += (unsigned char)start[i * MIB];
	printf("after writing: %u\n", sum);

	say("shrink to 1 MiB and a byte", set_end(start + MIB + 1) == start + MIB + 1);
	say("the byte stays", start[MIB] == 2);
	fflush(stdout);
	printf("beyond the last page: signal %d\n", dies_at(start + MIB + PAGE));
	printf("in the last page: signal %d\n", dies_at(start + MIB + PAGE - 1));
	say("grow again", set_end(start + 3 * MIB) == start + 3 * MIB);
	printf("what comes again is zero: %u\n", touched_sum(start + MIB + PAGE, MIB));
	say("what stayed is there", start[0] == 1 && start[MIB] == 2);

	char *end = set_end(NULL);
	say("too far is refused", set_end((char *)(1ul << 46)) == end);
	say("the kernel's half is refused", set_end((char *)0xffff800000000000ul) == end);
	say("wrapping is refused", set_end((char *)~0ul) == end);
	say("below the start is refused", set_end((char *)PAGE) == end);
	say("back to the start", set_end(old) == old);
	return 0;
}
