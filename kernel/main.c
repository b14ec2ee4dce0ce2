/*
 * main.c: the kernel from its first C instruction to its first process. Read it as the table of
 * contents.
 */
#include <arch/cpu.h>
#include <arch/debug.h>
#include <arch/smp.h>
#include <arch/time.h>

#include "boot_info.h"
#include "debug/assert.h"
#include "debug/crash.h"
#include "debug/facts.h"
#include "debug/ktest.h"
#include "debug/log.h"
#include "dev/acpi.h"
#include "dev/fbcon.h"
#include "dev/keyboard.h"
#include "dev/pci.h"
#include "dev/serial.h"
#include "dev/usb.h"
#include "fs/initrd.h"
#include "fs/procfs.h"
#include "lib/options.h"
#include "lib/string.h"
#include "main.h"
#include "mm/kmap.h"
#include "mm/kmap_init.h"
#include "mm/layout.h"
#include "mm/mm.h"
#include "proc/job.h"
#include "proc/load.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "sync/cpu.h"
#include "vm/fork.h"
#include "vm/trace.h"

#define QUIRE_VERSION "0.1"
#define VENDOR_MAX    64u /* bytes of the firmware's name */

/* A copy, since the loader's own is in memory that mm_init() frees. */
static struct boot_info info;

static void read_boot_info(paddr_t physical)
{
	const struct boot_info *given = phys_to_virt(physical);

	if (given->magic != BOOT_INFO_MAGIC || given->version != BOOT_INFO_VERSION ||
	    given->size != sizeof(info)) {
		serial_early_init(); /* without options */
		panic("the loader's boot_info is not version %u of this kernel", BOOT_INFO_VERSION);
	}
	info = *given;
	options_init(phys_to_virt(info.cmdline), info.cmdline_bytes);
}

static void set_log_level(void)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	const char *wanted = option("log");

	for (unsigned i = 0; wanted && i < ARRAY_SIZE(names); i++)
		if (!strcmp(wanted, names[i]))
			log_set_level((enum log_level)i);
}

static void set_fork_share(void)
{
	static const char *const names[] = {
		[FORK_SHARE_ROOT] = "root", [FORK_SHARE_LEAF] = "leaf", [FORK_SHARE_NONE] = "none"};
	const char *wanted = option("fork_share");

	if (!wanted)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (!strcmp(wanted, names[i])) {
			vm_set_fork_share((enum fork_share)i);
			log_info("fork shares page tables: %s", wanted);
			return;
		}
	}
}

/* The boot option cpus=N. */
static unsigned cpus_wanted(void)
{
	uint64_t count = option("cpus") ? option_u64("cpus", 0) : CPU_MAX;

	if (!count || count > CPU_MAX) {
		log_warning("cpus=%s is not a number from 1 to %u", option("cpus"), CPU_MAX);
		return CPU_MAX;
	}
	return (unsigned)count;
}

static void warn_of_option(const char *word, const char *wrong, const char *values)
{
	log_warning("option %s: %s%s", word, wrong, values);
}

static void log_boot(void)
{
	log_fact("Quire " QUIRE_VERSION " for x86-64, started by %s%s",
		 info.source == BOOT_SOURCE_UEFI ? "its UEFI loader" : "a PVH boot",
		 info.firmware_paging_levels == 5 ? " (from 5-level paging)" : "");
	if (info.source == BOOT_SOURCE_UEFI)
		log_fact("firmware: %.*s, boot services left after %u call%s, %u ranges of memory",
			 (int)MIN(info.firmware_vendor_bytes, VENDOR_MAX),
			 (const char *)phys_to_virt(info.firmware_vendor), info.map_key_tries,
			 info.map_key_tries == 1 ? "" : "s", info.range_count);
	log_fact("options: %s", options_line());
	options_check(warn_of_option);
}

static void log_test_line(const char *line)
{
	log_info("%s", line);
}

/* The boot options that end the machine on purpose. */
static void run_self_tests(void)
{
	if (option("crash"))
		crash_provoke(option("crash"));
	if (option("ktest"))
		arch_machine_end(ktest_run(option("ktest"), log_test_line) ? MACHINE_TESTS_FAILED
									   : MACHINE_DONE);
}

void kernel_main(paddr_t boot_info)
{
	cpu_set_local(&boot_cpu);
	read_boot_info(boot_info);
	serial_early_init(); /* from here on the log is heard */
	set_log_level();
	log_boot();
	cpu_init(); /* our own segments, vectors and stacks for the worst of them */
	cpu_log_features();
	fbcon_init_early(&info.framebuffer);
	if (option("crash"))
		crash_provoke_early(option("crash"));
	mm_init(&info); /* our own page tables; nothing of the firmware's or the loader's is left */
	fbcon_init(&info.framebuffer); /* and seen: before anything that may go wrong */
	kmap_self_check();
	acpi_init(info.acpi_rsdp);
	arch_firmware_init(info.efi_system_table);
	time_init();
	pci_init();
	serial_init();
	usb_probe();
	keyboard_init();
	initrd_init(info.initrd_start, info.initrd_bytes);
	set_fork_share();
	vm_observe_init();
	process_init();
	process_shell_init();
	process_proc_init();
	process_terminals_init();
	procfs_init();
	sched_init();
	load_init();
	facts_show();
	smp_start(mm_low_pages(), cpus_wanted());
	kmap_prepare_stacks();
	run_self_tests();
	usb_start();
	facts_end_of_boot();
	job_start();
	sched_start(); /* this stack becomes the idle thread's */
}
