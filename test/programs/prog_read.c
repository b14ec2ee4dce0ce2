/* prog_read.c COUNT: read once, COUNT bytes at most, and give them back. The rest is left alone. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char buffer[65536];

int main(int argc, char **argv)
{
	size_t wanted = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	ssize_t got = read(STDIN_FILENO, buffer, wanted < sizeof(buffer) ? wanted : sizeof(buffer));

	if (got < 0) {
		perror("read");
		return 1;
	}
	return write(STDOUT_FILENO, buffer, (size_t)got) == got ? 0 : 2;
}
