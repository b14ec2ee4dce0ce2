/*
 * kmap.c: the kernel's half of the tables, built once at boot and shared by every space: the
 * entries of the root table that it needs are all made here and never change, so a space only
 * copies them.
 *
 * Before frame_init() tables come from the boot allocator, after it from frame_alloc(). Both are
 * reached through the direct map, which the boot tables have at the same place as ours.
 */
#include "mm/kmap.h"

#include <arch/cpu.h>
#include <arch/thread.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/boot_alloc.h"
#include "mm/frame_init.h"
#include "mm/image.h"
#include "mm/kmap_init.h"
#include "mm/layout.h"
#include "sync/cpu.h"
#include "sync/cross_call.h"
#include "sync/spinlock.h"

/* The stack area: slots of a guard, as large as the stack so that slots stay aligned, and a stack.
 */
#define STACK_SLOT_BYTES  (2 * KERNEL_STACK_BYTES)
#define STACK_PAGES       (KERNEL_STACK_BYTES / PAGE_SIZE)
#define STACK_SLOTS       4096u
#define TABLE_SLOTS       64u /* in one table of pages */
/* With several CPUs there are tables for so many from the start: as many stacks come and go before
 * all CPUs have to flush. */
#define SHARED_SLOTS      1024u
#define STACK_AREA_BYTES  (STACK_SLOTS * (uint64_t)STACK_SLOT_BYTES)
#define DEVICE_AREA_START (KMAP_BASE + (64ull << 30))
#define DEVICE_AREA_END   (KMAP_BASE + KMAP_BYTES)
_Static_assert(TABLE_SLOTS *STACK_SLOT_BYTES == MMU_ENTRIES * PAGE_SIZE, "a word of the bitmap");
_Static_assert(KMAP_BASE + STACK_AREA_BYTES <= DEVICE_AREA_START, "the areas are disjoint");

static struct spinlock kmap_lock = SPINLOCK_INIT(RANK_KMAP);
static paddr_t root;                           /* set once, at boot */
static uint64_t stack_slots[STACK_SLOTS / 64]; /* (kmap_lock) bit set: slot in use */
/* (kmap_lock) Bit set: no longer in use, but another CPU may remember where it was. */
static uint64_t stale_slots[STACK_SLOTS / 64];
static uint64_t renewals;    /* (kmap_lock) how often stale slots were made free again */
static unsigned table_slots; /* (kmap_lock) slots that there are tables for, from the first */
static vaddr_t device_next = DEVICE_AREA_START; /* (kmap_lock) */
/* Physical ranges in the direct map; set at boot. */
static struct boot_range mapped_ranges[FRAME_MAX_SPANS];
static unsigned mapped_range_count;
static struct boot_range image_range; /* set at boot: where the kernel itself is */

paddr_t kmap_root(void)
{
	return root;
}

/* A zeroed table, or 0. */
static paddr_t table_alloc(void)
{
	if (boot_alloc_active())
		return boot_alloc_page();
	struct frame *frame = frame_alloc_zeroed(FRAME_TABLE);
	return frame ? frame_pa(frame) : 0;
}

/* The entry at `level` for va, making the tables above it; NULL: no memory. */
static entry_t *entry_for(vaddr_t va, unsigned level)
{
	entry_t *table = phys_to_virt(root);

	for (unsigned at = MMU_LEVELS; at > level; at--) {
		entry_t *entry = &table[entry_index(va, at)];
		if (!entry_is_present(*entry)) {
			paddr_t new_table = table_alloc();
			if (!new_table)
				return NULL;
			entry_store(entry, entry_table(new_table, VM_WRITE));
		}
		assert(!entry_is_leaf(*entry, at));
		table = phys_to_virt(entry_pa(*entry));
	}
	return &table[entry_index(va, level)];
}

/* The leaf or absent entry where the walk for va ends, and its level; changes nothing. */
static const entry_t *find_entry(vaddr_t va, unsigned *level)
{
	const entry_t *table = phys_to_virt(root);

	for (*level = MMU_LEVELS;; (*level)--) {
		const entry_t *entry = &table[entry_index(va, *level)];
		if (!entry_is_present(*entry) || entry_is_leaf(*entry, *level))
			return entry;
		table = phys_to_virt(entry_pa(*entry));
	}
}

/* The largest leaf that fits at va, pa and in `bytes`. */
static unsigned leaf_level(vaddr_t va, paddr_t pa, uint64_t bytes)
{
	unsigned level = 3;

	while (level > 1 && (((va | pa) & (entry_span(level) - 1)) || bytes < entry_span(level) ||
			     !mmu_leaf_level_ok(level)))
		level--;
	return level;
}

/* Map [va, va+bytes) to pa; page-aligned. false: no memory, part may be mapped. */
static bool map_range(vaddr_t va, paddr_t pa, uint64_t bytes, unsigned prot)
{
	while (bytes) {
		unsigned level = leaf_level(va, pa, bytes);
		entry_t *entry = entry_for(va, level);
		if (!entry)
			return false;
		assert(entry_is_none(*entry));
		entry_store(entry, entry_leaf(pa, level, prot | VM_GLOBAL));
		va += entry_span(level);
		pa += entry_span(level);
		bytes -= entry_span(level);
	}
	return true;
}

static void map_at_boot(vaddr_t va, paddr_t pa, uint64_t bytes, unsigned prot)
{
	if (!map_range(va, pa, bytes, prot))
		panic("no memory for the kernel's page tables");
}

bool kmap_is_mapped(vaddr_t va, size_t bytes)
{
	vaddr_t last = va + bytes - 1;

	/* Canonical, in the kernel's half, not wrapping. */
	if (!root || !bytes || va < DIRECT_MAP_BASE || last < va)
		return false;
	for (va = ALIGN_DOWN(va, PAGE_SIZE);; va += PAGE_SIZE) {
		unsigned level;
		if (!entry_is_present(*find_entry(va, &level)))
			return false;
		if (va >= ALIGN_DOWN(last, PAGE_SIZE))
			return true;
	}
}

/* ---- kernel stacks ---- */

static vaddr_t slot_stack(unsigned slot)
{
	return KMAP_BASE + slot * (uint64_t)STACK_SLOT_BYTES +
	       (STACK_SLOT_BYTES - KERNEL_STACK_BYTES);
}

/* Unmap the lowest `pages` of the slot's stack, whose entries start at `entry`. */
static void unmap_stack_locked(unsigned slot, entry_t *entry, unsigned pages)
{
	for (unsigned i = 0; i < pages; i++) {
		struct frame *frame = frame_of(entry_pa(entry[i]));
		assert(entry_is_present(entry[i]));
		entry_store(&entry[i], entry_none());
		mmu_flush_page(slot_stack(slot) + i * PAGE_SIZE);
		frame_free(frame);
	}
	stack_slots[slot / 64] &= ~(1ull << slot % 64);
	if (cpus_online() & ~(1ull << cpu_local()->id))
		stale_slots[slot / 64] |= 1ull << slot % 64;
}

/* The first free slot below `end`. */
static int take_slot_locked(unsigned end)
{
	for (unsigned word = 0; word < end / 64; word++) {
		uint64_t free = ~(stack_slots[word] | stale_slots[word]);
		if (free) {
			unsigned bit = (unsigned)__builtin_ctzll(free);
			stack_slots[word] |= 1ull << bit;
			return (int)(word * 64 + bit);
		}
	}
	return -ENOMEM;
}

static void flush_here(void *argument)
{
	mmu_flush_global();
}

/* Have every CPU forget where the stale stacks were: one flush for thousands of them. */
static void renew_stale_slots(void)
{
	uint64_t flushed[STACK_SLOTS / 64], before;

	if (!(cpus_online() & ~(1ull << cpu_local()->id)))
		return;

	spin_lock(&kmap_lock);
	memcpy(flushed, stale_slots, sizeof(flushed));
	before = renewals;
	spin_unlock(&kmap_lock);
	mmu_flush_global();
	cross_call(UINT64_MAX, flush_here, NULL);
	spin_lock(&kmap_lock);
	/* Where another has done the same meanwhile, slots may have been used since, and be stale
	 * again. */
	for (unsigned word = 0; renewals == before && word < ARRAY_SIZE(stale_slots); word++)
		stale_slots[word] &= ~flushed[word];
	renewals++;
	spin_unlock(&kmap_lock);
}

/* A slot is aligned to its size, so that one table holds all of its entries. */
static int map_stack_locked(unsigned slot)
{
	entry_t *entry = entry_for(slot_stack(slot), 1);

	for (unsigned i = 0; i < STACK_PAGES; i++) {
		struct frame *frame = entry ? frame_alloc(FRAME_STACK, 0) : NULL;
		if (!frame) {
			unmap_stack_locked(slot, entry, i);
			return -ENOMEM;
		}
		entry_store(&entry[i],
			    entry_leaf(frame_pa(frame), 1, VM_READ | VM_WRITE | VM_GLOBAL));
	}
	return 0;
}

void kmap_prepare_stacks(void)
{
	if (!(cpus_online() & ~(1ull << cpu_local()->id)))
		return;
	spin_lock(&kmap_lock);
	while (table_slots < SHARED_SLOTS && entry_for(slot_stack(table_slots), 1))
		table_slots += TABLE_SLOTS;
	spin_unlock(&kmap_lock);
}

int kmap_stack_alloc(vaddr_t *top)
{
	spin_lock(&kmap_lock);
	int slot = take_slot_locked(table_slots);
	if (slot < 0) {
		/* Before another table is made, which stays for ever. */
		spin_unlock(&kmap_lock);
		renew_stale_slots();
		spin_lock(&kmap_lock);
		slot = take_slot_locked(STACK_SLOTS);
		if (slot >= 0)
			table_slots = MAX(table_slots, ALIGN_UP((unsigned)slot + 1, TABLE_SLOTS));
	}
	if (slot < 0) {
		spin_unlock(&kmap_lock);
		return slot;
	}
	int error = map_stack_locked((unsigned)slot);
	spin_unlock(&kmap_lock);
	*top = slot_stack((unsigned)slot) + KERNEL_STACK_BYTES;
	return error;
}

void kmap_stack_free(vaddr_t top)
{
	uint64_t offset = top - KERNEL_STACK_BYTES - KMAP_BASE;
	unsigned slot = (unsigned)(offset / STACK_SLOT_BYTES), level;

	assert(offset < STACK_AREA_BYTES && slot_stack(slot) + KERNEL_STACK_BYTES == top);
	spin_lock(&kmap_lock);
	entry_t *entry = (entry_t *)find_entry(slot_stack(slot), &level);
	assert(level == 1);
	unmap_stack_locked(slot, entry, STACK_PAGES);
	spin_unlock(&kmap_lock);
}

bool kmap_is_stack_guard(vaddr_t va)
{
	if (va - (vaddr_t)boot_stack_guard < PAGE_SIZE)
		return true;
	return va - KMAP_BASE < STACK_AREA_BYTES &&
	       (va - KMAP_BASE) % STACK_SLOT_BYTES < STACK_SLOT_BYTES - KERNEL_STACK_BYTES;
}

/* ---- device memory and firmware tables ---- */

static void *map_physical(paddr_t start, size_t bytes, unsigned prot)
{
	paddr_t first = ALIGN_DOWN(start, PAGE_SIZE);
	uint64_t length = ALIGN_UP(start + bytes, PAGE_SIZE) - first;
	void *result = NULL;

	/* The processor takes an entry for what it can't address as broken. */
	if (!bytes || start + bytes < start || start + bytes > cpu_physical_limit())
		return NULL;
	spin_lock(&kmap_lock);
	/* As aligned as the memory is, so that large leaves can be used. */
	vaddr_t va = ALIGN_UP(device_next, entry_span(2)) + (first & (entry_span(2) - 1));
	if (length < DEVICE_AREA_END - va) {
		/* Even where memory ran out half way the range is not used again. */
		device_next = va + length;
		if (map_range(va, first, length, prot))
			result = (void *)(va + (start - first));
	}
	spin_unlock(&kmap_lock);
	return result;
}

void *kmap_device(paddr_t start, size_t bytes, unsigned flags)
{
	return map_physical(start, bytes,
			    VM_READ | VM_WRITE |
				    (flags & VM_WRITE_COMBINING ? flags : VM_UNCACHED));
}

const void *kmap_firmware(paddr_t start, size_t bytes)
{
	for (unsigned i = 0; i < mapped_range_count; i++) {
		const struct boot_range *range = &mapped_ranges[i];
		if (start >= range->start && start - range->start < range->bytes &&
		    bytes <= range->bytes - (start - range->start))
			return phys_to_virt(start);
	}
	return map_physical(start, bytes, VM_READ);
}

static bool overlaps(const struct boot_range *range, paddr_t start, size_t bytes)
{
	return start < range->start + range->bytes && range->start < start + bytes;
}

bool kmap_is_memory(paddr_t start, size_t bytes)
{
	for (unsigned i = 0; i < mapped_range_count; i++)
		if (overlaps(&mapped_ranges[i], start, bytes))
			return true;
	return overlaps(&image_range, start, bytes);
}

void *kmap_low_memory(paddr_t start, size_t bytes)
{
	assert(start + bytes <= MIB);
	return map_physical(start, bytes, VM_READ | VM_WRITE);
}

/* ---- boot ---- */

static void map_image_part(const struct boot_info *info, const char *start, const char *end,
			   unsigned prot)
{
	uint64_t offset = (uint64_t)(start - kernel_image_start);

	if (start != end)
		map_at_boot((vaddr_t)start, info->kernel_start + offset, (uint64_t)(end - start),
			    prot);
}

static void map_image(const struct boot_info *info)
{
	map_image_part(info, kernel_text_start, kernel_text_end, VM_READ | VM_EXEC);
	map_image_part(info, kernel_rodata_start, kernel_rodata_end, VM_READ);
	map_image_part(info, kernel_data_start, boot_stack_guard, VM_READ | VM_WRITE);
	map_image_part(info, boot_stack_guard + PAGE_SIZE, kernel_data_end, VM_READ | VM_WRITE);
	map_image_part(info, kernel_symbols_start, kernel_symbols_end, VM_READ);
}

/* How the direct map shows a range; 0: not at all. The image is left out: it has its own place,
 * where its text is not writable, and must not have a writable alias. */
static unsigned direct_map_prot(uint32_t type)
{
	switch (type) {
	case BOOT_RANGE_USABLE:
	case BOOT_RANGE_BOOT:
	case BOOT_RANGE_LOADER:
	case BOOT_RANGE_INITRD: /* becomes free once it is copied */
		return VM_READ | VM_WRITE;
	case BOOT_RANGE_ACPI_RECLAIM:
	case BOOT_RANGE_ACPI_NVS:
		return VM_READ;
	default:
		return 0;
	}
}

static void map_frame_entries(const struct boot_range *range)
{
	vaddr_t start = (vaddr_t)(FRAME_DATABASE + (range->start >> PAGE_SHIFT));
	vaddr_t end = (vaddr_t)(FRAME_DATABASE + ((range->start + range->bytes) >> PAGE_SHIFT));

	for (vaddr_t va = ALIGN_DOWN(start, PAGE_SIZE); va < end; va += PAGE_SIZE) {
		unsigned level;
		if (!entry_is_present(*find_entry(va, &level)))
			map_at_boot(va, boot_alloc_page(), PAGE_SIZE, VM_READ | VM_WRITE);
	}
}

bool kmap_range_has_frames(uint32_t type)
{
	return type == BOOT_RANGE_USABLE || type == BOOT_RANGE_BOOT || type == BOOT_RANGE_LOADER ||
	       type == BOOT_RANGE_KERNEL || type == BOOT_RANGE_INITRD;
}

void kmap_init(const struct memmap *map, const struct boot_info *info)
{
	root = boot_alloc_page();
	map_image(info);
	image_range = (struct boot_range){.start = info->kernel_start, .bytes = info->kernel_bytes};
	for (unsigned i = 0; i < map->count; i++) {
		const struct boot_range *range = &map->ranges[i];
		unsigned prot = direct_map_prot(range->type);
		if (prot) {
			map_at_boot((vaddr_t)phys_to_virt(range->start), range->start, range->bytes,
				    prot);
			if (mapped_range_count < ARRAY_SIZE(mapped_ranges))
				mapped_ranges[mapped_range_count++] = *range;
		}
		if (kmap_range_has_frames(range->type))
			map_frame_entries(range);
	}
	/* The root's entry for stacks and devices has to exist before any space copies it. */
	if (!entry_for(KMAP_BASE, MMU_LEVELS - 1))
		panic("no memory for the kernel's page tables");
	mmu_activate(root);
}
