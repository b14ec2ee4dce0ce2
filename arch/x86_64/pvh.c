/*
 * pvh.c: turns what a PVH loader hands over (struct hvm_start_info) into struct boot_info. Runs on
 * the tables that pvh.S made, before anything of the kernel's is set up.
 *
 * The format is Xen's public/arch-x86/hvm/start_info.h, versions 0 and 1. All of it must lie below
 * 4 GiB, where it is mapped.
 */
#include <arch/debug.h>
#include <arch/port.h>

#include "boot_info.h"
#include "lib/string.h"
#include "mm/image.h"
#include "mm/layout.h"
#include "x86.h"

#define START_MAGIC   0x336ec578u
#define MAPPED_BYTES  (4 * GIB) /* by pvh.S */
#define RANGES_MAX    512u
#define OWN_RANGES    8u /* kernel, initrd, and what the loader left in RAM */
#define CMDLINE_MAX   4096u
#define MODULES_MAX   16u
#define LEAF_1GIB     (X86_P | X86_W | X86_PS)
#define DIRECT_TABLES MMU_ENTRIES /* GiB that one level-3 table maps */

#define COM1           0x3f8
#define UART_LCR       3
#define UART_LCR_8N1   0x03 /* after a reset a character has five bits */
#define UART_LSR       5
#define UART_LSR_EMPTY 0x20

struct hvm_start_info {
	uint32_t magic, version, flags, module_count;
	uint64_t modules, cmdline, rsdp;
	/* Version 1 and later. */
	uint64_t memmap;
	uint32_t memmap_count, reserved;
};

struct hvm_module {
	uint64_t start, bytes, cmdline, reserved;
};

struct hvm_memmap_entry {
	uint64_t start, bytes;
	uint32_t type, reserved;
};

/* Only pvh_main() writes these, before there is anybody else. */
static struct boot_info info;
static struct boot_range ranges[RANGES_MAX + OWN_RANGES];

extern entry_t pvh_direct[MMU_ENTRIES]; /* level 3, of the identity and the direct map */
paddr_t pvh_main(paddr_t start_info);

/* There is no console yet: one sentence on COM1, waiting for it only so long. */
static NORETURN void refuse(const char *sentence)
{
	static const char *const parts[] = {"PANIC: PVH boot: ", NULL, "\r\n"};

	port_out8(COM1 + UART_LCR, UART_LCR_8N1);
	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
		for (const char *c = parts[i] ? parts[i] : sentence; *c; c++) {
			for (unsigned wait = 0; wait < 100000; wait++)
				if (port_in8(COM1 + UART_LSR) & UART_LSR_EMPTY)
					break;
			port_out8(COM1, (uint8_t)*c);
		}
	}
	arch_machine_end(MACHINE_PANIC);
}

/* [start, start + count * size) as a pointer, or the end of the boot. */
static const void *given(paddr_t start, uint64_t count, uint64_t size, const char *complaint)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) || start >= MAPPED_BYTES ||
	    bytes > MAPPED_BYTES - start)
		refuse(complaint);
	return phys_to_virt(start);
}

static void add_range(paddr_t start, uint64_t bytes, uint32_t type)
{
	if (bytes == 0)
		return;
	if (info.range_count == ARRAY_SIZE(ranges))
		refuse("the memory map has too many entries");
	ranges[info.range_count++] = (struct boot_range){start, bytes, type, 0};
}

/* Types as in the BIOS's E820 call (ACPI 6.5, table 15.4). */
static uint32_t range_type(uint32_t e820_type)
{
	switch (e820_type) {
	case 1:
		return BOOT_RANGE_USABLE;
	case 3:
		return BOOT_RANGE_ACPI_RECLAIM;
	case 4:
		return BOOT_RANGE_ACPI_NVS;
	default:
		return BOOT_RANGE_RESERVED;
	}
}

/* Map physical memory up to `end` where pvh.S has not; returns how far it is mapped now. */
static uint64_t extend_direct_map(uint64_t end)
{
	uint64_t gib = MAPPED_BYTES / GIB;

	if (!mmu_leaf_level_ok(3))
		return MAPPED_BYTES;
	for (; gib < DIRECT_TABLES && gib * GIB < end; gib++)
		pvh_direct[gib] = (entry_t){gib * GIB | LEAF_1GIB};
	return gib * GIB;
}

static void read_memmap(const struct hvm_start_info *start)
{
	uint64_t end = MAPPED_BYTES;

	if (start->version < 1 || !start->memmap || !start->memmap_count)
		refuse("the loader gave no memory map");
	if (start->memmap_count > RANGES_MAX)
		refuse("the memory map has too many entries");
	const struct hvm_memmap_entry *map = given(start->memmap, start->memmap_count, sizeof(*map),
						   "the memory map lies above 4 GiB");
	for (uint32_t i = 0; i < start->memmap_count; i++)
		if (range_type(map[i].type) == BOOT_RANGE_USABLE &&
		    map[i].bytes <= UINT64_MAX - map[i].start)
			end = MAX(end, map[i].start + map[i].bytes);
	end = extend_direct_map(end);
	for (uint32_t i = 0; i < start->memmap_count; i++) {
		uint64_t bytes = map[i].bytes;
		uint32_t type = range_type(map[i].type);
		/* RAM that could not be mapped is not handed over. */
		if (type == BOOT_RANGE_USABLE)
			bytes = map[i].start < end ? MIN(bytes, end - map[i].start) : 0;
		add_range(map[i].start, bytes, type);
	}
	add_range(start->memmap, start->memmap_count * sizeof(*map), BOOT_RANGE_LOADER);
}

/* The first module is the initial RAM disk. */
static void read_modules(const struct hvm_start_info *start)
{
	if (!start->module_count)
		return;
	if (start->module_count > MODULES_MAX)
		refuse("the loader gave too many modules");
	const struct hvm_module *modules =
		given(start->modules, start->module_count, sizeof(*modules),
		      "the module list lies above 4 GiB");
	given(modules[0].start, modules[0].bytes, 1, "the initial RAM disk lies above 4 GiB");
	add_range(start->modules, start->module_count * sizeof(*modules), BOOT_RANGE_LOADER);
	add_range(modules[0].start, modules[0].bytes, BOOT_RANGE_INITRD);
	info.initrd_start = modules[0].start;
	info.initrd_bytes = modules[0].bytes;
}

static void read_cmdline(const struct hvm_start_info *start)
{
	if (!start->cmdline)
		return;
	const char *line = given(start->cmdline, 1, 1, "the command line lies above 4 GiB");
	uint64_t mapped = MIN(CMDLINE_MAX, MAPPED_BYTES - start->cmdline);
	info.cmdline = start->cmdline;
	info.cmdline_bytes = strnlen(line, mapped);
	add_range(info.cmdline, info.cmdline_bytes, BOOT_RANGE_LOADER);
}

/* Called by pvh.S. Returns the physical address of struct boot_info. */
paddr_t pvh_main(paddr_t start_info)
{
	const struct hvm_start_info *start =
		given(start_info, 1, sizeof(*start), "the start information lies above 4 GiB");

	if (start->magic != START_MAGIC)
		refuse("the start information has the wrong magic number");
	info = (struct boot_info){
		.magic = BOOT_INFO_MAGIC,
		.version = BOOT_INFO_VERSION,
		.size = sizeof(info),
		.source = BOOT_SOURCE_PVH,
		.firmware_paging_levels = MMU_LEVELS,
		.ranges = (vaddr_t)ranges - KERNEL_BASE,
		.kernel_start = (vaddr_t)kernel_image_start - KERNEL_BASE,
		.kernel_bytes = (uint64_t)(kernel_image_end - kernel_image_start),
		.acpi_rsdp = start->rsdp,
	};
	add_range(info.kernel_start, info.kernel_bytes, BOOT_RANGE_KERNEL);
	add_range(start_info, sizeof(*start), BOOT_RANGE_LOADER);
	read_memmap(start);
	read_modules(start);
	read_cmdline(start);
	return (vaddr_t)&info - KERNEL_BASE;
}
