/*
 * prog_dynamic.c: a program with a dynamic linker: where it and the linker lie when addresses are
 * not randomised, what the auxiliary vector says, and that the pages of the library's text are
 * shared by all who map it. Built as a dynamic program only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN   3
#define LINE_BYTES 4400
#define PATH_BYTES 64

extern char _end;

static __thread int own = 42;

/* What is counted of the mappings of the C library that can be executed, in KiB. */
struct usage {
	unsigned long resident, proportional, shared_clean, other;
};

static void show_addresses(void)
{
	unsigned long base = getauxval(AT_BASE), entry = getauxval(AT_ENTRY);
	const Elf64_Ehdr *linker = (const Elf64_Ehdr *)base;

	printf("program headers %#lx, %lu of them, entry %#lx\n", getauxval(AT_PHDR),
	       getauxval(AT_PHNUM), entry);
	printf("main %p, heap %p after %p\n", (void *)(uintptr_t)show_addresses, sbrk(0),
	       (void *)&_end);
	printf("linker at %#lx: %.3s, type %u\n", base, linker->e_ident + 1, linker->e_type);
	printf("linker's own view: %d\n", _r_debug.r_ldbase == base);
	printf("stack near the end: %d\n", (unsigned long)&base >> 24 == 0x7fffffuL);
}

static void use_libraries(void)
{
	void *self = dlopen(NULL, RTLD_NOW), *mathematics = dlopen("libm.so.6", RTLD_NOW);
	double (*cosine)(double) = NULL;

	if (mathematics)
		*(void **)&cosine = dlsym(mathematics, "cos");
	printf("cos(0) = %.1f, thread-local %d, main found: %d\n", cosine ? cosine(0) : -1, own,
	       self != NULL);
	printf("no such library: %s\n", dlopen("libnothing.so.9", RTLD_NOW) ? "found" : dlerror());
}

/* ---- the text of the C library ---- */

static void add_line(const char *line, struct usage *usage)
{
	static const char *const others[] = {
		"Private_Clean:", "Private_Dirty:", "Shared_Dirty:", "Anonymous:", "Swap:"};
	unsigned long kib;

	if (sscanf(line, "Rss: %lu", &kib) == 1)
		usage->resident += kib;
	else if (sscanf(line, "Pss: %lu", &kib) == 1)
		usage->proportional += kib;
	else if (sscanf(line, "Shared_Clean: %lu", &kib) == 1)
		usage->shared_clean += kib;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strncmp(line, others[i], strlen(others[i])))
			usage->other += strtoul(line + strlen(others[i]), NULL, 10);
}

static struct usage text_usage(pid_t pid)
{
	char path[PATH_BYTES], line[LINE_BYTES], protection[5], name[LINE_BYTES];
	struct usage usage = {0};
	int inside = 0;

	snprintf(path, sizeof(path), "/proc/%d/smaps", pid);
	FILE *smaps = fopen(path, "r");
	while (smaps && fgets(line, sizeof(line), smaps)) {
		int fields = sscanf(line, "%*s %4s %*s %*s %*s %4000s", protection, name);
		if (fields == 2 && name[0] == '/')
			inside = !strcmp(protection, "r-xp") && strstr(name, "libc.so.6");
		else if (inside)
			add_line(line, &usage);
	}
	if (smaps)
		fclose(smaps);
	return usage;
}

static void share_text(char *self)
{
	int hold[2], ready[2], status;
	pid_t children[CHILDREN];
	char byte;

	(void)!pipe(hold);
	(void)!pipe(ready);
	for (int i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		if (!children[i]) {
			dup2(hold[0], 0);
			dup2(ready[1], 1);
			close(hold[1]);
			execl(self, self, "wait", NULL);
			_exit(127);
		}
	}
	for (int i = 0; i < CHILDREN; i++)
		(void)!read(ready[0], &byte, 1);
	for (int i = 0; i < CHILDREN; i++) {
		struct usage usage = text_usage(children[i]);
		/* A share is rounded down, by mapping. */
		printf("child %d: some %d, all of it shared and clean %d, nothing else %lu, "
		       "a share of it %d\n",
		       i, usage.resident > 0, usage.resident == usage.shared_clean, usage.other,
		       usage.proportional * CHILDREN <= usage.resident);
	}
	close(hold[1]);
	for (int i = 0; i < CHILDREN; i++)
		if (waitpid(children[i], &status, 0) < 0 || status)
			printf("child %d: status %#x\n", i, status);
}

int main(int argc, char **argv)
{
	char byte;

	if (argc > 1) {
		(void)!write(1, "", 1);
		(void)!read(0, &byte, 1);
		return 0;
	}
	show_addresses();
	use_libraries();
	fflush(stdout);
	share_text(argv[0]);
	return 0;
}
