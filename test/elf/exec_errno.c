/*
 * exec_errno.c: says how execve answers for each path.
 *
 *	exec_errno PATH...
 *
 * Prints "PATH: ERRNO-name" for each that is refused. The first that is not refused is run instead
 *of this program, so what comes after it is not tried. The new program gets its path as argv[0] and
 *an empty environment.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *error_name(int error)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{E2BIG, "E2BIG"},
		{EACCES, "EACCES"},
		{EEXIST, "EEXIST"},
		{EFAULT, "EFAULT"},
		{EINVAL, "EINVAL"},
		{EIO, "EIO"},
		{EISDIR, "EISDIR"},
		{ELIBBAD, "ELIBBAD"},
		{ELOOP, "ELOOP"},
		{ENOENT, "ENOENT"},
		{ENOEXEC, "ENOEXEC"},
		{ENOMEM, "ENOMEM"},
		{ENOSYS, "ENOSYS"},
		{ENOTDIR, "ENOTDIR"},
		{EPERM, "EPERM"},
		{ETXTBSY, "ETXTBSY"},
		{ENAMETOOLONG, "ENAMETOOLONG"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].error == error)
			return names[i].name;
	}
	return strerror(error);
}

int main(int argc, char **argv)
{
	char *environment[] = {NULL};

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		char *arguments[] = {argv[i], NULL};
		execve(argv[i], arguments, environment);
		printf("%s: %s\n", argv[i], error_name(errno));
	}
	return 0;
}
