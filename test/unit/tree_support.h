/* tree_support.h: a tree of files for a unit test, and the proof that nothing of it is left. */
#ifndef TEST_UNIT_TREE_SUPPORT_H
#define TEST_UNIT_TREE_SUPPORT_H

/* Fresh memory of that many frames, with a root directory in it. */
void tree_plant(unsigned frames);
/* Remove every name and then the root; expects that all frames are free again. */
void tree_uproot(void);

#endif
