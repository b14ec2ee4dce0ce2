/*
 * fuzz_memmap.c: memmap_build() on any ranges. The input is an array of struct boot_range. The map
 * is in form, nothing is free that the firmware reserved, and nothing is in it that was not in the
 * input.
 *
 * Short run, as in the tests: build/test/fuzz_memmap -runs=20000 -seed=1 NEW-FOLDER SEEDS
 * Long run: build/test/fuzz_memmap -max_total_time=3600 -max_len=65536 NEW-FOLDER
 * build/test/fuzz-seeds/memmap
 */
#include <stdlib.h>
#include <string.h>

#include <arch/mmu.h>

#include "debug/assert.h"
#include "mm/memmap.h"

#define LIMIT (1ull << 52)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct memmap map;

static bool is_free(uint32_t type)
{
	return type == BOOT_RANGE_USABLE || type == BOOT_RANGE_BOOT;
}

/* Is the input range one that counts, and does it overlap [start, end)? */
static bool overlaps(const struct boot_range *in, uint64_t start, uint64_t end)
{
	uint64_t in_end;

	if (in->bytes == 0 || __builtin_add_overflow(in->start, in->bytes, &in_end))
		return false;
	return in->start < end && in_end > start;
}

static void check_free(const struct boot_range *range, const struct boot_range *in, unsigned count)
{
	assert(range->start >= MIB);
	for (unsigned i = 0; i < count; i++)
		assert(is_free(in[i].type) ||
		       !overlaps(&in[i], range->start, range->start + range->bytes));
}

static void check_range(const struct boot_range *range, const struct boot_range *in, unsigned count)
{
	bool known = false;

	assert(range->bytes > 0 && range->type <= BOOT_RANGE_MMIO);
	assert(IS_ALIGNED(range->start | range->bytes, PAGE_SIZE));
	assert(range->start < LIMIT && range->bytes <= LIMIT - range->start);
	for (unsigned i = 0; i < count && !known; i++)
		known = overlaps(&in[i], range->start, range->start + range->bytes);
	assert(known);
	if (is_free(range->type))
		check_free(range, in, count);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	unsigned count = (unsigned)(size / sizeof(struct boot_range));
	struct boot_range *in = malloc(count * sizeof(*in) + 1);

	memcpy(in, bytes, count * sizeof(*in));
	memmap_build(&map, in, count, MIB, LIMIT);
	assert(map.count <= MEMMAP_MAX && map.dropped <= count);
	for (unsigned i = 0; i < map.count; i++) {
		const struct boot_range *range = &map.ranges[i];
		check_range(range, in, count);
		if (i > 0) {
			uint64_t before = range[-1].start + range[-1].bytes;
			assert(before < range->start ||
			       (before == range->start && range[-1].type != range->type));
		}
	}
	free(in);
	return 0;
}
