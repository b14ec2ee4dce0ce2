/* test_memmap.c: firmware memory maps with all their faults, and random ones against an oracle page
 * by page. */
#include <stdlib.h>

#include <arch/mmu.h>

#include "debug/ktest.h"
#include "mm/memmap.h"
#include "random.h"

#define FLOOR   MIB
#define LIMIT   (1ull << 40)
#define P(page) ((uint64_t)(page)*PAGE_SIZE)

static struct memmap map;

#define BUILD(...)                                                    \
	do {                                                          \
		const struct boot_range in[] = {__VA_ARGS__};         \
		memmap_build(&map, in, ARRAY_SIZE(in), FLOOR, LIMIT); \
	} while (0)

#define EXPECT_RANGE(index, first, last, kind)                                      \
	do {                                                                        \
		EXPECT_EQ(map.ranges[index].start, first);                          \
		EXPECT_EQ(map.ranges[index].start + map.ranges[index].bytes, last); \
		EXPECT_EQ(map.ranges[index].type, kind);                            \
	} while (0)

KTEST(memmap_empty)
{
	memmap_build(&map, NULL, 0, FLOOR, LIMIT);
	EXPECT_EQ(map.count, 0);
	EXPECT_EQ(map.dropped, 0);
}

/* OVMF with 3 GiB lists what is above 4 GiB first. */
KTEST(memmap_unsorted_neighbours)
{
	BUILD({P(0x100000), P(16), BOOT_RANGE_USABLE, 0}, {P(0x300), P(1), BOOT_RANGE_USABLE, 0},
	      {P(0x200), P(0x100), BOOT_RANGE_USABLE, 0}, {P(0x301), P(5), BOOT_RANGE_BOOT, 0},
	      {P(0x306), P(1), BOOT_RANGE_USABLE, 0});
	EXPECT_EQ(map.count, 4);
	EXPECT_EQ(map.dropped, 0);
	EXPECT_RANGE(0, P(0x200), P(0x301), BOOT_RANGE_USABLE);
	EXPECT_RANGE(1, P(0x301), P(0x306), BOOT_RANGE_BOOT);
	EXPECT_RANGE(2, P(0x306), P(0x307), BOOT_RANGE_USABLE);
	EXPECT_RANGE(3, P(0x100000), P(0x100010), BOOT_RANGE_USABLE);
}

/* One that fills the gap between two of its type joins them. */
KTEST(memmap_joins_both_sides)
{
	BUILD({P(0x200), P(1), BOOT_RANGE_USABLE, 0}, {P(0x202), P(1), BOOT_RANGE_USABLE, 0},
	      {P(0x201), P(1), BOOT_RANGE_USABLE, 0});
	EXPECT_EQ(map.count, 1);
	EXPECT_RANGE(0, P(0x200), P(0x203), BOOT_RANGE_USABLE);
}

KTEST(memmap_senseless_ranges)
{
	BUILD({P(0x200), 0, BOOT_RANGE_USABLE, 0},             /* empty */
	      {P(0x300), 0, BOOT_RANGE_RESERVED, 0},           /* empty */
	      {~0ull - 0xfff, 0x2000, BOOT_RANGE_USABLE, 0},   /* wraps */
	      {P(0x250), ~0ull, BOOT_RANGE_RESERVED, 0},       /* wraps */
	      {LIMIT, P(4), BOOT_RANGE_USABLE, 0},             /* past the limit */
	      {P(0x400) + 1, PAGE_SIZE, BOOT_RANGE_USABLE, 0}, /* no whole page */
	      {P(0x200), P(0x10), BOOT_RANGE_USABLE, 0});
	EXPECT_EQ(map.count, 1);
	EXPECT_EQ(map.dropped, 6);
	EXPECT_RANGE(0, P(0x200), P(0x210), BOOT_RANGE_USABLE);
}

KTEST(memmap_limit_cuts)
{
	BUILD({LIMIT - P(2), P(4), BOOT_RANGE_USABLE, 0}, {LIMIT - P(4), P(1), BOOT_RANGE_MMIO, 0});
	EXPECT_EQ(map.count, 2);
	EXPECT_EQ(map.dropped, 0);
	EXPECT_RANGE(0, LIMIT - P(4), LIMIT - P(3), BOOT_RANGE_MMIO);
	EXPECT_RANGE(1, LIMIT - P(2), LIMIT, BOOT_RANGE_USABLE);
}

/* Free memory shrinks to whole pages, the rest grows. */
KTEST(memmap_unaligned)
{
	BUILD({P(0x200) + 1, P(4), BOOT_RANGE_USABLE, 0},
	      {P(0x300) + 1, P(4), BOOT_RANGE_RESERVED, 0},
	      {P(0x400) + 5, 3, BOOT_RANGE_ACPI_RECLAIM, 0},
	      {P(0x500) + 5, P(2), BOOT_RANGE_LOADER, 0});
	EXPECT_EQ(map.count, 4);
	EXPECT_RANGE(0, P(0x201), P(0x204), BOOT_RANGE_USABLE);
	EXPECT_RANGE(1, P(0x300), P(0x305), BOOT_RANGE_RESERVED);
	EXPECT_RANGE(2, P(0x400), P(0x401), BOOT_RANGE_ACPI_RECLAIM);
	EXPECT_RANGE(3, P(0x500), P(0x503), BOOT_RANGE_LOADER);
}

KTEST(memmap_overlaps)
{
	BUILD({P(0x200), P(0x100), BOOT_RANGE_USABLE, 0},
	      {P(0x210), P(0x10), BOOT_RANGE_RESERVED, 0},
	      {P(0x250), P(0x10), BOOT_RANGE_KERNEL, 0}, {P(0x258), 1, BOOT_RANGE_MMIO, 0},
	      {P(0x2ff), P(2), BOOT_RANGE_INITRD, 0}, {P(0x218), P(0x10), BOOT_RANGE_BOOT, 0});
	EXPECT_EQ(map.count, 9);
	EXPECT_RANGE(0, P(0x200), P(0x210), BOOT_RANGE_USABLE);
	EXPECT_RANGE(1, P(0x210), P(0x220), BOOT_RANGE_RESERVED);
	EXPECT_RANGE(2, P(0x220), P(0x228), BOOT_RANGE_BOOT);
	EXPECT_RANGE(3, P(0x228), P(0x250), BOOT_RANGE_USABLE);
	EXPECT_RANGE(4, P(0x250), P(0x258), BOOT_RANGE_KERNEL);
	EXPECT_RANGE(5, P(0x258), P(0x259), BOOT_RANGE_MMIO);
	EXPECT_RANGE(6, P(0x259), P(0x260), BOOT_RANGE_KERNEL);
	EXPECT_RANGE(7, P(0x260), P(0x2ff), BOOT_RANGE_USABLE);
	EXPECT_RANGE(8, P(0x2ff), P(0x301), BOOT_RANGE_INITRD);
}

/* Below 1 MiB nothing is free, but ACPI's tables stay what they are. Secure Boot's OVMF has free
 * memory at 0. */
KTEST(memmap_floor)
{
	BUILD({0, P(0xa0), BOOT_RANGE_USABLE, 0}, {P(0xa0), P(0x100), BOOT_RANGE_BOOT, 0},
	      {P(0x50), P(1), BOOT_RANGE_LOADER, 0}, {P(0x60), P(1), BOOT_RANGE_ACPI_RECLAIM, 0});
	EXPECT_EQ(map.count, 4);
	EXPECT_RANGE(0, 0, P(0x60), BOOT_RANGE_RESERVED);
	EXPECT_RANGE(1, P(0x60), P(0x61), BOOT_RANGE_ACPI_RECLAIM);
	EXPECT_RANGE(2, P(0x61), P(0x100), BOOT_RANGE_RESERVED);
	EXPECT_RANGE(3, P(0x100), P(0x1a0), BOOT_RANGE_BOOT);
}

KTEST(memmap_unknown_type)
{
	BUILD({P(0x200), P(1), 0x80000000, 0}, {P(0x201), P(1), BOOT_RANGE_RESERVED, 0},
	      {P(0x202), P(1), BOOT_RANGE_MMIO + 1, 0});
	EXPECT_EQ(map.count, 1);
	EXPECT_RANGE(0, P(0x200), P(0x203), BOOT_RANGE_RESERVED);
}

/* More input than MEMMAP_MAX is fine if it merges; where the result is too long it is free memory
 * that is lost. */
KTEST(memmap_many)
{
	enum { MANY = 3 * MEMMAP_MAX };
	struct boot_range *in = calloc(MANY, sizeof(*in));

	for (unsigned i = 0; i < MANY; i++)
		in[i] = (struct boot_range){P(0x200 + (i * 5ull) % MANY), P(1), BOOT_RANGE_USABLE,
					    0};
	memmap_build(&map, in, MANY, FLOOR, LIMIT);
	EXPECT_EQ(map.count, 1);
	EXPECT_EQ(map.dropped, 0);
	EXPECT_RANGE(0, P(0x200), P(0x200 + MANY), BOOT_RANGE_USABLE);

	/* Of each three pages one is reserved, one is free and one is missing. */
	for (unsigned i = 0; i < MANY; i++) {
		uint32_t type = i % 2 ? BOOT_RANGE_RESERVED : BOOT_RANGE_USABLE;
		in[i] = (struct boot_range){P(0x200 + i / 2 * 3 + i % 2), P(1), type, 0};
	}
	memmap_build(&map, in, MEMMAP_MAX + 1, FLOOR, LIMIT);
	EXPECT_EQ(map.count, MEMMAP_MAX);
	EXPECT_EQ(map.dropped, 1);
	memmap_build(&map, in, MANY, FLOOR, LIMIT);
	EXPECT_EQ(map.count, MEMMAP_MAX);
	EXPECT_EQ(map.dropped, MANY - MEMMAP_MAX);
	for (unsigned i = 0; i < map.count; i++)
		EXPECT_EQ(map.ranges[i].type, BOOT_RANGE_RESERVED);
	free(in);
}

/* A reservation that did not fit is not given away, though joining others has made room again. */
KTEST(memmap_lost_reservation)
{
	enum { MANY = MEMMAP_MAX + 3 };
	struct boot_range *in = calloc(MANY, sizeof(*in));

	for (unsigned i = 0; i <= MEMMAP_MAX; i++)
		in[i] = (struct boot_range){P(0x200 + 2 * i), P(1), BOOT_RANGE_RESERVED, 0};
	in[MANY - 2] = (struct boot_range){P(0x201), P(1), BOOT_RANGE_RESERVED, 0};
	in[MANY - 1] = (struct boot_range){P(0x100), P(0x10000), BOOT_RANGE_USABLE, 0};
	memmap_build(&map, in, MANY, FLOOR, LIMIT);
	EXPECT_EQ(map.count, MEMMAP_MAX - 1);
	EXPECT_EQ(map.dropped, 2);
	for (unsigned i = 0; i < map.count; i++)
		EXPECT_EQ(map.ranges[i].type, BOOT_RANGE_RESERVED);
	free(in);
}

/* ---- random maps against an oracle ---- */

enum { ORACLE_PAGES = 96, ORACLE_FLOOR = 8, ORACLE_LIMIT = 90, NO_TYPE = 99 };

static bool oracle_is_free(uint32_t type)
{
	return type == BOOT_RANGE_USABLE || type == BOOT_RANGE_BOOT;
}

/* Greater wins; as the comment in memmap.h says, in full. */
static int rank(uint32_t type)
{
	static const int ranks[] = {
		[BOOT_RANGE_USABLE] = 0,   [BOOT_RANGE_BOOT] = 1,         [BOOT_RANGE_LOADER] = 2,
		[BOOT_RANGE_INITRD] = 3,   [BOOT_RANGE_ACPI_RECLAIM] = 4, [BOOT_RANGE_KERNEL] = 5,
		[BOOT_RANGE_ACPI_NVS] = 6, [BOOT_RANGE_RUNTIME] = 7,      [BOOT_RANGE_RESERVED] = 8,
		[BOOT_RANGE_MMIO] = 9,
	};

	return type == NO_TYPE ? -1 : ranks[type];
}

static uint32_t oracle_type(uint64_t page, const struct boot_range *in, unsigned count)
{
	uint32_t best = NO_TYPE;

	if (page >= ORACLE_LIMIT)
		return NO_TYPE;
	for (unsigned i = 0; i < count; i++) {
		uint32_t type = in[i].type <= BOOT_RANGE_MMIO ? in[i].type : BOOT_RANGE_RESERVED;
		uint64_t start = in[i].start, end = start + in[i].bytes;
		bool whole = start <= P(page) && end >= P(page + 1);
		bool touched = start < P(page + 1) && end > P(page);
		if (end < start || in[i].bytes == 0 || !(oracle_is_free(type) ? whole : touched))
			continue;
		if (rank(type) > rank(best))
			best = type;
	}
	if (page < ORACLE_FLOOR && (oracle_is_free(best) || best == BOOT_RANGE_LOADER))
		return BOOT_RANGE_RESERVED;
	return best;
}

static uint32_t built_type(uint64_t page)
{
	for (unsigned i = 0; i < map.count; i++) {
		if (map.ranges[i].start <= P(page) &&
		    map.ranges[i].start + map.ranges[i].bytes > P(page))
			return map.ranges[i].type;
	}
	return NO_TYPE;
}

static struct boot_range random_range(uint64_t *state)
{
	struct boot_range range = {
		.start = random_below(state, P(ORACLE_PAGES)),
		.bytes = random_below(state, P(20)),
		.type = (uint32_t)random_below(state, 13),
	};

	if (random_below(state, 2)) {
		range.start = ALIGN_DOWN(range.start, PAGE_SIZE);
		range.bytes = ALIGN_DOWN(range.bytes, PAGE_SIZE);
	}
	if (random_below(state, 20) == 0)
		range.bytes = ~0ull - random_below(state, P(2));
	return range;
}

static void check_form(void)
{
	for (unsigned i = 0; i < map.count; i++) {
		const struct boot_range *range = &map.ranges[i];
		EXPECT(IS_ALIGNED(range->start | range->bytes, PAGE_SIZE));
		EXPECT(range->bytes > 0);
		EXPECT_EQ(range->reserved, 0);
		if (i == 0)
			continue;
		uint64_t before = range[-1].start + range[-1].bytes;
		EXPECT(before <= range->start);
		EXPECT(before < range->start || range[-1].type != range->type);
	}
}

KTEST(memmap_random)
{
	uint64_t state = 1;

	for (unsigned round = 0; round < 5000; round++) {
		struct boot_range in[24];
		unsigned count = (unsigned)random_below(&state, ARRAY_SIZE(in));
		for (unsigned i = 0; i < count; i++)
			in[i] = random_range(&state);
		memmap_build(&map, in, count, P(ORACLE_FLOOR),
			     P(ORACLE_LIMIT) + random_below(&state, PAGE_SIZE));
		check_form();
		for (uint64_t page = 0; page < ORACLE_PAGES + 40; page++) {
			if (!EXPECT_EQ(built_type(page), oracle_type(page, in, count))) {
				ktest_fail(__FILE__, __LINE__, "round %u, page %llu", round,
					   (unsigned long long)page);
				return;
			}
		}
	}
}
