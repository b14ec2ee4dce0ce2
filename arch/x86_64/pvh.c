/* pvh.c: what a PVH boot tells, as a struct boot_info. Runs on the tables of pvh_entry.S, before
 * anything else. */
#include "boot_info.h"
#include "debug/assert.h"
#include "lib/string.h"
#include "mm/image.h"
#include "mm/layout.h"

/* Xen, public/arch-x86/hvm/start_info.h. */
#define HVM_START_MAGIC  0x336ec578u
#define HVM_MEMMAP_SINCE 1u /* version */

struct hvm_start_info {
	uint32_t magic, version, flags, module_count;
	uint64_t modules, cmdline, rsdp;
	uint64_t memmap; /* from version 1 on */
	uint32_t memmap_entries, reserved;
};
struct hvm_module {
	uint64_t start, bytes, cmdline, reserved;
};
struct hvm_memmap_entry {
	uint64_t start, bytes;
	uint32_t type, reserved;
};

/* Types of the memory map are E820's: ACPI 6.5, table 15.4. */
enum { E820_RAM = 1, E820_ACPI = 3, E820_NVS = 4 };

#define PVH_MAX_RANGES   256u
#define PVH_EXTRA_RANGES 2u /* kernel, initrd */
#define CMDLINE_MAX      4096u

/* Boot CPU only, before mm_init. */
static struct boot_info info;
static struct boot_range ranges[PVH_MAX_RANGES + PVH_EXTRA_RANGES];

paddr_t pvh_make_boot_info(paddr_t start_info);

/* The boot tables reach 4 GiB. */
static const void *physical(paddr_t start, uint64_t bytes)
{
	if (!start || start >= 4 * GIB || bytes > 4 * GIB - start)
		panic("the PVH loader points outside of the first 4 GiB");
	return phys_to_virt(start);
}

static paddr_t image_physical(const void *in_image)
{
	return (vaddr_t)in_image - KERNEL_BASE;
}

static uint32_t range_type(uint32_t e820)
{
	switch (e820) {
	case E820_RAM:
		return BOOT_RANGE_USABLE;
	case E820_ACPI:
		return BOOT_RANGE_ACPI_RECLAIM;
	case E820_NVS:
		return BOOT_RANGE_ACPI_NVS;
	default:
		return BOOT_RANGE_RESERVED;
	}
}

static void add_range(paddr_t start, uint64_t bytes, uint32_t type)
{
	assert(info.range_count < ARRAY_SIZE(ranges));
	ranges[info.range_count++] =
		(struct boot_range){.start = start, .bytes = bytes, .type = type};
}

paddr_t pvh_make_boot_info(paddr_t start_info)
{
	const struct hvm_start_info *start = physical(start_info, sizeof(*start));

	if (start->magic != HVM_START_MAGIC || start->version < HVM_MEMMAP_SINCE ||
	    !start->memmap_entries)
		panic("the PVH loader gave no memory map");
	if (start->memmap_entries > PVH_MAX_RANGES)
		panic("the PVH loader's memory map has more than %u entries", PVH_MAX_RANGES);
	const struct hvm_memmap_entry *map =
		physical(start->memmap, start->memmap_entries * sizeof(*map));
	for (uint32_t i = 0; i < start->memmap_entries; i++)
		add_range(map[i].start, map[i].bytes, range_type(map[i].type));

	info.magic = BOOT_INFO_MAGIC;
	info.version = BOOT_INFO_VERSION;
	info.size = sizeof(info);
	info.source = BOOT_SOURCE_PVH;
	info.firmware_paging_levels = MMU_LEVELS;
	info.kernel_start = image_physical(kernel_image_start);
	info.kernel_bytes = (uint64_t)(kernel_image_end - kernel_image_start);
	add_range(info.kernel_start, info.kernel_bytes, BOOT_RANGE_KERNEL);
	if (start->module_count) {
		const struct hvm_module *module = physical(start->modules, sizeof(*module));
		physical(module->start, module->bytes);
		info.initrd_start = module->start;
		info.initrd_bytes = module->bytes;
		add_range(module->start, module->bytes, BOOT_RANGE_INITRD);
	}
	if (start->cmdline) {
		info.cmdline = start->cmdline;
		info.cmdline_bytes = strnlen(physical(start->cmdline, CMDLINE_MAX), CMDLINE_MAX);
	}
	info.acpi_rsdp = start->rsdp;
	info.ranges = image_physical(ranges);
	return image_physical(&info);
}
