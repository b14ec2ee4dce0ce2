/* fbcon.h: a text console on the framebuffer that the firmware left, which is never read. */
#ifndef DEV_FBCON_H
#define DEV_FBCON_H

struct boot_framebuffer;

/* Map the framebuffer write-combining and register it as a console; logs why if it can't.
 * After kmap and slab. */
void fbcon_init(const struct boot_framebuffer *framebuffer);

#endif
