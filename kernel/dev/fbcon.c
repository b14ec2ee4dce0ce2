/* fbcon.c: the framebuffer as a console: dev/fbtext.h on mapped memory. */
#include "dev/fbcon.h"
#include <arch/mmu.h>
#include "boot_info.h"
#include "debug/log.h"
#include "dev/console.h"
#include "dev/fbtext.h"
#include "dev/psf.h"
#include "mm/kmap.h"
#include "mm/slab.h"

/* font.S */
extern const uint8_t console_font_start[], console_font_end[];

/* Set up once at boot; afterwards under the lock of the consoles. */
static struct psf_font font;
static struct fbtext screen;

static void screen_write(struct console *console, const char *text, size_t bytes)
{
	screen.color = console_in_panic() ? FBTEXT_ALARM : FBTEXT_NORMAL;
	fbtext_write(&screen, text, bytes);
}

/* Linked into the list of consoles, under their lock. */
static struct console screen_console = {.name = "framebuffer", .write = screen_write};

/* Memory of the cells, and the framebuffer itself. The firmware's own figure for its size is wrong
 * on some machines, too small or too large: what is drawn to is pitch times height. */
static bool map_screen(const struct boot_framebuffer *fb)
{
	screen.cells = kzalloc(fbtext_cell_bytes(&screen));
	screen.shown = kzalloc(fbtext_cell_bytes(&screen));
	if (screen.cells && screen.shown)
		screen.memory =
			kmap_device(fb->start, (size_t)fb->pitch * fb->height, VM_WRITE_COMBINING);
	if (screen.memory)
		return true;
	kfree(screen.cells);
	kfree(screen.shown);
	return false;
}

void fbcon_init(const struct boot_framebuffer *fb)
{
	if (fb->bytes == 0) {
		log_info("framebuffer: none");
		return;
	}
	if (psf_parse(console_font_start, (size_t)(console_font_end - console_font_start), &font)) {
		log_error("framebuffer: the built-in font is damaged");
		return;
	}
	if (fb->start == 0 || fbtext_layout(&screen, fb, &font)) {
		log_warning("framebuffer: %ux%u, pitch %u, %u bits, masks %x %x %x: not usable",
			    fb->width, fb->height, fb->pitch, fb->bits_per_pixel, fb->red_mask,
			    fb->green_mask, fb->blue_mask);
		return;
	}
	if (!map_screen(fb)) {
		log_warning("framebuffer: no memory for it");
		return;
	}
	fbtext_clear(&screen);
	console_register(&screen_console);
	log_info("framebuffer: %ux%u at %#llx, pitch %u, %u bits, %u columns, %u rows", fb->width,
		 fb->height, (unsigned long long)fb->start, fb->pitch, fb->bits_per_pixel,
		 screen.columns, screen.rows);
}
