/*
 * prog_stdin.c HOW: read standard input to its end. "echo" gives it back; "sum" prints its length
 * and a checksum; "lines" reads through the C library; "none" does not read at all.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char buffer[65536];

static int echo(void)
{
	ssize_t got;

	while ((got = read(STDIN_FILENO, buffer, sizeof(buffer))) > 0) {
		for (ssize_t done = 0; done < got;) {
			ssize_t wrote = write(STDOUT_FILENO, buffer + done, (size_t)(got - done));
			if (wrote <= 0)
				return 2;
			done += wrote;
		}
	}
	return got == 0 ? 0 : 1;
}

/* Adler-32 (RFC 1950). */
static int sum(void)
{
	uint64_t bytes = 0;
	uint32_t a = 1, b = 0;
	ssize_t got;

	while ((got = read(STDIN_FILENO, buffer, 1000)) > 0) {
		for (ssize_t i = 0; i < got; i++) {
			a = (a + (unsigned char)buffer[i]) % 65521;
			b = (b + a) % 65521;
		}
		bytes += (uint64_t)got;
	}
	printf("%llu bytes, adler32 %08x\n", (unsigned long long)bytes, b << 16 | a);
	printf("read at the end gives %zd again\n", read(STDIN_FILENO, buffer, 1));
	return got == 0 ? 0 : 1;
}

static int lines(void)
{
	unsigned number = 0;

	while (fgets(buffer, sizeof(buffer), stdin)) {
		size_t length = strcspn(buffer, "\n");
		printf("%u: %zu%s\n", ++number, length, buffer[length] ? "" : " without newline");
	}
	printf("%u lines, end of file %d, error %d\n", number, feof(stdin) != 0,
	       ferror(stdin) != 0);
	return 0;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "sum";

	if (strcmp(how, "echo") == 0)
		return echo();
	if (strcmp(how, "sum") == 0)
		return sum();
	if (strcmp(how, "lines") == 0)
		return lines();
	puts("standard input is left alone");
	return 0;
}
