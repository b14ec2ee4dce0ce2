/*
 * prog_credentials.c: users, groups and capabilities as they change. Each part is a child, since
 * most of it has no way back. To be run by root.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The library's setuid and so on ask all threads; what is tested is the call. */
#define CALL(number, ...) report(#number " " #__VA_ARGS__, syscall(SYS_##number, __VA_ARGS__))

static void report(const char *what, long result)
{
	printf("  %s = %ld%s%s\n", what, result, result < 0 ? " " : "",
	       result < 0 ? strerror(errno) : "");
}

/* Some capabilities: a container's root may lack others. */
static void show_capabilities(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{0}};
	unsigned wanted = 1u << CAP_CHOWN | 1u << CAP_SETUID | 1u << CAP_SETGID | 1u << CAP_KILL;

	long result = syscall(SYS_capget, &header, data);
	printf("  capget %ld: effective %#x, permitted %#x, inheritable %#x\n", result,
	       data[0].effective & wanted, data[0].permitted & wanted,
	       data[0].inheritable & wanted);
}

static void show(void)
{
	uid_t r, e, s;
	gid_t a, b, c;

	getresuid(&r, &e, &s);
	getresgid(&a, &b, &c);
	printf("  uid %u %u %u fs %d, gid %u %u %u fs %d; %u %u %u %u\n", r, e, s, setfsuid(-1), a,
	       b, c, setfsgid(-1), getuid(), geteuid(), getgid(), getegid());
	show_capabilities();
}

static void show_status(void)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];

	while (status && fgets(line, sizeof(line), status))
		if (!strncmp(line, "Uid:", 4) || !strncmp(line, "Gid:", 4) ||
		    !strncmp(line, "Groups:", 7) || !strncmp(line, "CapInh:", 7) ||
		    !strncmp(line, "NoNewPrivs:", 11))
			printf("  %s", line);
	if (status)
		fclose(status);
}

static void part(const char *name, void (*run)(void))
{
	int status;

	printf("%s\n", name);
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		run();
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, &status, 0);
	if (status)
		printf("  status %#x\n", status);
}

static void for_good(void)
{
	CALL(setgid, 100);
	CALL(setuid, 1000);
	show();
	CALL(setuid, 0);
	CALL(setgid, 0);
	CALL(setuid, 1000);
	CALL(setreuid, -1, 1001);
	CALL(setresuid, 1000, 1000, 1001);
	CALL(setgroups, 0, NULL);
	CALL(setfsuid, 0);
	show();
}

static void for_a_while(void)
{
	CALL(setresuid, -1, 1000, -1);
	show();
	CALL(setuid, 1001);
	CALL(setresuid, -1, 0, -1);
	show();
	CALL(setreuid, 1000, 2000);
	show();
	CALL(setreuid, 2000, 1000);
	show();
	CALL(setreuid, -1, 3000);
	CALL(setreuid, 0, -1);
	show();
}

static void groups_of_user(void)
{
	CALL(setregid, 5, 6);
	show();
	CALL(setresgid, 7, -1, 8);
	CALL(setresgid, -1, -1, -1);
	show();
	CALL(setresuid, 9, 9, 9);
	show_status();
	CALL(setresgid, 8, 7, 6);
	CALL(setresgid, 8, 7, 1);
	CALL(setregid, 6, 6);
	CALL(setregid, 0, -1);
	show();
}

static void invalid(void)
{
	CALL(setuid, -1);
	CALL(setgid, -1);
	CALL(setresuid, -1, -1, -1);
	CALL(setreuid, -1, -1);
	CALL(getresuid, NULL, NULL, NULL);
	CALL(setfsuid, 77);
	CALL(setfsuid, -1);
	show();
	CALL(setfsuid, 0);
	show();
}

static void supplementary(void)
{
	gid_t ids[] = {30, 10, 20}, found[4] = {0};

	CALL(setgroups, 0, NULL);
	CALL(getgroups, 0, NULL);
	CALL(setgroups, 3, ids);
	CALL(getgroups, 0, NULL);
	CALL(getgroups, 2, found);
	CALL(getgroups, 4, found);
	printf("  %u %u %u %u\n", found[0], found[1], found[2], found[3]);
	CALL(getgroups, -1, found);
	CALL(getgroups, 3, NULL);
	CALL(setgroups, 65537, ids);
	CALL(setgroups, 3, NULL);
	show_status();
	fflush(stdout);
	if (!fork()) {
		memset(found, 0, sizeof(found));
		CALL(getgroups, 4, found);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
}

static void capabilities(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0}, odd = {1, 0};
	struct __user_cap_data_struct data[2], kept[2] = {{0}};

	CALL(capget, &odd, NULL);
	printf("  version %#x\n", odd.version);
	odd.version = 1;
	CALL(capget, &odd, data);
	CALL(capset, &odd, data);
	odd = (struct __user_cap_header_struct){_LINUX_CAPABILITY_VERSION_3, 1 << 22};
	CALL(capget, &odd, data);
	CALL(capset, &odd, data);
	odd.pid = -1;
	CALL(capget, &odd, data);
	CALL(capget, NULL, data);
	CALL(capget, &header, data);
	kept[0].permitted = 1u << CAP_CHOWN | 1u << CAP_SETUID;
	CALL(capset, &header, kept);
	show_capabilities();
	CALL(setgid, 5);
	CALL(setuid, 5);
	CALL(capset, &header, data);
	kept[0].effective = 1u << CAP_SETUID;
	CALL(capset, &header, kept);
	show();
}

static void keeping(void)
{
	CALL(prctl, PR_GET_KEEPCAPS, 0, 0, 0, 0);
	CALL(prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
	CALL(prctl, PR_SET_KEEPCAPS, 2, 0, 0, 0);
	CALL(setresuid, 5, 5, 5);
	show();
	CALL(prctl, PR_GET_KEEPCAPS, 0, 0, 0, 0);
}

static const char *self;

static void execution(void)
{
	CALL(setresgid, 11, 12, 13);
	CALL(setresuid, 1, 2, 3);
	fflush(stdout);
	execl(self, self, "executed", NULL);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		show();
		printf("  auxv %lu %lu %lu %lu\n", getauxval(AT_UID), getauxval(AT_EUID),
		       getauxval(AT_GID), getauxval(AT_EGID));
		return 0;
	}
	self = argv[0];
	part("root", show);
	part("for good", for_good);
	part("for a while", for_a_while);
	part("groups", groups_of_user);
	part("invalid", invalid);
	part("supplementary groups", supplementary);
	part("capabilities", capabilities);
	part("keeping capabilities", keeping);
	part("exec", execution);
	return 0;
}
