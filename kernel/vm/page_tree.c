/* page_tree.c: see page_tree.h. */
#include "vm/page_tree.h"

#include "debug/assert.h"
#include "lib/errno.h"
#include "mm/slab.h"

#define NODE_BITS  6u
#define NODE_SLOTS (1u << NODE_BITS)
#define HEIGHT_MAX ((64 + NODE_BITS - 1) / NODE_BITS)

struct node {
	void *slot[NODE_SLOTS]; /* nodes, or frames in the lowest level */
};
_Static_assert(sizeof(struct node) == 512, "a size of the slab allocator, so that nothing is lost");

/* Is `index` too great for a tree of that height? */
static bool is_beyond(unsigned height, uint64_t index)
{
	unsigned bits = height * NODE_BITS;

	return bits < 64 && index >> bits;
}

/* The slot for `index` in a node that has `level` levels of nodes below it. */
static unsigned slot_of(uint64_t index, unsigned level)
{
	return (index >> (level * NODE_BITS)) & (NODE_SLOTS - 1);
}

struct frame *page_tree_find(const struct page_tree *tree, uint64_t index)
{
	void *at = tree->root;

	if (is_beyond(tree->height, index))
		return NULL;
	for (unsigned level = tree->height; at && level-- > 0;)
		at = ((struct node *)at)->slot[slot_of(index, level)];
	return at;
}

/* The first frame at or behind *index under `at`. Recursion is as deep as the tree is high. */
static struct frame *next_under(void *at, unsigned height, uint64_t *index)
{
	if (!at || !height)
		return at;
	unsigned level = height - 1;
	for (unsigned slot = slot_of(*index, level);; slot++) {
		struct frame *found = next_under(((struct node *)at)->slot[slot], level, index);
		if (found)
			return found;
		if (slot == NODE_SLOTS - 1)
			return NULL;
		/* On to the first page under the next slot. */
		uint64_t span = 1ull << (level * NODE_BITS);
		*index = ALIGN_DOWN(*index, span) + span;
	}
}

struct frame *page_tree_next(const struct page_tree *tree, uint64_t *index)
{
	return is_beyond(tree->height, *index) ? NULL : next_under(tree->root, tree->height, index);
}

static bool is_empty(const struct node *node)
{
	for (unsigned i = 0; i < NODE_SLOTS; i++)
		if (node->slot[i])
			return false;
	return true;
}

/* Is slot 0 the only one in use? */
static bool has_first_only(const struct node *node)
{
	for (unsigned i = 1; i < NODE_SLOTS; i++)
		if (node->slot[i])
			return false;
	return true;
}

/* Free the nodes on the way to `index` that are empty, and take the height back that is not needed
 * any more. */
static void prune(struct page_tree *tree, uint64_t index)
{
	void **path[HEIGHT_MAX]; /* the slot that names the node of each level */
	unsigned depth = 0;
	void **at = &tree->root;

	for (unsigned level = tree->height; level-- > 0 && *at; depth++) {
		path[depth] = at;
		at = &((struct node *)*at)->slot[slot_of(index, level)];
	}
	while (depth-- > 0 && is_empty(*path[depth])) {
		kfree(*path[depth]);
		*path[depth] = NULL;
	}
	while (tree->height && tree->root && has_first_only(tree->root)) {
		struct node *old = tree->root;
		tree->root = old->slot[0];
		tree->height--;
		kfree(old);
	}
	if (!tree->root)
		tree->height = 0;
}

/* Add levels until `index` fits. */
static bool raise(struct page_tree *tree, uint64_t index)
{
	while (is_beyond(tree->height, index)) {
		if (tree->root) {
			struct node *root = kzalloc(sizeof(*root));
			if (!root)
				return false;
			root->slot[0] = tree->root;
			tree->root = root;
		}
		tree->height++;
	}
	return true;
}

int page_tree_insert(struct page_tree *tree, uint64_t index, struct frame *frame)
{
	void **at = &tree->root;

	assert(frame);
	if (!raise(tree, index)) {
		prune(tree, 0);
		return -ENOMEM;
	}
	for (unsigned level = tree->height; level-- > 0;) {
		if (!*at)
			*at = kzalloc(sizeof(struct node));
		if (!*at) {
			prune(tree, index);
			return -ENOMEM;
		}
		at = &((struct node *)*at)->slot[slot_of(index, level)];
	}
	assert(!*at);
	*at = frame;
	tree->count++;
	return 0;
}

struct frame *page_tree_remove(struct page_tree *tree, uint64_t index)
{
	void **at = &tree->root;

	assert(!is_beyond(tree->height, index));
	for (unsigned level = tree->height; level-- > 0;) {
		assert(*at);
		at = &((struct node *)*at)->slot[slot_of(index, level)];
	}
	struct frame *frame = *at;
	assert(frame && tree->count > 0);
	*at = NULL;
	tree->count--;
	prune(tree, index);
	return frame;
}
