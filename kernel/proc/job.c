/* job.c: see job.h. Runs in a thread of the kernel process, which is the jobs' parent. */
#include "proc/job.h"

#include <arch/debug.h>
#include <arch/thread.h>
#include <asm/fcntl.h>
#include <linux/stat.h>
#include <linux/wait.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "debug/shell.h"
#include "dev/host_channel.h"
#include "fs/console_file.h"
#include "fs/host_file.h"
#include "fs/pty.h"
#include "fs/tty.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/options.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/slab.h"
#include "proc/exec.h"
#include "proc/fault_stream.h"
#include "proc/job_file.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "vm/object.h"
#include "vm/space.h"

#define STREAMS           3u
/* What a shell's $? is for a program that could not be started. */
#define STATUS_NOT_FOUND  127u
#define STATUS_NOT_RUN    126u
#define SIGNAL_OF(status) ((status)&0x7f)
#define CODE_OF(status)   ((status) >> 8 & 0xff)

/* Set by the job thread before the first job. */
static bool use_host;

static const char *errno_name(int error)
{
	static const char *const names[] = {
		[EPERM] = "EPERM",     [ENOENT] = "ENOENT",   [EIO] = "EIO",
		[E2BIG] = "E2BIG",     [ENOEXEC] = "ENOEXEC", [EAGAIN] = "EAGAIN",
		[ENOMEM] = "ENOMEM",   [EACCES] = "EACCES",   [EFAULT] = "EFAULT",
		[EEXIST] = "EEXIST",   [ENODEV] = "ENODEV",   [ENOTDIR] = "ENOTDIR",
		[EISDIR] = "EISDIR",   [EINVAL] = "EINVAL",   [EMFILE] = "EMFILE",
		[EFBIG] = "EFBIG",     [ELOOP] = "ELOOP",     [ENAMETOOLONG] = "ENAMETOOLONG",
		[ELIBBAD] = "ELIBBAD",
	};
	unsigned number = (unsigned)-error;

	return number < ARRAY_SIZE(names) && names[number] ? names[number] : "an error";
}

/* Once what has ended is gone, on every CPU. */
static void log_frames(void)
{
	struct frame_counts counts;
	char line[256];
	size_t used = 0;

	sched_wait_for_dead();
	frame_counts(&counts);
	for (unsigned i = 0; i < FRAME_STATES && used < sizeof(line); i++)
		used += format(line + used, sizeof(line) - used, " %s %llu", frame_state_names[i],
			       (unsigned long long)counts.by_state[i]);
	log_info("frames:%s", line);
}

/* ---- one job ---- */

static int open_stream(unsigned stream, struct file **out)
{
	return use_host ? host_file_open(stream, out) : console_file_open(O_RDWR, out);
}

static int open_streams(struct process *process)
{
	for (unsigned stream = 0; stream < STREAMS; stream++) {
		struct file *file;
		int error = open_stream(stream, &file);
		if (error)
			return error;
		int fd = fd_table_add(process->files, file, stream, STREAMS, false);
		if (fd < 0) {
			file_put(file);
			return fd;
		}
		assert((unsigned)fd == stream);
	}
	return 0;
}

static int enter_directory(struct process *process, const char *path)
{
	struct inode *directory;
	int error = path_walk(inode_root(), path, 0, &directory);

	if (error)
		return error;
	if ((directory->mode & S_IFMT) != S_IFDIR)
		error = -ENOTDIR;
	else
		process_set_cwd(process, directory);
	inode_put(directory);
	return error;
}

static int load_program(struct process *process, const struct job_spec *job,
			struct exec_image *image)
{
	struct exec_request request = {
		.name = job->path,
		.arguments = {.kernel = job->arguments},
		.environment = {.kernel = job->environment},
	};

	int error = enter_directory(process, job->directory);
	request.directory = process->place->cwd;
	if (!error)
		error = path_walk(process->place->cwd, job->path, 0, &request.inode);
	if (error)
		return error;
	error = open_streams(process);
	if (!error)
		error = exec_prepare(process, &request, image);
	if (!error)
		exec_commit(process, image);
	inode_put(request.inode);
	return error;
}

/* First thing of a program's thread. */
static void enter_program(void *argument)
{
	const struct exec_image *image = argument;

	arch_enter_user(&current_thread()->arch, image->entry, image->sp);
}

/* Start the job's process. image: lives as long as the process. */
static int start(const struct job_spec *job, struct exec_image *image, int *pid)
{
	struct process *process;
	struct thread *thread;

	int error = process_create(&kernel_process, 0, &process);
	if (error)
		return error;
	error = load_program(process, job, image);
	if (!error) {
		error = thread_create(process, enter_program, image, &thread);
		if (error)
			vm_space_destroy(process_set_space(process, NULL));
	}
	if (error) {
		process_discard(process);
		return error;
	}
	*pid = process->pid;
	process->is_job = true;
	process->is_init = job->is_init;
	if (use_host)
		host_file_control(process->session);
	fault_stream_fork(&kernel_process, process, process->space);
	process_start(process, process->space, thread);
	return 0;
}

/* Kill what the job has left behind, and see it gone. */
static void end_orphans(void)
{
	const struct wait_target any = {.kind = WAIT_ANY};
	struct wait_result none;

	process_kill_all();
	/* Orphans are nobody's to wait for; this returns when there are none left. */
	int result = process_wait(&kernel_process, any, WEXITED, &none);
	assert(result == -ECHILD && process_count() == 0);
}

/* How a job ended, for the host. */
struct ending {
	bool killed;
	unsigned value; /* exit status, or the signal */
};

static struct ending run(const struct job_spec *job)
{
	struct exec_image image;
	struct wait_result result;
	int pid;

	if (use_host)
		host_file_begin(job->terminals, job->columns, job->rows);
	int error = start(job, &image, &pid);
	if (error) {
		log_error("job: %s could not be started: %s", job->path, errno_name(error));
		return (struct ending){.value = error == -ENOENT ? STATUS_NOT_FOUND
								 : STATUS_NOT_RUN};
	}
	const struct wait_target target = {.kind = WAIT_PID, .id = pid};
	int waited = process_wait(&kernel_process, target, WEXITED, &result);
	assert(waited == pid);
	end_orphans();
	unsigned signal = SIGNAL_OF(result.status);
	unsigned code = CODE_OF(result.status);
	if (signal)
		log_info("job: %s was killed by signal %u (%s)", job->path, signal,
			 signal_name((int)signal));
	else
		log_info("job: %s exited with status %u", job->path, code);
	return (struct ending){.killed = signal, .value = signal ? signal : code};
}

/* The last of a job: nothing of it is left, which the count of frames shows. */
static void finish(struct ending ending)
{
	log_frames();
	fault_stream_finish();
	if (use_host)
		host_channel_exit(ending.killed, ending.value);
}

/* ---- all jobs ---- */

/* Parse and run one job of the file. */
static void run_text(const struct job_text *text)
{
	struct job_spec job;
	struct ending ending = {.value = STATUS_NOT_RUN};
	const char **pointers = kmalloc(job_pointer_count(text) * sizeof(*pointers));
	const char *wrong = pointers ? job_parse(text, pointers, &job) : "no memory";

	if (wrong)
		log_error("job: the job file can't be used: %s", wrong);
	else
		ending = run(&job);
	kfree(pointers);
	finish(ending);
}

/* The whole file, from kmalloc. -EINVAL: it is empty, or no file. */
static int read_file(const char *path, struct job_text *text)
{
	struct vm_object *object;
	struct inode *inode;

	int error = path_walk(inode_root(), path, 0, &inode);
	if (error)
		return error;
	error = inode_object(inode, &object);
	inode_put(inode);
	if (error)
		return error;
	uint64_t bytes = object->bytes;
	char *start = bytes ? kmalloc(bytes) : NULL;
	ssize_t done = start ? vm_object_read(object, 0, start, bytes) : bytes ? -ENOMEM : -EINVAL;
	vm_object_put(object);
	if (done < 0) {
		kfree(start);
		return (int)done;
	}
	*text = (struct job_text){start, (size_t)done};
	return 0;
}

static void run_file(const char *path)
{
	struct job_text left, text;
	int error = read_file(path, &left);

	/* The file's text stays, so it is among what was there before the first job. */
	log_frames();
	if (error) {
		log_error("job: %s: %s", path, errno_name(error));
		finish((struct ending){.value = STATUS_NOT_RUN});
		return;
	}
	char *whole = (char *)(uintptr_t)left.start;
	while (job_next(&left, &text))
		run_text(&text);
	kfree(whole);
}

static void run_init(void)
{
	const char *environment[] = {"HOME=/root", "PATH=/bin:/sbin:/usr/bin:/usr/sbin",
				     "TERM=linux", NULL};
	const char *arguments[] = {"/init", NULL};
	struct job_spec job = {
		.path = "/init",
		.directory = "/",
		.arguments = arguments,
		.environment = environment,
		.is_init = true,
	};

	console_file_await_keyboard();
	log_frames();
	finish(run(&job));
}

static void choose_streams(void)
{
	const char *stdio = option("stdio");

	tty_session_init();
	pty_init();
	console_file_init();
	if (stdio && !strcmp(stdio, "host")) {
		use_host = host_file_init() == 0;
		if (!use_host)
			log_error("stdio=host, and there is no host channel: using the console");
	}
	fault_stream_init(use_host);
}

static void run_all(void *argument)
{
	const char *file = option("job");

	choose_streams();
	if (option("debugshell"))
		shell_run("debugshell");
	if (file)
		run_file(file);
	else
		run_init();
	arch_machine_end(MACHINE_DONE);
}

void job_start(void)
{
	struct thread *thread;

	if (thread_create(&kernel_process, run_all, NULL, &thread))
		panic("no memory for the first thread");
	sched_start_thread(thread);
}
