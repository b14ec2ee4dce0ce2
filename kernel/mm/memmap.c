/*
 * memmap.c: see memmap.h.
 *
 * The types are taken in turn, the most restrictive first, and each range only fills what is still
 * a gap. So no order of the input matters, and when the room runs out it is usable memory that is
 * lost, never a reservation.
 */
#include "mm/memmap.h"

#include <arch/mmu.h>

#include "lib/string.h"

/* A range's type counts where it overlaps one that stands later in this list. */
static const uint32_t types_by_restriction[] = {
	BOOT_RANGE_MMIO,   BOOT_RANGE_RESERVED,     BOOT_RANGE_RUNTIME, BOOT_RANGE_ACPI_NVS,
	BOOT_RANGE_KERNEL, BOOT_RANGE_ACPI_RECLAIM, BOOT_RANGE_INITRD,  BOOT_RANGE_LOADER,
	BOOT_RANGE_BOOT,   BOOT_RANGE_USABLE,
};

static uint32_t known_type(uint32_t type)
{
	return type <= BOOT_RANGE_MMIO ? type : BOOT_RANGE_RESERVED;
}

/* Nothing in such a range is in use, now: part of a page is no good, but may be left out. */
static bool is_free(uint32_t type)
{
	return type == BOOT_RANGE_USABLE || type == BOOT_RANGE_BOOT;
}

static paddr_t range_end(const struct boot_range *range)
{
	return range->start + range->bytes;
}

/*
 * Put [start, end), which overlaps nothing, before ranges[at]. Neighbours of its type take it in.
 * False: no room.
 */
static bool insert(struct memmap *map, unsigned at, paddr_t start, paddr_t end, uint32_t type)
{
	struct boot_range *ranges = map->ranges;
	bool joins_left =
		at > 0 && ranges[at - 1].type == type && range_end(&ranges[at - 1]) == start;
	bool joins_right = at < map->count && ranges[at].type == type && ranges[at].start == end;
	size_t behind = (map->count - at) * sizeof(*ranges);

	if (joins_left && joins_right) {
		ranges[at - 1].bytes += end - start + ranges[at].bytes;
		memmove(&ranges[at], &ranges[at + 1], behind - sizeof(*ranges));
		map->count--;
	} else if (joins_left) {
		ranges[at - 1].bytes += end - start;
	} else if (joins_right) {
		ranges[at].start = start;
		ranges[at].bytes += end - start;
	} else {
		if (map->count == MEMMAP_MAX)
			return false;
		memmove(&ranges[at + 1], &ranges[at], behind);
		ranges[at] =
			(struct boot_range){.start = start, .bytes = end - start, .type = type};
		map->count++;
	}
	return true;
}

/* The first range that ends above `address`. */
static unsigned find_above(const struct memmap *map, paddr_t address)
{
	unsigned low = 0, high = map->count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (range_end(&map->ranges[middle]) > address)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Give `type` to the gaps within [start, end). False: some did not fit. */
static bool fill(struct memmap *map, paddr_t start, paddr_t end, uint32_t type)
{
	while (start < end) {
		unsigned at = find_above(map, start);
		const struct boot_range *next = at < map->count ? &map->ranges[at] : NULL;

		if (next != NULL && next->start <= start) {
			start = range_end(next);
			continue;
		}
		paddr_t gap_end = next != NULL ? MIN(next->start, end) : end;
		if (!insert(map, at, start, gap_end, type))
			return false;
		start = gap_end;
	}
	return true;
}

enum outcome { ADDED, SENSELESS, NO_ROOM };

/* SENSELESS: the range is empty, wraps, is past the limit or holds no whole page. */
static enum outcome add(struct memmap *map, const struct boot_range *range, paddr_t floor,
			paddr_t limit)
{
	uint32_t type = known_type(range->type);
	paddr_t start = range->start, end;

	if (range->bytes == 0 || __builtin_add_overflow(start, range->bytes, &end) ||
	    start >= limit)
		return SENSELESS;
	end = MIN(end, limit);
	if (is_free(type)) {
		start = ALIGN_UP(start, PAGE_SIZE);
		end = ALIGN_DOWN(end, PAGE_SIZE);
	} else {
		start = ALIGN_DOWN(start, PAGE_SIZE);
		end = ALIGN_UP(end, PAGE_SIZE);
	}
	if (start >= end)
		return SENSELESS;
	bool becomes_free = is_free(type) || type == BOOT_RANGE_LOADER;
	if (becomes_free && start < floor) {
		paddr_t below = MIN(end, floor);
		if (!fill(map, start, below, BOOT_RANGE_RESERVED))
			return NO_ROOM;
		start = below;
	}
	return fill(map, start, end, type) ? ADDED : NO_ROOM;
}

static void add_all(struct memmap *map, const struct boot_range *in, unsigned count, uint32_t type,
		    paddr_t floor, paddr_t limit, bool *room)
{
	for (unsigned i = 0; i < count; i++) {
		enum outcome outcome;

		if (known_type(in[i].type) != type)
			continue;
		outcome = *room || !is_free(type) ? add(map, &in[i], floor, limit) : NO_ROOM;
		if (outcome != ADDED)
			map->dropped++;
		if (outcome == NO_ROOM)
			*room = false;
	}
}

void memmap_build(struct memmap *out, const struct boot_range *in, unsigned count, paddr_t floor,
		  paddr_t limit)
{
	bool room = true; /* once a reservation was lost, free memory might overlap it */

	out->count = 0;
	out->dropped = 0;
	floor = ALIGN_UP(floor, PAGE_SIZE);
	limit = ALIGN_DOWN(limit, PAGE_SIZE);
	for (size_t turn = 0; turn < ARRAY_SIZE(types_by_restriction); turn++)
		add_all(out, in, count, types_by_restriction[turn], floor, limit, &room);
}
