/* prog_proc_system.c: /proc and /sys as programs read them: descriptors, threads, the machine. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

static char text[65536];

static void result(const char *what, long status)
{
	if (status < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, status);
}

static const char *slurp(const char *path)
{
	int fd = open(path, O_RDONLY);
	size_t length = 0;
	ssize_t got;

	text[0] = 0;
	if (fd < 0)
		return strerror(errno);
	while ((got = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)got;
	text[length] = 0;
	close(fd);
	return text;
}

static void link_of(const char *path)
{
	char target[4096] = "";
	ssize_t length = readlink(path, target, sizeof(target) - 1);

	if (length < 0)
		strcpy(target, strerror(errno));
	if (strchr(target, ':'))
		for (char *at = strchr(target, ':'); *at; at++)
			*at = isdigit(*at) ? '#' : *at;
	printf("%s -> %.*s\n", path, (int)strcspn(target, "#"), target);
}

/* Each run of digits as one "#", to show a file's form. */
static void form(const char *path)
{
	const char *at = slurp(path);

	printf("%s: ", path);
	while (*at) {
		if (isdigit(*at)) {
			putchar('#');
			while (isdigit(*at))
				at++;
		} else {
			putchar(*at++);
		}
	}
}

static void has(const char *path, const char *wanted)
{
	printf("%s has \"%s\": %d\n", path, wanted, strstr(slurp(path), wanted) != NULL);
}

static void descriptors(void)
{
	char path[64], byte = 0;
	int ends[2], fd = open("/tmp/proc_test", O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct stat status, other;

	result("pipe", pipe(ends));
	int event = eventfd(0, 0), null = open("/dev/null", O_WRONLY);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	link_of(path);
	result("lstat", lstat(path, &status));
	printf("mode %o\n", status.st_mode);
	result("stat", stat(path, &status));
	fstat(fd, &other);
	printf("the same file: %d\n",
	       status.st_ino == other.st_ino && status.st_dev == other.st_dev);
	result("unlink", unlink("/tmp/proc_test"));
	link_of(path);
	result("write", write(fd, "still here", 10));
	int again = open(path, O_RDONLY);
	char bytes[16] = "";
	result("read", read(again, bytes, sizeof(bytes)));
	printf("%s\n", bytes);
	for (int i = 0; i < 4; i++) {
		int what = (int[]){ends[0], ends[1], event, null}[i];
		snprintf(path, sizeof(path), "/proc/self/fd/%d", what);
		link_of(path);
		lstat(path, &status);
		printf("mode %o\n", status.st_mode);
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", event);
	result("open an eventfd", open(path, O_RDWR));
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[1]);
	int writer = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	result("write through /dev/fd", write(writer, "x", 1));
	result("read it", read(ends[0], &byte, 1));
	close(writer);
	close(ends[1]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	again = open(path, O_RDONLY);
	result("nobody writes any more", read(again, &byte, 1));
	close(again);
	result("no number", open("/proc/self/fd/x", O_RDONLY));
	result("zero in front", open("/proc/self/fd/00", O_RDONLY));
	result("not open", open("/proc/self/fd/500", O_RDONLY));
	result("to create", open("/proc/self/fd/500", O_RDWR | O_CREAT, 0600));
	form("/proc/self/fdinfo/0");
}

/* The flags of a descriptor, and of what it names. */
static void flags_of(const char *what, int fd)
{
	char path[64], line[256] = "";

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file) && strncmp(line, "flags:", 6) != 0)
		;
	printf("%s: %s", what, line);
	if (file)
		fclose(file);
}

static void fd_flags(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), copy = dup(null), ends[2];

	flags_of("close on exec", null);
	flags_of("its copy", copy);
	flags_of("its other copy", fcntl(null, F_DUPFD_CLOEXEC, 0));
	fcntl(null, F_SETFD, 0);
	flags_of("no more", null);
	fcntl(copy, F_SETFD, FD_CLOEXEC);
	fcntl(copy, F_SETFL, O_APPEND | O_NONBLOCK);
	flags_of("the copy's turn", copy);
	flags_of("both have the others", null);
	flags_of("a name", open("/dev/null", O_PATH | O_CLOEXEC));
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0)
		flags_of("pipe", ends[1]);
	flags_of("eventfd", eventfd(0, EFD_CLOEXEC));
	flags_of("plain eventfd", eventfd(0, 0));
}

static void listing(const char *path)
{
	DIR *directory = opendir(path);
	int count = 0, own = 0;

	while (directory) {
		struct dirent *entry = readdir(directory);
		if (!entry)
			break;
		count++;
		own += atoi(entry->d_name) == getpid();
	}
	printf("%s: %d entries, %d of this process\n", path, count, own);
	if (directory)
		closedir(directory);
}

static void the_process(char **environment)
{
	size_t length = 0, same = 0;

	link_of("/proc/self/cwd");
	link_of("/proc/self/root");
	link_of("/proc/mounts");
	link_of("/dev/fd");
	link_of("/dev/stdin");
	link_of("/dev/stdout");
	link_of("/dev/stderr");
	listing("/proc/self/task");
	has("/proc/thread-self/comm", "prog_proc");
	slurp("/proc/self/environ");
	for (char **at = environment; *at; at++) {
		same += !strcmp(text + length, *at);
		length += strlen(*at) + 1;
	}
	printf("environment: %d\n", !environment[same]);
	slurp("/proc/self/limits");
	printf("%.*s\n", (int)strcspn(text, "\n"), text);
	has("/proc/self/limits", "Max stack size            8388608              unlimited ");
	has("/proc/self/limits", "Max nice priority         ");
	has("/proc/self/io", "rchar: ");
	has("/proc/self/mountinfo", " / / rw");
	has("/proc/self/mountinfo", " / /proc rw,");
	has("/proc/mounts", "proc /proc proc rw");
	has("/proc/mounts", "sysfs /sys sysfs r");
	form("/proc/self/oom_score_adj");
}

static void the_machine(void)
{
	struct utsname name;
	struct sysinfo info;
	struct statfs status;

	form("/proc/uptime");
	form("/proc/loadavg");
	has("/proc/stat", "cpu  ");
	has("/proc/stat", "\ncpu0 ");
	has("/proc/stat", "\nbtime ");
	has("/proc/stat", "\nprocs_running ");
	has("/proc/filesystems", "nodev\tproc\n");
	has("/proc/filesystems", "nodev\ttmpfs\n");
	has("/proc/cpuinfo", "processor\t: 0\n");
	has("/proc/cpuinfo", "\nflags\t\t: fpu ");
	has("/proc/cpuinfo", " lm ");
	has("/proc/version", "Linux version ");
	printf("ostype %s", slurp("/proc/sys/kernel/ostype"));
	printf("ngroups_max %s", slurp("/proc/sys/kernel/ngroups_max"));
	form("/proc/sys/kernel/pid_max");
	uname(&name);
	slurp("/proc/sys/kernel/osrelease");
	printf("osrelease as uname: %d\n", !strncmp(text, name.release, strlen(name.release)));
	slurp("/proc/sys/kernel/hostname");
	printf("hostname as uname: %d\n", !strncmp(text, name.nodename, strlen(name.nodename)));
	result("sysinfo", sysinfo(&info));
	slurp("/proc/uptime");
	long up = atol(text);
	printf("uptime as sysinfo: %d\n", labs(up - (long)info.uptime) <= 5);
	printf("possible %.1s\n", slurp("/sys/devices/system/cpu/possible"));
	printf("online %.1s\n", slurp("/sys/devices/system/cpu/online"));
	result("statfs of /sys", statfs("/sys", &status));
	printf("type %lx\n", (unsigned long)status.f_type);
	result("statfs of /proc", statfs("/proc", &status));
	printf("type %lx\n", (unsigned long)status.f_type);
	result("sethostname, too long", sethostname(text, 65));
	result("sethostname, nowhere", syscall(SYS_sethostname, 8, 3));
}

int main(int argc, char **argv, char **environment)
{
	descriptors();
	fd_flags();
	the_process(environment);
	the_machine();
	return 0;
}
