/*
 * prog_pty_race.c: one thread closes a terminal for the last time while another opens it: as long
 * as that one has it open, the master must not be told that nobody has. To be run on several CPUs.
 *
 *	prog_pty_race ROUNDS
 */
#include "pty_pair.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/ioctl.h>

static int master;
static atomic_bool done;

static int open_terminal(void)
{
	return ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY);
}

static void *other(void *unused)
{
	while (!done)
		close(open_terminal());
	return unused;
}

int main(int argc, char **argv)
{
	int rounds = argc == 2 ? atoi(argv[1]) : 0, failed = 0, hung_up = 0;
	struct pty_pair pair = pty_open();
	pthread_t thread;

	master = pair.master;
	close(pair.terminal);
	if (pthread_create(&thread, NULL, other, NULL))
		return 1;
	for (int i = 0; i < rounds; i++) {
		struct pollfd asked = {.fd = master, .events = POLLIN};
		int terminal = open_terminal();
		failed += terminal < 0;
		poll(&asked, 1, 0);
		hung_up += (asked.revents & POLLHUP) != 0;
		close(terminal);
	}
	done = true;
	pthread_join(thread, NULL);
	close(master);
	printf("not opened: %d, hung up: %d\n", failed, hung_up);
	return 0;
}
