/*
 * tree.h: a balanced (AVL) ordered tree of nodes embedded in the caller's structures. The caller
 * compares: it walks to the place itself, then links and rebalances. Height is at most 1.44
 * log2(n).
 */
#ifndef LIB_TREE_H
#define LIB_TREE_H

#include "lib/types.h"

struct tree_node {
	struct tree_node *parent, *child[2]; /* child[0] is before, child[1] after */
	int height;                          /* of this subtree; a leaf has 1 */
};

struct tree {
	struct tree_node *root;
};

/* Put `node` where the walk ended: *link (NULL now) is tree->root or a child of `parent`. */
void tree_insert(struct tree *tree, struct tree_node *parent, struct tree_node **link,
		 struct tree_node *node);
void tree_remove(struct tree *tree, struct tree_node *node);
struct tree_node *tree_first(const struct tree *tree);
struct tree_node *tree_last(const struct tree *tree);
struct tree_node *tree_next(const struct tree_node *node);
struct tree_node *tree_prev(const struct tree_node *node);

#endif
