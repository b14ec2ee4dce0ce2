/*
 * prog_vm_exec.c: 50,000 calls of execve that fail at every stage: nothing may be lost, and the
 * caller goes on as it was. The machine's count of frames is looked at by who runs this.
 */
#define _GNU_SOURCE
#include "vm_arena.h"

#define ROUNDS 5000
#define LONG   (128ul << 10) /* of one argument: one byte too long */
#define MANY   64

static char *path_too_long, *argument_too_long, *half_a_string;
static char *many[MANY + 1]; /* together more than a stack may hold */

static char *good[] = {"program", NULL};
static char *wild[] = {"program", (char *)0x123456789000, NULL};
static char *kernel[] = {(char *)0xffff800000000000, NULL};
static char *unterminated[2];
static char *one_too_long[3];

static void make_strings(void)
{
	path_too_long =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(path_too_long, 'p', PAGE + 1);
	argument_too_long =
		mmap(NULL, LONG + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(argument_too_long, 'a', LONG);
	arena_map(AT_RW, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	half_a_string = arena_page(AT_RW + 1) - 5;
	memset(half_a_string, 'h', 5);
	unterminated[0] = half_a_string;
	one_too_long[0] = "program";
	one_too_long[1] = argument_too_long;
	for (unsigned i = 0; i < MANY; i++)
		many[i] = argument_too_long + 16; /* just short enough */
}

static char **const bad_list = (char **)0xffff800000000000;

int main(int argc, char **argv)
{
	char *self = argv[0];

	if (argc > 1)
		return 7;
	make_strings();
	/* A list whose last word is the last of its page, with nothing behind it. */
	arena_map(AT_RO, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char **no_end = (char **)arena_page(AT_RO + 1) - 1;
	no_end[0] = self;

	const struct {
		const char *name, *path;
		char **arguments, **environment;
		unsigned every; /* how many rounds apart */
	} calls[] = {
		{"no such file", "/nothing/at/all", good, good, 1},
		{"nothing in a file's place", "/proc/self/exe/x", good, good, 1},
		{"a folder", "/", good, good, 1},
		{"a bad path", (char *)8, good, good, 1},
		{"a path too long", path_too_long, good, good, 1},
		{"an unterminated path", half_a_string, good, good, 1},
		{"a bad list", self, bad_list, good, 1},
		{"a list without end", self, no_end, good, 1},
		{"a wild argument", self, wild, good, 1},
		{"the kernel's argument", self, kernel, good, 1},
		{"an unterminated argument", self, unterminated, good, 1},
		{"a bad environment", self, good, bad_list, 1},
		{"a wild variable", self, good, wild, 1},
		{"an argument too long", self, one_too_long, good, 50},
		{"too much of it all", self, many, good, 500},
	};
	const unsigned count = sizeof(calls) / sizeof(calls[0]);
	int expected[32] = {0};
	unsigned made = 0, wrong = 0;

	for (unsigned round = 0; made < 10 * ROUNDS; round++)
		for (unsigned i = 0; i < count; i++) {
			if (round % calls[i].every)
				continue;
			made++;
			execve(calls[i].path, calls[i].arguments, calls[i].environment);
			if (round == 0) {
				expected[i] = errno;
				printf("%s: %s\n", calls[i].name, error_name(errno));
			}
			wrong += errno != expected[i];
		}
	printf("%u calls, %u wrong\n", made, wrong);
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		execl(self, self, "again", (char *)NULL);
		_exit(99);
	}
	printf("a good one: %d\n", child_ends(child));
	return 0;
}
