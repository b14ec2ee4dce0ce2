/*
 * fbcon.c: see fbcon.h: dev/vt.h, drawn by dev/fbtext.h on mapped memory.
 *
 * The kernel's own lines show at once: they may be the last ones. What programs write is drawn in
 * slices, with pauses as long as the slices take: a program that writes fast scrolls text that
 * nobody can read, and what it left is on the screen a moment after it is done.
 *
 * A panic starts on an empty screen, in letters as large as it has room for, and keeps its first
 * lines, which matter most, when the rest would push them out.
 */
#include "dev/fbcon.h"
#include <arch/mmu.h>
#include <arch/time.h>
#include "boot_info.h"
#include "debug/log.h"
#include "dev/console.h"
#include "dev/fbtext.h"
#include "dev/keyboard.h"
#include "dev/psf.h"
#include "dev/vt.h"
#include "lib/format.h"
#include "lib/options.h"
#include "lib/string.h"
#include "mm/kmap.h"
#include "mm/slab.h"
#include "sync/timer.h"

/* A panic wants so much room: registers and a backtrace. */
#define PANIC_COLUMNS 80u
#define PANIC_ROWS    30u
#define SCALES        4u /* letters of up to 64 lines */
#define SLICE_BYTES   0x100000u
#define PAUSE_NS      200000u /* at the least */
/* Of lines that have left the screen: some 700 of 240 columns, 10 screens; half of that at the
 * least, where there is not so much memory in one piece. */
#define HISTORY_BYTES 0x200000u
#define HISTORY_LINES 1000u /* more nobody looks through by pages */
#define MM_BYTES      24u
#define PANIC_BEGIN   "\033[1;31m"
#define PANIC_REST    "\033[m\033[97m"

/* font.S: 8 x 16, and 16 x 32 pixels. */
extern const uint8_t console_font_start[], console_font_end[];
extern const uint8_t console_font_large_start[], console_font_large_end[];

/* Set up once at boot; afterwards under the lock of the consoles. */
static struct psf_font small_font, large_font;
static struct boot_framebuffer surface;
static struct fbtext screen;
static struct vt terminal;
static void *terminal_memory;
static uint64_t next_draw; /* time_now(); programs' text waits until then */
static bool in_panic_screen, panic_is_cut;

static void show_all(void)
{
	while (!fbtext_update(&screen, &terminal, SIZE_MAX))
		;
}

/* ---- letters ---- */

static bool load_fonts(void)
{
	size_t small = (size_t)(console_font_end - console_font_start);
	size_t large = (size_t)(console_font_large_end - console_font_large_start);

	return !psf_parse(console_font_start, small, &small_font) &&
	       !psf_parse(console_font_large_start, large, &large_font);
}

/* `size` times 8 by 16 pixels: the large font serves the even ones. */
static int lay_out(struct fbtext *text, unsigned size)
{
	bool large = size % 2 == 0;

	return fbtext_layout(text, &surface, large ? &large_font : &small_font,
			     large ? size / 2 : size);
}

static unsigned wanted_size(void)
{
	static const char *const names[SCALES] = {"1x", "2x", "3x", "4x"};
	const char *wanted = option("screen");

	for (unsigned i = 0; wanted && i < SCALES; i++)
		if (!strcmp(wanted, names[i]))
			return i + 1;
	if (wanted)
		log_warning("screen=%s is not one of off, 1x, 2x, 3x, 4x", wanted);
	return fbtext_letter_size(&surface);
}

/* ---- a panic ---- */

static void begin_panic_screen(void)
{
	struct fbtext layout, best = screen;

	for (unsigned size = 1; size <= SCALES; size++)
		if (!lay_out(&layout, size) && layout.rows >= PANIC_ROWS &&
		    layout.columns >= PANIC_COLUMNS && layout.columns <= screen.columns &&
		    layout.rows <= screen.rows)
			best = layout;
	best.memory = screen.memory;
	best.shown = screen.shown;
	screen = best;
	fbtext_clear(&screen);
	vt_init(&terminal, screen.columns, screen.rows, terminal_memory);
	terminal.cursor_visible = false;
	in_panic_screen = true;
	vt_write(&terminal, PANIC_BEGIN, strlen(PANIC_BEGIN));
}

/* True: the screen is full, and what comes is left out. Nothing may scroll then, not even a line
 * that is too long. */
static bool is_cut(void)
{
	if (!console_in_panic())
		return false;
	bool keep = !console_is_interactive();
	terminal.auto_wrap = !keep || terminal.cursor.row + 1 < terminal.rows;
	return keep && panic_is_cut;
}

static void end_line(void)
{
	panic_is_cut = in_panic_screen && terminal.cursor.row + 1 == terminal.rows;
	if (!is_cut())
		vt_write(&terminal, "\r\n", 2);
	if (in_panic_screen)
		vt_write(&terminal, PANIC_REST, strlen(PANIC_REST));
}

/* ---- as a console ---- */

static void screen_write(struct console *console, const char *text, size_t bytes)
{
	const char *end = text + bytes;

	if (console_in_panic() && !in_panic_screen)
		begin_panic_screen();
	vt_look_at_screen(&terminal);
	while (text < end) {
		const char *run = text;
		while (text < end && *text != '\n')
			text++;
		if (!is_cut())
			vt_write(&terminal, run, (size_t)(text - run));
		if (text < end) {
			end_line();
			text++;
		}
	}
	show_all();
}

static void screen_write_as_is(struct console *console, const char *text, size_t bytes)
{
	vt_write(&terminal, text, bytes);
	keyboard_set_application_cursor(terminal.application_cursor);
}

/* A line of the page before stays. */
static void screen_look_back(struct console *console, int pages)
{
	int limit = (int)HISTORY_LINES, page = (int)MAX(terminal.rows - 1, 1u);

	if (pages == 0)
		vt_look_at_screen(&terminal);
	else
		vt_look_back(&terminal, MAX(-limit, MIN(pages, limit)) * page);
}

static uint64_t screen_refresh(struct console *console)
{
	uint64_t start = time_now();

	if (start < next_draw)
		return next_draw;
	bool all = fbtext_update(&screen, &terminal, SLICE_BYTES);
	uint64_t end = time_now();
	next_draw = end + MAX(end - start, PAUSE_NS);
	return all ? 0 : next_draw;
}

static size_t screen_answer(struct console *console, char *to, size_t bytes)
{
	return vt_take_answer(&terminal, to, bytes);
}

static void screen_resize(struct console *console, unsigned columns, unsigned rows)
{
	vt_resize(&terminal, columns ? columns : terminal.max_columns,
		  rows ? rows : terminal.max_rows);
}

/* Linked into the list of consoles, under their lock. */
static struct console screen_console = {
	.name = "framebuffer",
	.write = screen_write,
	.write_as_is = screen_write_as_is,
	.is_screen = true,
	.refresh = screen_refresh,
	.answer = screen_answer,
	.resize = screen_resize,
	.look_back = screen_look_back,
};

static void refresh_later(struct timer *timer)
{
	fbcon_refresh();
}

/* Its own lock guards it. */
static struct timer refresh_timer = {.expire = refresh_later};

void fbcon_refresh(void)
{
	uint64_t again = console_refresh();

	if (again)
		timer_set(&refresh_timer, again);
}

void fbcon_set_answers(bool answers)
{
	terminal.answers = answers;
}

bool fbcon_size(struct fbcon_size *size)
{
	*size = (struct fbcon_size){screen.columns, screen.rows, screen.width, screen.height};
	return screen.memory;
}

/* ---- before there is memory for a terminal ---- */

#define BOOT_TABLES_REACH (4ull << 30) /* see boot_info.h */
#define EARLY_COLOR       0xffffffu

/* A panic's alone, on one CPU: the place of the next letter. */
static unsigned early_row, early_column;
static bool early_draws; /* the drawing itself may be what went wrong */

static void early_letter(char letter)
{
	const struct vt_cell cell = {.character = (uint8_t)letter, .foreground = EARLY_COLOR};

	if (letter == '\n') {
		early_row++;
		early_column = 0;
	} else if (early_row < screen.rows && early_column < screen.columns) {
		fbtext_draw(&screen, early_row, early_column++, &cell);
	}
}

/* Nothing is kept and nothing scrolls: what does not fit is left out. */
static void early_write(struct console *console, const char *text, size_t bytes)
{
	if (!console_in_panic() || early_draws || terminal_memory || kmap_root())
		return;
	early_draws = true;
	if (!screen.memory) {
		screen.memory = (uint8_t *)(BOOT_DIRECT_MAP + surface.start);
		for (uint32_t y = 0; y < screen.height; y++)
			memset(screen.memory + (size_t)y * screen.pitch, 0,
			       (size_t)screen.width * screen.pixel_bytes);
	}
	for (size_t i = 0; i < bytes; i++)
		early_letter(text[i]);
	early_draws = false;
}

/* Linked into the list of consoles, under their lock. */
static struct console early_console = {.name = "early framebuffer", .write = early_write};

void fbcon_init_early(const struct boot_framebuffer *fb)
{
	const char *wanted = option("screen");

	surface = *fb;
	if (fb->bytes == 0 || fb->start == 0 || fb->start >= BOOT_TABLES_REACH ||
	    fb->bytes > BOOT_TABLES_REACH - fb->start || (wanted && !strcmp(wanted, "off")) ||
	    !load_fonts() || lay_out(&screen, fbtext_letter_size(&surface)))
		return;
	console_register(&early_console);
}

/* ---- starting ---- */

/* Memory of the cells, and the framebuffer itself. The firmware's own figure for its size is wrong
 * on some machines, too small or too large: what is drawn to is pitch times height. */
static bool map_screen(void)
{
	terminal_memory = kmalloc(vt_memory_bytes(screen.columns, screen.rows));
	screen.shown = kmalloc(fbtext_cell_bytes(&screen));
	if (terminal_memory && screen.shown)
		screen.memory = kmap_device(surface.start, (size_t)surface.pitch * surface.height,
					    VM_WRITE_COMBINING);
	if (screen.memory)
		return true;
	kfree(terminal_memory);
	kfree(screen.shown);
	return false;
}

/* Without the memory for it nothing is kept. */
static void keep_history(void)
{
	size_t line = vt_history_bytes(screen.columns, 1);
	size_t bytes = HISTORY_BYTES;
	void *memory = kmalloc(bytes);

	if (!memory)
		memory = kmalloc(bytes /= 2);
	if (memory)
		vt_keep_history(&terminal, (unsigned)MIN(bytes / line, HISTORY_LINES), memory);
}

static void log_screen(const struct boot_framebuffer *fb)
{
	char size[MM_BYTES] = "";

	if (fb->width_mm)
		(void)format(size, sizeof(size), ", %u x %u mm", fb->width_mm, fb->height_mm);
	log_fact("framebuffer: %ux%u at %#llx, pitch %u, %u bits%s, %u columns, %u rows", fb->width,
		 fb->height, (unsigned long long)fb->start, fb->pitch, fb->bits_per_pixel, size,
		 screen.columns, screen.rows);
}

void fbcon_init(const struct boot_framebuffer *fb)
{
	const char *wanted = option("screen");

	if (fb->bytes == 0 || (wanted && !strcmp(wanted, "off"))) {
		log_fact("framebuffer: %s", fb->bytes ? "off, as screen=off says" : "none");
		return;
	}
	if (!load_fonts()) {
		log_error("framebuffer: the built-in fonts are damaged");
		return;
	}
	surface = *fb;
	if (fb->start == 0 || lay_out(&screen, wanted_size())) {
		log_warning("framebuffer: %ux%u, pitch %u, %u bits, masks %x %x %x: not usable",
			    fb->width, fb->height, fb->pitch, fb->bits_per_pixel, fb->red_mask,
			    fb->green_mask, fb->blue_mask);
		return;
	}
	if (!map_screen()) {
		log_warning("framebuffer: no memory for it");
		return;
	}
	vt_init(&terminal, screen.columns, screen.rows, terminal_memory);
	keep_history();
	fbtext_clear(&screen);
	console_register(&screen_console);
	log_screen(fb);
}
