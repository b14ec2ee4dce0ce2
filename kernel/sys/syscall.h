/*
 * syscall.h: Linux's system calls, by x86-64's numbers. Each sys_* decodes one: it takes the
 * arguments as the program's registers hold them, believes none of them, and returns the result or
 * a negative errno. Flags and errors are those of the call's page in section 2 of Linux's manual.
 */
#ifndef SYS_SYSCALL_H
#define SYS_SYSCALL_H

#include "lib/types.h"

struct trap_frame;

struct syscall {
	struct trap_frame *frame;
	const uint64_t *a; /* six arguments */
};

typedef int64_t (*syscall_fn)(const struct syscall *call);

/* By number; NULL: not implemented. */
extern const syscall_fn syscall_table[];
extern const unsigned syscall_table_size;

/* By number, from the header that has them; made by tools/syscall_names.py. May hold NULL. */
extern const char *const syscall_names[];
extern const unsigned syscall_names_size;

/* The arguments that the C prototype has as int and unsigned int: the upper half is not defined. */
static inline int arg_int(const struct syscall *call, unsigned index)
{
	return (int)call->a[index];
}
static inline unsigned arg_unsigned(const struct syscall *call, unsigned index)
{
	return (unsigned)call->a[index];
}

/* sys_io.c */
int64_t sys_read(const struct syscall *call);
int64_t sys_write(const struct syscall *call);
int64_t sys_readv(const struct syscall *call);
int64_t sys_writev(const struct syscall *call);
int64_t sys_pread64(const struct syscall *call);
int64_t sys_pwrite64(const struct syscall *call);
int64_t sys_preadv(const struct syscall *call);
int64_t sys_pwritev(const struct syscall *call);
int64_t sys_preadv2(const struct syscall *call);
int64_t sys_pwritev2(const struct syscall *call);
int64_t sys_lseek(const struct syscall *call);
int64_t sys_ioctl(const struct syscall *call);
int64_t sys_getdents64(const struct syscall *call);
int64_t sys_pipe(const struct syscall *call);
int64_t sys_pipe2(const struct syscall *call);

/* sys_mount.c */
int64_t sys_mount(const struct syscall *call);
int64_t sys_umount2(const struct syscall *call);
int64_t sys_chroot(const struct syscall *call);

/* sys_log.c */
int64_t sys_syslog(const struct syscall *call);

/* sys_socket.c */
int64_t sys_socket(const struct syscall *call);
int64_t sys_socketpair(const struct syscall *call);
int64_t sys_bind(const struct syscall *call);
int64_t sys_connect(const struct syscall *call);
int64_t sys_listen(const struct syscall *call);
int64_t sys_accept(const struct syscall *call);
int64_t sys_accept4(const struct syscall *call);
int64_t sys_getsockname(const struct syscall *call);
int64_t sys_getpeername(const struct syscall *call);
int64_t sys_shutdown(const struct syscall *call);
int64_t sys_getsockopt(const struct syscall *call);
int64_t sys_setsockopt(const struct syscall *call);

/* sys_message.c */
int64_t sys_sendto(const struct syscall *call);
int64_t sys_sendmsg(const struct syscall *call);
int64_t sys_recvfrom(const struct syscall *call);
int64_t sys_recvmsg(const struct syscall *call);

/* sys_fcntl.c */
int64_t sys_fcntl(const struct syscall *call);
int64_t sys_flock(const struct syscall *call);

/* sys_poll.c */
int64_t sys_poll(const struct syscall *call);
int64_t sys_ppoll(const struct syscall *call);
int64_t sys_select(const struct syscall *call);
int64_t sys_pselect6(const struct syscall *call);

/* sys_event.c */
int64_t sys_epoll_create(const struct syscall *call);
int64_t sys_epoll_create1(const struct syscall *call);
int64_t sys_epoll_ctl(const struct syscall *call);
int64_t sys_epoll_wait(const struct syscall *call);
int64_t sys_epoll_pwait(const struct syscall *call);
int64_t sys_epoll_pwait2(const struct syscall *call);
int64_t sys_eventfd(const struct syscall *call);
int64_t sys_eventfd2(const struct syscall *call);
int64_t sys_timerfd_create(const struct syscall *call);
int64_t sys_timerfd_settime(const struct syscall *call);
int64_t sys_timerfd_gettime(const struct syscall *call);

/* sys_file.c */
int64_t sys_open(const struct syscall *call);
int64_t sys_openat(const struct syscall *call);
int64_t sys_openat2(const struct syscall *call);
int64_t sys_creat(const struct syscall *call);
int64_t sys_close(const struct syscall *call);
int64_t sys_close_range(const struct syscall *call);
int64_t sys_dup(const struct syscall *call);
int64_t sys_dup2(const struct syscall *call);
int64_t sys_dup3(const struct syscall *call);
int64_t sys_access(const struct syscall *call);
int64_t sys_faccessat(const struct syscall *call);
int64_t sys_faccessat2(const struct syscall *call);
int64_t sys_readlink(const struct syscall *call);
int64_t sys_readlinkat(const struct syscall *call);
int64_t sys_getcwd(const struct syscall *call);
int64_t sys_chdir(const struct syscall *call);
int64_t sys_fchdir(const struct syscall *call);
int64_t sys_umask(const struct syscall *call);

/* sys_names.c */
int64_t sys_mkdir(const struct syscall *call);
int64_t sys_mkdirat(const struct syscall *call);
int64_t sys_mknod(const struct syscall *call);
int64_t sys_mknodat(const struct syscall *call);
int64_t sys_symlink(const struct syscall *call);
int64_t sys_symlinkat(const struct syscall *call);
int64_t sys_link(const struct syscall *call);
int64_t sys_linkat(const struct syscall *call);
int64_t sys_unlink(const struct syscall *call);
int64_t sys_unlinkat(const struct syscall *call);
int64_t sys_rmdir(const struct syscall *call);
int64_t sys_rename(const struct syscall *call);
int64_t sys_renameat(const struct syscall *call);
int64_t sys_renameat2(const struct syscall *call);

/* sys_attributes.c */
int64_t sys_chmod(const struct syscall *call);
int64_t sys_fchmod(const struct syscall *call);
int64_t sys_fchmodat(const struct syscall *call);
int64_t sys_chown(const struct syscall *call);
int64_t sys_lchown(const struct syscall *call);
int64_t sys_fchown(const struct syscall *call);
int64_t sys_fchownat(const struct syscall *call);
int64_t sys_utimensat(const struct syscall *call);
int64_t sys_utimes(const struct syscall *call);
int64_t sys_futimesat(const struct syscall *call);
int64_t sys_utime(const struct syscall *call);

/* sys_data.c */
int64_t sys_truncate(const struct syscall *call);
int64_t sys_ftruncate(const struct syscall *call);
int64_t sys_fallocate(const struct syscall *call);
int64_t sys_fsync(const struct syscall *call);
int64_t sys_syncfs(const struct syscall *call);
int64_t sys_fadvise64(const struct syscall *call);
int64_t sys_sendfile(const struct syscall *call);
int64_t sys_copy_file_range(const struct syscall *call);
int64_t sys_memfd_create(const struct syscall *call);
int64_t sys_statfs(const struct syscall *call);
int64_t sys_fstatfs(const struct syscall *call);

/* sys_inotify.c */
int64_t sys_inotify_init(const struct syscall *call);
int64_t sys_inotify_init1(const struct syscall *call);
int64_t sys_inotify_add_watch(const struct syscall *call);
int64_t sys_inotify_rm_watch(const struct syscall *call);

/* sys_sysv.c */
int64_t sys_shmget(const struct syscall *call);
int64_t sys_shmat(const struct syscall *call);
int64_t sys_shmdt(const struct syscall *call);
int64_t sys_shmctl(const struct syscall *call);
int64_t sys_msgget(const struct syscall *call);
int64_t sys_msgsnd(const struct syscall *call);
int64_t sys_msgrcv(const struct syscall *call);
int64_t sys_msgctl(const struct syscall *call);

/* sys_sem.c */
int64_t sys_semget(const struct syscall *call);
int64_t sys_semop(const struct syscall *call);
int64_t sys_semtimedop(const struct syscall *call);
int64_t sys_semctl(const struct syscall *call);

/* sys_splice.c */
int64_t sys_splice(const struct syscall *call);
int64_t sys_tee(const struct syscall *call);
int64_t sys_vmsplice(const struct syscall *call);

/* sys_stat.c */
int64_t sys_stat(const struct syscall *call);
int64_t sys_fstat(const struct syscall *call);
int64_t sys_lstat(const struct syscall *call);
int64_t sys_newfstatat(const struct syscall *call);
int64_t sys_statx(const struct syscall *call);
int64_t sys_name_to_handle_at(const struct syscall *call);

/* sys_memory.c */
int64_t sys_mmap(const struct syscall *call);
int64_t sys_munmap(const struct syscall *call);
int64_t sys_mprotect(const struct syscall *call);
int64_t sys_mremap(const struct syscall *call);
int64_t sys_brk(const struct syscall *call);

/* sys_madvise.c */
int64_t sys_madvise(const struct syscall *call);
int64_t sys_msync(const struct syscall *call);
int64_t sys_mlock(const struct syscall *call);
int64_t sys_mlock2(const struct syscall *call);
int64_t sys_munlock(const struct syscall *call);
int64_t sys_mlockall(const struct syscall *call);
int64_t sys_munlockall(const struct syscall *call);
int64_t sys_mincore(const struct syscall *call);

/* sys_process.c */
int64_t sys_exit(const struct syscall *call);
int64_t sys_exit_group(const struct syscall *call);
int64_t sys_getpid(const struct syscall *call);
int64_t sys_gettid(const struct syscall *call);
int64_t sys_getppid(const struct syscall *call);
int64_t sys_set_tid_address(const struct syscall *call);
int64_t sys_set_robust_list(const struct syscall *call);
int64_t sys_get_robust_list(const struct syscall *call);
int64_t sys_futex(const struct syscall *call);
int64_t sys_arch_prctl(const struct syscall *call);

/* sys_credentials.c */
int64_t sys_getuid(const struct syscall *call);
int64_t sys_geteuid(const struct syscall *call);
int64_t sys_getgid(const struct syscall *call);
int64_t sys_getegid(const struct syscall *call);
int64_t sys_setuid(const struct syscall *call);
int64_t sys_setgid(const struct syscall *call);
int64_t sys_setreuid(const struct syscall *call);
int64_t sys_setregid(const struct syscall *call);
int64_t sys_setresuid(const struct syscall *call);
int64_t sys_setresgid(const struct syscall *call);
int64_t sys_setfsuid(const struct syscall *call);
int64_t sys_setfsgid(const struct syscall *call);
int64_t sys_getresuid(const struct syscall *call);
int64_t sys_getresgid(const struct syscall *call);
int64_t sys_getgroups(const struct syscall *call);
int64_t sys_setgroups(const struct syscall *call);
int64_t sys_capget(const struct syscall *call);
int64_t sys_capset(const struct syscall *call);

/* sys_sched.c */
int64_t sys_sched_yield(const struct syscall *call);
int64_t sys_getpriority(const struct syscall *call);
int64_t sys_setpriority(const struct syscall *call);
int64_t sys_sched_getscheduler(const struct syscall *call);
int64_t sys_sched_setscheduler(const struct syscall *call);
int64_t sys_sched_getparam(const struct syscall *call);
int64_t sys_sched_setparam(const struct syscall *call);
int64_t sys_sched_get_priority_max(const struct syscall *call);
int64_t sys_sched_get_priority_min(const struct syscall *call);
int64_t sys_sched_rr_get_interval(const struct syscall *call);
int64_t sys_sched_getattr(const struct syscall *call);
int64_t sys_sched_setattr(const struct syscall *call);
int64_t sys_sched_getaffinity(const struct syscall *call);
int64_t sys_sched_setaffinity(const struct syscall *call);
int64_t sys_membarrier(const struct syscall *call);

/* sys_prctl.c */
int64_t sys_prctl(const struct syscall *call);
int64_t sys_personality(const struct syscall *call);

/* sys_xattr.c */
int64_t sys_getxattr(const struct syscall *call);
int64_t sys_lgetxattr(const struct syscall *call);
int64_t sys_fgetxattr(const struct syscall *call);
int64_t sys_setxattr(const struct syscall *call);
int64_t sys_lsetxattr(const struct syscall *call);
int64_t sys_fsetxattr(const struct syscall *call);
int64_t sys_listxattr(const struct syscall *call);
int64_t sys_llistxattr(const struct syscall *call);
int64_t sys_flistxattr(const struct syscall *call);
int64_t sys_removexattr(const struct syscall *call);
int64_t sys_lremovexattr(const struct syscall *call);
int64_t sys_fremovexattr(const struct syscall *call);

/* sys_exec.c */
int64_t sys_execve(const struct syscall *call);
int64_t sys_execveat(const struct syscall *call);

/* sys_clone.c */
int64_t sys_fork(const struct syscall *call);
int64_t sys_vfork(const struct syscall *call);
int64_t sys_clone(const struct syscall *call);
int64_t sys_clone3(const struct syscall *call);
int64_t sys_unshare(const struct syscall *call);

/* sys_pidfd.c */
int64_t sys_pidfd_open(const struct syscall *call);
int64_t sys_pidfd_send_signal(const struct syscall *call);
int64_t sys_pidfd_getfd(const struct syscall *call);

/* sys_wait.c */
int64_t sys_wait4(const struct syscall *call);
int64_t sys_waitid(const struct syscall *call);
int64_t sys_setpgid(const struct syscall *call);
int64_t sys_getpgid(const struct syscall *call);
int64_t sys_getpgrp(const struct syscall *call);
int64_t sys_setsid(const struct syscall *call);
int64_t sys_getsid(const struct syscall *call);

/* sys_timer.c */
int64_t sys_alarm(const struct syscall *call);
int64_t sys_setitimer(const struct syscall *call);
int64_t sys_getitimer(const struct syscall *call);
int64_t sys_timer_create(const struct syscall *call);
int64_t sys_timer_delete(const struct syscall *call);
int64_t sys_timer_getoverrun(const struct syscall *call);
int64_t sys_timer_gettime(const struct syscall *call);
int64_t sys_timer_settime(const struct syscall *call);

/* restart.c */
int64_t sys_restart_syscall(const struct syscall *call);

/* sys_kill.c */
int64_t sys_kill(const struct syscall *call);
int64_t sys_tkill(const struct syscall *call);
int64_t sys_tgkill(const struct syscall *call);
int64_t sys_rt_sigqueueinfo(const struct syscall *call);
int64_t sys_rt_tgsigqueueinfo(const struct syscall *call);

/* sys_signal.c */
int64_t sys_rt_sigreturn(const struct syscall *call);
int64_t sys_rt_sigsuspend(const struct syscall *call);
int64_t sys_signalfd(const struct syscall *call);
int64_t sys_signalfd4(const struct syscall *call);
int64_t sys_rt_sigtimedwait(const struct syscall *call);
int64_t sys_rt_sigaction(const struct syscall *call);
int64_t sys_rt_sigprocmask(const struct syscall *call);
int64_t sys_rt_sigpending(const struct syscall *call);
int64_t sys_pause(const struct syscall *call);
int64_t sys_sigaltstack(const struct syscall *call);

/* sys_clock.c */
int64_t sys_clock_gettime(const struct syscall *call);
int64_t sys_clock_settime(const struct syscall *call);
int64_t sys_clock_getres(const struct syscall *call);
int64_t sys_gettimeofday(const struct syscall *call);
int64_t sys_settimeofday(const struct syscall *call);
int64_t sys_time(const struct syscall *call);

/* sys_time.c */
int64_t sys_nanosleep(const struct syscall *call);
int64_t sys_clock_nanosleep(const struct syscall *call);
int64_t sys_times(const struct syscall *call);
int64_t sys_getrusage(const struct syscall *call);

/* sys_misc.c */
int64_t sys_uname(const struct syscall *call);
int64_t sys_sethostname(const struct syscall *call);
int64_t sys_setdomainname(const struct syscall *call);
int64_t sys_sysinfo(const struct syscall *call);
int64_t sys_getrandom(const struct syscall *call);
int64_t sys_getlimit(const struct syscall *call);
int64_t sys_setlimit(const struct syscall *call);
int64_t sys_prlimit64(const struct syscall *call);
int64_t sys_zero(const struct syscall *call);   /* what needs nothing done */
int64_t sys_absent(const struct syscall *call); /* -ENOSYS on purpose: callers have another way */
int64_t sys_getcpu(const struct syscall *call);
int64_t sys_reboot(const struct syscall *call);

#endif
