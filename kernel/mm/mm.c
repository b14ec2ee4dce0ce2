/* mm.c: see mm.h. */
#include "mm/mm.h"

#include <arch/cpu.h>
#include <arch/smp.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "lib/options.h"
#include "mm/boot_alloc.h"
#include "mm/frame_init.h"
#include "mm/kmap_init.h"
#include "mm/layout.h"

#define USABLE_FLOOR MIB /* firmware writes below 1 MiB after it promised not to */

/* Low memory for who has to start in real mode. Above it some firmware keeps data of its own. */
#define LOW_START PAGE_SIZE
#define LOW_END   0x9f000u

static struct memmap map;    /* boot CPU only */
static uint64_t total_bytes; /* set once, at boot */
static paddr_t low_pages;    /* set once, at boot */

static const char *range_name(uint32_t type)
{
	static const char *const names[] = {
		[BOOT_RANGE_RESERVED] = "reserved",
		[BOOT_RANGE_USABLE] = "usable",
		[BOOT_RANGE_BOOT] = "boot services",
		[BOOT_RANGE_LOADER] = "loader",
		[BOOT_RANGE_KERNEL] = "kernel",
		[BOOT_RANGE_INITRD] = "initrd",
		[BOOT_RANGE_ACPI_RECLAIM] = "ACPI tables",
		[BOOT_RANGE_ACPI_NVS] = "ACPI NVS",
		[BOOT_RANGE_RUNTIME] = "runtime services",
		[BOOT_RANGE_MMIO] = "device",
	};

	return type < ARRAY_SIZE(names) ? names[type] : "unknown";
}

static void log_map(void)
{
	uint64_t bytes[BOOT_RANGE_MMIO + 1] = {0};

	for (unsigned i = 0; i < map.count; i++) {
		const struct boot_range *range = &map.ranges[i];
		bytes[range->type] += range->bytes;
		log_debug("memory: %#014llx-%#014llx %s", (unsigned long long)range->start,
			  (unsigned long long)(range->start + range->bytes),
			  range_name(range->type));
	}
	log_fact("memory: usable %llu KiB, boot services %llu KiB, loader %llu KiB, kernel %llu "
		 "KiB, "
		 "initrd %llu KiB, reserved %llu KiB in %u ranges (%u dropped)",
		 (unsigned long long)bytes[BOOT_RANGE_USABLE] / 1024,
		 (unsigned long long)bytes[BOOT_RANGE_BOOT] / 1024,
		 (unsigned long long)bytes[BOOT_RANGE_LOADER] / 1024,
		 (unsigned long long)bytes[BOOT_RANGE_KERNEL] / 1024,
		 (unsigned long long)bytes[BOOT_RANGE_INITRD] / 1024,
		 (unsigned long long)(bytes[BOOT_RANGE_RESERVED] + bytes[BOOT_RANGE_RUNTIME]) /
			 1024,
		 map.count, map.dropped);
}

/* Neighbouring ranges of different types make one span: the database has no seams inside RAM. */
static unsigned make_spans(struct frame_span *spans)
{
	unsigned count = 0;

	for (unsigned i = 0; i < map.count; i++) {
		struct boot_range *range = &map.ranges[i];
		pfn_t start = range->start >> PAGE_SHIFT;
		pfn_t end = (range->start + range->bytes) >> PAGE_SHIFT;
		if (!kmap_range_has_frames(range->type))
			continue;
		if (count && spans[count - 1].end == start) {
			spans[count - 1].end = end;
		} else if (count < FRAME_MAX_SPANS) {
			spans[count++] = (struct frame_span){start, end};
		} else {
			log_warning("memory: no room to describe RAM at %#llx; it is not used",
				    (unsigned long long)range->start);
			range->type = BOOT_RANGE_RESERVED;
			continue;
		}
		total_bytes += range->bytes;
	}
	return count;
}

static bool is_free_now(uint32_t type)
{
	return type == BOOT_RANGE_USABLE || type == BOOT_RANGE_BOOT || type == BOOT_RANGE_LOADER;
}

/* Free [start, end) but for the part that the boot allocator gave out. */
static void free_range(paddr_t start, paddr_t end, paddr_t used_start, paddr_t used_end)
{
	if (start < used_start && used_start < end) {
		frame_add_free(start >> PAGE_SHIFT, used_start >> PAGE_SHIFT);
		start = used_start;
	}
	if (start >= used_start && start < used_end)
		start = MIN(used_end, end);
	if (start < end)
		frame_add_free(start >> PAGE_SHIFT, end >> PAGE_SHIFT);
}

static bool is_unused(const struct boot_range *range)
{
	return range->type == BOOT_RANGE_USABLE || range->type == BOOT_RANGE_BOOT;
}

/* Is [start, end) in an unused range, and in no other? Firmware's ranges may overlap. */
static bool is_low_and_free(const struct boot_range *ranges, unsigned count, paddr_t start,
			    paddr_t end)
{
	bool inside = false;

	for (unsigned i = 0; i < count; i++) {
		paddr_t range_end = ranges[i].start + ranges[i].bytes;
		if (ranges[i].start >= end || range_end <= start)
			continue;
		if (!is_unused(&ranges[i]))
			return false;
		inside |= ranges[i].start <= start && range_end >= end;
	}
	return inside;
}

static paddr_t find_low(const struct boot_info *info, uint64_t bytes)
{
	const struct boot_range *ranges = phys_to_virt(info->ranges);

	for (paddr_t start = LOW_END - bytes; start >= LOW_START; start -= PAGE_SIZE)
		if (is_low_and_free(ranges, info->range_count, start, start + bytes))
			return start;
	return 0;
}

void mm_init(const struct boot_info *info)
{
	static struct frame_span
		spans[FRAME_MAX_SPANS]; /* boot CPU only; too large for the stack */
	paddr_t used_start, used_end;

	low_pages = find_low(info, SMP_TRAMPOLINE_PAGES * PAGE_SIZE);
	memmap_build(&map, phys_to_virt(info->ranges), info->range_count, USABLE_FLOOR,
		     cpu_physical_limit());
	log_map();
	boot_alloc_init(&map);
	kmap_init(&map, info);
	boot_alloc_finish(&used_start, &used_end);

	unsigned span_count = make_spans(spans);
	frame_database_init(spans, span_count);
	frame_set_poison(option("poison") != NULL);
	for (unsigned i = 0; i < map.count; i++) {
		const struct boot_range *range = &map.ranges[i];
		if (is_free_now(range->type))
			free_range(range->start, range->start + range->bytes, used_start, used_end);
	}
	if (!frame_zero_init())
		panic("no memory for the page of zeros");
	log_fact("memory: %llu KiB of RAM, %llu KiB taken by page tables and the frame database",
		 (unsigned long long)total_bytes / 1024,
		 (unsigned long long)(used_end - used_start) / 1024);
}

paddr_t mm_low_pages(void)
{
	return low_pages;
}

uint64_t mm_total_bytes(void)
{
	return total_bytes;
}
