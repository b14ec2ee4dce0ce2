/*
 * prog_vm_errno.c: many combinations of arguments for each call on the address space, each in a
 * child with the same memory; what it says, and what may be read and written afterwards.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "vm_arena.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TOP          0x7ffffffff000ul /* where a program's addresses end */

struct word {
	const char *name;
	unsigned long value;
};

static const struct word places[] = {
	{"rw", ARENA},
	{"rw+1", ARENA + 1},
	{"rw-end", ARENA + (AT_HOLE - 1) * PAGE},
	{"hole", ARENA + AT_HOLE *PAGE},
	{"hole-end", ARENA + (AT_RO - 1) * PAGE},
	{"ro", ARENA + AT_RO *PAGE},
	{"ro+2", ARENA + (AT_RO + 2) * PAGE},
	{"none", ARENA + AT_NONE *PAGE},
	{"shared", ARENA + AT_SHARED *PAGE},
	{"file", ARENA + AT_FILE *PAGE},
	{"wfile", ARENA + AT_WFILE *PAGE},
	{"tail", ARENA + AT_TAIL *PAGE},
	{"spare", ARENA + AT_SPARE *PAGE},
	{"top", TOP},
	{"past-top", TOP + PAGE},
	{"noncanonical", 0x900000000000ul},
	{"kernel", 0xffff800000000000ul},
	{"last", -PAGE},
	{"odd-last", -1ul},
};

static const struct word lengths[] = {
	{"0", 0},         {"1", 1},           {"page", PAGE},        {"2p+1", 2 * PAGE + 1},
	{"6p", 6 * PAGE}, {"16p", 16 * PAGE}, {"46-bit", 1ul << 46}, {"top", TOP},
	{"wrap", -PAGE},  {"wrap-1", -1ul},
};

static const char *program;
static unsigned cases;

/* One call in a child; the answer with the picture. `where`: the result should be this address. */
static void try_call(const char *name, long number, const unsigned long *a, unsigned long where)
{
	char picture[ARENA_PAGES + 1];

	cases++;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
		int error = result == -1 ? errno : 0;
		arena_picture(picture);
		printf("%s -> %s%s %s\n", name, error_name(error),
		       error || !where || (unsigned long)result == where ? "" : " elsewhere",
		       picture);
		fflush(stdout);
		_exit(0);
	}
	int end = child_ends(child);
	if (end)
		printf("%s -> ends with %d\n", name, end);
}

static void try_mmap(void)
{
	const int fixed = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	const struct word kinds[] = {
		{"fixed", fixed},
		{"noreplace", MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE},
		{"hint", MAP_PRIVATE | MAP_ANONYMOUS},
		{"fixed-noreserve", fixed | MAP_NORESERVE},
		{"fixed-shared", MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED},
	};
	char name[160];

	for (unsigned k = 0; k < COUNT(kinds); k++)
		for (unsigned p = 0; p < COUNT(places); p++)
			for (unsigned n = 0; n < COUNT(lengths); n++) {
				/* How much may be mapped beyond what there is depends on the
				 * memory. */
				if (lengths[n].value == 1ul << 46 && k >= 3)
					continue;
				/* Linux takes this address for an error number. */
				if (places[p].value == -1ul && k != 2)
					continue;
				unsigned long a[6] = {places[p].value,
						      lengths[n].value,
						      PROT_READ | PROT_WRITE,
						      kinds[k].value,
						      -1ul,
						      0};
				snprintf(name, sizeof(name), "mmap %s %s %s", kinds[k].name,
					 places[p].name, lengths[n].name);
				try_call(name, SYS_mmap, a, k == 2 ? 0 : places[p].value);
			}
}

struct files {
	struct word word[8]; /* the first is for MAP_ANONYMOUS */
};

static struct files open_files(void)
{
	unsigned long read_only = (unsigned long)open(program, O_RDONLY);
	int pipe_ends[2];

	if (pipe(pipe_ends) != 0)
		exit(2);
	return (struct files){{
		{"anonymous", -1ul},
		{"closed", 999},
		{"-1", -1ul},
		{"file", read_only},
		{"path", (unsigned long)open(program, O_PATH)},
		{"directory", (unsigned long)open("/", O_RDONLY)},
		{"pipe", (unsigned long)pipe_ends[0]},
		{"null", (unsigned long)open("/dev/null", O_RDWR)},
	}};
}

/* A type of mapping with each of some flags and protections. */
static void try_mmap_type(const struct files *files, unsigned f, const struct word *type)
{
	static const struct word more[] = {
		{"", 0},
		{"fixed", MAP_FIXED},
		{"growsdown", MAP_GROWSDOWN},
		{"locked", MAP_LOCKED},
		{"populate", MAP_POPULATE},
		{"32bit", MAP_32BIT},
		{"stack", MAP_STACK},
		{"denywrite", MAP_DENYWRITE},
		{"unknown", 1 << 30},
		{"nonblock", MAP_NONBLOCK | MAP_POPULATE},
	};
	static const struct word prots[] = {
		{"-", 0},
		{"r", PROT_READ},
		{"w", PROT_WRITE},
		{"rw", PROT_READ | PROT_WRITE},
		{"rwx", PROT_READ | PROT_WRITE | PROT_EXEC},
		{"junk", 0x40},
	};
	unsigned long anonymous = f == 0 ? MAP_ANONYMOUS : 0;
	char name[160];

	for (unsigned m = 0; m < COUNT(more); m++)
		for (unsigned r = 0; r < COUNT(prots); r++) {
			/* Not everything with everything. */
			if ((f > 0 && r != 1 && r != 3) || (r != 3 && m > 3) ||
			    (f > 0 && f != 3 && (m > 2 || r != 1)))
				continue;
			unsigned long a[6] = {
				ARENA + AT_SPARE * PAGE, 2 * PAGE,
				prots[r].value,          type->value | more[m].value | anonymous,
				files->word[f].value,    0};
			snprintf(name, sizeof(name), "mmap %s %s %s %s", files->word[f].name,
				 type->name, more[m].name, prots[r].name);
			try_call(name, SYS_mmap, a, 0);
		}
}

/* Types and flags that contradict each other, descriptors, and offsets. */
static void try_mmap_flags(void)
{
	static const struct word types[] = {
		{"none", 0},
		{"shared", MAP_SHARED},
		{"private", MAP_PRIVATE},
		{"validate", MAP_SHARED_VALIDATE},
		{"4", 4},
		{"15", 15},
	};
	static const unsigned long offsets[] = {1, PAGE, PAGE + 1, 1ul << 62, -PAGE, -1ul};
	struct files files = open_files();
	char name[160];

	for (unsigned f = 0; f < COUNT(files.word); f++)
		for (unsigned t = 0; t < COUNT(types); t++)
			try_mmap_type(&files, f, &types[t]);
	for (unsigned o = 0; o < COUNT(offsets); o++)
		for (unsigned f = 0; f < COUNT(files.word); f += 3) {
			unsigned long a[6] = {0,
					      PAGE,
					      PROT_READ,
					      MAP_PRIVATE | (f == 0 ? MAP_ANONYMOUS : 0),
					      files.word[f].value,
					      offsets[o]};
			snprintf(name, sizeof(name), "mmap %s offset %lx", files.word[f].name,
				 offsets[o]);
			try_call(name, SYS_mmap, a, 0);
		}
}

/* A call that takes a place, a length and one of some words. */
static void try_range(const char *call, long number, const struct word *words, unsigned count,
		      int touches)
{
	char name[160];

	for (unsigned w = 0; w < count; w++)
		for (unsigned p = 0; p < COUNT(places); p++)
			for (unsigned n = 0; n < COUNT(lengths); n++) {
				unsigned long a[6] = {
					places[p].value, lengths[n].value, words[w].value, 0, 0, 0};
				/* It would reach its own stack. */
				if (touches && lengths[n].value == TOP)
					continue;
				snprintf(name, sizeof(name), "%s %s %s %s", call, places[p].name,
					 lengths[n].name, words[w].name);
				try_call(name, number, a, 0);
			}
}

static void try_munmap(void)
{
	const struct word nothing[] = {{"", 0}};

	try_range("munmap", SYS_munmap, nothing, 1, 0);
}

static void try_mprotect(void)
{
	const struct word prots[] = {
		{"none", 0},
		{"r", PROT_READ},
		{"rw", PROT_READ | PROT_WRITE},
		{"junk", 0x40},
		{"growsdown", PROT_READ | PROT_GROWSDOWN},
	};

	try_range("mprotect", SYS_mprotect, prots, COUNT(prots), 1);
}

static void try_mprotect_words(void)
{
	const unsigned long prots[] = {
		PROT_WRITE,
		PROT_EXEC,
		PROT_READ | PROT_EXEC,
		8,
		9,
		16,
		1ul << 32,
		1ul << 63,
		PROT_GROWSUP,
		PROT_GROWSUP | PROT_GROWSDOWN,
		PROT_GROWSUP | PROT_GROWSDOWN | 0x40,
	};
	const unsigned kinds[] = {0, 1, 3, 5, 9, 13};
	char name[160];

	for (unsigned i = 0; i < COUNT(prots); i++)
		for (unsigned k = 0; k < COUNT(kinds); k++)
			for (unsigned n = 0; n < 3; n++) {
				unsigned long a[6] = {places[kinds[k]].value,
						      lengths[n].value,
						      prots[i],
						      0,
						      0,
						      0};
				snprintf(name, sizeof(name), "mprotect %s %s %lx",
					 places[kinds[k]].name, lengths[n].name, prots[i]);
				try_call(name, SYS_mprotect, a, 0);
			}
}

static void try_madvise(void)
{
	const struct word advices[] = {
		{"normal", MADV_NORMAL}, {"willneed", MADV_WILLNEED}, {"dontneed", MADV_DONTNEED},
		{"free", MADV_FREE},     {"dontfork", MADV_DONTFORK}, {"wipeonfork", 18},
		{"populate-read", 22},   {"populate-write", 23},
	};

	try_range("madvise", SYS_madvise, advices, COUNT(advices), 1);
}

/* Every advice there could be, where each kind of memory is. */
static void try_advices(void)
{
	const unsigned kinds[] = {0, 1, 3, 5, 7, 8, 9, 10, 11};
	char name[160];

	for (unsigned long advice = 0; advice < 30; advice++) {
		/* Punching holes, merging small pages into large ones. */
		if (advice == MADV_REMOVE || advice == 25)
			continue;
		for (unsigned k = 0; k < COUNT(kinds); k++) {
			unsigned long a[6] = {places[kinds[k]].value, PAGE, advice, 0, 0, 0};
			snprintf(name, sizeof(name), "madvise %s %lu", places[kinds[k]].name,
				 advice);
			try_call(name, SYS_madvise, a, 0);
		}
	}
	const long odd[] = {-1, 100, 101, 104, 1l << 32, 1l << 31, 1000};
	for (unsigned i = 0; i < COUNT(odd); i++) {
		unsigned long a[6] = {ARENA, PAGE, (unsigned long)odd[i], 0, 0, 0};
		snprintf(name, sizeof(name), "madvise rw %ld", odd[i]);
		try_call(name, SYS_madvise, a, 0);
	}
}

static void try_locks(void)
{
	const struct word nothing[] = {{"", 0}}, flags[] = {{"onfault", 1}, {"2", 2}};
	char name[160];

	try_range("mlock", SYS_mlock, nothing, 1, 0);
	try_range("munlock", SYS_munlock, nothing, 1, 0);
	try_range("mlock2", SYS_mlock2, flags, COUNT(flags), 0);
	const unsigned long all[] = {0,        MCL_FUTURE, MCL_ONFAULT, 8, MCL_FUTURE | MCL_ONFAULT,
				     1ul << 31};
	for (unsigned i = 0; i < COUNT(all); i++) {
		unsigned long a[6] = {all[i], 0, 0, 0, 0, 0};
		snprintf(name, sizeof(name), "mlockall %lx", all[i]);
		try_call(name, SYS_mlockall, a, 0);
	}
}

static void try_msync(void)
{
	const struct word flags[] = {
		{"async", MS_ASYNC},
		{"sync", MS_SYNC},
		{"both", MS_ASYNC | MS_SYNC},
		{"junk", 8},
	};

	try_range("msync", SYS_msync, flags, COUNT(flags), 0);
}

static void try_mincore(void)
{
	static unsigned char vector[64];
	const struct word vectors[] = {
		{"ok", (unsigned long)vector},
		{"null", 0},
		{"last", -1ul},
	};

	try_range("mincore", SYS_mincore, vectors, COUNT(vectors), 0);
}

struct remap {
	unsigned place, old, new, flags;
	unsigned long to;
};

static void try_remap(const struct remap *remap, const struct word *flags, const struct word *to)
{
	char name[200];
	unsigned long a[6] = {places[remap->place].value,
			      lengths[remap->old].value,
			      lengths[remap->new].value,
			      flags->value,
			      to->value,
			      0};

	snprintf(name, sizeof(name), "mremap %s %s to %s %s at %s", places[remap->place].name,
		 lengths[remap->old].name, lengths[remap->new].name, flags->name, to->name);
	try_call(name, SYS_mremap, a, flags->value & MREMAP_FIXED ? to->value : 0);
}

static void try_mremap(void)
{
	const struct word flags[] = {
		{"-", 0},
		{"maymove", MREMAP_MAYMOVE},
		{"fixed", MREMAP_MAYMOVE | MREMAP_FIXED},
		{"fixed-only", MREMAP_FIXED},
		{"dontunmap", MREMAP_DONTUNMAP},
		{"dontunmap-maymove", MREMAP_DONTUNMAP | MREMAP_MAYMOVE},
		{"all", 7},
		{"junk", 8 | 1},
	};
	const struct word targets[] = {
		{"spare", ARENA + AT_SPARE * PAGE},
		{"spare+1", ARENA + AT_SPARE * PAGE + 1},
		{"rw+p", ARENA + PAGE},
		{"ro", ARENA + AT_RO * PAGE},
		{"top-p", TOP - PAGE},
		{"top", TOP},
		{"kernel", 0xffff800000000000ul},
	};
	const unsigned kinds[] = {0, 8, 1, 3, 5, 9, 11, 13, 16};
	const unsigned sizes[] = {0, 1, 3, 4, 7, 9};

	for (unsigned k = 0; k < COUNT(kinds); k++)
		for (unsigned f = 0; f < COUNT(flags); f++)
			for (unsigned o = 0; o < COUNT(sizes); o++)
				for (unsigned n = 0; n < COUNT(sizes); n++)
					for (unsigned t = 0; t < COUNT(targets); t++) {
						struct remap remap = {kinds[k], sizes[o], sizes[n],
								      0, 0};
						/* The target counts where there is one; the odd
						 * kinds of it once for each size. */
						if (!(flags[f].value & 6) && t > 0)
							continue;
						if (t > 3 && (k > 0 || o != 1))
							continue;
						if (k > 1 && (t > 0 || o == 0 || o > 3))
							continue;
						if (t == 4 && n < 2)
							continue; /* a stack may be there */
						try_remap(&remap, &flags[f], &targets[t]);
					}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
		{"mmap", try_mmap},
		{"mmap-flags", try_mmap_flags},
		{"munmap", try_munmap},
		{"mprotect", try_mprotect},
		{"mprotect-words", try_mprotect_words},
		{"madvise", try_madvise},
		{"advices", try_advices},
		{"locks", try_locks},
		{"msync", try_msync},
		{"mincore", try_mincore},
		{"mremap", try_mremap},
	};

	program = argv[0];
	arena_make(program);
	for (unsigned i = 0; i < COUNT(parts); i++)
		if (argc < 2 || strcmp(argv[1], parts[i].name) == 0)
			parts[i].run();
	printf("%u calls\n", cases);
	return 0;
}
