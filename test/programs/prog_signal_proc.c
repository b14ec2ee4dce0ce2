/* prog_signal_proc.c: what /proc tells of a process's signals and of its group. */
#define _GNU_SOURCE
#include "signal_test.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>

#define OURS                                                                    \
	(1ull << (SIGUSR1 - 1) | 1ull << (SIGUSR2 - 1) | 1ull << (SIGHUP - 1) | \
	 1ull << (SIGTERM - 1) | 1ull << 40)

static char text[4096];

static const char *read_proc(pid_t process, const char *name)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)process, name);
	int file = open(path, O_RDONLY);
	ssize_t bytes = read(file, text, sizeof(text) - 1);
	close(file);
	text[bytes > 0 ? bytes : 0] = 0;
	return text;
}

/* The rest of the line that begins with `name`. */
static const char *field(const char *all, const char *name)
{
	const char *line = strstr(all, name);

	return line ? line + strlen(name) : "?";
}

static void say_set(const char *name)
{
	uint64_t set = strtoull(field(text, name), NULL, 16);

	printf("%s %#llx\n", name, set & OURS);
}

static void nothing(int signal)
{
}

static void own_sets(void)
{
	unsigned long sent, blocked, ignored, caught;

	mask_signal(SIG_BLOCK, SIGUSR1);
	mask_signal(SIG_BLOCK, SIGUSR2);
	mask_signal(SIG_BLOCK, 41);
	set_handler(SIGHUP, SIG_IGN, 0);
	set_handler(SIGTERM, nothing, 0);
	syscall(SYS_tkill, getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	kill(getpid(), 41);
	kill(getpid(), 41);
	read_proc(getpid(), "status");
	say_set("SigPnd:");
	say_set("ShdPnd:");
	say_set("SigBlk:");
	say_set("SigIgn:");
	say_set("SigCgt:");
	say("queued", strtol(field(text, "SigQ:\t"), NULL, 10) >= 4);
	const char *after_name = strrchr(read_proc(getpid(), "stat"), ')');
	int found = sscanf(after_name,
			   ") %*c %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d "
			   "%*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %*d %lu %lu %lu %lu",
			   &sent, &blocked, &ignored, &caught);
	printf("stat: %d %#llx %#llx %#llx %#llx\n", found, sent & OURS, blocked & OURS,
	       ignored & OURS, caught & OURS);
	fflush(stdout);
}

static void of_a_child(void)
{
	int group = 0, session = 0;
	char state = 0;
	pid_t child = fork();

	if (child == 0) {
		setpgid(0, 0);
		for (;;)
			pause();
	}
	wait_asleep(child);
	kill(child, SIGSTOP);
	waitpid(child, NULL, WUNTRACED);
	printf("State:%.12s\n", field(read_proc(child, "status"), "State:"));
	say("group", strtol(field(text, "NSpgid:\t"), NULL, 10) == child);
	say("session", strtol(field(text, "NSsid:\t"), NULL, 10) == getsid(0));
	sscanf(strrchr(read_proc(child, "stat"), ')'), ") %c %*d %d %d", &state, &group, &session);
	printf("stat: %c %d %d\n", state, group == child, session == getsid(0));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

int main(void)
{
	own_sets();
	of_a_child();
	return 0;
}
