/* prog_tls.c: thread-local variables: initial values, alignment, and a TLS base that is each
 * process's own. */
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARCH_GET_FS 0x1003 /* of arch_prctl(2) */

static __thread int initialised = 41;
static __thread int zero;
static __thread char text[] = "thread local";
static __thread struct {
	char bytes[100];
} aligned __attribute__((aligned(64)));
static __thread uint64_t large[512];

static uint64_t word_at_fs(void)
{
	uint64_t value;

	__asm__ volatile("mov %%fs:0, %0" : "=r"(value));
	return value;
}

int main(void)
{
	uint64_t base = 0, sum = 0;

	printf("%d %d %s\n", initialised, zero, text);
	printf("aligned to 64: %s\n", (uintptr_t)&aligned % 64 == 0 ? "yes" : "no");
	for (unsigned i = 0; i < 512; i++) {
		sum += large[i];
		large[i] = i;
	}
	printf("large starts as %llu\n", (unsigned long long)sum);
	initialised++;
	zero--;

	/* The ABI puts the base's own address at %fs:0. */
	long status = syscall(SYS_arch_prctl, ARCH_GET_FS, &base);
	printf("arch_prctl %ld, its base %s\n", status,
	       base == word_at_fs() ? "is at fs:0" : "WRONG");
	fflush(stdout);

	pid_t child = fork();
	if (child == 0) {
		initialised += 100;
		printf("child: %d %d %llu\n", initialised, zero, (unsigned long long)large[511]);
		fflush(stdout);
		_exit(word_at_fs() == base ? 3 : 4);
	}
	int how = 0;
	waitpid(child, &how, 0);
	printf("child exited with %d\n", WEXITSTATUS(how));
	printf("parent: %d %d %llu\n", initialised, zero, (unsigned long long)large[511]);
	return 0;
}
