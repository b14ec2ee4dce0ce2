/* test_tree.c: AVL trees against an array of flags, the invariants checked from the nodes
 * themselves. */
#include "debug/ktest.h"
#include "lib/tree.h"
#include "random.h"

#define KEYS 512

struct item {
	struct tree_node node;
	unsigned key;
	bool present;
};

static struct item items[KEYS];

static struct item *item_of(const struct tree_node *node)
{
	return container_of(node, struct item, node);
}

static void reset(struct tree *tree)
{
	tree->root = NULL;
	for (unsigned i = 0; i < KEYS; i++)
		items[i] = (struct item){.key = i};
}

static void insert(struct tree *tree, struct item *item)
{
	struct tree_node **link = &tree->root, *parent = NULL;

	while (*link != NULL) {
		parent = *link;
		link = &parent->child[item->key > item_of(parent)->key];
	}
	tree_insert(tree, parent, link, &item->node);
	item->present = true;
}

static void drop(struct tree *tree, struct item *item)
{
	tree_remove(tree, &item->node);
	item->present = false;
}

/* Parents, heights and balance of a subtree; returns its true height. */
static int check_subtree(const struct tree_node *node, const struct tree_node *parent)
{
	int left, right;

	if (node == NULL)
		return 0;
	EXPECT(node->parent == parent);
	left = check_subtree(node->child[0], node);
	right = check_subtree(node->child[1], node);
	EXPECT_EQ(node->height, 1 + MAX(left, right));
	EXPECT(left - right >= -1 && left - right <= 1);
	return node->height;
}

/* The walk in both directions meets exactly the present items, in order. */
static void check(const struct tree *tree)
{
	const struct tree_node *node = tree_first(tree);

	check_subtree(tree->root, NULL);
	for (unsigned i = 0; i < KEYS; i++) {
		if (!items[i].present)
			continue;
		if (!EXPECT(node == &items[i].node))
			return;
		node = tree_next(node);
	}
	EXPECT(node == NULL);
	node = tree_last(tree);
	for (unsigned i = KEYS; i-- > 0;) {
		if (!items[i].present)
			continue;
		if (!EXPECT(node == &items[i].node))
			return;
		node = tree_prev(node);
	}
	EXPECT(node == NULL);
}

KTEST(tree_empty)
{
	struct tree tree;

	reset(&tree);
	EXPECT(tree_first(&tree) == NULL);
	EXPECT(tree_last(&tree) == NULL);
}

KTEST(tree_one)
{
	struct tree tree;

	reset(&tree);
	insert(&tree, &items[3]);
	check(&tree);
	drop(&tree, &items[3]);
	check(&tree);
	EXPECT(tree.root == NULL);
}

/* Height of an AVL tree of n nodes: below 1.4405 log2(n + 2) - 0.3277 (Knuth 6.2.3, theorem A). For
 * 512: 12. */
KTEST(tree_height)
{
	struct tree tree;

	reset(&tree);
	for (unsigned i = 0; i < KEYS; i++)
		insert(&tree, &items[i]);
	check(&tree);
	EXPECT_EQ(tree.root->height, 10); /* ascending order fills every level but the last */
	reset(&tree);
	for (unsigned i = KEYS; i-- > 0;)
		insert(&tree, &items[i]);
	check(&tree);
	EXPECT(tree.root->height <= 12);
}

/* Every order of insertion of six keys, then every single removal, each from a fresh tree. */
KTEST(tree_all_small)
{
	enum { SMALL = 6, ORDERS = 720 };

	for (unsigned order = 0; order < ORDERS; order++) {
		for (unsigned removed = 0; removed < SMALL; removed++) {
			struct tree tree;
			unsigned code = order;
			bool used[SMALL] = {false};
			reset(&tree);
			for (unsigned left = SMALL; left > 0; left--) {
				unsigned skip = code % left, key = 0;
				code /= left;
				while (used[key] || skip-- > 0)
					key++;
				used[key] = true;
				insert(&tree, &items[key]);
			}
			drop(&tree, &items[removed]);
			check(&tree);
		}
	}
}

KTEST(tree_random)
{
	struct tree tree;

	for (uint64_t seed = 1; seed <= 8; seed++) {
		uint64_t state = seed;
		unsigned keys = seed % 2 ? KEYS : 24; /* few keys meet the small cases more often */
		reset(&tree);
		for (unsigned step = 0; step < 4000; step++) {
			struct item *item = &items[random_below(&state, keys)];
			if (item->present)
				drop(&tree, item);
			else
				insert(&tree, item);
			if (step % 16 == 0 || keys < KEYS)
				check(&tree);
		}
		for (unsigned i = 0; i < keys; i++) {
			if (items[i].present)
				drop(&tree, &items[i]);
		}
		EXPECT(tree.root == NULL);
	}
}
