/* generate.c: arguments that are numbers or names. Mostly what the call wants, now and then what it
 * must refuse. */
#include <fcntl.h>
#include <sys/stat.h>

#include "fuzz.h"

#define FDS      24u
#define NAME_MAX 255u
#define PATH_MAX 4096u

/* ---- numbers ---- */

uint64_t make_any(struct child *child, uint64_t what)
{
	static const uint64_t edges[] = {
		0,
		1,
		2,
		3,
		7,
		8,
		64,
		4095,
		4096,
		0x7fffffff,
		1ull << 31,
		0xffffffff,
		1ull << 32,
		1ull << 47,
		1ull << 62,
		INT64_MAX,
		1ull << 63,
		UINT64_MAX,
		(uint64_t)-2,
		(uint64_t)-22,
		(uint64_t)-4096,
		0x8000000000001000ull,
	};
	struct random *random = &child->random;

	(void)what;
	switch (random_below(random, 4)) {
	case 0:
		return random_next(random) >> random_below(random, 64);
	case 1:
		return random_below(random, 32);
	default:
		return edges[random_below(random, sizeof(edges) / sizeof(edges[0]))];
	}
}

/* Known bits, few at a time; rarely others. */
uint64_t make_flags(struct child *child, uint64_t bits)
{
	struct random *random = &child->random;
	uint64_t few = bits & random_next(random) & random_next(random);

	switch (random_below(random, 16)) {
	case 0:
		return few | 1ull << random_below(random, 64);
	case 1:
		return make_any(child, 0);
	case 2:
	case 3:
	case 4:
		return 0;
	case 5:
		return bits & random_next(random);
	default:
		return few;
	}
}

uint64_t make_below(struct child *child, uint64_t end)
{
	if (one_in(&child->random, 16))
		return make_any(child, 0);
	return random_below(&child->random, end);
}

uint64_t make_value(struct child *child, uint64_t value)
{
	return one_in(&child->random, 16) ? make_any(child, 0) : value;
}

uint64_t make_fd(struct child *child, uint64_t what)
{
	static const uint64_t odd[] = {UINT64_MAX, (uint64_t)AT_FDCWD, 1023,       1024,
				       4095,       0x7fffffff,         1ull << 32, 1ull << 31};
	struct random *random = &child->random;

	(void)what;
	if (one_in(random, 16))
		return odd[random_below(random, sizeof(odd) / sizeof(odd[0]))];
	return random_below(random, FDS);
}

uint64_t make_directory(struct child *child, uint64_t what)
{
	return one_in(&child->random, 4) ? make_fd(child, what) : (uint64_t)AT_FDCWD;
}

uint64_t make_length(struct child *child, uint64_t what)
{
	static const uint64_t common[] = {0,  1,  2,   3,   4,   7,    8,    9,    12,   16,  24,
					  32, 64, 100, 144, 256, 1000, 4095, 4096, 4097, 8192};
	struct random *random = &child->random;

	(void)what;
	if (one_in(random, 16))
		return make_any(child, 0);
	if (one_in(random, 16))
		return 1ull << random_below(random, 24);
	return common[random_below(random, sizeof(common) / sizeof(common[0]))];
}

uint64_t make_offset(struct child *child, uint64_t what)
{
	struct random *random = &child->random;

	(void)what;
	if (one_in(random, 8))
		return make_any(child, 0);
	return random_below(random, 16) * PAGE +
	       (one_in(random, 2) ? random_below(random, PAGE) : 0);
}

/* A multiple of the page size, for lengths of mappings. */
uint64_t make_pages(struct child *child, uint64_t what)
{
	struct random *random = &child->random;

	(void)what;
	if (one_in(random, 16))
		return make_any(child, 0);
	if (one_in(random, 16))
		return random_below(random, 2048) * PAGE;
	return random_below(random, 12) * PAGE +
	       (one_in(random, 8) ? random_below(random, PAGE) : 0);
}

/* Of a mapping: in the arena, where the stack may grow, or nowhere good. */
uint64_t make_address(struct child *child, uint64_t what)
{
	struct random *random = &child->random;

	(void)what;
	if (one_in(random, 24))
		return make_wild(child);
	if (one_in(random, 8))
		return 0;
	if (one_in(random, 16)) /* 2 MiB, for large pages */
		return ARENA + random_below(random, 4) * (512 * PAGE);
	return ARENA + random_below(random, ARENA_PAGES) * PAGE +
	       (one_in(random, 16) ? random_below(random, PAGE) : 0);
}

/* Where nothing can be read or written, or not wholly. */
uint64_t make_wild(struct child *child)
{
	static const uint64_t places[] = {
		0,
		1,
		PAGE - 1,
		0xffff,
		KEPT_END - PAGE,     /* not mapped */
		KEPT_END - PAGE - 1, /* one byte before it */
		KEPT_END - PAGE - 8,
		0x7fffffffeff8ull,     /* the top of the stack */
		0x7ffffffff000ull - 1, /* the end of the user's half */
		0x7ffffffff000ull,
		0x7fffffffffffull,
		0x7ffffffffff8ull,
		0x800000000000ull, /* not canonical */
		0x7fffffffffffffffull,
		0xffff7fffffffffffull,
		0xffff810000000000ull, /* the kernel's half */
		0xffff888000000000ull,
		0xffffffff80200010ull,
		0xffffffff80245678ull,
		UINT64_MAX,
		UINT64_MAX - 7,
		UINT64_MAX - PAGE + 1,
	};
	struct random *random = &child->random;

	switch (random_below(random, 6)) {
	case 0:
		return (uint64_t)fuzz_call; /* code: it can't be written to */
	case 1:
		return random_next(random) >> random_below(random, 40);
	case 2:
		return ARENA + random_below(random, ARENA_PAGES * PAGE * 2);
	default:
		return places[random_below(random, sizeof(places) / sizeof(places[0]))];
	}
}

uint64_t make_signal(struct child *child, uint64_t what)
{
	(void)what;
	return one_in(&child->random, 16) ? make_any(child, 0) : random_below(&child->random, 66);
}

/* One of those that play, or nobody. */
uint64_t make_pid(struct child *child, uint64_t what)
{
	struct random *random = &child->random;
	int pid = SHARED->slots[random_below(random, SLOTS)].pid;

	(void)what;
	if (one_in(random, 8))
		return 0;
	if (one_in(random, 4))
		return 0x7ffffff0 + random_below(random, 16);
	return pid > 1 ? (uint64_t)pid : (uint64_t)child->slot->pid;
}

/* ---- names ---- */

static const char *const own_names[] = {
	"q-a",
	"q-b",
	"q-c",
	"q-d",
	"q-dir",
	"q-dir/a",
	"q-dir/b",
	"q-sub",
	"q-sub/c",
	"q-sub/d",
	"q-link",
	"q-loop",
	"q-prog",
	"q-script",
	"q-a",
	"q-b",
	"q-dir/",
	"q-a/",
	"./q-dir/../q-b",
	"q-link/x",
	"q-dir//./a",
	"q-fifo",
	SCRATCH "/q-a",
	SCRATCH "/q-dir",
	SCRATCH "/q-sub",
	"",
	".",
	"q-missing/x",
};

static const char *const other_names[] = {
	"/dev/null",
	"/dev/zero",
	"/dev/full",
	"/dev/random",
	"/dev/urandom",
	"/dev/tty",
	"/dev/console",
	"/dev/ptmx",
	"/dev/pts",
	"/dev/pts/0",
	"/dev",
	"/proc",
	"/proc/self",
	"/proc/self/exe",
	"/proc/self/cwd",
	"/proc/self/maps",
	"/proc/self/smaps",
	"/proc/self/stat",
	"/proc/self/status",
	"/proc/self/statm",
	"/proc/self/cmdline",
	"/proc/self/environ",
	"/proc/self/auxv",
	"/proc/self/fd",
	"/proc/self/fd/3",
	"/proc/self/fd/7",
	"/proc/self/task",
	"/proc/self/pagetable",
	"/proc/self/mem",
	"/proc/self/pagemap",
	"/proc/self/limits",
	"/proc/self/root",
	"/proc/self/comm",
	"/proc/1/stat",
	"/proc/2/maps",
	"/proc/3/status",
	"/proc/meminfo",
	"/proc/stat",
	"/proc/uptime",
	"/proc/loadavg",
	"/proc/mounts",
	"/proc/cpuinfo",
	"/proc/version",
	"/proc/filesystems",
	"/proc/frames",
	"/proc/vmstat",
	"/proc/missing",
	"/proc/self/missing",
	"..",
	"/",
	"/proc/self/fdinfo",
	"/proc/thread-self",
};

static char *put_text(char *to, const char *text)
{
	while (*text)
		*to++ = *text++;
	return to;
}

static char *put_number(char *to, unsigned number)
{
	if (number >= 10)
		to = put_number(to, number / 10);
	*to++ = (char)('0' + number % 10);
	return to;
}

/* Too long, in all or in one name; odd bytes; not terminated before the memory ends. */
static uint64_t make_odd_path(struct child *child)
{
	struct random *random = &child->random;
	size_t bytes = random_below(random, 2) ? PATH_MAX - 4 + random_below(random, 8)
					       : NAME_MAX - 2 + random_below(random, 5);
	char *path = structure(child, bytes + 1);

	for (size_t i = 0; i < bytes; i++)
		path[i] = bytes > NAME_MAX + 8 && i % 2 ? '/' : 'a';
	path[bytes] = 0;
	switch (random_below(random, 4)) {
	case 0:
		return make_wild(child);
	case 1:
		for (size_t i = 0; i < 12; i++)
			path[i] = (char)random_next(random);
		path[12] = 0;
		return (uint64_t)path;
	case 2:
		path = (char *)(STRUCTURES + STRUCTURES_BYTES - 5);
		put_text(path, "q-abc");
		return (uint64_t)path;
	default:
		return (uint64_t)path;
	}
}

/* A name in the scratch folder, for calls that change what it names. */
uint64_t make_own_path(struct child *child, uint64_t what)
{
	struct random *random = &child->random;

	(void)what;
	if (one_in(random, 16))
		return make_odd_path(child);
	char *path = structure(child, 64);
	*put_text(path, own_names[random_below(random, sizeof(own_names) / sizeof(own_names[0]))]) =
		0;
	return (uint64_t)path;
}

/* Any name, for calls that only look. */
uint64_t make_path(struct child *child, uint64_t what)
{
	struct random *random = &child->random;

	if (one_in(random, 2))
		return make_own_path(child, what);
	char *path = structure(child, 64);
	if (one_in(random, 4)) {
		static const char *const of_process[] = {"/maps", "/status", "/stat",    "/fd",
							 "/exe",  "/smaps",  "/cmdline", ""};
		char *end = put_text(path, "/proc/");
		end = put_number(end,
				 (unsigned)SHARED->slots[random_below(random, SLOTS)].pid & 0xffff);
		end = put_text(end, of_process[random_below(random, 8)]);
		*end = 0;
	} else {
		*put_text(path, other_names[random_below(
					random, sizeof(other_names) / sizeof(other_names[0]))]) = 0;
	}
	return (uint64_t)path;
}

uint64_t make_text(struct child *child, uint64_t longest)
{
	size_t bytes = random_below(&child->random, longest + 2);
	char *text = structure(child, bytes + 1);

	if (one_in(&child->random, 16))
		return make_wild(child);
	for (size_t i = 0; i < bytes; i++)
		text[i] = (char)('a' + random_below(&child->random, 26));
	text[bytes] = 0;
	return (uint64_t)text;
}
