/* calls.c: the calls, how often each is made, and of what its arguments are. A number that is not
 * here gets any arguments. */
#include <asm/unistd_64.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/stat.h>

#include "fuzz.h"

#define ANY                 \
	{                   \
		make_any, 0 \
	}
#define FD                 \
	{                  \
		make_fd, 0 \
	}
#define DIRECTORY                 \
	{                         \
		make_directory, 0 \
	}
#define PATH                 \
	{                    \
		make_path, 0 \
	}
#define OWN_PATH                 \
	{                        \
		make_own_path, 0 \
	}
#define LENGTH                 \
	{                      \
		make_length, 0 \
	}
#define OFFSET                 \
	{                      \
		make_offset, 0 \
	}
#define ADDRESS                 \
	{                       \
		make_address, 0 \
	}
#define PAGES                 \
	{                     \
		make_pages, 0 \
	}
#define OUT(bytes)              \
	{                       \
		make_out, bytes \
	}
#define BYTES(bytes)                     \
	{                                \
		make_random_bytes, bytes \
	}
#define FLAGS(bits)              \
	{                        \
		make_flags, bits \
	}
#define BELOW(end)              \
	{                       \
		make_below, end \
	}
#define VALUE(n)              \
	{                     \
		make_value, n \
	}
#define SIGNAL                 \
	{                      \
		make_signal, 0 \
	}
#define PID                 \
	{                   \
		make_pid, 0 \
	}
#define SIGSET                 \
	{                      \
		make_sigset, 0 \
	}
#define SET_BYTES             \
	{                     \
		make_value, 8 \
	}
#define TIMESPEC                 \
	{                        \
		make_timespec, 0 \
	}
#define TIMEVAL                  \
	{                        \
		make_timespec, 1 \
	}
#define MODE                      \
	{                         \
		make_flags, 07777 \
	}
#define IOVEC                 \
	{                     \
		make_iovec, 0 \
	}
#define IOVECS                \
	{                     \
		make_below, 9 \
	}
#define AT_OFFSET                      \
	{                              \
		make_offset_pointer, 0 \
	}
#define TIMEOUT               \
	{                     \
		make_below, 4 \
	}

static const char XATTR_NAME[] = "user.fuzz";

#define OPEN_FLAGS                                                                           \
	FLAGS(O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_NONBLOCK | O_DIRECTORY | \
	      O_NOFOLLOW | O_CLOEXEC | 010000000 /* O_PATH */ | 020000000 /* __O_TMPFILE */)
#define AT_FLAGS                                                                                  \
	FLAGS(0x100 /* SYMLINK_NOFOLLOW */ | 0x200 /* REMOVEDIR */ | 0x400 /* SYMLINK_FOLLOW */ | \
	      0x1000 /* EMPTY_PATH */ | 0x6000)
#define PROTECTION FLAGS(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_READ | 0x3000000)
#define MAP_FLAGS                                                                                 \
	FLAGS(MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_LOCKED | \
	      MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | 0x100000 | MAP_HUGETLB)
#define PIPE_FLAGS  FLAGS(O_CLOEXEC | O_NONBLOCK)
#define CLONE_FLAGS FLAGS(0xffffff00u)

#define CALL(name, weight, ...)             \
	{                                   \
#name, __NR_##name, weight, \
		{                           \
			__VA_ARGS__         \
		}                           \
	}

const struct call calls[] = {
	/* files */
	CALL(read, 20, FD, OUT(0), LENGTH),
	CALL(write, 20, FD, OUT(0), LENGTH),
	CALL(pread64, 8, FD, OUT(0), LENGTH, OFFSET),
	CALL(pwrite64, 8, FD, OUT(0), LENGTH, OFFSET),
	CALL(readv, 6, FD, IOVEC, IOVECS),
	CALL(writev, 6, FD, IOVEC, IOVECS),
	CALL(preadv, 4, FD, IOVEC, IOVECS, OFFSET),
	CALL(pwritev, 4, FD, IOVEC, IOVECS, OFFSET),
	CALL(preadv2, 3, FD, IOVEC, IOVECS, OFFSET, ANY, FLAGS(0x1f)),
	CALL(pwritev2, 3, FD, IOVEC, IOVECS, OFFSET, ANY, FLAGS(0x1f)),
	CALL(lseek, 10, FD, OFFSET, BELOW(6)),
	CALL(ioctl, 8, FD, {make_ioctl, 0}, OUT(64)),
	CALL(getdents64, 6, FD, OUT(0), LENGTH),
	CALL(pipe, 4, OUT(8)),
	CALL(pipe2, 6, OUT(8), PIPE_FLAGS),
	CALL(poll, 5, {make_pollfds, 0}, BELOW(16), TIMEOUT),
	CALL(ppoll, 4, {make_pollfds, 0}, BELOW(16), TIMESPEC, SIGSET, SET_BYTES),
	CALL(select, 4, BELOW(40), BYTES(128), BYTES(128), BYTES(128), TIMEVAL),
	CALL(pselect6, 4, BELOW(40), BYTES(128), BYTES(128), BYTES(128), TIMESPEC, BYTES(16)),
	CALL(open, 12, PATH, VALUE(O_RDONLY)),
	CALL(open, 12, OWN_PATH, OPEN_FLAGS, MODE),
	CALL(openat, 12, DIRECTORY, OWN_PATH, OPEN_FLAGS, MODE),
	CALL(openat2, 2, DIRECTORY, OWN_PATH, BYTES(24), VALUE(24)),
	CALL(creat, 3, OWN_PATH, MODE),
	CALL(close, 16, FD),
	CALL(close_range, 1, FD, FD, FLAGS(6)),
	CALL(dup, 6, FD),
	CALL(dup2, 6, FD, FD),
	CALL(dup3, 5, FD, FD, FLAGS(O_CLOEXEC)),
	CALL(fcntl, 10, FD, BELOW(17), LENGTH),
	CALL(fcntl, 6, FD, {make_value, 1024 + 6}, FD),
	CALL(fcntl, 4, FD, BELOW(1044), BYTES(32)),
	CALL(flock, 2, FD, BELOW(16)),
	CALL(access, 3, PATH, BELOW(8)),
	CALL(faccessat, 3, DIRECTORY, PATH, BELOW(8)),
	CALL(faccessat2, 3, DIRECTORY, PATH, BELOW(8), AT_FLAGS),
	CALL(readlink, 4, PATH, OUT(4096), LENGTH),
	CALL(readlinkat, 4, DIRECTORY, PATH, OUT(4096), LENGTH),
	CALL(getcwd, 3, OUT(4096), LENGTH),
	CALL(chdir, 2, OWN_PATH),
	CALL(fchdir, 1, FD),
	CALL(umask, 2, MODE),
	CALL(stat, 5, PATH, OUT(144)),
	CALL(fstat, 5, FD, OUT(144)),
	CALL(lstat, 5, PATH, OUT(144)),
	CALL(newfstatat, 5, DIRECTORY, PATH, OUT(144), AT_FLAGS),
	CALL(statx, 5, DIRECTORY, PATH, AT_FLAGS, FLAGS(0xfff), OUT(256)),
	/* names */
	CALL(mkdir, 5, OWN_PATH, MODE),
	CALL(mkdirat, 5, DIRECTORY, OWN_PATH, MODE),
	CALL(mknod, 3, OWN_PATH, {make_flags, S_IFMT | 0777}, BELOW(0x10000)),
	CALL(mknodat, 3, DIRECTORY, OWN_PATH, VALUE(S_IFREG | 0666), BELOW(0x10000)),
	CALL(symlink, 4, PATH, OWN_PATH),
	CALL(symlinkat, 4, OWN_PATH, DIRECTORY, OWN_PATH),
	CALL(link, 4, OWN_PATH, OWN_PATH),
	CALL(linkat, 4, DIRECTORY, OWN_PATH, DIRECTORY, OWN_PATH, AT_FLAGS),
	CALL(unlink, 5, OWN_PATH),
	CALL(unlinkat, 5, DIRECTORY, OWN_PATH, {make_flags, 0x200}),
	CALL(rmdir, 4, OWN_PATH),
	CALL(rename, 6, OWN_PATH, OWN_PATH),
	CALL(renameat, 5, DIRECTORY, OWN_PATH, DIRECTORY, OWN_PATH),
	CALL(renameat2, 5, DIRECTORY, OWN_PATH, DIRECTORY, OWN_PATH, FLAGS(7)),
	CALL(chmod, 3, OWN_PATH, MODE),
	CALL(fchmod, 3, FD, MODE),
	CALL(fchmodat, 3, DIRECTORY, OWN_PATH, MODE),
	CALL(chown, 2, OWN_PATH, BELOW(3), BELOW(3)),
	CALL(lchown, 2, OWN_PATH, BELOW(3), BELOW(3)),
	CALL(fchown, 2, FD, BELOW(3), BELOW(3)),
	CALL(fchownat, 2, DIRECTORY, OWN_PATH, BELOW(3), BELOW(3), AT_FLAGS),
	CALL(getxattr, 1, PATH, {make_text, 30}, OUT(64), LENGTH),
	CALL(setxattr, 1, OWN_PATH, {make_text, 30}, BYTES(64), LENGTH, FLAGS(3)),
	CALL(listxattr, 1, PATH, OUT(64), LENGTH),
	CALL(fgetxattr, 1, FD, {make_text, 30}, OUT(64), LENGTH),
	CALL(utimensat, 4, DIRECTORY, OWN_PATH, TIMESPEC, AT_FLAGS),
	CALL(utimes, 2, OWN_PATH, TIMEVAL),
	CALL(futimesat, 2, DIRECTORY, OWN_PATH, TIMEVAL),
	CALL(utime, 2, OWN_PATH, BYTES(16)),
	/* contents */
	CALL(truncate, 5, OWN_PATH, OFFSET),
	CALL(ftruncate, 8, FD, OFFSET),
	CALL(fallocate, 5, FD, FLAGS(0x7f), OFFSET, LENGTH),
	CALL(fsync, 1, FD),
	CALL(fdatasync, 1, FD),
	CALL(syncfs, 1, FD),
	CALL(sync, 1, ANY),
	CALL(sync_file_range, 1, FD, OFFSET, LENGTH, FLAGS(7)),
	CALL(fadvise64, 2, FD, OFFSET, LENGTH, BELOW(7)),
	CALL(sendfile, 5, FD, FD, AT_OFFSET, LENGTH),
	CALL(copy_file_range, 5, FD, AT_OFFSET, FD, AT_OFFSET, LENGTH, FLAGS(1)),
	CALL(splice, 3, FD, AT_OFFSET, FD, AT_OFFSET, LENGTH, FLAGS(15)),
	CALL(tee, 2, FD, FD, LENGTH, FLAGS(15)),
	CALL(vmsplice, 2, FD, IOVEC, IOVECS, FLAGS(15)),
	CALL(openat2, 2, DIRECTORY, OWN_PATH, BYTES(24), VALUE(24)),
	CALL(name_to_handle_at, 1, DIRECTORY, PATH, OUT(32), OUT(4), AT_FLAGS),
	CALL(setxattr, 2, OWN_PATH, {make_text, 12}, OUT(0), LENGTH, FLAGS(3)),
	CALL(fsetxattr, 2, FD, {make_value, (uint64_t)XATTR_NAME}, OUT(0), LENGTH, FLAGS(3)),
	CALL(fgetxattr, 2, FD, {make_value, (uint64_t)XATTR_NAME}, OUT(0), LENGTH),
	CALL(flistxattr, 2, FD, OUT(0), LENGTH),
	CALL(fremovexattr, 1, FD, {make_value, (uint64_t)XATTR_NAME}),
	CALL(memfd_create, 5, {make_text, 260}, FLAGS(0x1f)),
	CALL(statfs, 2, PATH, OUT(120)),
	CALL(fstatfs, 2, FD, OUT(120)),
	/* events and sockets */
	CALL(epoll_create1, 2, FLAGS(O_CLOEXEC)),
	CALL(epoll_ctl, 6, FD, {make_below, 5}, FD, {make_event, 0}),
	CALL(epoll_wait, 3, FD, OUT(192), BELOW(16), TIMEOUT),
	CALL(epoll_pwait, 2, FD, OUT(192), BELOW(16), TIMEOUT, SIGSET, SET_BYTES),
	CALL(eventfd2, 2, BELOW(16), {make_flags, O_CLOEXEC | O_NONBLOCK | 1}),
	CALL(timerfd_create, 2, BELOW(8), PIPE_FLAGS),
	CALL(timerfd_settime, 2, FD, FLAGS(3), {make_interval, 0}, OUT(32)),
	CALL(timerfd_gettime, 2, FD, OUT(32)),
	CALL(signalfd4, 2, FD, SIGSET, SET_BYTES, PIPE_FLAGS),
	CALL(inotify_init1, 2, PIPE_FLAGS),
	CALL(inotify_add_watch, 4, FD, OWN_PATH, FLAGS(0xf7000fff)),
	CALL(inotify_rm_watch, 2, FD, BELOW(8)),
	CALL(socket, 2, BELOW(18), BELOW(6), BELOW(3)),
	CALL(socketpair, 3, VALUE(1), BELOW(6), VALUE(0), OUT(8)),
	CALL(connect, 1, FD, BYTES(110), LENGTH),
	CALL(sendto, 2, FD, OUT(0), LENGTH, FLAGS(0x4040), BYTES(110), LENGTH),
	CALL(recvfrom, 2, FD, OUT(0), LENGTH, FLAGS(0x42), OUT(110), OUT(4)),
	CALL(sendmsg, 2, FD, BYTES(56), FLAGS(0x4040)),
	CALL(recvmsg, 2, FD, BYTES(56), FLAGS(0x42)),
	CALL(shutdown, 1, FD, BELOW(4)),
	/* System V's */
	CALL(shmget, 3, BELOW(4), PAGES, FLAGS(IPC_CREAT | IPC_EXCL | 0777)),
	CALL(shmat, 4, BELOW(4), ADDRESS, FLAGS(SHM_RDONLY | SHM_RND | SHM_REMAP | SHM_EXEC)),
	CALL(shmat, 2, BELOW(4), VALUE(0), VALUE(0)),
	CALL(shmdt, 3, ADDRESS),
	CALL(shmctl, 2, BELOW(4), BELOW(17), OUT(112)),
	CALL(semget, 2, BELOW(4), BELOW(5), FLAGS(IPC_CREAT | IPC_EXCL | 0777)),
	CALL(semtimedop, 5, BELOW(4), {make_random_bytes, 24}, BELOW(4), TIMESPEC),
	CALL(semctl, 3, BELOW(4), BELOW(4), BELOW(21), OUT(112)),
	CALL(semctl, 2, BELOW(4), BELOW(4), VALUE(16), BELOW(40)),
	CALL(msgget, 2, BELOW(4), FLAGS(IPC_CREAT | IPC_EXCL | 0777)),
	CALL(msgsnd, 3, BELOW(4), BYTES(64), BELOW(57), FLAGS(IPC_NOWAIT)),
	CALL(msgrcv, 3, BELOW(4), OUT(64), BELOW(57), BELOW(3), FLAGS(030000 | IPC_NOWAIT)),
	CALL(msgctl, 2, BELOW(4), BELOW(15), OUT(120)),
	/* memory */
	CALL(mmap, 14, ADDRESS, PAGES, PROTECTION, MAP_FLAGS, FD, OFFSET),
	CALL(mmap, 10, ADDRESS, PAGES, VALUE(3), VALUE(MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED),
	     ANY),
	CALL(mmap, 8, ADDRESS, PAGES, VALUE(3), VALUE(MAP_SHARED | MAP_FIXED), FD, VALUE(0)),
	CALL(mmap, 4, ADDRESS, PAGES, VALUE(1), VALUE(MAP_PRIVATE), FD, VALUE(0)),
	CALL(munmap, 8, ADDRESS, PAGES),
	CALL(mprotect, 10, ADDRESS, PAGES, PROTECTION),
	CALL(mremap, 8, ADDRESS, PAGES, PAGES, FLAGS(7), ADDRESS),
	CALL(madvise, 10, ADDRESS, PAGES, BELOW(28)),
	CALL(brk, 5, ADDRESS),
	CALL(msync, 3, ADDRESS, PAGES, FLAGS(7)),
	CALL(mincore, 3, ADDRESS, PAGES, OUT(64)),
	CALL(mlock, 3, ADDRESS, PAGES),
	CALL(mlock2, 3, ADDRESS, PAGES, FLAGS(1)),
	CALL(munlock, 3, ADDRESS, PAGES),
	CALL(mlockall, 1, FLAGS(7)),
	CALL(munlockall, 1, ANY),
	CALL(process_vm_readv, 2, PID, IOVEC, IOVECS, IOVEC, IOVECS, FLAGS(0)),
	CALL(process_vm_writev, 1, VALUE(0), IOVEC, IOVECS, IOVEC, IOVECS, FLAGS(0)),
	CALL(get_mempolicy, 1, OUT(4), OUT(8), LENGTH, ADDRESS, FLAGS(7)),
	CALL(set_mempolicy, 1, BELOW(6), BYTES(8), LENGTH),
	CALL(membarrier, 1, FLAGS(0x1ff), FLAGS(1)),
	CALL(userfaultfd, 1, FLAGS(O_CLOEXEC | O_NONBLOCK | 1)),
	/* processes */
	CALL(fork, 2, ANY),
	CALL(vfork, 1, ANY),
	CALL(clone, 2, {make_value, 17}),
	CALL(clone, 3, CLONE_FLAGS, {make_below, 2}, OUT(4), OUT(4), OUT(8)),
	CALL(clone, 1, VALUE(CLONE_VM | CLONE_VFORK | 17), VALUE(0)),
	CALL(clone, 1, VALUE(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD),
	     VALUE(ARENA)),
	CALL(clone3, 2, {make_clone_args, 0}, VALUE(88)),
	CALL(execve, 6, PATH, {make_strings, 0}, {make_strings, 0}),
	CALL(execveat, 1, DIRECTORY, PATH, {make_strings, 0}, {make_strings, 0}, AT_FLAGS),
	CALL(wait4, 6, VALUE((uint64_t)-1), OUT(4), VALUE(1), OUT(144)),
	CALL(wait4, 2, PID, OUT(4), FLAGS(0xf), OUT(144)),
	CALL(waitid, 3, BELOW(4), PID, OUT(128), {make_value, 5}, OUT(144)),
	CALL(waitid, 2, VALUE(3), FD, OUT(128), FLAGS(0x0100000f), OUT(144)),
	CALL(pidfd_open, 2, PID, FLAGS(O_NONBLOCK)),
	CALL(pidfd_send_signal, 1, FD, SIGNAL, VALUE(0), FLAGS(7)),
	CALL(pidfd_getfd, 2, FD, BELOW(16), FLAGS(1)),
	CALL(unshare, 1, FLAGS(CLONE_FILES | CLONE_FS | CLONE_SYSVSEM | CLONE_SIGHAND)),
	CALL(clone, 2, FLAGS(CLONE_FILES | CLONE_FS | CLONE_PIDFD | CLONE_PARENT | 0x1f), VALUE(0),
	     OUT(4), OUT(4), OUT(8)),
	CALL(getpid, 1, ANY),
	CALL(gettid, 1, ANY),
	CALL(getppid, 1, ANY),
	CALL(getpgrp, 1, ANY),
	CALL(getpgid, 1, PID),
	CALL(getsid, 1, PID),
	CALL(setsid, 1, ANY),
	CALL(setpgid, 1, PID, PID),
	CALL(set_tid_address, 1, OUT(4)),
	CALL(set_robust_list, 1, OUT(24), VALUE(24)),
	CALL(get_robust_list, 1, PID, OUT(8), OUT(8)),
	CALL(rseq, 1, OUT(32), VALUE(32), FLAGS(1), ANY),
	CALL(futex, 8, {make_futex, 0}, {make_flags, 0x18f}, BELOW(3), TIMESPEC, {make_futex, 0},
	     ANY),
	CALL(futex, 3, {make_futex, 0}, {make_flags, 0x8f}, ANY, TIMESPEC, {make_futex, 0}, ANY),
	CALL(futex, 4, {make_futex, 0}, BELOW(14), BELOW(3), TIMESPEC, {make_futex, 0}, ANY),
	CALL(arch_prctl, 3, {make_below, 0x1013}, OUT(8)),
	CALL(arch_prctl, 3, VALUE(0x1002), ADDRESS),
	CALL(arch_prctl, 2, VALUE(0x1003), OUT(8)),
	CALL(prctl, 5, BELOW(70), BELOW(4), BELOW(4), ANY, ANY),
	CALL(prctl, 2, BELOW(70), OUT(16), ANY, ANY, ANY),
	CALL(sched_yield, 2, ANY),
	CALL(sched_getaffinity, 2, PID, LENGTH, OUT(8)),
	CALL(sched_setaffinity, 1, PID, LENGTH, BYTES(8)),
	CALL(getcpu, 2, OUT(4), OUT(4)),
	CALL(getpriority, 1, BELOW(3), PID),
	CALL(exit_group, 1, BELOW(256)),
	/* signals */
	CALL(kill, 2, PID, SIGNAL),
	CALL(tkill, 1, PID, SIGNAL),
	CALL(tgkill, 1, PID, PID, SIGNAL),
	CALL(rt_sigaction, 12, SIGNAL, {make_sigaction, 0}, OUT(32), SET_BYTES),
	CALL(rt_sigprocmask, 5, BELOW(4), SIGSET, OUT(8), SET_BYTES),
	CALL(rt_sigpending, 2, OUT(8), SET_BYTES),
	CALL(rt_sigtimedwait, 2, SIGSET, OUT(128), TIMESPEC, SET_BYTES),
	CALL(rt_sigqueueinfo, 1, PID, SIGNAL, BYTES(128)),
	CALL(sigaltstack, 4, {make_altstack, 0}, OUT(24)),
	CALL(alarm, 1, BELOW(3)),
	CALL(getitimer, 1, BELOW(4), OUT(32)),
	CALL(setitimer, 2, BELOW(4), {make_interval, 1}, OUT(32)),
	CALL(timer_create, 1, BELOW(8), BYTES(64), OUT(4)),
	/* time */
	CALL(nanosleep, 2, TIMESPEC, OUT(16)),
	CALL(clock_nanosleep, 2, BELOW(12), FLAGS(1), TIMESPEC, OUT(16)),
	CALL(clock_gettime, 2, BELOW(12), OUT(16)),
	CALL(clock_getres, 2, BELOW(12), OUT(16)),
	CALL(clock_settime, 1, BELOW(3), TIMESPEC),
	CALL(settimeofday, 1, TIMESPEC, OUT(8)),
	CALL(gettimeofday, 2, OUT(16), OUT(8)),
	CALL(time, 1, OUT(8)),
	CALL(times, 1, OUT(32)),
	CALL(getrusage, 2, BELOW(3), OUT(144)),
	/* the machine and limits */
	CALL(getgroups, 1, BELOW(4), OUT(16)),
	CALL(getresuid, 1, OUT(4), OUT(4), OUT(4)),
	CALL(getresgid, 1, OUT(4), OUT(4), OUT(4)),
	CALL(capget, 1, BYTES(8), OUT(24)),
	CALL(uname, 1, OUT(390)),
	CALL(sysinfo, 2, OUT(112)),
	CALL(getrandom, 4, OUT(0), LENGTH, FLAGS(7)),
	CALL(getrlimit, 2, BELOW(17), OUT(16)),
	CALL(setrlimit, 1, BELOW(17), {make_limits, 0}),
	CALL(prlimit64, 3, PID, BELOW(17), {make_limits, 0}, OUT(16)),
};

const unsigned calls_count = sizeof(calls) / sizeof(calls[0]);
