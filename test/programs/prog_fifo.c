/* prog_fifo.c: named pipes (fifo(7)), and the size of pipes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const path = "/tmp/fifo_test";
static char block[1 << 17];

static void result(const char *what, long status)
{
	if (status < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, status);
}

static void opened(const char *what, int fd)
{
	printf("%s: %s\n", what, fd < 0 ? strerror(errno) : "open");
}

static void polled(const char *what, int fd)
{
	struct pollfd wanted = {fd, POLLIN | POLLOUT, 0};
	int status = poll(&wanted, 1, 0);

	printf("%s: %d, %#x\n", what, status, (unsigned)wanted.revents);
}

static void without_waiting(void)
{
	struct stat status;

	result("mkfifo", mkfifo(path, 0640));
	result("again", mkfifo(path, 0640));
	result("stat", stat(path, &status));
	printf("mode %o, size %ld\n", status.st_mode, (long)status.st_size);
	opened("write, nobody reads", open(path, O_WRONLY | O_NONBLOCK));
	int in = open(path, O_RDONLY | O_NONBLOCK);
	opened("read, nobody writes", in);
	polled("nobody came yet", in);
	result("read", read(in, block, 10));
	int out = open(path, O_WRONLY | O_NONBLOCK);
	opened("write", out);
	polled("writer", out);
	polled("reader", in);
	result("read", read(in, block, 10));
	result("write", write(out, "abc", 3));
	polled("reader", in);
	close(out);
	polled("writer gone", in);
	result("read", read(in, block, 10));
	result("read", read(in, block, 10));
	polled("empty", in);
	out = open(path, O_WRONLY | O_NONBLOCK);
	polled("a new writer", in);
	result("write", write(out, "defg", 4));
	close(in);
	close(out);
	int both = open(path, O_RDWR);
	opened("both", both);
	polled("both", both);
	in = open(path, O_RDONLY | O_NONBLOCK);
	result("what was left is gone", read(in, block, 10));
	result("write", write(both, "hi", 2));
	result("read", read(both, block, 10));
	result("lseek", lseek(both, 0, SEEK_SET));
	result("pread", pread(both, block, 1, 0));
	close(both);
	polled("closed", in);
	close(in);
	opened("a directory of it", open("/tmp/fifo_test/x", O_RDONLY));
	both = open(path, O_RDWR | O_TRUNC);
	opened("truncated", both);
	close(both);
	result("mknod", mknod("/tmp/fifo_node", S_IFIFO | 0600, 0));
	result("unlink", unlink("/tmp/fifo_node"));
}

/* Opening waits for the other end. */
static void waiting(void)
{
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		int out = open(path, O_WRONLY);
		_exit(out < 0 || write(out, "from the child", 14) != 14);
	}
	int in = open(path, O_RDONLY);
	opened("the child writes", in);
	memset(block, 0, 32);
	result("read", read(in, block, 32));
	printf("%s\n", block);
	result("end", read(in, block, 32));
	close(in);
	int status;
	waitpid(child, &status, 0);
	printf("child %d\n", status);
	fflush(stdout);
	child = fork();
	if (!child) {
		int from = open(path, O_RDONLY);
		_exit(from < 0 || read(from, block, 32) != 2);
	}
	int out = open(path, O_WRONLY);
	opened("the child reads", out);
	result("unlink", unlink(path));
	result("write", write(out, "ok", 2));
	waitpid(child, &status, 0);
	printf("child %d\n", status);
	close(out);
}

static void sizes(void)
{
	int ends[2], fd = open("/dev/null", O_RDONLY);

	result("pipe", pipe(ends));
	result("size", fcntl(ends[0], F_GETPIPE_SZ));
	result("set", fcntl(ends[1], F_SETPIPE_SZ, 5000));
	result("size", fcntl(ends[0], F_GETPIPE_SZ));
	result("tiny", fcntl(ends[1], F_SETPIPE_SZ, 1));
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	result("fill", write(ends[1], block, 10000));
	result("larger", fcntl(ends[1], F_SETPIPE_SZ, 100000));
	polled("room", ends[1]);
	result("fill", write(ends[1], "0123456789", 10));
	result("too small", fcntl(ends[1], F_SETPIPE_SZ, 4096));
	result("drain", read(ends[0], block, 4096));
	memset(block, 0, 16);
	result("drain", read(ends[0], block, 100));
	printf("%s\n", block);
	result("much too large", fcntl(ends[1], F_SETPIPE_SZ, -1));
	result("of no pipe", fcntl(fd, F_SETPIPE_SZ, 4096));
	result("of no pipe", fcntl(fd, F_GETPIPE_SZ));
	close(ends[0]);
	close(ends[1]);
	close(fd);
}

int main(void)
{
	without_waiting();
	waiting();
	sizes();
	return 0;
}
