/* prog_splice.c: splice, tee and vmsplice between pipes, files and sockets. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int ends[2], others[2];

static void show(const char *what, long result)
{
	if (result < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, result);
	fflush(stdout);
}

static void show_pipe(const char *what, int fd)
{
	char text[64];
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	ssize_t bytes = read(fd, text, sizeof(text) - 1);
	fcntl(fd, F_SETFL, flags);
	text[bytes > 0 ? bytes : 0] = 0;
	printf("%s: %zd '%s'\n", what, bytes, text);
}

static int make_file(const char *text)
{
	char name[] = "/tmp/splice.XXXXXX";
	int fd = mkstemp(name);

	unlink(name);
	if (write(fd, text, strlen(text)) < 0)
		exit(1);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void files(void)
{
	int from = make_file("0123456789abcdef"), to = make_file("................");
	loff_t at = 4;
	char text[32] = "";

	show("file to pipe", splice(from, NULL, ends[1], NULL, 5, 0));
	printf("position %ld\n", (long)lseek(from, 0, SEEK_CUR));
	show_pipe("it has", ends[0]);
	show("at 4", splice(from, &at, ends[1], NULL, 100, 0));
	printf("offset %ld, position %ld\n", (long)at, (long)lseek(from, 0, SEEK_CUR));
	at = 2;
	show("pipe to file at 2", splice(ends[0], NULL, to, &at, 7, 0));
	printf("offset %ld, position %ld\n", (long)at, (long)lseek(to, 0, SEEK_CUR));
	show("and the rest", splice(ends[0], NULL, to, NULL, 100, 0));
	if (pread(to, text, 16, 0) != 16)
		puts("short");
	puts(text);
	show("at the end", splice(from, &(loff_t){16}, ends[1], NULL, 5, 0));
	show("nothing", splice(from, NULL, ends[1], NULL, 0, 0x100));
	show("bad flags", splice(from, NULL, ends[1], NULL, 1, 0x100));
	show("no descriptor", splice(99, NULL, ends[1], NULL, 1, 0));
	show("no pipe", splice(from, NULL, to, NULL, 1, 0));
	show("the wrong end", splice(from, NULL, ends[0], NULL, 1, 0));
	show("an offset of a pipe", splice(from, NULL, ends[1], &at, 1, 0));
	show("the same pipe", splice(ends[0], NULL, ends[1], NULL, 1, 0));
	show("a bad offset", splice(from, (void *)8, ends[1], NULL, 1, 0));
	at = -1;
	show("a negative offset", splice(from, &at, ends[1], NULL, 1, 0));
	show("empty, nonblocking", splice(ends[0], NULL, to, NULL, 1, SPLICE_F_NONBLOCK));
	fcntl(to, F_SETFL, O_APPEND);
	show("append", splice(ends[0], NULL, to, NULL, 1, SPLICE_F_NONBLOCK));
	int reader = open("/proc/self/exe", O_RDONLY);
	show("to a reader", splice(ends[0], NULL, reader, NULL, 1, 0));
	close(reader);
	close(from);
	close(to);
}

static void pipes(void)
{
	if (write(ends[1], "hello world", 11) != 11)
		exit(1);
	show("tee 5", tee(ends[0], others[1], 5, 0));
	show_pipe("copied", others[0]);
	show("tee all", tee(ends[0], others[1], 100, 0));
	show_pipe("copied", others[0]);
	show("move 6", splice(ends[0], NULL, others[1], NULL, 6, 0));
	show_pipe("moved", others[0]);
	show_pipe("left", ends[0]);
	show("tee nothing", tee(ends[0], others[1], 0, 0));
	show("tee, empty", tee(ends[0], others[1], 4, SPLICE_F_NONBLOCK));
	show("tee to itself", tee(ends[0], ends[1], 4, 0));
	int file = make_file("");
	show("tee to a file", tee(ends[0], file, 4, 0));
	close(file);
	show("tee, bad flags", tee(ends[0], others[1], 4, 0x100));
	fflush(stdout);
	/* Who waits is woken. */
	pid_t child = fork();
	if (!child)
		_exit(splice(ends[0], NULL, others[1], NULL, 100, 0) == 4 ? 0 : 1);
	if (write(ends[1], "late", 4) != 4)
		exit(1);
	int status;
	waitpid(child, &status, 0);
	printf("the child: %d\n", status);
	show_pipe("it moved", others[0]);
}

static void full(void)
{
	static char block[65536];
	int size = fcntl(others[1], F_GETPIPE_SZ);

	printf("size %d\n", size);
	memset(block, 'x', sizeof(block));
	show("fill", write(others[1], block, sizeof(block)));
	if (write(ends[1], "more", 4) != 4)
		exit(1);
	show("into a full one", splice(ends[0], NULL, others[1], NULL, 4, SPLICE_F_NONBLOCK));
	show("tee into a full one", tee(ends[0], others[1], 4, SPLICE_F_NONBLOCK));
	show_pipe("nothing is lost", ends[0]);
	show("empty it", read(others[0], block, sizeof(block)));
}

static void memory(void)
{
	char one[8] = "one", two[8] = "two";
	struct iovec parts[] = {{one, 3}, {two, 3}};

	show("vmsplice", vmsplice(ends[1], parts, 2, 0));
	show_pipe("it has", ends[0]);
	show("of nothing", vmsplice(ends[1], parts, 0, 0));
	show("bad flags", vmsplice(ends[1], parts, 2, 0x100));
	show("no descriptor", vmsplice(99, parts, 2, 0));
	if (write(ends[1], "abcdef", 6) != 6)
		exit(1);
	show("from a pipe", vmsplice(ends[0], parts, 2, 0));
	printf("%s %s\n", one, two);
	parts[0].iov_base = (void *)8;
	show("a bad address", vmsplice(ends[1], parts, 1, 0));
	int file = make_file("text");
	show("a file", vmsplice(file, &parts[1], 1, 0));
	close(file);
}

static void sockets(void)
{
	int pair[2];
	char text[16] = "";

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		exit(1);
	if (write(ends[1], "by socket", 9) != 9)
		exit(1);
	show("pipe to socket", splice(ends[0], NULL, pair[0], NULL, 9, 0));
	show("socket to pipe", splice(pair[1], NULL, ends[1], NULL, 100, 0));
	show_pipe("it came", ends[0]);
	show("an empty socket", splice(pair[1], NULL, ends[1], NULL, 100, SPLICE_F_NONBLOCK));
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	/* What the socket does not take stays in the pipe. */
	long total = 0, done = 0;
	for (;;) {
		static char block[4096];
		if (write(ends[1], block, sizeof(block)) != sizeof(block))
			exit(1);
		done = splice(ends[0], NULL, pair[0], NULL, sizeof(block), 0);
		if (done < (long)sizeof(block))
			break;
		total += done;
	}
	long left = 0, step;
	struct pollfd item = {.fd = ends[0], .events = POLLIN};
	static char block[65536];
	while (poll(&item, 1, 0) > 0 && (step = read(ends[0], block, sizeof(block))) > 0)
		left += step;
	printf("all that was not taken is there: %d\n", left == 4096 - (done > 0 ? done : 0));
	close(pair[0]);
	long got = 0;
	while ((step = read(pair[1], block, sizeof(block))) > 0)
		got += step;
	printf("and the rest came: %d\n", got == total + (done > 0 ? done : 0));
	show("at its end", splice(pair[1], NULL, ends[1], NULL, 4, 0));
	close(pair[1]);
	(void)text;
}

static int heard;

static void hear(int signal)
{
	heard = signal;
}

static void closed(void)
{
	signal(SIGPIPE, hear);
	if (write(ends[1], "x", 1) != 1)
		exit(1);
	close(others[0]);
	show("no reader", splice(ends[0], NULL, others[1], NULL, 1, 0));
	printf("heard %d\n", heard);
	heard = 0;
	show("tee, no reader", tee(ends[0], others[1], 1, 0));
	printf("heard %d\n", heard);
	close(ends[1]);
	show("the last byte", splice(ends[0], NULL, 1, NULL, 0, 0));
	int to = make_file("");
	show("less than nothing", splice(ends[0], NULL, to, NULL, (size_t)-1, 0));
	show("the last byte", splice(ends[0], NULL, to, NULL, 10, 0));
	show("then the end", splice(ends[0], NULL, to, NULL, 10, 0));
	close(to);
}

int main(void)
{
	if (pipe(ends) || pipe(others))
		return 1;
	files();
	pipes();
	full();
	memory();
	sockets();
	closed();
	return 0;
}
