/* fbcon.h: a terminal on the framebuffer that the firmware left, which is never read. */
#ifndef DEV_FBCON_H
#define DEV_FBCON_H

#include "lib/types.h"

struct boot_framebuffer;

struct fbcon_size {
	unsigned columns, rows;
	unsigned width, height; /* pixels */
};

/* Before mm_init: from here on a panic is seen, if the boot page tables reach the framebuffer. */
void fbcon_init_early(const struct boot_framebuffer *framebuffer);

/* Map the framebuffer write-combining and register it as a console; logs why if it can't. The
 * option screen= chooses the size of its letters, or leaves it alone. After kmap and slab. */
void fbcon_init(const struct boot_framebuffer *framebuffer);

/* How large it is; false: there is none. */
NODISCARD bool fbcon_size(struct fbcon_size *size);

/* Programs' questions are answered by it, and not by a terminal elsewhere. At boot. */
void fbcon_set_answers(bool answers);

/* Something may have been written that does not show yet. Any context without locks. */
void fbcon_refresh(void);

#endif
