/*
 * proc_status.c: stat, statm, status, cmdline and comm of a process, in Linux's format (proc(5)).
 * What this kernel does not know or have is 0 in the files whose fields are counted, and left out
 * of status.
 */
#include <asm/param.h>
#include <linux/signal.h>

#include "fs/tty.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/proc_files.h"
#include "sync/cpu.h"
#include "vm/peek.h"
#include "vm/region.h"
#include "vm/usage.h"

#define NS_PER_TICK      (1000000000ull / HZ) /* HZ: AT_CLKTCK, in which programs count */
#define CMDLINE_STEP     256u
#define DEFAULT_PRIORITY 20

typedef unsigned long long ull; /* what format()'s ll takes */

/* Bytes, by what the regions allow: Linux's total_vm, data_vm, stack_vm and exec_vm. */
struct sizes {
	uint64_t total, data, stack, exec;
	uint64_t code; /* of exec, the program's own */
	struct vm_usage usage;
	uint64_t minor_faults;
	uint64_t resident_peak;
	vaddr_t brk_start;
};

static void add_region(struct sizes *sizes, const struct vm_region *region)
{
	uint64_t bytes = region->end - region->start;
	bool writable = region->prot & VM_WRITE;

	sizes->total += bytes;
	if (region->flags & REGION_GROWS_DOWN)
		sizes->stack += bytes;
	else if (writable && !(region->flags & REGION_SHARED))
		sizes->data += bytes;
	else if (!writable && (region->prot & VM_EXEC))
		sizes->exec += bytes;
}

static void measure(const struct process_snapshot *process, struct sizes *sizes)
{
	struct vm_space *space = process->space;
	const struct process_layout *layout = &process->layout;

	*sizes = (struct sizes){0};
	if (!space)
		return;
	if (layout->code_start < layout->code_end)
		sizes->code = ALIGN_UP(layout->code_end, PAGE_SIZE) -
			      ALIGN_DOWN(layout->code_start, PAGE_SIZE);
	rw_lock_exclusive(&space->lock);
	for (struct vm_region *region = region_first(space); region; region = region_next(region))
		add_region(sizes, region);
	vm_usage_locked(space, 0, USER_END, &sizes->usage);
	sizes->minor_faults = vm_minor_faults(space);
	sizes->resident_peak = vm_resident_peak(space);
	sizes->brk_start = space->brk_start;
	rw_unlock_exclusive(&space->lock);
}

static uint64_t to_pages(uint64_t bytes)
{
	return bytes >> PAGE_SHIFT;
}

/* ---- stat ---- */

static void print_times(struct text_sink *sink, const struct cpu_times *times)
{
	text_print(sink, " %llu %llu", (ull)((times->all - times->system) / NS_PER_TICK),
		   (ull)(times->system / NS_PER_TICK));
}

static void print_stat(const struct process_snapshot *process, const struct sizes *sizes,
		       struct text_sink *sink)
{
	const struct process_layout *layout = &process->layout;
	uint64_t terminal;
	int foreground;

	tty_of_session(process->session, &terminal, &foreground);
	/* pid comm state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt */
	text_print(sink, "%d (%s) %c %d %d %d %llu %d 0 %llu %llu 0 0", process->id, process->name,
		   process->state, process->parent, process->group, process->session, (ull)terminal,
		   foreground, (ull)process->ended_faults + sizes->minor_faults,
		   (ull)process->children_faults);
	/* utime stime cutime cstime priority nice num_threads itrealvalue starttime */
	print_times(sink, &process->times);
	print_times(sink, &process->children_times);
	text_print(sink, " %d %d %u 0 %llu", DEFAULT_PRIORITY + process->nice, process->nice,
		   process->threads, (ull)(process->started / NS_PER_TICK));
	/* vsize rss rsslim startcode endcode startstack kstkesp kstkeip */
	text_print(sink, " %llu %llu %llu %llu %llu %llu 0 0", (ull)sizes->total,
		   (ull)to_pages(sizes->usage.resident), (ull)process->resident_limit,
		   (ull)layout->code_start, (ull)layout->code_end, (ull)layout->stack_start);
	/* signal blocked sigignore sigcatch: the first 31 signals, as ever */
	text_print(sink, " %llu %llu %llu %llu", (ull)(process->thread_pending & INT32_MAX),
		   (ull)(process->blocked & INT32_MAX), (ull)(process->ignored & INT32_MAX),
		   (ull)(process->caught & INT32_MAX));
	/* wchan nswap cnswap exit_signal processor rt_priority policy delayacct guest cguest */
	text_print(sink, " 0 0 0 %d 0 0 0 0 0 0", SIGCHLD);
	/* start_data end_data start_brk arg_start arg_end env_start env_end exit_code */
	text_print(sink, " %llu %llu %llu %llu %llu %llu %llu %d\n", (ull)layout->data_start,
		   (ull)layout->data_end, (ull)sizes->brk_start, (ull)layout->arguments_start,
		   (ull)layout->arguments_end, (ull)layout->environment_start,
		   (ull)layout->environment_end, process->status);
}

int proc_print_stat(const struct proc_id *who, struct text_sink *sink)
{
	struct process_snapshot process;
	struct sizes sizes;
	int error = process_snapshot_take(who, &process);

	if (error)
		return error;
	measure(&process, &sizes);
	if (!process.space)
		process.layout = (struct process_layout){0};
	print_stat(&process, &sizes, sink);
	process_snapshot_put(&process);
	return 0;
}

int proc_print_statm(const struct proc_id *who, struct text_sink *sink)
{
	struct process_snapshot process;
	struct sizes sizes;
	int error = process_snapshot_take(who, &process);

	if (error)
		return error;
	measure(&process, &sizes);
	text_print(sink, "%llu %llu %llu %llu 0 %llu 0\n", (ull)to_pages(sizes.total),
		   (ull)to_pages(sizes.usage.resident),
		   (ull)to_pages(sizes.usage.resident - sizes.usage.anonymous),
		   (ull)to_pages(sizes.code), (ull)to_pages(sizes.data + sizes.stack));
	process_snapshot_put(&process);
	return 0;
}

/* ---- status ---- */

static const char *state_words(char state)
{
	switch (state) {
	case 'R':
		return "R (running)";
	case 'S':
		return "S (sleeping)";
	case 'D':
		return "D (disk sleep)";
	case 'T':
		return "T (stopped)";
	default:
		return "Z (zombie)";
	}
}

static void print_kib(struct text_sink *sink, const char *name, uint64_t bytes)
{
	text_print(sink, "%s\t%8llu kB\n", name, (ull)(bytes / KIB));
}

static void print_memory(const struct sizes *sizes, struct text_sink *sink)
{
	const struct vm_usage *usage = &sizes->usage;

	print_kib(sink, "VmSize:", sizes->total);
	print_kib(sink, "VmLck:", 0);
	print_kib(sink, "VmPin:", 0);
	print_kib(sink, "VmHWM:", sizes->resident_peak);
	print_kib(sink, "VmRSS:", usage->resident);
	print_kib(sink, "RssAnon:", usage->anonymous);
	print_kib(sink, "RssFile:", usage->resident - usage->anonymous);
	print_kib(sink, "RssShmem:", 0);
	print_kib(sink, "VmData:", sizes->data);
	print_kib(sink, "VmStk:", sizes->stack);
	print_kib(sink, "VmExe:", sizes->code);
	print_kib(sink, "VmLib:", sizes->exec > sizes->code ? sizes->exec - sizes->code : 0);
	print_kib(sink, "VmPTE:", usage->tables);
	print_kib(sink, "VmSwap:", usage->swapped);
}

/* What could look like another line, or the end of this one. */
static void print_name(struct text_sink *sink, const char *name)
{
	for (; *name; name++) {
		if (*name == '\n')
			text_put(sink, "\\n");
		else if (*name == '\\')
			text_put(sink, "\\\\");
		else
			sink->put(sink, name, 1);
	}
}

static void print_ids(struct text_sink *sink, const char *name, const struct id_set *ids)
{
	text_print(sink, "%s:\t%u\t%u\t%u\t%u\n", name, ids->real, ids->effective, ids->saved,
		   ids->filesystem);
}

static void print_groups(struct text_sink *sink, const struct group_list *groups)
{
	text_put(sink, "Groups:\t");
	for (uint32_t i = 0; groups && i < groups->count; i++)
		text_print(sink, "%s%u", i ? " " : "", groups->ids[i]);
	text_put(sink, " \n");
}

static void print_capabilities(struct text_sink *sink, const struct process_snapshot *process)
{
	const struct capabilities *have = &process->capabilities;

	text_print(sink, "CapInh:\t%016llx\nCapPrm:\t%016llx\nCapEff:\t%016llx\n",
		   (ull)have->inheritable, (ull)have->permitted, (ull)have->effective);
	text_print(sink, "NoNewPrivs:\t%d\n", process->no_new_privileges);
}

/* The set in hexadecimal, and as ranges. */
static void print_cpus(struct text_sink *sink, uint64_t set)
{
	const char *comma = "";

	text_print(sink, "Cpus_allowed:\t%llx\nCpus_allowed_list:\t", (ull)set);
	for (unsigned first = 0, last; first < CPU_MAX; first = last + 1) {
		last = first;
		if (!(set >> first & 1))
			continue;
		while (last + 1 < CPU_MAX && (set >> (last + 1) & 1))
			last++;
		text_print(sink, last > first ? "%s%u-%u" : "%s%u", comma, first, last);
		comma = ",";
	}
	text_put(sink, "\n");
}

static void print_status(const struct process_snapshot *process, const struct sizes *sizes,
			 struct text_sink *sink)
{
	text_put(sink, "Name:\t");
	print_name(sink, process->name);
	text_print(sink, "\nUmask:\t%04o\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%d\n",
		   process->umask, state_words(process->state), process->pid, process->id,
		   process->parent);
	text_put(sink, "TracerPid:\t0\n");
	print_ids(sink, "Uid", &process->user_ids);
	print_ids(sink, "Gid", &process->group_ids);
	text_print(sink, "FDSize:\t%u\n", process->open_files_max);
	print_groups(sink, process->groups);
	text_print(sink, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n", process->pid,
		   process->id, process->group, process->session);
	if (process->space)
		print_memory(sizes, sink);
	text_print(sink, "Threads:\t%u\nSigQ:\t%u/%llu\n", process->threads, process->queued,
		   (ull)process->queued_limit);
	text_print(sink, "SigPnd:\t%016llx\nShdPnd:\t%016llx\n", (ull)process->thread_pending,
		   (ull)process->pending);
	text_print(sink, "SigBlk:\t%016llx\nSigIgn:\t%016llx\nSigCgt:\t%016llx\n",
		   (ull)process->blocked, (ull)process->ignored, (ull)process->caught);
	print_capabilities(sink, process);
	print_cpus(sink, process->affinity);
}

int proc_print_status(const struct proc_id *who, struct text_sink *sink)
{
	struct process_snapshot process;
	struct sizes sizes;
	int error = process_snapshot_take(who, &process);

	if (error)
		return error;
	measure(&process, &sizes);
	print_status(&process, &sizes, sink);
	process_snapshot_put(&process);
	return 0;
}

/* ---- names ---- */

int proc_print_comm(const struct proc_id *who, struct text_sink *sink)
{
	struct process_snapshot process;
	int error = process_snapshot_take(who, &process);

	if (error)
		return error;
	text_print(sink, "%s\n", process.name);
	process_snapshot_put(&process);
	return 0;
}

/* The arguments are read where they stand in the program's memory: it may have changed them. */
static void print_arguments(struct vm_space *space, vaddr_t at, vaddr_t end, struct text_sink *sink)
{
	char piece[CMDLINE_STEP];

	rw_lock_exclusive(&space->lock);
	while (at < end) {
		size_t step = MIN(end - at, sizeof(piece));
		vm_peek_locked(space, piece, at, step);
		sink->put(sink, piece, step);
		at += step;
	}
	rw_unlock_exclusive(&space->lock);
}

static int print_strings(const struct proc_id *who, bool environment, struct text_sink *sink)
{
	struct process_snapshot process;
	int error = process_snapshot_take(who, &process);
	const struct process_layout *layout = &process.layout;

	if (error)
		return error;
	if (process.space && environment)
		print_arguments(process.space, layout->environment_start, layout->environment_end,
				sink);
	else if (process.space)
		print_arguments(process.space, layout->arguments_start, layout->arguments_end,
				sink);
	process_snapshot_put(&process);
	return 0;
}

int proc_print_cmdline(const struct proc_id *who, struct text_sink *sink)
{
	return print_strings(who, false, sink);
}

int proc_print_environ(const struct proc_id *who, struct text_sink *sink)
{
	return print_strings(who, true, sink);
}
