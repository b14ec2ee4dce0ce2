/*
 * page_tree.h: frames by page number, sparse: a radix tree of 64-way nodes (512 bytes, so that
 * eight stand in a frame less its header). It is as high as the greatest page number needs; a file
 * of one page has no node at all:
 *
 *     height 0: root is the frame of page 0        height 2: root -> node -> node -> frame
 *
 * The caller's lock guards it. Memory for nodes is allocated under that lock.
 */
#ifndef VM_PAGE_TREE_H
#define VM_PAGE_TREE_H

#include "lib/types.h"

struct frame;

struct page_tree {
	void *root;      /* NULL, a frame (height 0), or a node */
	unsigned height; /* levels of nodes */
	uint64_t count;  /* frames in it */
};

/* The frame of page `index`, or NULL. */
struct frame *page_tree_find(const struct page_tree *tree, uint64_t index);
/* The frame of the first page at or behind *index, which becomes its number; NULL: none. */
struct frame *page_tree_next(const struct page_tree *tree, uint64_t *index);
/* Put `frame` at `index`, where nothing is. -ENOMEM changes nothing. */
NODISCARD int page_tree_insert(struct page_tree *tree, uint64_t index, struct frame *frame);
/* Take out the frame at `index`, where one is, and every node that is empty then. */
struct frame *page_tree_remove(struct page_tree *tree, uint64_t index);

#endif
