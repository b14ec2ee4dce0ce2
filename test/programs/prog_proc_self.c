/*
 * prog_proc_self.c: what /proc tells a program about itself and its children: stat, statm, status,
 * cmdline, comm, the links, the directories; and that files about a process which is gone say so.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE        4096ul
#define PROC_MAGIC  0x9fa0
#define STAT_FIELDS 52

static char text[1 << 16];

/* The file's contents in `text`, NUL-terminated. Their length, or -errno. */
static ssize_t slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	ssize_t total = 0, got;

	if (fd < 0)
		return -errno;
	while ((got = read(fd, text + total, sizeof(text) - 1 - (size_t)total)) > 0)
		total += got;
	if (got < 0)
		total = -errno;
	text[total > 0 ? total : 0] = 0;
	close(fd);
	return total;
}

static long status_value(const char *name)
{
	slurp("/proc/self/status");
	const char *line = strstr(text, name);

	return line ? strtol(line + strlen(name), NULL, 10) : -1;
}

/* Field number n of stat, from 1, behind the name. */
static const char *stat_field(int n)
{
	const char *at = strrchr(text, ')');

	for (int i = 2; i < n; i++)
		at = strchr(at, ' ') + 1;
	return at;
}

static void check_stat(void)
{
	slurp("/proc/self/stat");
	int fields = 2;
	char name[64];

	for (const char *at = strrchr(text, ')') + 1; *at; at++)
		fields += *at == ' ';
	printf("stat: %d fields, pid %d, ppid %d\n", fields == STAT_FIELDS, atoi(text) == getpid(),
	       atoi(stat_field(4)) == getppid());
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, ")"), text);
	printf("stat: name %s, state %c, priority %d, nice %d, threads %d, exit signal %d\n",
	       strchr(name, '('), *stat_field(3), atoi(stat_field(18)), atoi(stat_field(19)),
	       atoi(stat_field(20)), atoi(stat_field(38)));
	unsigned long size = strtoul(stat_field(23), NULL, 10);
	unsigned long code = strtoul(stat_field(26), NULL, 10);
	unsigned long code_end = strtoul(stat_field(27), NULL, 10);
	unsigned long stack = strtoul(stat_field(28), NULL, 10);
	unsigned long here = (unsigned long)check_stat, local = (unsigned long)&size;
	printf("stat: code %d, stack %d, environment behind arguments %d\n",
	       code <= here && here < code_end, local < stack && stack - local < 1 << 16,
	       !strncmp(stat_field(49), stat_field(50), strcspn(stat_field(49), " ")));
	slurp("/proc/self/statm");
	printf("statm: the same size %d\n", strtoul(text, NULL, 10) * PAGE == size);
	int numbers = 1;
	for (const char *at = text; *at; at++)
		numbers += *at == ' ';
	printf("statm: %d numbers\n", numbers);
}

static void check_growth(void)
{
	const unsigned long pages = 1000;
	long size = status_value("VmSize:"), data = status_value("VmData:");
	long resident = status_value("VmRSS:"), anonymous = status_value("RssAnon:");
	char *area = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	printf("mapped: VmSize +%ld, VmData +%ld\n", status_value("VmSize:") - size,
	       status_value("VmData:") - data);
	madvise(area, pages * PAGE, MADV_NOHUGEPAGE);
	for (unsigned long i = 0; i < pages; i++)
		area[i * PAGE] = 1;
	/* Linux counts by CPU, and is a little behind. */
	long more = status_value("VmRSS:") - resident;
	printf("touched: VmRSS +%d, ", more > 3400 && more < 4600);
	more = status_value("RssAnon:") - anonymous;
	printf("RssAnon +%d\n", more > 3400 && more < 4600);
	munmap(area, pages * PAGE);
	printf("unmapped: VmSize +%ld\n", status_value("VmSize:") - size);
	printf("umask %ld, threads %ld, tracer %ld\n", status_value("Umask:"),
	       status_value("Threads:"), status_value("TracerPid:"));
	printf("pid %d, parent %d\n", status_value("\nPid:") == getpid(),
	       status_value("PPid:") == getppid());
}

static void check_names(int argc, char **argv)
{
	size_t at = 0;
	int wrong = 0;
	ssize_t length = slurp("/proc/self/cmdline");

	for (int i = 0; i < argc; at += strlen(argv[i]) + 1, i++)
		wrong += strcmp(text + at, argv[i]) != 0;
	printf("cmdline: %d wrong, length %d\n", wrong, (size_t)length == at);
	argv[0][0] = 'X';
	slurp("/proc/self/cmdline");
	printf("cmdline: what the program wrote there: %c\n", text[0]);
	argv[0][0] = '/';
	slurp("/proc/self/comm");
	printf("comm: %s", text);
	ssize_t bytes = readlink("/proc/self/exe", text, sizeof(text) - 1);
	text[bytes > 0 ? bytes : 0] = 0;
	printf("exe: %d\n", !strcmp(text, argv[0]));
	bytes = readlink("/proc/self/cwd", text, sizeof(text) - 1);
	text[bytes > 0 ? bytes : 0] = 0;
	printf("cwd: %s\n", text);
	int fd = open("/proc/self/exe", O_RDONLY);
	printf("exe opens: %d\n", read(fd, text, 4) == 4 && !memcmp(text, "\177ELF", 4));
	close(fd);
}

static int has_entry(const char *directory, const char *name)
{
	DIR *dir = opendir(directory);
	int found = 0;

	for (struct dirent *entry; dir && (entry = readdir(dir));)
		found += !strcmp(entry->d_name, name);
	if (dir)
		closedir(dir);
	return found;
}

static void check_directories(void)
{
	char pid[32];
	struct stat by_link, by_number;
	struct statfs fs;

	snprintf(pid, sizeof(pid), "%d", getpid());
	printf("/proc has self %d, meminfo %d, this process %d, nonsense %d\n",
	       has_entry("/proc", "self"), has_entry("/proc", "meminfo"), has_entry("/proc", pid),
	       has_entry("/proc", "nonsense"));
	printf("/proc/self has maps %d, smaps %d, stat %d, . %d, .. %d\n",
	       has_entry("/proc/self", "maps"), has_entry("/proc/self", "smaps"),
	       has_entry("/proc/self", "stat"), has_entry("/proc/self", "."),
	       has_entry("/proc/self", ".."));
	readlink("/proc/self", text, sizeof(text));
	printf("self: %d\n", !strncmp(text, pid, strlen(pid)));
	snprintf(text, sizeof(text), "/proc/%s", pid);
	stat(text, &by_number);
	stat("/proc/self", &by_link);
	printf("one directory: %d, mode %o\n",
	       by_link.st_ino == by_number.st_ino && by_link.st_dev == by_number.st_dev,
	       by_number.st_mode);
	stat("/proc/self/maps", &by_link);
	printf("maps: mode %o, size %ld\n", by_link.st_mode, (long)by_link.st_size);
	lstat("/proc/self/exe", &by_link);
	printf("exe: mode %o\n", by_link.st_mode);
	lstat("/proc/self", &by_link);
	printf("self: mode %o\n", by_link.st_mode);
	statfs("/proc/self", &fs);
	printf("statfs: %d\n", fs.f_type == PROC_MAGIC);
}

static void check_refusals(void)
{
	static const char *const paths[] = {
		"/proc/nonsense", "/proc/0",           "/proc/01",
		"/proc/-1",       "/proc/99999999999", "/proc/self/nonsense",
		"/proc/1x",       "/proc/self/maps/x", "/proc/meminfo/"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		int fd = open(paths[i], O_RDONLY);
		printf("open %s: %s\n", paths[i], fd < 0 ? strerror(errno) : "yes");
	}
	printf("mkdir: %s\n", mkdir("/proc/new", 0777) ? strerror(errno) : "yes");
	printf("create: %s\n",
	       open("/proc/new", O_CREAT | O_WRONLY, 0666) < 0 ? strerror(errno) : "yes");
	printf("unlink: %s\n", unlink("/proc/meminfo") ? strerror(errno) : "yes");
	int fd = open("/proc/meminfo", O_RDWR);
	ssize_t written = write(fd, "x", 1);
	printf("write: %zd %s\n", written, strerror(errno));
	close(fd);
}

/* A child that is a zombie, and then gone, with its files open. */
static void check_end(void)
{
	char path[64];
	int pipe_ends[2], status;
	siginfo_t info;

	if (pipe(pipe_ends))
		exit(1);
	pid_t child = fork();
	if (!child) {
		close(pipe_ends[1]);
		_exit((int)read(pipe_ends[0], path, 1));
	}
	snprintf(path, sizeof(path), "/proc/%d/maps", child);
	int maps = open(path, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/%d/stat", child);
	int stat_file = open(path, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/%d", child);
	int directory = open(path, O_RDONLY | O_DIRECTORY);
	printf("alive: maps %d, stat %d\n", read(maps, text, 100) == 100,
	       read(stat_file, text, sizeof(text)) > 50);
	close(pipe_ends[1]);
	if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT)) {
		/* Without WNOWAIT: read until it is a zombie. */
		do
			lseek(stat_file, 0, SEEK_SET), read(stat_file, text, sizeof(text));
		while (*stat_field(3) != 'Z');
	}
	lseek(stat_file, 0, SEEK_SET);
	text[read(stat_file, text, sizeof(text) - 1)] = 0;
	printf("zombie: state %c, size %ld, ", *stat_field(3), atol(stat_field(23)));
	lseek(maps, 0, SEEK_SET);
	printf("maps %zd, ", read(maps, text, sizeof(text)));
	snprintf(path, sizeof(path), "/proc/%d/cmdline", child);
	printf("cmdline %zd\n", slurp(path));
	waitpid(child, &status, 0);
	lseek(stat_file, 0, SEEK_SET);
	ssize_t got = read(stat_file, text, sizeof(text));
	printf("gone: stat %s, ", got < 0 ? strerror(errno) : "can be read");
	printf("open %s, ", open(path, O_RDONLY) < 0 ? strerror(errno) : "yes");
	printf("openat %s\n", openat(directory, "statm", O_RDONLY) < 0 ? strerror(errno) : "yes");
	close(maps);
	close(stat_file);
	close(directory);
}

static void check_meminfo(void)
{
	static const char *const names[] = {
		"MemTotal:", "MemFree:",   "MemAvailable:", "Cached:",
		"Slab:",     "AnonPages:", "PageTables:",   "SwapTotal:"};

	slurp("/proc/meminfo");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *line = strstr(text, names[i]);
		printf("%s column %d, %s\n", names[i], line ? (int)(strchr(line, 'k') - line) : -1,
		       line && !strncmp(strchr(line, 'k'), "kB\n", 3) ? "in kB" : "wrong");
	}
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	check_stat();
	check_growth();
	check_names(argc, argv);
	check_directories();
	check_refusals();
	check_end();
	check_meminfo();
	return 0;
}
