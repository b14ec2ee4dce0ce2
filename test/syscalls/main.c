/*
 * main.c: the supervisor. It starts processes that make calls, kills those that no longer get on,
 * starts others in their place until each has made its number of calls, and tells what came of it.
 *
 *	fuzz --seed N [--calls N] [--processes N] [--trace] [--table]
 *
 * It is for Quire alone, since it would do to any other system whatever the calls do.
 */
#define _GNU_SOURCE
#include <asm/unistd_64.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define LOOK_NS     10000000l
#define STUCK       20u /* looks without a call: it waits for something */
#define GONE_LOOKS  2000u
#define SUPERVISORS 50u /* one after the other */
#define PLAYERS     12u /* at most; the other slots are for their children */

/* The supervisor's own. */
static struct options {
	uint64_t seed, calls, processes;
	bool trace, table;
} options = {.seed = 1, .calls = 2000, .processes = 4};

/* How far each slot was when it was last looked at, and for how many looks since. */
static struct progress {
	uint64_t made;
	unsigned looks;
} progress[SLOTS];

static _Noreturn void fail(const char *what)
{
	printf("fuzz: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void map_state(void)
{
	int fd = open(STATE_FILE, O_RDWR | O_CREAT, 0600);

	if (fd < 0 || ftruncate(fd, SHARED_BYTES) ||
	    mmap((void *)STATE, SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
		 0) == MAP_FAILED)
		fail(STATE_FILE);
	close(fd);
}

static void start(struct slot *slot)
{
	pid_t pid = fork();

	if (pid < 0)
		return; /* there is no memory now */
	if (pid == 0) {
		slot->pid = getpid();
		child_run(slot);
	}
	slot->pid = pid;
	SHARED->started++;
}

/* A zombie that nobody waits for: its parent would have to ask for it in its own way (__WCLONE). */
static bool is_zombie(pid_t pid)
{
	char name[32], text[128];

	snprintf(name, sizeof(name), "/proc/%d/stat", pid);
	int fd = open(name, O_RDONLY);
	ssize_t bytes = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);
	close(fd);
	text[bytes > 0 ? bytes : 0] = 0;
	const char *end = strrchr(text, ')');
	return end && !strncmp(end, ") Z", 3);
}

static bool is_gone(pid_t pid)
{
	return kill(pid, 0) != 0 ? errno == ESRCH : is_zombie(pid);
}

static void look_after_pause(void)
{
	nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
}

/* Kill who makes no calls, and free the slots of processes' children that are gone. */
static void look_at(unsigned index)
{
	struct slot *slot = &SHARED->slots[index];
	struct progress *seen = &progress[index];
	uint64_t made = __atomic_load_n(&slot->made, __ATOMIC_ACQUIRE);

	pid_t pid = __atomic_load_n(&slot->pid, __ATOMIC_ACQUIRE);
	if (pid <= 0)
		return;
	if (slot->depth && is_gone(pid)) {
		slot->pid = 0;
		return;
	}
	seen->looks = seen->made == made ? seen->looks + 1 : 0;
	seen->made = made;
	if (seen->looks >= STUCK && kill(pid, SIGKILL) == 0) {
		SHARED->stuck_killed += seen->looks == STUCK;
		if (seen->looks > GONE_LOOKS) {
			char line[256];
			describe_call(line, &slot->ring[(slot->made - 1) % RING]);
			printf("fuzz: process %d (slot %u) can't be killed in %s\n", slot->pid,
			       index, line);
			__atomic_fetch_add(&SHARED->odd, 1, __ATOMIC_RELAXED);
			slot->pid = 0;
		}
	}
}

/* Where one has ended too early, another goes on. */
static void note_ended(void)
{
	int status;

	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		SHARED->ends[WIFSIGNALED(status) ? WTERMSIG(status) % 128 : 0]++;
		for (unsigned i = 0; i < options.processes; i++) {
			struct slot *slot = &SHARED->slots[i];
			if (slot->pid != pid)
				continue;
			slot->pid = 0;
			slot->seed = mix_seed(slot->seed, slot->made + 1);
			slot->made++; /* who can't even begin does not go on for ever */
			progress[i] = (struct progress){0};
		}
	}
}

static bool all_ended(unsigned from)
{
	for (unsigned i = from; i < SLOTS; i++)
		if (SHARED->slots[i].pid > 0)
			return false;
	return true;
}

/* Processes' children, once they have nobody to play with any more; or all of them. */
static void end_all(unsigned from)
{
	for (unsigned looks = 0; !all_ended(from) && looks < GONE_LOOKS; looks++) {
		for (unsigned i = from; i < SLOTS; i++) {
			pid_t pid = SHARED->slots[i].pid;
			if (pid > 0 && kill(pid, SIGKILL) != 0)
				SHARED->slots[i].pid = 0;
			else if (i >= options.processes)
				look_at(i);
		}
		look_after_pause();
	}
}

static void supervise(void)
{
	bool playing = true;

	while (playing) {
		playing = false;
		for (unsigned i = 0; i < options.processes; i++) {
			struct slot *slot = &SHARED->slots[i];
			if (slot->pid == 0 && slot->made < slot->allowed)
				start(slot);
			playing |= slot->pid != 0 || slot->made < slot->allowed;
		}
		look_after_pause();
		note_ended();
		for (unsigned i = 0; i < SLOTS; i++)
			look_at(i);
	}
	end_all(options.processes);
	exit(0);
}

/* Where memory is out a supervisor may be killed too. Then another one goes on; who waits for it
 * here wants no memory. */
static bool run(void)
{
	int status;

	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *slot = &SHARED->slots[i];
		slot->depth = i >= options.processes;
		slot->seed = mix_seed(options.seed, i);
		slot->allowed = options.calls;
	}
	for (unsigned i = 0; i < SUPERVISORS; i++) {
		pid_t pid = fork();
		if (pid < 0)
			fail("fork");
		if (pid == 0)
			supervise();
		if (waitpid(pid, &status, 0) == pid && WIFEXITED(status))
			return WEXITSTATUS(status) == 0;
		end_all(0);
	}
	return false;
}

static const char *name_of(unsigned number)
{
	for (unsigned i = 0; i < calls_count; i++)
		if (calls[i].number == number)
			return calls[i].name;
	return NULL;
}

/* One line a call: how often it succeeded, and which errors it gave how often. */
static void tell_call(unsigned number)
{
	const char *name = name_of(number);
	uint32_t total = SHARED->succeeded[number];

	for (unsigned error = 0; error < ERRORS; error++)
		total += SHARED->failed[number][error];
	if (!total)
		return;
	printf("%-20s %7u ok of %7u:", name ? name : "", SHARED->succeeded[number], total);
	if (!name)
		printf(" number %u", number);
	for (int error = 1; error < (int)ERRORS; error++)
		if (SHARED->failed[number][error])
			printf(" %s %u", strerrorname_np(error), SHARED->failed[number][error]);
	printf("\n");
}

static int tell(void)
{
	unsigned long made = 0, good = 0;

	for (unsigned number = 0; number < CALLS; number++) {
		uint32_t bad = 0;
		for (unsigned error = 0; error < ERRORS; error++)
			bad += SHARED->failed[number][error];
		good += SHARED->succeeded[number];
		made += bad + SHARED->succeeded[number];
		if (options.table)
			tell_call(number);
		/* One that is not there at all says so each time. */
		uint32_t absent =
			SHARED->failed[number][ENOSYS] + SHARED->failed[number][EOPNOTSUPP];
		if (name_of(number) && absent != bad && !SHARED->succeeded[number])
			printf("never succeeded: %s\n", name_of(number));
	}
	printf("seed %lu: %lu calls, %lu succeeded; %u processes, %u killed while they waited\n",
	       options.seed, made, good, SHARED->started, SHARED->stuck_killed);
	printf("ends:");
	for (int i = 0; i < 128; i++)
		if (SHARED->ends[i])
			printf(i ? " signal %d: %u" : " exit: %2$u", i, SHARED->ends[i]);
	printf("\n");
	if (SHARED->odd) {
		char line[256];
		describe_call(line, &SHARED->odd_record);
		printf("odd answers or registers: %u, the last in %s\n", SHARED->odd, line);
	}
	return SHARED->odd ? 1 : 0;
}

static uint64_t number_of(const char *text)
{
	return text ? strtoull(text, NULL, 0) : 0;
}

static bool parse(char **argv)
{
	for (char **at = argv + 1; *at; at++) {
		uint64_t value = number_of(at[1]);
		if (!strcmp(*at, "--trace")) {
			options.trace = true;
			continue;
		}
		if (!strcmp(*at, "--table")) {
			options.table = true;
			continue;
		}
		if (!strcmp(*at, "--seed"))
			options.seed = value;
		else if (!strcmp(*at, "--calls"))
			options.calls = value;
		else if (!strcmp(*at, "--processes"))
			options.processes = value;
		else
			return false;
		if (!*++at)
			return false;
	}
	return options.processes > 0 && options.processes <= PLAYERS;
}

int main(int argc, char **argv)
{
	struct utsname name;

	if (uname(&name) || strncmp(name.version, "Quire", 5)) {
		printf("fuzz: this is not Quire, and it would be harmed\n");
		return 2;
	}
	if (argc == 3 && !strcmp(argv[1], "--child")) {
		map_state();
		child_run(&SHARED->slots[strtoul(argv[2], NULL, 10) % SLOTS]);
	}
	/* Its own processes run it without arguments, or with any: that is not a run of its own. */
	if (argc < 2 || !parse(argv)) {
		printf("usage: fuzz --seed N [--calls N] [--processes N] [--trace] [--table]\n");
		return 2;
	}
	signal(SIGHUP, SIG_IGN);
	files_note();
	map_state();
	mkdir(SCRATCH, 0777);
	SHARED->trace = options.trace;
	setvbuf(stdout, NULL, _IOLBF, 0);
	bool done = run();
	int status = done ? tell() : 3;
	files_remove_new();
	sysv_remove_all();
	return status;
}
