/* prog_random.c: getrandom(2), /dev/random and /dev/urandom. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define BYTES (1 << 16)

static uint8_t bytes[BYTES];

static void result(const char *what, long status)
{
	if (status < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, status);
}

/* Each bit set half of the time, each value as often as others, no 8 bytes twice. All bounds are at
 * least six standard deviations away. */
static void judge(const char *what)
{
	unsigned ones[8] = {0}, values[256] = {0}, bad = 0;
	const uint64_t *words = (const uint64_t *)bytes;

	for (unsigned i = 0; i < BYTES; i++) {
		values[bytes[i]]++;
		for (unsigned bit = 0; bit < 8; bit++)
			ones[bit] += bytes[i] >> bit & 1;
	}
	for (unsigned bit = 0; bit < 8; bit++)
		bad += ones[bit] < BYTES / 2 - 800 || ones[bit] > BYTES / 2 + 800;
	for (unsigned value = 0; value < 256; value++)
		bad += values[value] < 150 || values[value] > 360;
	for (unsigned i = 1; i < BYTES / 8; i++)
		bad += words[i] == words[i - 1] || words[i] == words[0];
	printf("%s: %u bad signs\n", what, bad);
}

static void from_file(const char *path)
{
	int fd = open(path, O_RDWR);
	struct stat status;
	size_t got = 0;
	ssize_t part;

	while (got < BYTES && (part = read(fd, bytes + got, BYTES - got)) > 0)
		got += (size_t)part;
	judge(path);
	fstat(fd, &status);
	printf("%o %u:%u\n", status.st_mode, major(status.st_rdev), minor(status.st_rdev));
	result("write", write(fd, bytes, 1000));
	result("write nowhere", syscall(SYS_write, fd, 8l, 10));
	result("lseek", lseek(fd, 10, SEEK_SET));
	result("mmap", mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0);
	close(fd);
}

/* Neither children nor a second run of the same code see the same numbers. */
static void children(void)
{
	uint64_t *all = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned same = 0;

	for (unsigned i = 0; i < 8; i++)
		if (!fork())
			_exit(getrandom(&all[i], 8, 0) != 8);
	while (wait(NULL) > 0)
		;
	for (unsigned i = 0; i < 8; i++)
		for (unsigned j = 0; j < i; j++)
			same += all[i] == all[j];
	printf("the same in two children: %u\n", same);
}

int main(void)
{
	result("getrandom", getrandom(bytes, 256, 0));
	result("none", getrandom(bytes, 0, 0));
	size_t got = 0;
	while (got < BYTES)
		got += (size_t)getrandom(bytes + got, BYTES - got, GRND_NONBLOCK);
	judge("getrandom");
	result("insecure", getrandom(bytes, 16, GRND_INSECURE));
	result("random", getrandom(bytes, 16, GRND_RANDOM));
	result("both", getrandom(bytes, 16, GRND_RANDOM | GRND_INSECURE));
	result("unknown flag", getrandom(bytes, 16, 8));
	result("nowhere", syscall(SYS_getrandom, 8l, 16, 0));
	from_file("/dev/random");
	from_file("/dev/urandom");
	children();
	return 0;
}
