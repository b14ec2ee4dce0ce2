/*
 * fuzz_vt.c: any bytes to the terminal, on a small screen of any size that is drawn into memory of
 * exactly its size: nothing is written beside it, and the terminal's numbers stay right. 0xff,
 * which no text has, changes the window; the byte after it says how. 0xfe, the same, looks back.
 *
 * Short run, as in the tests: build/test/fuzz_vt -runs=20000 -seed=1 NEW-FOLDER SEEDS
 * Long run: build/test/fuzz_vt -max_total_time=3600 -max_len=4096 NEW-FOLDER
 * build/test/fuzz-seeds/vt
 */
#include <stdlib.h>
#include <string.h>

#include "boot_info.h"
#include "debug/assert.h"
#include "dev/fbtext.h"
#include "dev/psf.h"
#include "dev/vt.h"

#define RESIZE       0xff
#define LOOK_BACK    0xfe
#define KEPT_LINES   5u
#define MAX_CELLS    16u /* of columns and of rows: small, so that edges are met often */
#define SLICE        4096u
#define HEADER_BYTES 2u

extern const uint8_t console_font_start[], console_font_end[];

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct psf_font font;
static struct fbtext screen;
static struct vt vt;
static void *memory, *history;

static void open_screen(unsigned columns, unsigned rows)
{
	struct boot_framebuffer fb = {.width = columns * 8 + 3,
				      .height = rows * 16 + 5,
				      .pitch = (columns * 8 + 3) * 4,
				      .bits_per_pixel = 32,
				      .red_mask = 0xff0000,
				      .green_mask = 0xff00,
				      .blue_mask = 0xff};

	size_t font_bytes = (size_t)(console_font_end - console_font_start);

	assert(font.glyphs || !psf_parse(console_font_start, font_bytes, &font));
	assert(!fbtext_layout(&screen, &fb, &font, 1));
	screen.memory = malloc((size_t)fb.pitch * fb.height);
	screen.shown = malloc(fbtext_cell_bytes(&screen));
	memory = malloc(vt_memory_bytes(columns, rows));
	vt_init(&vt, columns, rows, memory);
	vt.answers = true;
	history = malloc(vt_history_bytes(columns, KEPT_LINES));
	vt_keep_history(&vt, KEPT_LINES, history);
	fbtext_clear(&screen);
}

static void close_screen(void)
{
	free(screen.memory);
	free(screen.shown);
	free(memory);
	free(history);
}

static void check(void)
{
	char answer[VT_ANSWERS];

	assert(vt_is_sane(&vt));
	assert(vt_take_answer(&vt, answer, sizeof(answer)) <= sizeof(answer));
	(void)fbtext_update(&screen, &vt, SLICE);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (size < HEADER_BYTES)
		return 0;
	open_screen(1 + bytes[0] % MAX_CELLS, 1 + bytes[1] % MAX_CELLS);
	for (size_t i = HEADER_BYTES; i < size; i++) {
		if (bytes[i] == RESIZE && i + 1 < size) {
			i++;
			vt_resize(&vt, bytes[i] % (MAX_CELLS + 2), bytes[i] / (MAX_CELLS + 2));
		} else if (bytes[i] == LOOK_BACK && i + 1 < size) {
			vt_look_back(&vt, (int)bytes[++i] - 128);
		} else {
			vt_write(&vt, (const char *)bytes + i, 1);
		}
		check();
	}
	while (!fbtext_update(&screen, &vt, SLICE))
		;
	close_screen();
	return 0;
}
