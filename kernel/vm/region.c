/* region.c: the regions of a space in a balanced tree by address. */
#include "vm/region.h"

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sync/cpu.h"
#include "vm/object.h"

static struct vm_region *of_node(struct tree_node *node)
{
	return node ? container_of(node, struct vm_region, node) : NULL;
}

struct vm_region *region_at_or_after(const struct vm_space *space, vaddr_t va)
{
	struct vm_region *best = NULL;

	for (struct tree_node *node = space->regions.root; node;) {
		struct vm_region *region = of_node(node);
		if (va < region->end)
			best = region;
		node = node->child[va >= region->end];
	}
	return best;
}

struct vm_region *region_find(const struct vm_space *space, vaddr_t va)
{
	struct vm_region *region = region_at_or_after(space, va);

	return region && region->start <= va ? region : NULL;
}

struct vm_region *region_find_recent(struct vm_space *space, vaddr_t va)
{
	struct vm_region **slot = &space->recent[cpu_local()->id % VM_RECENT_REGIONS];
	struct vm_region *recent = __atomic_load_n(slot, __ATOMIC_RELAXED);

	if (recent && recent->start <= va && va < recent->end)
		return recent;
	recent = region_find(space, va);
	if (recent)
		__atomic_store_n(slot, recent, __ATOMIC_RELAXED);
	return recent;
}

/* `region` (NULL: any) goes. Nobody holds the lock shared, so nobody stores one meanwhile. */
static void forget_recent(struct vm_space *space, const struct vm_region *region)
{
	for (unsigned i = 0; i < VM_RECENT_REGIONS; i++)
		if (!region || space->recent[i] == region)
			space->recent[i] = NULL;
}

struct vm_region *region_next(const struct vm_region *region)
{
	return of_node(tree_next(&region->node));
}

struct vm_region *region_prev(const struct vm_region *region)
{
	return of_node(tree_prev(&region->node));
}

struct vm_region *region_first(const struct vm_space *space)
{
	return of_node(tree_first(&space->regions));
}

bool region_range_is_free(const struct vm_space *space, vaddr_t start, vaddr_t end)
{
	struct vm_region *region = region_at_or_after(space, start);

	return !region || region->start >= end;
}

bool region_range_is_mapped(const struct vm_space *space, vaddr_t start, vaddr_t end)
{
	struct vm_region *region = region_find(space, start);

	while (region && region->end < end) {
		struct vm_region *next = region_next(region);
		if (!next || next->start != region->end)
			return false;
		region = next;
	}
	return region != NULL;
}

struct vm_region *region_create(const struct vm_region *like)
{
	struct vm_region *region = kmalloc(sizeof(*region));

	if (!region)
		return NULL;
	/* Others that map the object may change its list meanwhile. */
	memcpy(region, like, offsetof(struct vm_region, of_object));
	region->of_object = (struct list_node){NULL, NULL};
	if (region->object)
		vm_object_get(region->object);
	return region;
}

void region_destroy(struct vm_region *region)
{
	if (region->object)
		vm_object_put(region->object);
	kfree(region);
}

/* Hold the lock of `wanted` instead of that of `held`; NULL: of none. A program's regions are
 * mostly of one file, so that its lock is taken once for all. */
static struct vm_object *NO_LOCK_ANALYSIS hold_lock(struct vm_object *held,
						    struct vm_object *wanted)
{
	if (wanted == held)
		return held;
	if (held)
		spin_unlock(&held->lock);
	spin_lock(&wanted->lock);
	return wanted;
}

/* No object knows the space's regions any more. */
static void NO_LOCK_ANALYSIS detach_all(struct vm_space *space)
{
	struct vm_object *held = NULL;

	for (struct vm_region *region = region_first(space); region; region = region_next(region)) {
		if (!region->object)
			continue;
		held = hold_lock(held, region->object);
		list_remove(&region->of_object);
	}
	if (held)
		spin_unlock(&held->lock);
}

struct copying {
	struct vm_space *to;
	struct vm_object *held; /* its lock is */
};

/* Copy the tree as it stands: nothing needs comparing or balancing. As deep as the tree. */
static bool copy_subtree(struct copying *copying, struct tree_node *from, struct tree_node *parent,
			 struct tree_node **link)
{
	struct vm_region *copy = region_create(of_node(from));

	if (!copy)
		return false;
	copy->node.parent = parent;
	copy->node.child[0] = copy->node.child[1] = NULL;
	copy->space = copying->to;
	if (copy->object) {
		copying->held = hold_lock(copying->held, copy->object);
		/* As clean as the original: its leaves are copied under the same lock. */
		list_push_back(&copy->object->regions, &copy->of_object);
	}
	*link = &copy->node;
	for (unsigned side = 0; side < 2; side++)
		if (from->child[side] &&
		    !copy_subtree(copying, from->child[side], &copy->node, &copy->node.child[side]))
			return false;
	return true;
}

static void destroy_subtree(struct tree_node *node)
{
	for (unsigned side = 0; side < 2; side++)
		if (node->child[side])
			destroy_subtree(node->child[side]);
	region_destroy(of_node(node));
}

bool NO_LOCK_ANALYSIS region_copy_all(const struct vm_space *from, struct vm_space *to)
{
	struct copying copying = {.to = to};

	assert(!to->regions.root);
	to->mapped = from->mapped;
	to->region_count = from->region_count;
	bool done = !from->regions.root ||
		    copy_subtree(&copying, from->regions.root, NULL, &to->regions.root);
	if (copying.held)
		spin_unlock(&copying.held->lock);
	return done;
}

void region_destroy_all(struct vm_space *space)
{
	detach_all(space);
	if (space->regions.root)
		destroy_subtree(space->regions.root);
	space->regions.root = NULL;
	forget_recent(space, NULL);
	space->mapped = space->region_count = 0;
}

void region_insert(struct vm_space *space, struct vm_region *region)
{
	struct tree_node *parent = NULL, **link = &space->regions.root;

	assert(region->start < region->end &&
	       region_range_is_free(space, region->start, region->end));
	while (*link) {
		parent = *link;
		link = &parent->child[region->start >= of_node(parent)->end];
	}
	tree_insert(&space->regions, parent, link, &region->node);
	region->space = space;
	if (region->object)
		vm_object_add_region(region->object, region);
	space->mapped += region->end - region->start;
	space->region_count++;
}

void region_remove(struct vm_space *space, struct vm_region *region)
{
	tree_remove(&space->regions, &region->node);
	if (region->object)
		vm_object_remove_region(region->object, region);
	forget_recent(space, region);
	space->mapped -= region->end - region->start;
	space->region_count--;
}

void region_split(struct vm_space *space, struct vm_region *region, vaddr_t at,
		  struct vm_region *upper)
{
	assert(region->start < at && at < region->end);
	upper->offset = region_offset(region, at);
	upper->start = at;
	upper->end = region->end;
	space->mapped -= region->end - at;
	region->end = at;
	region_insert(space, upper);
}

/* Does va lie strictly inside a region? */
static struct vm_region *to_split(const struct vm_space *space, vaddr_t va)
{
	struct vm_region *region = region_find(space, va);

	return region && region->start < va ? region : NULL;
}

int region_cut(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	struct vm_region *at_start = to_split(space, start), *at_end = to_split(space, end);
	struct vm_region *first = at_start ? region_create(at_start) : NULL;
	struct vm_region *second = at_end ? region_create(at_end) : NULL;
	unsigned more = !!at_start + !!at_end;

	if ((at_start && !first) || (at_end && !second) ||
	    space->region_count + more > VM_MAX_REGIONS) {
		if (first)
			region_destroy(first);
		if (second)
			region_destroy(second);
		return -ENOMEM;
	}
	if (first)
		region_split(space, at_start, start, first);
	/* The first cut may have moved the region that the second one falls into. */
	if (second)
		region_split(space, region_find(space, end), end, second);
	return 0;
}

int region_prepare_hole(struct vm_space *space, vaddr_t start, vaddr_t end,
			struct vm_region **upper)
{
	struct vm_region *around = to_split(space, start);

	*upper = NULL;
	if (!around || around->end <= end)
		return 0;
	if (space->region_count >= VM_MAX_REGIONS)
		return -ENOMEM;
	*upper = region_create(around);
	return *upper ? 0 : -ENOMEM;
}

void region_make_hole(struct vm_space *space, vaddr_t start, vaddr_t end, struct vm_region *upper)
{
	struct vm_region *region = region_at_or_after(space, start);

	if (upper)
		region_split(space, region, end, upper);
	while (region && region->start < end) {
		struct vm_region *next = region_next(region);
		if (region->start >= start && region->end <= end) {
			region_remove(space, region);
			region_destroy(region);
		} else if (region->start < start) {
			space->mapped -= region->end - start;
			region->end = start;
		} else {
			space->mapped -= end - region->start;
			region->offset = region_offset(region, end);
			region->start = end;
		}
		region = next;
	}
}

static bool can_merge(const struct vm_region *low, const struct vm_region *high)
{
	return low->end == high->start && low->prot == high->prot && low->flags == high->flags &&
	       low->object == high->object && low->name == high->name &&
	       !(low->flags & REGION_GROWS_DOWN) &&
	       (!low->object || region_offset(low, low->end) == high->offset);
}

void region_merge(struct vm_space *space, vaddr_t start, vaddr_t end)
{
	struct vm_region *low = region_at_or_after(space, start ? start - 1 : 0);

	while (low && low->start <= end) {
		struct vm_region *high = region_next(low);
		if (!high || !can_merge(low, high)) {
			low = high;
			continue;
		}
		vaddr_t new_end = high->end;
		uint64_t truncations = MIN(low->truncations, high->truncations);
		region_remove(space, high);
		region_destroy(high);
		space->mapped += new_end - low->end;
		low->end = new_end;
		low->truncations = truncations;
	}
}
