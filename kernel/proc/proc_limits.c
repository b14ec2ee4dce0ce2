/* proc_limits.c: /proc/<pid>/limits, in Linux's columns. */
#include <linux/resource.h>

#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "proc/proc_files.h"
#include "proc/process_table.h"

#define NUMBER_BYTES 24

static const struct {
	const char *name, *unit;
} limits[RLIM_NLIMITS] = {
	[RLIMIT_CPU] = {"Max cpu time", "seconds"},
	[RLIMIT_FSIZE] = {"Max file size", "bytes"},
	[RLIMIT_DATA] = {"Max data size", "bytes"},
	[RLIMIT_STACK] = {"Max stack size", "bytes"},
	[RLIMIT_CORE] = {"Max core file size", "bytes"},
	[RLIMIT_RSS] = {"Max resident set", "bytes"},
	[RLIMIT_NPROC] = {"Max processes", "processes"},
	[RLIMIT_NOFILE] = {"Max open files", "files"},
	[RLIMIT_MEMLOCK] = {"Max locked memory", "bytes"},
	[RLIMIT_AS] = {"Max address space", "bytes"},
	[RLIMIT_LOCKS] = {"Max file locks", "locks"},
	[RLIMIT_SIGPENDING] = {"Max pending signals", "signals"},
	[RLIMIT_MSGQUEUE] = {"Max msgqueue size", "bytes"},
	[RLIMIT_NICE] = {"Max nice priority", ""},
	[RLIMIT_RTPRIO] = {"Max realtime priority", ""},
	[RLIMIT_RTTIME] = {"Max realtime timeout", "us"},
};

static void number(char *to, uint64_t limit)
{
	if (limit == RLIM64_INFINITY)
		string_copy(to, "unlimited", NUMBER_BYTES);
	else
		format(to, NUMBER_BYTES, "%llu", (unsigned long long)limit);
}

int proc_print_limits(const struct proc_id *who, struct text_sink *sink)
{
	struct process_limit now[RLIM_NLIMITS];

	spin_lock(&process_lock);
	const struct process *process = process_of_id_locked(who);
	if (process)
		memcpy(now, process->limits, sizeof(now));
	spin_unlock(&process_lock);
	if (!process)
		return -ESRCH;
	text_print(sink, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit", "Units");
	for (unsigned i = 0; i < RLIM_NLIMITS; i++) {
		char soft[NUMBER_BYTES], hard[NUMBER_BYTES];
		number(soft, now[i].soft);
		number(hard, now[i].hard);
		text_print(sink, "%-25s %-20s %-20s ", limits[i].name, soft, hard);
		text_print(sink, limits[i].unit[0] ? "%-10s\n" : "\n", limits[i].unit);
	}
	return 0;
}
