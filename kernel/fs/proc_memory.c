/* proc_memory.c: the files of /proc that are about the memory of the whole machine. */
#include "fs/proc_memory.h"

#include <linux/stat.h>

#include "fs/procfs.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/report.h"
#include "vm/trace.h"

static int print_meminfo(const struct proc_id *who, struct text_sink *sink)
{
	mm_print_meminfo(sink);
	return 0;
}

static int print_frames(const struct proc_id *who, struct text_sink *sink)
{
	mm_print_frames(sink);
	return 0;
}

static bool has_served(unsigned cpu)
{
	uint64_t any = 0;

	for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
		any |= vm_cpu_faults[cpu][kind];
	return any != 0;
}

/* A column for each CPU that has served any. */
static int print_faults(const struct proc_id *who, struct text_sink *sink)
{
	for (unsigned kind = 0; kind < FAULT_KINDS; kind++) {
		text_print(sink, "%-12s", vm_fault_kind_names[kind]);
		for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
			if (has_served(cpu))
				text_print(sink, " %llu",
					   (unsigned long long)vm_cpu_faults[cpu][kind]);
		text_print(sink, "\n");
	}
	return 0;
}

/* The lines of Linux's vmstat(8): pages, and how often. There is no swap, and no disk. */
static int print_vmstat(const struct proc_id *who, struct text_sink *sink)
{
	struct frame_counts counts;
	uint64_t faults = 0;

	frame_counts(&counts);
	for (unsigned cpu = 0; cpu < CPU_MAX; cpu++)
		for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
			faults += vm_cpu_faults[cpu][kind];
	text_print(sink, "nr_free_pages %llu\nnr_anon_pages %llu\nnr_file_pages %llu\n",
		   (unsigned long long)counts.by_state[FRAME_FREE],
		   (unsigned long long)counts.by_state[FRAME_ANON],
		   (unsigned long long)counts.by_state[FRAME_CACHE]);
	text_print(sink, "nr_page_table_pages %llu\n",
		   (unsigned long long)counts.by_state[FRAME_TABLE]);
	text_put(sink, "pgpgin 0\npgpgout 0\npswpin 0\npswpout 0\n");
	text_print(sink, "pgfault %llu\npgmajfault 0\n", (unsigned long long)faults);
	return 0;
}

static int print_trace(const struct proc_id *who, struct text_sink *sink)
{
	vm_trace_print(sink, VM_TRACE_EVENTS);
	return 0;
}

static int switch_trace(const struct proc_id *who, const char *text)
{
	if (strcmp(text, "on") != 0 && strcmp(text, "off") != 0)
		return -EINVAL;
	vm_trace_set(text[1] == 'n');
	return 0;
}

static const struct proc_file files[] = {
	{.name = "meminfo", .mode = S_IFREG | 0444, .print = print_meminfo},
	{.name = "frames", .mode = S_IFREG | 0444, .print = print_frames},
	{.name = "faults", .mode = S_IFREG | 0444, .print = print_faults},
	{.name = "vmstat", .mode = S_IFREG | 0444, .print = print_vmstat},
	{.name = "trace", .mode = S_IFREG | 0644, .print = print_trace, .write = switch_trace},
};

/* Linked once, at boot. */
static struct proc_table table = {files, ARRAY_SIZE(files), NULL};

void proc_memory_init(void)
{
	procfs_add(&table);
}
