/* boot_alloc.c: see boot_alloc.h. */
#include "mm/boot_alloc.h"

#include <arch/mmu.h>

#include "debug/assert.h"
#include "lib/string.h"
#include "mm/layout.h"

static paddr_t low, next, high; /* boot CPU only: [next, high) is given out, [low, next) is left */
static bool active;

void boot_alloc_init(const struct memmap *map)
{
	for (unsigned i = 0; i < map->count; i++) {
		const struct boot_range *range = &map->ranges[i];
		if (range->type != BOOT_RANGE_USABLE || range->start >= 4 * GIB)
			continue;
		paddr_t end = MIN(range->start + range->bytes, 4 * GIB);
		if (end - range->start > high - low) {
			low = range->start;
			high = end;
		}
	}
	if (low == high)
		panic("the memory map has no usable RAM between 1 MiB and 4 GiB");
	next = high;
	active = true;
}

bool boot_alloc_active(void)
{
	return active;
}

paddr_t boot_alloc_page(void)
{
	assert(active);
	if (next - low < PAGE_SIZE)
		panic("too little memory: the kernel's tables need more than %llu KiB",
		      (unsigned long long)((high - low) / KIB));
	next -= PAGE_SIZE;
	memset(phys_to_virt(next), 0, PAGE_SIZE);
	return next;
}

void boot_alloc_finish(paddr_t *start, paddr_t *end)
{
	active = false;
	*start = next;
	*end = high;
}
