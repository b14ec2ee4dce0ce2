/* prog_lock.c: flock(2) and the locks of fcntl(2): conflicts, ranges, waiting, deadlock, closing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const path = "/tmp/lock_test";

static void result(const char *what, long status)
{
	if (status < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, status);
}

static int again(int flags)
{
	return open(path, flags);
}

static int record(int fd, int command, short type, off_t start, off_t length)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};

	lock.l_start = start;
	lock.l_len = length;
	return fcntl(fd, command, &lock);
}

static void who(const char *what, int fd, int command, short type, off_t start, off_t length)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};

	lock.l_start = start;
	lock.l_len = length;
	int status = fcntl(fd, command, &lock);
	if (status)
		printf("%s: %s\n", what, strerror(errno));
	else if (lock.l_type == F_UNLCK)
		printf("%s: free\n", what);
	else
		printf("%s: %s at %ld, %ld bytes, %s\n", what,
		       lock.l_type == F_RDLCK ? "shared" : "exclusive", (long)lock.l_start,
		       (long)lock.l_len,
		       lock.l_pid == getppid() ? "the parent's"
		       : lock.l_pid == -1      ? "a file's"
					       : "another's");
}

/* Run in a child, which has no locks of records. */
static void in_child(void (*run)(int fd), int fd)
{
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		run(fd);
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void whole_files(void)
{
	int one = again(O_RDWR), two = again(O_RDONLY), copy = dup(one);

	result("shared", flock(one, LOCK_SH));
	result("shared too", flock(two, LOCK_SH | LOCK_NB));
	result("exclusive", flock(two, LOCK_EX | LOCK_NB));
	result("unlock", flock(two, LOCK_UN));
	result("convert", flock(one, LOCK_EX | LOCK_NB));
	result("shared now", flock(two, LOCK_SH | LOCK_NB));
	result("by the copy", flock(copy, LOCK_SH | LOCK_NB));
	result("shared again", flock(two, LOCK_SH | LOCK_NB));
	close(one);
	result("copy holds it", flock(two, LOCK_EX | LOCK_NB));
	close(copy);
	result("closed", flock(two, LOCK_EX | LOCK_NB));
	result("no operation", flock(two, 0));
	result("two operations", flock(two, LOCK_SH | LOCK_EX));
	result("unlock", flock(two, LOCK_UN));
	result("unlock what is not", flock(two, LOCK_UN));
	int name = open(path, O_PATH);
	result("a name", flock(name, LOCK_SH));
	result("nothing", flock(99, LOCK_SH));
	close(name);
	close(two);
}

static void show_all(int fd)
{
	who("from 0", fd, F_GETLK, F_WRLCK, 0, 0);
	who("shared from 0", fd, F_GETLK, F_RDLCK, 0, 0);
	who("at 12", fd, F_GETLK, F_WRLCK, 12, 1);
	who("at 20", fd, F_GETLK, F_WRLCK, 20, 1);
	who("from 20", fd, F_GETLK, F_WRLCK, 20, 0);
	who("at 35", fd, F_GETLK, F_RDLCK, 35, 1);
	result("set at 12", record(fd, F_SETLK, F_RDLCK, 12, 1));
	result("set at 20", record(fd, F_SETLK, F_RDLCK, 20, 5));
	result("unlock", record(fd, F_SETLK, F_UNLCK, 0, 0));
}

static void ranges(void)
{
	int fd = again(O_RDWR), copy = again(O_RDWR), reader = again(O_RDONLY);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_END};

	result("10 to 19", record(fd, F_SETLK, F_WRLCK, 10, 10));
	in_child(show_all, fd);
	result("20 to 29", record(fd, F_SETLK, F_WRLCK, 20, 10));
	in_child(show_all, fd);
	result("a hole", record(fd, F_SETLK, F_UNLCK, 13, 4));
	in_child(show_all, fd);
	result("shared inside", record(fd, F_SETLK, F_RDLCK, 18, 5));
	in_child(show_all, fd);
	result("all of it", record(fd, F_SETLK, F_RDLCK, 0, 0));
	in_child(show_all, fd);
	result("own again", record(copy, F_SETLK, F_WRLCK, 0, 100));
	in_child(show_all, fd);
	close(copy);
	printf("any close ends them\n");
	in_child(show_all, fd);
	copy = again(O_RDWR);
	result("all again", record(fd, F_SETLK, F_WRLCK, 0, 0));
	in_child(show_all, fd);
	result("close_range", syscall(SYS_close_range, copy, copy, 0));
	in_child(show_all, fd);
	result("write lock of a reader", record(reader, F_SETLK, F_WRLCK, 0, 1));
	result("bad type", record(fd, F_SETLK, 7, 0, 1));
	result("before the start", record(fd, F_SETLK, F_WRLCK, 5, -6));
	result("backwards", record(fd, F_SETLK, F_WRLCK, 20, -10));
	in_child(show_all, fd);
	result("negative", record(fd, F_SETLK, F_WRLCK, -1, 1));
	result("write", write(fd, "0123456789", 10));
	lock.l_start = -3;
	lock.l_len = 1;
	result("from the end", fcntl(fd, F_SETLK, &lock));
	in_child(show_all, fd);
	lock.l_whence = 9;
	result("from nowhere", fcntl(fd, F_SETLK, &lock));
	result("at nothing", fcntl(fd, F_SETLK, 8l));
	result("of nothing", record(99, F_SETLK, F_WRLCK, 0, 1));
	close(fd);
	close(reader);
}

static void of_files(void)
{
	int one = again(O_RDWR), two = again(O_RDWR);
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_pid = 5};

	result("file's lock", record(one, F_OFD_SETLK, F_WRLCK, 0, 10));
	result("of another file", record(two, F_OFD_SETLK, F_RDLCK, 5, 1));
	result("of the process", record(one, F_SETLK, F_RDLCK, 5, 1));
	who("whose", two, F_GETLK, F_RDLCK, 0, 0);
	who("whose", two, F_OFD_GETLK, F_RDLCK, 0, 0);
	who("own", one, F_OFD_GETLK, F_RDLCK, 0, 0);
	result("with a pid", fcntl(one, F_OFD_SETLK, &lock));
	close(one);
	result("closed", record(two, F_OFD_SETLK, F_RDLCK, 5, 1));
	close(two);
}

/* Wait for a byte that another has: is it a deadlock? Then give up the own one. */
static char wait_for(int fd, off_t wanted, off_t own)
{
	int status = record(fd, F_SETLKW, F_WRLCK, wanted, 1);
	char verdict = status == 0 ? 'g' : errno == EDEADLK ? 'd' : 'e';

	record(fd, F_SETLK, F_UNLCK, wanted, 1);
	record(fd, F_SETLK, F_UNLCK, own, 1);
	return verdict;
}

/* Each wants what the other has: one of them is told so. */
static void waiting(void)
{
	int fd = again(O_RDWR), told[2], status;
	char byte;

	if (pipe(told))
		return;
	alarm(20);
	result("first", record(fd, F_SETLK, F_WRLCK, 0, 1));
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		status = record(fd, F_SETLK, F_WRLCK, 1, 1);
		if (status || write(told[1], "x", 1) != 1)
			_exit(1);
		byte = wait_for(fd, 0, 1);
		_exit(write(told[1], &byte, 1) != 1);
	}
	if (read(told[0], &byte, 1) != 1)
		return;
	char mine = wait_for(fd, 1, 0);
	if (read(told[0], &byte, 1) != 1)
		return;
	printf("one was told, the other got it: %d\n",
	       (mine == 'd' && byte == 'g') || (mine == 'g' && byte == 'd'));
	waitpid(child, &status, 0);
	printf("child %d\n", status);
	close(fd);
	fd = again(O_RDWR);
	result("whole", flock(fd, LOCK_EX));
	fflush(stdout);
	child = fork();
	if (!child) {
		int own = again(O_RDWR);
		_exit(write(told[1], "x", 1) != 1 || flock(own, LOCK_EX));
	}
	if (read(told[0], &byte, 1) != 1)
		return;
	result("unlock", flock(fd, LOCK_UN));
	waitpid(child, &status, 0);
	printf("child %d\n", status);
	close(fd);
}

/* A lock that can't be converted is lost: it is given up first, as flock(2) says. */
static void conversion(void)
{
	int one = again(O_RDWR), two = again(O_RDWR);

	result("shared", flock(one, LOCK_SH));
	result("shared too", flock(two, LOCK_SH));
	result("not converted", flock(one, LOCK_EX | LOCK_NB));
	result("converted", flock(two, LOCK_EX | LOCK_NB));
	result("lost", flock(one, LOCK_SH | LOCK_NB));
	close(one);
	close(two);
}

/* ---- circles ---- */

struct locker {
	pid_t pid;
	int told[2], go[2];
};

static void tell(int fd)
{
	if (write(fd, "x", 1) != 1)
		_exit(99);
}

static void hear(int fd)
{
	char byte;

	if (read(fd, &byte, 1) != 1)
		_exit(98);
}

/* A child that locks byte `hold` (-1: none) now, and byte `want` when it is let. share: CLONE_*. */
static struct locker start(int fd, int share, int hold, int want)
{
	struct locker locker;

	if (pipe(locker.told) || pipe(locker.go))
		exit(1);
	fflush(stdout);
	locker.pid = (pid_t)syscall(SYS_clone, share | SIGCHLD, 0, 0, 0, 0);
	if (!locker.pid) {
		if (hold >= 0 && record(fd, F_SETLK, F_WRLCK, hold, 1))
			_exit(97);
		tell(locker.told[1]);
		hear(locker.go[0]);
		tell(locker.told[1]);
		_exit(record(fd, F_SETLKW, F_WRLCK, want, 1) ? errno : 0);
	}
	hear(locker.told[0]);
	return locker;
}

/* Let it lock, and come back when it waits for that. */
static void let(const struct locker *locker)
{
	char name[32], text[256];
	const char *state;

	tell(locker->go[1]);
	hear(locker->told[0]);
	snprintf(name, sizeof(name), "/proc/%d/stat", locker->pid);
	do {
		sched_yield();
		int fd = open(name, O_RDONLY);
		ssize_t bytes = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[bytes > 0 ? bytes : 0] = 0;
		state = strrchr(text, ')');
	} while (state && state[2] != 'S');
}

static void end(const char *what, const struct locker *locker)
{
	int status;

	waitpid(locker->pid, &status, 0);
	printf("%s: %x\n", what, status);
	for (int i = 0; i < 2; i++) {
		close(locker->told[i]);
		close(locker->go[i]);
	}
}

/* Who was waited for, and is no longer, is in no circle. */
static void no_circle(void)
{
	int fd = again(O_RDWR);

	result("own", record(fd, F_SETLK, F_WRLCK, 0, 1));
	struct locker child = start(fd, 0, 1, 0);
	let(&child);
	result("let go", record(fd, F_SETLK, F_UNLCK, 0, 1));
	result("wait in its turn", record(fd, F_SETLKW, F_WRLCK, 1, 1));
	end("child", &child);
	close(fd);
}

/* Processes that share their files are one owner, which waits for two at once; so there may be a
 * circle that is not seen, and whoever waits for one in it must not go round with it for ever. */
static void owner_that_waits_twice(void)
{
	int fd = again(O_RDWR);

	result("own", record(fd, F_SETLK, F_WRLCK, 0, 1));
	struct locker b = start(fd, 0, 1, 0), c = start(fd, 0, 2, 3), d = start(fd, 0, 4, 0);
	struct locker first = start(fd, CLONE_FILES, -1, 1), second = start(fd, CLONE_FILES, -1, 2);
	let(&first);
	let(&second);
	let(&b);
	kill(c.pid, SIGKILL);
	end("c", &c);
	end("second", &second);
	let(&d);
	kill(b.pid, SIGKILL);
	end("b", &b);
	end("first", &first);
	result("let go", record(fd, F_SETLK, F_UNLCK, 0, 1));
	end("d", &d);
	close(fd);
}

int main(void)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	close(fd);
	whole_files();
	ranges();
	of_files();
	waiting();
	alarm(20);
	conversion();
	no_circle();
	owner_that_waits_twice();
	unlink(path);
	return 0;
}
