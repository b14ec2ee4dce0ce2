/*
 * prog_padding.c: what lies between the fields of the structures that the kernel fills is zero, and
 * not what was on its stack. Calls that write much to that stack come first.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stddef.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILL 0x55

static void use_stack(void)
{
	char bytes[4096], name[240];

	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = 0;
	syscall(SYS_getrandom, bytes, sizeof(bytes), 0);
	int zero = open("/dev/zero", O_RDONLY);
	syscall(SYS_read, zero, bytes, sizeof(bytes));
	close(zero);
	close((int)syscall(SYS_memfd_create, name, 0));
	open(name, O_RDONLY);
}

/* `length` bytes at `offset`: all zero? */
static void look(const char *what, const unsigned char *at, size_t offset, size_t length)
{
	unsigned bad = 0;

	for (size_t i = 0; i < length; i++)
		bad += at[offset + i] != 0;
	printf("%s, %zu bytes at %zu: %s\n", what, length, offset, bad ? "not zero" : "zero");
}

int main(void)
{
	unsigned char out[512];

	use_stack();
	memset(out, FILL, sizeof(out));
	syscall(SYS_sysinfo, out);
	look("sysinfo", out, 82, 6); /* behind procs, and to the next field */
	look("sysinfo", out, 108, 4);
	printf("behind it: %#x\n", out[112]);

	use_stack();
	memset(out, FILL, sizeof(out));
	syscall(SYS_sigaltstack, NULL, out);
	look("sigaltstack", out, 12, 4);
	printf("behind it: %#x\n", out[24]);
	return 0;
}
