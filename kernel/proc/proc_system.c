/* proc_system.c: the files of /proc and /sys that are about the machine, in Linux's format. */
#include <arch/cpu.h>
#include <arch/time.h>
#include <asm/param.h>
#include <linux/stat.h>

#include "debug/facts.h"
#include "fs/host_name.h"
#include "lib/string.h"
#include "proc/load.h"
#include "proc/proc_files.h"
#include "proc/sysv.h"
#include "proc/sched.h"
#include "proc/version.h"
#include "sync/cpu.h"
#include "sync/realtime.h"
#include "vm/region.h"

#define NS_PER_SECOND 1000000000ull
#define NS_PER_TICK   (NS_PER_SECOND / HZ)
#define NS_PER_CENTI  10000000ull
#define GROUPS_MAX    65536 /* NGROUPS_MAX */

typedef unsigned long long ull; /* what format()'s ll takes */

static int print_stat(const struct proc_id *who, struct text_sink *sink)
{
	uint64_t now = time_now(), all = now * cpu_count(), idle = MIN(sched_idle_time(), all);

	/* user nice system idle iowait irq softirq steal guest guest_nice: all that is not idle
	 * counts as the user's. */
	text_print(sink, "cpu  %llu 0 0 %llu 0 0 0 0 0 0\n", (ull)((all - idle) / NS_PER_TICK),
		   (ull)(idle / NS_PER_TICK));
	for (unsigned i = 0; i < cpu_count(); i++) {
		idle = MIN(sched_cpu_time(cpus[i]->idle), now);
		text_print(sink, "cpu%u %llu 0 0 %llu 0 0 0 0 0 0\n", i,
			   (ull)((now - idle) / NS_PER_TICK), (ull)(idle / NS_PER_TICK));
	}
	text_print(sink, "intr 0\nctxt %llu\nbtime %llu\nprocesses %llu\n", (ull)sched_switches(),
		   (ull)((realtime_now() - now) / NS_PER_SECOND), (ull)process_count_born());
	text_print(sink, "procs_running %u\nprocs_blocked 0\n", sched_runnable() + 1);
	text_put(sink, "softirq 0 0 0 0 0 0 0 0 0 0 0\n");
	return 0;
}

static void print_centi(struct text_sink *sink, uint64_t nanoseconds, const char *behind)
{
	text_print(sink, "%llu.%02llu%s", (ull)(nanoseconds / NS_PER_SECOND),
		   (ull)(nanoseconds % NS_PER_SECOND / NS_PER_CENTI), behind);
}

static int print_uptime(const struct proc_id *who, struct text_sink *sink)
{
	print_centi(sink, time_now(), " ");
	print_centi(sink, sched_idle_time(), "\n");
	return 0;
}

static int print_load(const struct proc_id *who, struct text_sink *sink)
{
	const uint64_t rounding = (1u << LOAD_FRACTION_BITS) / 200;
	uint64_t averages[3];

	load_averages(averages);
	for (unsigned i = 0; i < 3; i++) {
		uint64_t rounded = averages[i] + rounding;
		uint64_t rest = rounded & ((1u << LOAD_FRACTION_BITS) - 1);
		text_print(sink, "%llu.%02llu ", (ull)(rounded >> LOAD_FRACTION_BITS),
			   (ull)(rest * 100 >> LOAD_FRACTION_BITS));
	}
	text_print(sink, "%u/%u %d\n", sched_runnable() + 1, process_count_threads(),
		   process_last_pid());
	return 0;
}

static int print_version(const struct proc_id *who, struct text_sink *sink)
{
	text_put(sink, SYSTEM_NAME " version " SYSTEM_RELEASE " (" SYSTEM_VERSION ")\n");
	return 0;
}

static int print_filesystems(const struct proc_id *who, struct text_sink *sink)
{
	text_put(sink, "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tdevpts\n");
	return 0;
}

static int print_cpu_info(const struct proc_id *who, struct text_sink *sink)
{
	for (unsigned i = 0; i < cpu_count(); i++)
		cpu_print_info(i, sink);
	return 0;
}

/* Not Linux's: what a person sends when something does not work. */
static int print_report(const struct proc_id *who, struct text_sink *sink)
{
	facts_print(sink);
	return 0;
}

/* ---- /proc/sys/kernel ---- */

static int print_name(const struct proc_id *who, struct text_sink *sink)
{
	char name[HOST_NAME_BYTES];

	host_name_get(HOST_NAME, name);
	text_print(sink, "%s\n", name);
	return 0;
}

static int write_name(const struct proc_id *who, const char *text)
{
	host_name_set(HOST_NAME, text, strnlen(text, HOST_NAME_BYTES - 1));
	return 0;
}

static int print_domain(const struct proc_id *who, struct text_sink *sink)
{
	char name[HOST_NAME_BYTES];

	host_name_get(HOST_DOMAIN, name);
	text_print(sink, "%s\n", name);
	return 0;
}

static int print_os_type(const struct proc_id *who, struct text_sink *sink)
{
	text_put(sink, SYSTEM_NAME "\n");
	return 0;
}

static int print_os_release(const struct proc_id *who, struct text_sink *sink)
{
	text_put(sink, SYSTEM_RELEASE "\n");
	return 0;
}

static int print_os_version(const struct proc_id *who, struct text_sink *sink)
{
	text_put(sink, SYSTEM_VERSION "\n");
	return 0;
}

static int print_pid_max(const struct proc_id *who, struct text_sink *sink)
{
	text_print(sink, "%d\n", PID_MAX);
	return 0;
}

static int print_groups_max(const struct proc_id *who, struct text_sink *sink)
{
	text_print(sink, "%d\n", GROUPS_MAX);
	return 0;
}

/* "No limit", nearly: what Linux has where nobody has set it. */
static int print_shm_max(const struct proc_id *who, struct text_sink *sink)
{
	text_print(sink, "%llu\n", (ull)SHMMAX);
	return 0;
}

static int print_shm_entries(const struct proc_id *who, struct text_sink *sink)
{
	text_print(sink, "%u\n", SHM_ENTRIES_MAX);
	return 0;
}

static int print_msg_entries(const struct proc_id *who, struct text_sink *sink)
{
	text_print(sink, "%u\n", MSG_ENTRIES_MAX);
	return 0;
}

static int print_msg_max(const struct proc_id *who, struct text_sink *sink)
{
	text_print(sink, "%u\n", MSG_BYTES_MAX);
	return 0;
}

static int print_msg_queue_max(const struct proc_id *who, struct text_sink *sink)
{
	text_print(sink, "%u\n", MSG_QUEUE_BYTES_MAX);
	return 0;
}

static int print_sem_max(const struct proc_id *who, struct text_sink *sink)
{
	text_print(sink, "%d\t%d\t%d\t%d\n", SEM_COUNT_MAX, SEM_COUNT_MAX * 32000, SEM_OPS_MAX,
		   32000);
	return 0;
}

static int print_zero(const struct proc_id *who, struct text_sink *sink)
{
	text_put(sink, "0\n");
	return 0;
}

#define FILE_MODE      (S_IFREG | 0444)
#define DIRECTORY_MODE (S_IFDIR | 0555)

static const struct proc_file sys_kernel_files[] = {
	{.name = "domainname", .mode = FILE_MODE, .print = print_domain},
	{.name = "hostname", .mode = S_IFREG | 0644, .print = print_name, .write = write_name},
	{.name = "msgmax", .mode = FILE_MODE, .print = print_msg_max},
	{.name = "msgmnb", .mode = FILE_MODE, .print = print_msg_queue_max},
	{.name = "msgmni", .mode = FILE_MODE, .print = print_msg_entries},
	{.name = "ngroups_max", .mode = FILE_MODE, .print = print_groups_max},
	{.name = "osrelease", .mode = FILE_MODE, .print = print_os_release},
	{.name = "ostype", .mode = FILE_MODE, .print = print_os_type},
	{.name = "pid_max", .mode = FILE_MODE, .print = print_pid_max},
	{.name = "sem", .mode = FILE_MODE, .print = print_sem_max},
	{.name = "shmall", .mode = FILE_MODE, .print = print_shm_max},
	{.name = "shmmax", .mode = FILE_MODE, .print = print_shm_max},
	{.name = "shmmni", .mode = FILE_MODE, .print = print_shm_entries},
	{.name = "version", .mode = FILE_MODE, .print = print_os_version},
};

static int print_lowest_address(const struct proc_id *who, struct text_sink *sink)
{
	text_print(sink, "%llu\n", (ull)VM_MMAP_FLOOR);
	return 0;
}

static const struct proc_file sys_vm_files[] = {
	{.name = "mmap_min_addr", .mode = FILE_MODE, .print = print_lowest_address},
	{.name = "overcommit_memory", .mode = FILE_MODE, .print = print_zero},
};

static const struct proc_file sys_files[] = {
	{.name = "kernel",
	 .mode = DIRECTORY_MODE,
	 .files = sys_kernel_files,
	 .count = ARRAY_SIZE(sys_kernel_files)},
	{.name = "vm",
	 .mode = DIRECTORY_MODE,
	 .files = sys_vm_files,
	 .count = ARRAY_SIZE(sys_vm_files)},
};

static const struct proc_file quire_files[] = {
	{.name = "report", .mode = FILE_MODE, .print = print_report},
};

static const struct proc_file files[] = {
	{.name = "cpuinfo", .mode = FILE_MODE, .print = print_cpu_info},
	{.name = "filesystems", .mode = FILE_MODE, .print = print_filesystems},
	{.name = "loadavg", .mode = FILE_MODE, .print = print_load},
	{.name = "quire",
	 .mode = DIRECTORY_MODE,
	 .files = quire_files,
	 .count = ARRAY_SIZE(quire_files)},
	{.name = "stat", .mode = FILE_MODE, .print = print_stat},
	{.name = "sys", .mode = DIRECTORY_MODE, .files = sys_files, .count = ARRAY_SIZE(sys_files)},
	{.name = "uptime", .mode = FILE_MODE, .print = print_uptime},
	{.name = "version", .mode = FILE_MODE, .print = print_version},
};

/* ---- /sys ---- */

#define SYS_FILE(file, function)                                                       \
	{                                                                              \
		.name = (file), .mode = FILE_MODE, .print = (function), .is_sys = true \
	}
#define SYS_DIRECTORY(directory, inside)                                        \
	{                                                                       \
		.name = (directory), .mode = DIRECTORY_MODE, .files = (inside), \
		.count = ARRAY_SIZE(inside), .is_sys = true                     \
	}

/* "0-3", or "0". */
static int print_cpus(const struct proc_id *who, struct text_sink *sink)
{
	if (cpu_count() == 1)
		text_put(sink, "0\n");
	else
		text_print(sink, "0-%u\n", cpu_count() - 1);
	return 0;
}

static const struct proc_file cpu_files[] = {
	SYS_FILE("online", print_cpus),
	SYS_FILE("possible", print_cpus),
	SYS_FILE("present", print_cpus),
};
static const struct proc_file system_files[] = {SYS_DIRECTORY("cpu", cpu_files)};
static const struct proc_file device_files[] = {SYS_DIRECTORY("system", system_files)};
static const struct proc_file top_files[] = {SYS_DIRECTORY("devices", device_files)};
static const struct proc_file sys_root = SYS_DIRECTORY("", top_files);

/* Linked once, at boot. */
static struct proc_table table = {files, ARRAY_SIZE(files), NULL};

void proc_system_init(void)
{
	procfs_add(&table);
	sysv_proc_init();
	procfs_set_sys(&sys_root);
}
