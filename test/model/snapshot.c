/* snapshot.c: what a space contains, read from its regions and tables: what I4 is about. */
#include "debug/assert.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/layout.h"
#include "model.h"
#include "vm/region.h"

#define LEAVES_MAX  (PAGES + 1024)
#define REGIONS_MAX (PAGES + 1024)

struct leaf {
	vaddr_t va;
	unsigned prot; /* but for W */
	bool shared;
	bool cached; /* an object's own page: others may write it */
	uint64_t words[WORDS];
};

struct snapshot {
	struct vm_region regions[REGIONS_MAX];
	struct leaf leaves[LEAVES_MAX];
	unsigned region_count, leaf_count;
	vaddr_t brk;
};
static struct snapshot places[3]; /* two to keep, one to compare with */

static void read_words(paddr_t pa, uint64_t words[WORDS])
{
	const uint64_t *data = phys_to_virt(pa);

	words[0] = data[0];
	words[1] = data[PAGE_SIZE / sizeof(uint64_t) - 1];
}

/* A large leaf is noted as its pages, so that splitting it changes nothing. */
static void note_leaf(struct snapshot *s, entry_t entry, unsigned level, vaddr_t va)
{
	for (uint64_t offset = 0; offset < entry_span(level); offset += PAGE_SIZE) {
		assert(s->leaf_count < LEAVES_MAX);
		struct leaf *leaf = &s->leaves[s->leaf_count++];
		leaf->va = va + offset;
		leaf->prot = entry_prot(entry) & ~VM_WRITE;
		leaf->shared = entry_shared(entry);
		leaf->cached = frame_of(entry_pa(entry))->state == FRAME_CACHE;
		read_words(entry_pa(entry) + offset, leaf->words);
	}
}

static void note_table(struct snapshot *s, paddr_t pa, unsigned level, vaddr_t base)
{
	const entry_t *table = phys_to_virt(pa);
	unsigned entries = level == MMU_LEVELS ? MMU_USER_ENTRIES : MMU_ENTRIES;

	for (unsigned i = 0; i < entries; i++) {
		vaddr_t va = base + i * entry_span(level);
		if (!entry_is_present(table[i]))
			continue;
		if (entry_is_leaf(table[i], level))
			note_leaf(s, table[i], level, va);
		else
			note_table(s, entry_pa(table[i]), level - 1, va);
	}
}

void snapshot_take(unsigned which, struct vm_space *space)
{
	struct snapshot *s = &places[which];

	s->region_count = s->leaf_count = 0;
	s->brk = space->brk;
	for (struct vm_region *region = region_first(space); region; region = region_next(region)) {
		assert(s->region_count < REGIONS_MAX);
		s->regions[s->region_count++] = *region;
	}
	note_table(s, space->root, MMU_LEVELS, 0);
}

static bool same_region(const struct vm_region *a, const struct vm_region *b)
{
	return a->start == b->start && a->end == b->end && a->prot == b->prot &&
	       a->flags == b->flags && a->object == b->object && a->offset == b->offset &&
	       a->name == b->name;
}

void snapshot_compare(unsigned which, struct vm_space *space, bool cached, const char *what)
{
	const struct snapshot *before = &places[which], *now = &places[2];

	snapshot_take(2, space);
	if (now->brk != before->brk)
		differ(what, 0, now->brk, before->brk);
	for (unsigned i = 0; i < MIN(now->region_count, before->region_count); i++)
		if (!same_region(&now->regions[i], &before->regions[i]))
			differ(what, before->regions[i].start, now->regions[i].start,
			       before->regions[i].start);
	if (now->region_count != before->region_count)
		differ(what, 0, now->region_count, before->region_count);
	for (unsigned i = 0; i < MIN(now->leaf_count, before->leaf_count); i++) {
		const struct leaf *a = &now->leaves[i], *b = &before->leaves[i];
		if (a->va != b->va || a->prot != b->prot || a->shared != b->shared)
			differ(what, b->va, a->va, b->va);
		for (unsigned word = 0; word < WORDS; word++)
			if (a->words[word] != b->words[word] && (cached || !a->cached))
				differ(what, b->va, a->words[word], b->words[word]);
	}
	if (now->leaf_count != before->leaf_count)
		differ(what, 0, now->leaf_count, before->leaf_count);
}

bool snapshot_peek(struct vm_space *space, vaddr_t va, uint64_t words[WORDS])
{
	paddr_t pa = space->root;

	for (unsigned level = MMU_LEVELS; level; level--) {
		entry_t *table = phys_to_virt(pa);
		entry_t entry = table[entry_index(va, level)];
		if (!entry_is_present(entry))
			return false;
		pa = entry_pa(entry);
		if (entry_is_leaf(entry, level)) {
			read_words(pa + (ALIGN_DOWN(va, PAGE_SIZE) & (entry_span(level) - 1)),
				   words);
			return true;
		}
	}
	return false;
}
