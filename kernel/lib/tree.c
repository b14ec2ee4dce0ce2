/*
 * tree.c: AVL trees. The two children of a node differ in height by at most 1 (Knuth, The Art of
 * Computer Programming, volume 3, 6.2.3); a change repairs this from the place of the change
 * upwards, by rotations.
 */
#include "lib/tree.h"

static int height(const struct tree_node *node)
{
	return node != NULL ? node->height : 0;
}

static void update_height(struct tree_node *node)
{
	node->height = 1 + MAX(height(node->child[0]), height(node->child[1]));
}

/* The place that points to `node`. */
static struct tree_node **link_of(struct tree *tree, struct tree_node *node)
{
	struct tree_node *parent = node->parent;

	if (parent == NULL)
		return &tree->root;
	return &parent->child[parent->child[1] == node];
}

static void set_child(struct tree_node *parent, int side, struct tree_node *child)
{
	parent->child[side] = child;
	if (child != NULL)
		child->parent = parent;
}

/*
 * The child on the other side of `side` takes the place of `node`, which moves down to `side`.
 * Towards side 0:
 *
 *        node                 top
 *        /  \                 / \
 *       A   top     ->     node  C
 *           / \            /  \
 *          B   C          A    B
 */
static struct tree_node *rotate(struct tree *tree, struct tree_node *node, int side)
{
	struct tree_node **link = link_of(tree, node);
	struct tree_node *top = node->child[!side];

	top->parent = node->parent;
	*link = top;
	set_child(node, !side, top->child[side]);
	set_child(top, side, node);
	update_height(node);
	update_height(top);
	return top;
}

/* Repair height and balance of `node` and of all above it, until a height is unchanged. */
static void rebalance(struct tree *tree, struct tree_node *node)
{
	for (; node != NULL; node = node->parent) {
		int before = node->height;
		int balance = height(node->child[1]) - height(node->child[0]);

		if (balance < -1 || balance > 1) {
			int high = balance > 0;
			struct tree_node *child = node->child[high];

			if (height(child->child[!high]) > height(child->child[high]))
				rotate(tree, child, high);
			node = rotate(tree, node, !high);
		} else {
			update_height(node);
		}
		if (node->height == before)
			return;
	}
}

void tree_insert(struct tree *tree, struct tree_node *parent, struct tree_node **link,
		 struct tree_node *node)
{
	*node = (struct tree_node){.parent = parent, .height = 1};
	*link = node;
	rebalance(tree, parent);
}

/* `with`, which may be NULL, takes the place of `node` below its parent. */
static void replace(struct tree *tree, struct tree_node *node, struct tree_node *with)
{
	*link_of(tree, node) = with;
	if (with != NULL)
		with->parent = node->parent;
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
	struct tree_node *changed; /* the lowest node whose subtree has lost a level */

	if (node->child[0] == NULL || node->child[1] == NULL) {
		changed = node->parent;
		replace(tree, node, node->child[0] != NULL ? node->child[0] : node->child[1]);
	} else {
		struct tree_node *next = tree_next(node);

		changed = next->parent != node ? next->parent : next;
		replace(tree, next, next->child[1]);
		replace(tree, node, next);
		set_child(next, 0, node->child[0]);
		set_child(next, 1, node->child[1]);
		next->height = node->height;
	}
	rebalance(tree, changed);
	*node = (struct tree_node){0};
}

static struct tree_node *outermost(struct tree_node *node, int side)
{
	while (node != NULL && node->child[side] != NULL)
		node = node->child[side];
	return node;
}

static struct tree_node *neighbour(const struct tree_node *node, int side)
{
	if (node->child[side] != NULL)
		return outermost(node->child[side], !side);
	while (node->parent != NULL && node->parent->child[side] == node)
		node = node->parent;
	return node->parent;
}

struct tree_node *tree_first(const struct tree *tree)
{
	return outermost(tree->root, 0);
}

struct tree_node *tree_last(const struct tree *tree)
{
	return outermost(tree->root, 1);
}

struct tree_node *tree_next(const struct tree_node *node)
{
	return neighbour(node, 1);
}

struct tree_node *tree_prev(const struct tree_node *node)
{
	return neighbour(node, 0);
}
