/*
 * test_entry.c: the entry functions of arch/mmu.h: identities that hold for every entry. Compiled
 * for the host and for the kernel, since the two must agree. What is finite is tried out wholly:
 * every set of protections, every level, every bit of an address.
 */
#include <arch/mmu.h>

#include "debug/ktest.h"

#define PROTS      0x80u /* sets of VM_READ .. VM_GLOBAL */
#define USER_PROTS (VM_READ | VM_WRITE | VM_EXEC | VM_USER)
#define PA_BITS    52u /* SDM 3A, 4.1.4: the most that a processor has */

/* Failures are counted, and reported once: thousands of lines tell no more. */
#define ALWAYS(failures, condition) ((failures) += !(condition))

/* Addresses with each single bit, with each single bit missing, and with all bits below one. */
static unsigned addresses(paddr_t out[3 * PA_BITS])
{
	const paddr_t all = (1ull << PA_BITS) - PAGE_SIZE;
	unsigned count = 0;

	for (unsigned bit = PAGE_SHIFT; bit < PA_BITS; bit++) {
		out[count++] = 1ull << bit;
		out[count++] = all & ~(1ull << bit);
		out[count++] = (1ull << bit) - 1 & all;
	}
	return count;
}

/* The same entry? Every function that asks must say the same. */
static bool same(entry_t a, entry_t b)
{
	return entry_is_none(a) == entry_is_none(b) && entry_is_present(a) == entry_is_present(b) &&
	       entry_is_swap(a) == entry_is_swap(b) && entry_pa(a) == entry_pa(b) &&
	       entry_prot(a) == entry_prot(b) && entry_can_write(a) == entry_can_write(b) &&
	       entry_shared(a) == entry_shared(b) && entry_accessed(a) == entry_accessed(b) &&
	       entry_dirty(a) == entry_dirty(b) && a.raw == b.raw;
}

KTEST(entry_none_is_nothing)
{
	entry_t none = entry_none();

	EXPECT(entry_is_none(none));
	EXPECT(!entry_is_present(none));
	EXPECT(!entry_is_swap(none));
	EXPECT(!entry_can_write(none));
	EXPECT(!entry_shared(none));
	EXPECT_EQ(entry_prot(none), 0);
	for (unsigned level = 1; level <= MMU_LEVELS; level++)
		EXPECT(!entry_is_leaf(none, level));
	/* A new table is a frame of zeros: that must mean absent. */
	EXPECT_EQ(none.raw, 0);
}

/* What was put into a leaf comes out of it: of each address, protection and level. */
KTEST(entry_leaf_gives_back_what_it_got)
{
	paddr_t pas[3 * PA_BITS];
	unsigned failures = 0, count = addresses(pas);

	for (unsigned i = 0; i < count; i++)
		for (unsigned level = 1; level <= 3; level++)
			for (unsigned prot = 0; prot < PROTS; prot++) {
				paddr_t pa = ALIGN_DOWN(pas[i], entry_span(level));
				entry_t e = entry_leaf(pa, level, prot);
				ALWAYS(failures, entry_pa(e) == pa);
				ALWAYS(failures, entry_is_present(e) && !entry_is_none(e));
				ALWAYS(failures, entry_is_leaf(e, level) && !entry_is_swap(e));
				ALWAYS(failures, entry_can_write(e) == !!(prot & VM_WRITE));
				ALWAYS(failures, !entry_shared(e) && entry_accessed(e));
				ALWAYS(failures, entry_dirty(e) == entry_can_write(e));
			}
	EXPECT_EQ(failures, 0);
}

/* Writable or executable memory is readable on this processor; nothing else is added. */
KTEST(entry_leaf_grants_what_was_asked)
{
	unsigned failures = 0;

	for (unsigned level = 1; level <= 3; level++)
		for (unsigned prot = 0; prot < PROTS; prot++) {
			entry_t e = entry_leaf(GIB, level, prot);
			unsigned asked = prot & USER_PROTS;
			if (asked & (VM_WRITE | VM_EXEC))
				asked |= VM_READ;
			ALWAYS(failures, entry_prot(e) == asked);
			/* The same twice is the same. */
			ALWAYS(failures, same(e, entry_leaf(GIB, level, prot | (asked & VM_READ))));
		}
	EXPECT_EQ(failures, 0);
}

KTEST(entry_leaf_ignores_what_is_no_address)
{
	for (unsigned bit = 0; bit < PAGE_SHIFT; bit++)
		EXPECT_EQ(entry_leaf(MIB | 1ull << bit, 1, VM_READ).raw,
			  entry_leaf(MIB, 1, VM_READ).raw);
	for (unsigned bit = PA_BITS; bit < 64; bit++)
		EXPECT_EQ(entry_leaf(MIB | 1ull << bit, 1, VM_READ).raw,
			  entry_leaf(MIB, 1, VM_READ).raw);
}

KTEST(entry_table_grants_all_but_write)
{
	paddr_t pas[3 * PA_BITS];
	unsigned failures = 0, count = addresses(pas);

	for (unsigned i = 0; i < count; i++)
		for (unsigned prot = 0; prot < PROTS; prot++) {
			entry_t e = entry_table(pas[i], prot);
			unsigned granted = VM_READ | VM_EXEC | (prot & (VM_WRITE | VM_USER));
			ALWAYS(failures, entry_pa(e) == pas[i] && entry_is_present(e));
			ALWAYS(failures, entry_prot(e) == granted);
			ALWAYS(failures, !entry_shared(e) && !entry_is_swap(e));
			for (unsigned level = 2; level <= MMU_LEVELS; level++)
				ALWAYS(failures, !entry_is_leaf(e, level));
		}
	EXPECT_EQ(failures, 0);
}

/* wrprotect and mkwrite change W and nothing else, and undo each other. */
static unsigned check_write_bit(entry_t e)
{
	unsigned failures = 0;
	entry_t without = entry_wrprotect(e), with = entry_mkwrite(e);

	ALWAYS(failures, !entry_can_write(without) && entry_can_write(with));
	ALWAYS(failures, same(entry_can_write(e) ? with : without, e));
	ALWAYS(failures, same(entry_mkwrite(without), with));
	ALWAYS(failures, same(entry_wrprotect(with), without));
	ALWAYS(failures, same(entry_wrprotect(without), without));
	ALWAYS(failures, same(entry_mkwrite(with), with));
	ALWAYS(failures, entry_pa(without) == entry_pa(e) && entry_pa(with) == entry_pa(e));
	ALWAYS(failures, (entry_prot(without) | VM_WRITE) == (entry_prot(e) | VM_WRITE));
	ALWAYS(failures, entry_is_present(without) == entry_is_present(e));
	ALWAYS(failures, entry_shared(without) == entry_shared(e));
	return failures;
}

/* The marks: each function changes its own and leaves the rest. */
static unsigned check_marks(entry_t e)
{
	unsigned failures = 0;
	entry_t old = entry_mkold(e), clean = entry_mkclean(e), shared = entry_mkshared(e);

	ALWAYS(failures, !entry_accessed(old) && entry_dirty(old) == entry_dirty(e));
	ALWAYS(failures, !entry_dirty(clean) && entry_accessed(clean) == entry_accessed(e));
	ALWAYS(failures, entry_shared(shared) && entry_pa(shared) == entry_pa(e));
	ALWAYS(failures, entry_prot(old) == entry_prot(e) && entry_prot(clean) == entry_prot(e) &&
				 entry_prot(shared) == entry_prot(e));
	/* The shared mark survives everything. */
	ALWAYS(failures,
	       entry_shared(entry_wrprotect(shared)) && entry_shared(entry_mkwrite(shared)) &&
		       entry_shared(entry_mkold(shared)) && entry_shared(entry_mkclean(shared)));
	ALWAYS(failures, same(entry_mkshared(shared), shared) && same(entry_mkold(old), old));
	/* In any order. */
	ALWAYS(failures, same(entry_mkold(clean), entry_mkclean(old)));
	ALWAYS(failures, same(entry_wrprotect(shared), entry_mkshared(entry_wrprotect(e))));
	return failures;
}

KTEST(entry_bits_do_not_disturb_each_other)
{
	paddr_t pas[3 * PA_BITS];
	unsigned failures = 0, count = addresses(pas);

	for (unsigned i = 0; i < count; i++)
		for (unsigned level = 1; level <= 3; level++)
			for (unsigned prot = 0; prot < PROTS; prot++) {
				entry_t e = entry_leaf(pas[i], level, prot);
				failures += check_write_bit(e) + check_marks(e);
				failures += check_write_bit(entry_mkshared(entry_mkold(e)));
				failures += check_marks(entry_wrprotect(e));
				if (level == 1)
					failures += check_write_bit(entry_table(pas[i], prot));
			}
	EXPECT_EQ(failures, 0);
}

/* An absent entry with a slot: the processor sees nothing there, and the slot comes out again. */
KTEST(entry_swap_is_not_present_and_not_none)
{
	paddr_t pas[3 * PA_BITS];
	unsigned failures = 0, count = addresses(pas);

	for (unsigned i = 0; i <= count; i++) {
		uint64_t slot = i < count ? pas[i] >> PAGE_SHIFT : 0;
		entry_t e = entry_swap(slot);
		ALWAYS(failures, entry_is_swap(e) && entry_slot(e) == slot);
		ALWAYS(failures, !entry_is_none(e) && !entry_is_present(e));
		ALWAYS(failures, entry_prot(e) == 0 && !entry_can_write(e) && !entry_shared(e));
		for (unsigned level = 1; level <= MMU_LEVELS; level++)
			ALWAYS(failures, !entry_is_leaf(e, level));
	}
	EXPECT_EQ(failures, 0);
}

/* A leaf that nobody may access keeps its frame: present for the kernel, absent for the processor.
 */
KTEST(entry_without_access_keeps_its_frame)
{
	for (unsigned level = 1; level <= 3; level++) {
		entry_t e = entry_leaf(GIB, level, VM_USER);
		EXPECT(entry_is_present(e) && entry_is_leaf(e, level) && !entry_is_none(e));
		EXPECT_EQ(entry_pa(e), GIB);
		EXPECT_EQ(entry_prot(e) & (VM_READ | VM_WRITE | VM_EXEC), 0);
		EXPECT(!entry_is_swap(entry_mkshared(e)));
	}
}

KTEST(entry_index_and_span_cover_the_address_space)
{
	unsigned failures = 0;

	EXPECT_EQ(entry_span(1), PAGE_SIZE);
	EXPECT_EQ(entry_span(2), 2 * MIB);
	EXPECT_EQ(entry_span(3), GIB);
	EXPECT_EQ(entry_span(4), 512 * GIB);
	/* A table covers what its parent's entry does. */
	for (unsigned level = 2; level <= MMU_LEVELS; level++)
		EXPECT_EQ(entry_span(level), entry_span(level - 1) * MMU_ENTRIES);
	for (unsigned level = 1; level <= MMU_LEVELS; level++)
		for (unsigned i = 0; i < MMU_ENTRIES; i++) {
			vaddr_t va = i * entry_span(level);
			ALWAYS(failures, entry_index(va, level) == i);
			ALWAYS(failures, entry_index(va + entry_span(level) - 1, level) == i);
			/* What is below does not count, nor what is above. */
			for (unsigned other = level + 1; other <= MMU_LEVELS; other++)
				ALWAYS(failures,
				       entry_index(va | 5 * entry_span(other), level) == i);
		}
	EXPECT_EQ(failures, 0);
	/* The halves: the user's entries end where the kernel's begin. */
	EXPECT_EQ(entry_index(0x00007fffffffffff, MMU_LEVELS), MMU_USER_ENTRIES - 1);
	EXPECT_EQ(entry_index(0xffff800000000000, MMU_LEVELS), MMU_USER_ENTRIES);
	EXPECT_EQ(entry_index(UINT64_MAX, MMU_LEVELS), MMU_ENTRIES - 1);
	/* The index of each bit of an address is a bit of one level's index. */
	for (unsigned bit = PAGE_SHIFT; bit < 48; bit++) {
		unsigned level = 1 + (bit - PAGE_SHIFT) / MMU_INDEX_BITS, in_other = 0;
		EXPECT_EQ(entry_index(1ull << bit, level),
			  1u << (bit - PAGE_SHIFT) % MMU_INDEX_BITS);
		for (unsigned other = 1; other <= MMU_LEVELS; other++)
			in_other += other != level && entry_index(1ull << bit, other);
		EXPECT_EQ(in_other, 0);
	}
}

KTEST(entry_live_tables_are_changed_one_entry_at_a_time)
{
	entry_t table[3] = {entry_none(), entry_none(), entry_none()};
	entry_t e = entry_leaf(MIB, 1, VM_READ | VM_USER), old;

	entry_store(&table[1], e);
	EXPECT(same(entry_load(&table[1]), e));
	old = entry_exchange(&table[1], entry_mkshared(e));
	EXPECT(same(old, e));
	EXPECT(entry_shared(entry_load(&table[1])));
	EXPECT(entry_is_none(table[0]) && entry_is_none(table[2]));
}
