/* share.h: between the files that make and end processes: what these may have in common. */
#ifndef PROC_SHARE_H
#define PROC_SHARE_H

#include "lib/types.h"

struct process;
struct process_place;

/* The child's files, place and actions on signals: the parent's, or copies; share: SHARE_*.
 * -ENOMEM: what is there by then is the child's to give up. */
NODISCARD int process_inherit_shared(struct process *child, struct process *parent, unsigned share);
/* It has no files any more. */
void process_leave_files(struct process *process);
void process_place_put(struct process_place *place);

#endif
