/* prog_errno.c: the errors that programs rely on, of files, pipes and descriptors. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static char buffer[64];

static void result(const char *what, long status)
{
	if (status < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, status);
}

static void files(void)
{
	static char long_name[5000];
	char *nothing[] = {NULL};

	result("open what is not there", open("/no/such/file", O_RDONLY));
	result("open the empty name", open("", O_RDONLY));
	memset(long_name, 'a', sizeof(long_name) - 1);
	result("open a long name", open(long_name, O_RDONLY));
	memset(long_name, '/', 300);
	memset(long_name + 301, 'b', 300);
	long_name[601] = 0;
	result("open a long component", open(long_name, O_RDONLY));
	result("open a directory to write", open("/", O_WRONLY));
	int directory = open("/", O_RDONLY | O_DIRECTORY);
	result("read a directory", read(directory, buffer, sizeof(buffer)));
	result("close it", close(directory));
	struct stat status;
	result("stat what is not there", stat("/no/such/file", &status));
	result("access what is not there", access("/no/such/file", F_OK));
	result("execve what is not there", execve("/no/such/file", nothing, nothing));
	result("execve a directory", execve("/", nothing, nothing));
}

static void descriptors(void)
{
	result("close a bad descriptor", close(77));
	result("close -1", close(-1));
	result("close a huge one", close(0x7fffffff));
	result("read a bad descriptor", read(77, buffer, 1));
	result("write a bad descriptor", write(77, buffer, 1));
	result("lseek a bad descriptor", lseek(77, 0, SEEK_SET));
	result("ioctl a bad descriptor", ioctl(77, TIOCGWINSZ, buffer));
	result("dup a bad descriptor", dup(77));
	result("dup2 from a bad descriptor", dup2(77, 5));
	result("dup2 to a bad number", dup2(1, -1));
	result("fcntl a bad descriptor", fcntl(77, F_GETFD));
	struct stat status;
	result("fstat a bad descriptor", fstat(77, &status));
}

static void pipes(void)
{
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	result("pipe", pipe(ends));
	result("lseek a pipe", lseek(ends[0], 0, SEEK_SET));
	result("write the reading end", write(ends[0], "x", 1));
	result("read the writing end", read(ends[1], buffer, 1));
	result("isatty", isatty(ends[0]));
	printf("isatty says %s\n", strerror(errno));
	struct termios settings;
	result("tcgetattr", tcgetattr(ends[1], &settings));
	struct winsize size;
	result("TIOCGWINSZ", ioctl(ends[1], TIOCGWINSZ, &size));
	result("write 5", write(ends[1], "hello", 5));
	result("read up to 64", read(ends[0], buffer, sizeof(buffer)));
	result("write 0", write(ends[1], "", 0));
	result("close the writing end", close(ends[1]));
	result("read at the end", read(ends[0], buffer, 1));
	pipe(ends);
	close(ends[0]);
	result("write without a reader", write(ends[1], "x", 1));
	close(ends[1]);
}

static void others(void)
{
	result("wait without a child", wait(NULL));
	result("waitpid for a stranger", waitpid(1 << 21, NULL, 0));
	result("kill with a bad signal", kill(getpid(), 99));
	result("kill nobody", kill(1 << 21, 0));
	result("kill myself with 0", kill(getpid(), 0));
	result("a call that does not exist", syscall(9999));
	result("a negative call", syscall(-5));
	result("arch_prctl with a bad code", syscall(SYS_arch_prctl, 0x7777, buffer));
	result("arch_prctl with a kernel base",
	       syscall(SYS_arch_prctl, 0x1002 /* ARCH_SET_FS */, 0xffff800000000000ul));
	result("arch_prctl in the hole", syscall(SYS_arch_prctl, 0x1002, 0x0000800000000000ul));
	result("rt_sigprocmask with a wrong size", syscall(SYS_rt_sigprocmask, 0, NULL, buffer, 3));
	result("rt_sigaction for SIGKILL", syscall(SYS_rt_sigaction, SIGKILL, buffer, NULL, 8));
}

int main(void)
{
	files();
	descriptors();
	pipes();
	others();
	return 0;
}
