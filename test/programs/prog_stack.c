/* prog_stack.c: a stack that grows as it is used: by deep recursion, by one large frame, and to its
 * limit. */
#include <alloca.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB   (1ul << 20)
#define FRAME 1024

static __attribute__((noinline)) unsigned descend(unsigned depth)
{
	volatile unsigned char frame[FRAME];
	unsigned below = 0;

	for (unsigned i = 0; i < FRAME; i += 64)
		frame[i] = (unsigned char)(depth + i);
	if (depth > 0)
		below = descend(depth - 1);
	/* After the return: this frame must be what it was. */
	for (unsigned i = 0; i < FRAME; i += 64)
		below += frame[i] == (unsigned char)(depth + i);
	return below;
}

/* Touch a large frame from its far end: the first access is a megabyte below the stack's end. */
static __attribute__((noinline)) unsigned one_large_frame(size_t bytes)
{
	unsigned char *frame = alloca(bytes);
	unsigned sum = 0;

	frame[0] = 1;
	memset(frame, 3, bytes);
	for (size_t at = 0; at < bytes; at += 4096)
		sum += frame[at];
	return sum;
}

static __attribute__((noinline)) unsigned for_ever(unsigned depth)
{
	volatile unsigned char frame[FRAME];

	frame[0] = (unsigned char)depth;
	if (depth == UINT32_MAX) /* never: 4 TiB of stack */
		return 0;
	return for_ever(depth + 1) + frame[0];
}

/* How a child ends that runs into the end of its stack. */
static int overflow(void)
{
	int how;

	fflush(stdout);
	pid_t child = fork();
	if (child == 0)
		_exit((int)for_ever(0));
	waitpid(child, &how, 0);
	return WIFSIGNALED(how) ? WTERMSIG(how) : -1;
}

int main(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_STACK, &limit);
	printf("RLIMIT_STACK %llu MiB\n", (unsigned long long)(limit.rlim_cur / MIB));
	printf("recursion over 4 MiB: %u\n", descend(4 * MIB / FRAME));
	printf("and again: %u\n", descend(4 * MIB / FRAME));
	printf("one frame of 2 MiB: %u\n", one_large_frame(2 * MIB));
	printf("one frame of 6 MiB: %u\n", one_large_frame(6 * MIB));
	printf("overflow: signal %d\n", overflow());
	printf("this process is well: %u\n", descend(100));
	return 0;
}
