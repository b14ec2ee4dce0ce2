/* test_fbtext.c: fonts, and text drawn into memory that stands for a framebuffer. */
#include <stdlib.h>
#include <string.h>

#include "boot_info.h"
#include "debug/ktest.h"
#include "dev/fbtext.h"
#include "dev/psf.h"

extern const uint8_t console_font_start[], console_font_end[]; /* kernel/dev/font.S */

#define PSF1_HEADER_BYTES 4
#define E_ACUTE           0x82 /* where the font has it: as the IBM PC did */
#define GUARD_BYTE        0xa5 /* in each line beyond the width, where nobody may write */
#define NORMAL_RGB        0xc8c8c8u
#define ALARM_RGB         0xff5050u

static struct psf_font real_font;

static void load_font(void)
{
	size_t bytes = (size_t)(console_font_end - console_font_start);

	EXPECT_EQ(psf_parse(console_font_start, bytes, &real_font), 0);
}

/* ---- a screen ---- */

static struct fbtext text;
static struct boot_framebuffer fb;
static uint8_t *screen;

static struct boot_framebuffer describe(uint32_t width, uint32_t height, uint32_t bits,
					uint32_t extra_pitch)
{
	struct boot_framebuffer result = {
		.width = width,
		.height = height,
		.bits_per_pixel = bits,
		.pitch = width * (bits / 8) + extra_pitch,
		.red_mask = bits == 16 ? 0xf800 : 0xff0000,
		.green_mask = bits == 16 ? 0x07e0 : 0x00ff00,
		.blue_mask = bits == 16 ? 0x001f : 0x0000ff,
	};
	result.bytes = (uint64_t)result.pitch * height;
	return result;
}

static void open_screen(struct boot_framebuffer description)
{
	load_font();
	fb = description;
	EXPECT_EQ(fbtext_layout(&text, &fb, &real_font), 0);
	screen = malloc(fb.bytes);
	memset(screen, GUARD_BYTE, fb.bytes);
	text.memory = screen;
	text.cells = malloc(fbtext_cell_bytes(&text));
	text.shown = malloc(fbtext_cell_bytes(&text));
	fbtext_clear(&text);
}

static void close_screen(void)
{
	for (uint32_t y = 0; y < fb.height; y++) {
		for (uint32_t x = fb.width * (fb.bits_per_pixel / 8); x < fb.pitch; x++) {
			if (!EXPECT_EQ(screen[(size_t)y * fb.pitch + x], GUARD_BYTE))
				break;
		}
	}
	free(screen);
	free(text.cells);
	free(text.shown);
}

static void write_text(const char *what)
{
	fbtext_write(&text, what, strlen(what));
}

static uint32_t pixel_at(uint32_t x, uint32_t y)
{
	unsigned bytes = fb.bits_per_pixel / 8;
	uint32_t value = 0;

	memcpy(&value, screen + (size_t)y * fb.pitch + (size_t)x * bytes, bytes);
	return value;
}

/* Does the cell show the glyph that stands at `glyph` in the font file, in `color` on black? */
static bool shows_glyph(unsigned row, unsigned column, unsigned glyph, uint32_t color)
{
	const uint8_t *bits = console_font_start + PSF1_HEADER_BYTES + glyph * real_font.height;
	unsigned scale = text.scale;

	for (unsigned y = 0; y < real_font.height * scale; y++) {
		for (unsigned x = 0; x < 8 * scale; x++) {
			bool lit = bits[y / scale] & (0x80 >> (x / scale));
			uint32_t shown = pixel_at(column * 8 * scale + x,
						  row * real_font.height * scale + y);
			if (shown != (lit ? color : 0))
				return false;
		}
	}
	return true;
}

static bool shows(unsigned row, unsigned column, const char *expected)
{
	for (; *expected; expected++, column++) {
		if (!shows_glyph(row, column, (unsigned char)*expected, NORMAL_RGB))
			return false;
	}
	return true;
}

/* ---- fonts ---- */

KTEST(psf_real_font)
{
	load_font();
	EXPECT_EQ(real_font.width, 8);
	EXPECT_EQ(real_font.height, 16);
	EXPECT_EQ(psf_glyph(&real_font, 'A'), 'A');
	EXPECT_EQ(psf_glyph(&real_font, 0xe9), E_ACUTE);
	EXPECT_EQ(psf_glyph(&real_font, 0x4e2d), '?');
	EXPECT_EQ(psf_glyph(&real_font, UINT32_MAX), '?');
}

KTEST(psf_cut_short)
{
	size_t bytes = (size_t)(console_font_end - console_font_start);
	struct psf_font font;

	/* A copy that ends where it says, so that the sanitizer sees a read behind it. */
	for (size_t length = 0; length < bytes; length = length < 64 ? length + 1 : length + 61) {
		uint8_t *copy = malloc(length + !length);
		memcpy(copy, console_font_start, length);
		int error = psf_parse(copy, length, &font);
		EXPECT_EQ(error == 0, length >= PSF1_HEADER_BYTES + 256 * 16);
		free(copy);
	}
}

static const uint8_t psf2_head[] = {
	0x72, 0xb5, 0x4a, 0x86, 0, 0, 0, 0,
	32,   0,    0,    0,    1, 0, 0, 0, /* magic version header flags */
	64,   0,    0,    0,    6, 0, 0, 0,
	3,    0,    0,    0,    9, 0, 0, 0, /* count bytes height width */
};
#define PSF2_BYTES (sizeof(psf2_head) + 64 * 6 + 64 * 2 + 5)

/* 64 glyphs of 9 x 3; glyph g stands for the character g + 32, glyph 1 for U+00E9 as well. */
static size_t make_psf2(uint8_t *data)
{
	size_t at = sizeof(psf2_head);

	memcpy(data, psf2_head, at);
	for (unsigned glyph = 0; glyph < 64; glyph++) {
		const uint8_t lines[6] = {(uint8_t)glyph, 0x80, 0xff, 0x00, 0x01, 0x80};
		memcpy(data + at, lines, sizeof(lines));
		at += sizeof(lines);
	}
	for (unsigned glyph = 0; glyph < 64; glyph++) {
		data[at++] = (uint8_t)(glyph + 32);
		if (glyph == 1) {
			memcpy(data + at,
			       "\xc3\xa9\xfe"
			       "ab",
			       5); /* and a sequence, to be skipped */
			at += 5;
		}
		data[at++] = 0xff;
	}
	return at;
}

KTEST(psf2)
{
	uint8_t data[PSF2_BYTES];
	size_t bytes = make_psf2(data);
	struct psf_font font;

	EXPECT_EQ(psf_parse(data, bytes, &font), 0);
	EXPECT_EQ(font.width, 9);
	EXPECT_EQ(font.height, 3);
	EXPECT_EQ(psf_glyph(&font, '!'), 1);
	EXPECT_EQ(psf_glyph(&font, 0xe9), 1);
	EXPECT_EQ(psf_glyph(&font, '_'), 63);
	EXPECT_EQ(psf_glyph_line(&font, 5, 0), 0x05800000);
	EXPECT_EQ(psf_glyph_line(&font, 5, 1), 0xff000000);
	EXPECT_EQ(psf_glyph_line(&font, 5, 2), 0x01800000);
}

KTEST(psf2_refused)
{
	static const struct {
		size_t at;
		uint8_t value;
	} wrong[] = {{0, 0},  {8, 31}, {10, 1}, {16, 63}, {18, 1},   {20, 7},
		     {23, 1}, {24, 0}, {25, 1}, {28, 0},  {31, 0x80}};
	uint8_t data[PSF2_BYTES];
	struct psf_font font;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		size_t bytes = make_psf2(data);
		data[wrong[i].at] = wrong[i].value;
		if (!EXPECT(psf_parse(data, bytes, &font) < 0))
			ktest_fail(__FILE__, __LINE__, "with byte %zu = %u", wrong[i].at,
				   wrong[i].value);
	}
}

/* ---- drawing ---- */

KTEST(fbtext_draws_glyphs)
{
	open_screen(describe(320, 200, 32, 0));
	EXPECT_EQ(text.columns, 40);
	EXPECT_EQ(text.rows, 12);
	write_text("Quire 1!\nx");
	EXPECT(shows(0, 0, "Quire 1!"));
	EXPECT(shows(1, 0, "x "));
	EXPECT(!shows(1, 0, "y"));
	close_screen();
}

KTEST(fbtext_pitch_wider_than_line)
{
	open_screen(describe(317, 203, 32, 52));
	for (int i = 0; i < 100; i++)
		write_text("0123456789012345678901234567890123456789\n");
	close_screen();
}

KTEST(fbtext_16_bits)
{
	const uint32_t grey = 0xc8 >> 3 << 11 | 0xc8 >> 2 << 5 | 0xc8 >> 3;

	open_screen(describe(64, 64, 16, 6));
	write_text("A");
	EXPECT(shows_glyph(0, 0, 'A', grey));
	text.color = FBTEXT_ALARM;
	write_text("B");
	EXPECT(shows_glyph(0, 1, 'B', 0xff >> 3 << 11 | 0x50 >> 2 << 5 | 0x50 >> 3));
	EXPECT(shows_glyph(0, 0, 'A', grey));
	close_screen();
}

KTEST(fbtext_24_bits)
{
	open_screen(describe(64, 64, 24, 1));
	write_text("AB\nCD");
	EXPECT(shows(0, 0, "AB"));
	EXPECT(shows(1, 0, "CD"));
	close_screen();
}

KTEST(fbtext_masks)
{
	struct boot_framebuffer rgb = describe(64, 64, 32, 0);

	rgb.red_mask = 0x000003ff;
	rgb.green_mask = 0x000ffc00;
	rgb.blue_mask = 0x3ff00000;
	open_screen(rgb);
	text.color = FBTEXT_ALARM;
	write_text("X");
	EXPECT(shows_glyph(0, 0, 'X', 0xffu << 2 | 0x50u << 2 << 10 | 0x50u << 2 << 20));
	close_screen();
}

KTEST(fbtext_double_size)
{
	open_screen(describe(160, 1440, 32, 0));
	EXPECT_EQ(text.scale, 2);
	EXPECT_EQ(text.columns, 10);
	EXPECT_EQ(text.rows, 45);
	write_text("\n ab");
	EXPECT(shows(1, 1, "ab"));
	close_screen();
}

KTEST(fbtext_wraps)
{
	open_screen(describe(32, 64, 32, 0)); /* 4 x 4 cells */
	write_text("abcd\nefghij");
	EXPECT(shows(0, 0, "abcd")); /* a full line and its newline are one line */
	EXPECT(shows(1, 0, "efgh"));
	EXPECT(shows(2, 0, "ij  "));
	close_screen();
}

KTEST(fbtext_scrolls)
{
	char line[] = "row ?\n";

	open_screen(describe(64, 128, 32, 16)); /* 8 x 8 cells, so a jump is two rows */
	for (int i = 0; i < 8; i++) {
		line[4] = (char)('a' + i);
		write_text(line);
	}
	for (unsigned row = 0; row < 6; row++) {
		line[4] = (char)('a' + 2 + row);
		line[5] = '\0';
		EXPECT(shows(row, 0, line));
	}
	EXPECT(shows(6, 0, "        "));
	EXPECT(shows(7, 0, "        "));
	write_text("!");
	EXPECT(shows(6, 0, "!       "));
	close_screen();
}

KTEST(fbtext_scrolls_one_row)
{
	open_screen(describe(64, 16, 32, 0));
	write_text("one\ntwo\nthree");
	EXPECT(shows(0, 0, "three   "));
	close_screen();
}

KTEST(fbtext_draws_only_what_changed)
{
	open_screen(describe(64, 64, 32, 0));
	write_text("ab\ncd");
	memset(screen, 0, fb.bytes);
	write_text("\rcx");
	EXPECT(shows(1, 0, " x")); /* c is still c, so it was not drawn again */
	EXPECT(shows(0, 0, "  "));
	close_screen();
}

KTEST(fbtext_control_characters)
{
	open_screen(describe(160, 64, 32, 0)); /* 20 columns */
	write_text("abc\b\bX\rY\a\x7f");
	EXPECT(shows(0, 0, "YXc "));
	write_text("\n\tT\t\tU");
	EXPECT(shows(1, 0, "        T           "));
	EXPECT(shows(2, 0, "U"));
	close_screen();
}

KTEST(fbtext_skips_escape_sequences)
{
	open_screen(describe(160, 64, 32, 0));
	write_text("a\033[31;1mb\033[0m\033[2Jc\033=d\033[");
	write_text("12");
	write_text("Ae");
	EXPECT(shows(0, 0, "abcde "));
	close_screen();
}

KTEST(fbtext_utf8)
{
	open_screen(describe(160, 64, 32, 0));
	write_text("\xc3");
	write_text("\xa9t\xc3\xa9 \xe4\xb8\xad\xf0\x9f\x98\x80 \xff \xa9 \xc3+");
	EXPECT(shows(0, 0, "\x82t\x82 ?? ? ? +"));
	close_screen();
}

KTEST(fbtext_refuses)
{
	struct boot_framebuffer wrong[13];

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		wrong[i] = describe(640, 480, 32, 0);
	wrong[0].width = 0;
	wrong[1].height = 0;
	wrong[2].width = wrong[2].pitch = 1u << 30;
	wrong[3].height = UINT32_MAX;
	wrong[4].bits_per_pixel = 8;
	wrong[5].bits_per_pixel = 0;
	wrong[6].pitch = 640 * 4 - 1;
	wrong[7].pitch = UINT32_MAX;
	wrong[8].red_mask = 0;
	wrong[9].green_mask = 0xff0000;
	wrong[10].blue_mask = 0x0000f7;
	wrong[11].bits_per_pixel = 16;
	wrong[12].width = 7;
	load_font();
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		if (!EXPECT(fbtext_layout(&text, &wrong[i], &real_font) < 0))
			ktest_fail(__FILE__, __LINE__, "description %zu", i);
	}
}
