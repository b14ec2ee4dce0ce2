/*
 * prog_bytes.c HOW [COUNT]: output that must arrive exactly. "all": every byte value, on standard
 * output, and backwards on standard error. "pattern": COUNT bytes in pieces of many sizes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VALUES 256

static int write_all(int fd, const unsigned char *data, size_t bytes)
{
	while (bytes > 0) {
		ssize_t wrote = write(fd, data, bytes);
		if (wrote <= 0)
			return 1;
		data += wrote;
		bytes -= (size_t)wrote;
	}
	return 0;
}

static int all(void)
{
	unsigned char up[VALUES], down[VALUES];

	for (int i = 0; i < VALUES; i++) {
		up[i] = (unsigned char)i;
		down[i] = (unsigned char)(VALUES - 1 - i);
	}
	return write_all(STDOUT_FILENO, up, VALUES) || write_all(STDERR_FILENO, down, VALUES);
}

static int pattern(size_t bytes)
{
	static unsigned char piece[10007];
	size_t size = 1, done = 0;

	while (done < bytes) {
		size_t now = size < bytes - done ? size : bytes - done;

		for (size_t i = 0; i < now; i++)
			piece[i] = (unsigned char)((done + i) * 31 ^ (done + i) >> 8);
		if (write_all(STDOUT_FILENO, piece, now))
			return 1;
		done += now;
		size = size * 3 % sizeof(piece) + 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "pattern") == 0)
		return pattern(strtoul(argv[2], NULL, 10));
	return all();
}
