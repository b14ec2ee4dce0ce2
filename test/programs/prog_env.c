/*
 * prog_env.c: what a program finds on its stack when it starts: argc, argv, envp and the auxiliary
 * vector (System V ABI, AMD64 supplement, 3.4.1). Addresses are checked, not printed.
 */
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

extern char **environ;
extern char _start[];

static void say(const char *what, int is_so)
{
	printf("%s: %s\n", what, is_so ? "yes" : "NO");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void print_strings(int argc, char **argv)
{
	printf("argc %d\n", argc);
	printf("argv[0] is %s\n", base_name(argv[0]));
	for (int i = 1; i < argc; i++)
		printf("argv[%d] = [%s]\n", i, argv[i]);
	say("argv ends with NULL", argv[argc] == NULL);
	/* Others may be there, and need not be the same everywhere. */
	for (char **variable = environ; *variable; variable++)
		if (strncmp(*variable, "QUIRE_", 6) == 0)
			printf("environ: [%s]\n", *variable);
	printf("getenv(QUIRE_TEST) = %s\n", getenv("QUIRE_TEST") ? getenv("QUIRE_TEST") : "none");
	printf("getenv(QUIRE_ABSENT) = %s\n", getenv("QUIRE_ABSENT") ? "set" : "none");
}

static const Elf64_auxv_t *find_auxv(void)
{
	char **end = environ;

	while (*end)
		end++;
	return (const Elf64_auxv_t *)(end + 1);
}

static void check_vector(int argc, char **argv)
{
	const Elf64_auxv_t *auxv = find_auxv();
	unsigned repeated = 0;
	uint64_t seen = 0;

	for (; auxv->a_type != AT_NULL; auxv++) {
		if (auxv->a_type >= 64)
			continue;
		repeated += (seen >> auxv->a_type) & 1;
		seen |= UINT64_C(1) << auxv->a_type;
	}
	say("the auxiliary vector ends and no entry stands twice", repeated == 0);
	say("argc lies on a 16 byte boundary", (uintptr_t)(argv - 1) % 16 == 0);
	say("argc is below argv", ((uint64_t *)argv)[-1] == (uint64_t)argc);
	say("envp follows argv", environ == argv + argc + 1);
}

static void check_program_headers(void)
{
	const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
	uint64_t count = getauxval(AT_PHNUM);
	uint64_t entry = getauxval(AT_ENTRY);
	uint64_t bias = 0;
	int loads = 0, entry_is_executable = 0;

	say("AT_PHENT is that of ELF64", getauxval(AT_PHENT) == sizeof(Elf64_Phdr));
	say("AT_PHNUM is reasonable", count > 0 && count < 64);
	/* The headers follow the ELF header at the start of the file, which the first segment
	 * holds. */
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)headers - 1;
	say("the ELF header is in front of them", memcmp(header->e_ident, ELFMAG, SELFMAG) == 0);
	say("it has the same count", header->e_phnum == count);
	bias = entry - header->e_entry;
	say("the load bias is page aligned", bias % 4096 == 0);
	say("ET_EXEC has no bias", header->e_type != ET_EXEC || bias == 0);
	for (uint64_t i = 0; i < count; i++) {
		if (headers[i].p_type != PT_LOAD)
			continue;
		loads++;
		uint64_t start = headers[i].p_vaddr + bias;
		if ((headers[i].p_flags & PF_X) && entry >= start &&
		    entry < start + headers[i].p_memsz)
			entry_is_executable = 1;
	}
	printf("PT_LOAD segments: %d\n", loads);
	say("AT_ENTRY is in an executable segment", entry_is_executable);
	say("AT_ENTRY is _start", entry == (uint64_t)_start);
}

static void check_values(void)
{
	const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
	unsigned bits = 0;

	say("AT_PAGESZ is 4096", getauxval(AT_PAGESZ) == 4096);
	say("sysconf agrees", sysconf(_SC_PAGESIZE) == 4096);
	say("AT_UID is getuid", getauxval(AT_UID) == getuid());
	say("AT_EUID is geteuid", getauxval(AT_EUID) == geteuid());
	say("AT_GID is getgid", getauxval(AT_GID) == getgid());
	say("AT_EGID is getegid", getauxval(AT_EGID) == getegid());
	printf("AT_SECURE %lu, AT_CLKTCK %lu, AT_FLAGS %lu, AT_BASE %lu\n", getauxval(AT_SECURE),
	       getauxval(AT_CLKTCK), getauxval(AT_FLAGS), getauxval(AT_BASE));
	for (int i = 0; random && i < 16; i++)
		bits |= random[i];
	say("AT_RANDOM names 16 bytes that are not all zero", bits != 0);
	const char *platform = (const char *)getauxval(AT_PLATFORM);
	printf("AT_PLATFORM %s\n", platform ? platform : "none");
	const char *name = (const char *)getauxval(AT_EXECFN);
	printf("AT_EXECFN is %s\n", name ? base_name(name) : "none");
}

int main(int argc, char **argv)
{
	print_strings(argc, argv);
	check_vector(argc, argv);
	check_program_headers();
	check_values();
	return 0;
}
