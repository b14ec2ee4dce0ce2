/* prog_event_poll.c: poll, ppoll, select and pselect6 on pipes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char *volatile nowhere = (char *)8;

static void result(const char *what, long status)
{
	if (status < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, status);
}

static void polled(const char *what, int fd, short events)
{
	struct pollfd wanted = {fd, events, -1};
	int status = poll(&wanted, 1, 0);

	printf("%s: %d, events %#x\n", what, status, (unsigned)wanted.revents);
}

static void states_of_a_pipe(void)
{
	int ends[2];
	static char block[65536];

	result("pipe", pipe(ends));
	polled("empty, read", ends[0], POLLIN | POLLRDNORM);
	polled("empty, write", ends[1], POLLOUT | POLLWRNORM);
	polled("read end asked for writing", ends[0], POLLOUT);
	result("fill", write(ends[1], block, sizeof(block)));
	polled("full, read", ends[0], POLLIN);
	polled("full, write", ends[1], POLLOUT);
	result("drain", read(ends[0], block, sizeof(block)));
	polled("drained, write", ends[1], POLLOUT);
	result("write", write(ends[1], "x", 1));
	close(ends[1]);
	polled("writer gone, bytes left", ends[0], POLLIN);
	polled("unasked", ends[0], 0);
	result("read", read(ends[0], block, 10));
	polled("writer gone, empty", ends[0], POLLIN);
	close(ends[0]);
	polled("closed", ends[0], POLLIN);
	polled("negative", -1, POLLIN);
	result("pipe", pipe(ends));
	close(ends[0]);
	polled("reader gone", ends[1], POLLOUT);
	close(ends[1]);
}

static void errors_of_poll(void)
{
	struct timespec bad = {0, 1000000000}, zero = {0, 0};
	sigset_t none;

	sigemptyset(&none);
	result("poll of nothing", poll(NULL, 0, 0));
	result("poll of nothing for a while", poll(NULL, 0, 10));
	result("poll of nowhere", syscall(SYS_poll, nowhere, 1, 0));
	result("poll of too many", syscall(SYS_poll, NULL, 1u << 30, 0));
	result("ppoll, bad time", syscall(SYS_ppoll, NULL, 0, &bad, NULL, 8));
	result("ppoll, bad size", syscall(SYS_ppoll, NULL, 0, &zero, &none, 4));
	result("ppoll, bad mask", syscall(SYS_ppoll, NULL, 0, &zero, nowhere, 8));
	result("ppoll, bad time pointer", syscall(SYS_ppoll, NULL, 0, nowhere, NULL, 8));
	result("ppoll", syscall(SYS_ppoll, NULL, 0, &zero, &none, 8));
}

static void show(const char *what, int status, int fd, const fd_set *in, const fd_set *out)
{
	printf("%s: %d%s%s\n", what, status, in && FD_ISSET(fd, in) ? ", readable" : "",
	       out && FD_ISSET(fd + 1, out) ? ", writable" : "");
}

static void selecting(void)
{
	struct timeval zero = {0, 0}, some = {5, 0}, odd = {0, 1500000};
	fd_set in, out, except;
	int ends[2];

	result("pipe", pipe(ends));
	for (int step = 0; step < 3; step++) {
		FD_ZERO(&in);
		FD_ZERO(&out);
		FD_ZERO(&except);
		FD_SET(ends[0], &in);
		FD_SET(ends[1], &out);
		FD_SET(ends[0], &except);
		int status = select(ends[1] + 1, &in, step < 2 ? &out : NULL, &except, &zero);
		show("select", status, ends[0], &in, step < 2 ? &out : NULL);
		if (!step)
			result("write", write(ends[1], "x", 1));
	}
	FD_ZERO(&in);
	FD_SET(ends[0], &in);
	result("select with time", select(ends[1] + 1, &in, NULL, NULL, &some));
	printf("time is left: %d\n", some.tv_sec == 4 && some.tv_usec > 0);
	FD_SET(ends[0], &in);
	result("too many microseconds", syscall(SYS_select, ends[1] + 1, &in, NULL, NULL, &odd));
	close(ends[1]);
	char byte;
	result("read", read(ends[0], &byte, 1));
	FD_SET(ends[0], &in);
	result("select at the end", select(ends[1] + 1, &in, NULL, NULL, NULL));
	FD_ZERO(&in);
	FD_SET(ends[1], &in);
	result("select of a closed one", select(ends[1] + 1, &in, NULL, NULL, &zero));
	result("select below it", select(ends[1], &in, NULL, NULL, &zero));
	result("select of less than nothing", select(-1, NULL, NULL, NULL, &zero));
	result("select of nowhere", syscall(SYS_select, 4, nowhere, NULL, NULL, &zero));
	struct timeval before = {-1, 0};
	result("select, bad time", syscall(SYS_select, 0, NULL, NULL, NULL, &before));
	close(ends[0]);
}

static void pselecting(void)
{
	struct timespec zero = {0, 0}, bad = {-1, 0};
	struct {
		const void *set;
		size_t bytes;
	} mask = {NULL, 0}, wrong;
	sigset_t none;

	sigemptyset(&none);
	wrong.set = &none;
	wrong.bytes = 3;
	result("pselect", syscall(SYS_pselect6, 0, NULL, NULL, NULL, &zero, &mask));
	result("pselect, no mask", syscall(SYS_pselect6, 0, NULL, NULL, NULL, &zero, NULL));
	result("pselect, bad size", syscall(SYS_pselect6, 0, NULL, NULL, NULL, &zero, &wrong));
	result("pselect, bad mask", syscall(SYS_pselect6, 0, NULL, NULL, NULL, &zero, nowhere));
	result("pselect, bad time", syscall(SYS_pselect6, 0, NULL, NULL, NULL, &bad, NULL));
}

/* Who sleeps in poll is woken by another process. */
static void woken(void)
{
	int there[2], back[2];
	char byte = 'a';

	if (pipe(there) || pipe(back))
		return;
	fflush(stdout);
	if (!fork()) {
		struct pollfd wanted = {there[0], POLLIN, 0};
		close(there[1]);
		while (poll(&wanted, 1, 20000) == 1 && read(there[0], &byte, 1) == 1) {
			byte++;
			if (write(back[1], &byte, 1) != 1 || byte > 'x')
				break;
		}
		_exit(0);
	}
	for (int i = 0; i < 10; i++) {
		struct pollfd wanted[2] = {{there[1], 0, 0}, {back[0], POLLIN, 0}};
		if (write(there[1], &byte, 1) != 1)
			break;
		int status = poll(wanted, 2, 20000);
		if (read(back[0], &byte, 1) != 1)
			break;
		printf("%d %#x %c\n", status, (unsigned)wanted[1].revents, byte);
	}
	close(there[1]);
	wait(NULL);
}

int main(void)
{
	states_of_a_pipe();
	errors_of_poll();
	selecting();
	pselecting();
	woken();
	return 0;
}
