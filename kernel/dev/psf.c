/*
 * psf.c: a header, the glyphs, and optionally for each glyph the characters that it stands for.
 * Version 1 names them in UTF-16 and ends a list by 0xffff, version 2 in UTF-8 and ends it by 0xff;
 * 0xfffe or 0xfe begins the sequences of combining characters, which are not used here.
 */
#include "dev/psf.h"
#include "lib/errno.h"
#include "lib/string.h"

#define PSF1_MAGIC         0x0436u
#define PSF1_MODE_512      0x01u
#define PSF1_MODE_UNICODE  0x06u /* has a table, with or without sequences */
#define PSF1_SEPARATOR     0xffffu
#define PSF1_SEQUENCE      0xfffeu
#define PSF2_MAGIC         0x864ab572u
#define PSF2_HAS_UNICODE   0x01u
#define PSF2_SEPARATOR     0xffu
#define PSF2_SEQUENCE      0xfeu
#define PSF_MAX_GLYPHS     65536u
#define PSF_FALLBACK_GLYPH '?'
#define REPLACEMENT        0xfffdu /* Unicode's character for what can't be shown */

struct psf1_header {
	uint16_t magic;
	uint8_t mode;
	uint8_t height; /* also the bytes of a glyph: its width is 8 */
} PACKED;

struct psf2_header {
	uint32_t magic, version, header_bytes, flags;
	uint32_t glyph_count, glyph_bytes, height, width;
} PACKED;

/* Reads one list of characters after the other; at the end of the data every list is over. */
struct reader {
	const uint8_t *at, *end;
};

/* Kept in order, so that psf_glyph() can search. What there is no room for shows as '?'. */
static void map_character(struct psf_font *font, uint32_t character, unsigned glyph)
{
	unsigned at = font->mapped;

	if (character < PSF_LATIN) {
		font->latin[character] = (uint16_t)glyph;
		return;
	}
	if (at == PSF_MAX_MAPPED || character > UINT16_MAX)
		return;
	for (; at > 0 && font->map[at - 1].character > character; at--)
		font->map[at] = font->map[at - 1];
	font->map[at] = (struct psf_mapping){(uint16_t)character, (uint16_t)glyph};
	font->mapped++;
}

static void read_list_1(struct psf_font *font, struct reader *in, unsigned glyph)
{
	bool in_sequence = false;

	while (in->end - in->at >= 2) {
		unsigned character = in->at[0] | (unsigned)in->at[1] << 8;
		in->at += 2;
		if (character == PSF1_SEPARATOR)
			return;
		if (character == PSF1_SEQUENCE)
			in_sequence = true;
		else if (!in_sequence)
			map_character(font, character, glyph);
	}
}

/* One character of UTF-8 that starts with `first`. The font's maker had no reason to get it wrong,
 * so what is wrong only has to do no harm. */
static uint32_t read_utf8(struct reader *in, uint8_t first)
{
	unsigned more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	uint32_t character = more ? first & (0x3fu >> more) : first;

	for (; more > 0 && in->at < in->end && (*in->at & 0xc0) == 0x80; more--)
		character = character << 6 | (*in->at++ & 0x3fu);
	return character;
}

static void read_list_2(struct psf_font *font, struct reader *in, unsigned glyph)
{
	bool in_sequence = false;

	while (in->at < in->end) {
		uint8_t byte = *in->at++;
		if (byte == PSF2_SEPARATOR)
			return;
		if (byte == PSF2_SEQUENCE)
			in_sequence = true;
		else if (!in_sequence)
			map_character(font, read_utf8(in, byte), glyph);
	}
}

static int parse_1(const uint8_t *data, size_t bytes, struct psf_font *font, bool *has_unicode)
{
	struct psf1_header header;

	memcpy(&header, data, sizeof(header));
	font->width = 8;
	font->height = header.height;
	font->glyph_bytes = header.height;
	font->glyph_count = header.mode & PSF1_MODE_512 ? 512 : 256;
	font->glyphs = data + sizeof(header);
	*has_unicode = header.mode & PSF1_MODE_UNICODE;
	return 0;
}

static int parse_2(const uint8_t *data, size_t bytes, struct psf_font *font, bool *has_unicode)
{
	struct psf2_header header;

	if (bytes < sizeof(header))
		return -EINVAL;
	memcpy(&header, data, sizeof(header));
	if (header.header_bytes < sizeof(header) || header.header_bytes > bytes)
		return -EINVAL;
	font->width = header.width;
	font->height = header.height;
	font->glyph_bytes = header.glyph_bytes;
	font->glyph_count = header.glyph_count;
	font->glyphs = data + header.header_bytes;
	*has_unicode = header.flags & PSF2_HAS_UNICODE;
	return 0;
}

static bool is_sane(const struct psf_font *font, const uint8_t *end)
{
	if (font->width == 0 || font->width > PSF_MAX_WIDTH)
		return false;
	if (font->height == 0 || font->height > PSF_MAX_HEIGHT)
		return false;
	if (font->glyph_bytes != (size_t)(font->width + 7) / 8 * font->height)
		return false;
	if (font->glyph_count <= PSF_FALLBACK_GLYPH || font->glyph_count > PSF_MAX_GLYPHS)
		return false;
	return (uint64_t)font->glyph_count * font->glyph_bytes <= (uint64_t)(end - font->glyphs);
}

int psf_parse(const void *data, size_t bytes, struct psf_font *font)
{
	const uint8_t *start = data;
	bool has_unicode = false;
	uint32_t magic;
	int error = -EINVAL;

	if (bytes < sizeof(magic))
		return -EINVAL;
	memcpy(&magic, data, sizeof(magic));
	if (magic == PSF2_MAGIC)
		error = parse_2(start, bytes, font, &has_unicode);
	else if ((magic & 0xffff) == PSF1_MAGIC)
		error = parse_1(start, bytes, font, &has_unicode);
	if (error || !is_sane(font, start + bytes))
		return -EINVAL;

	struct reader in = {font->glyphs + font->glyph_count * font->glyph_bytes, start + bytes};
	font->mapped = 0;
	for (unsigned i = 0; i < PSF_LATIN; i++)
		font->latin[i] =
			(uint16_t)(!has_unicode && i < font->glyph_count ? i : PSF_FALLBACK_GLYPH);
	for (unsigned glyph = 0; has_unicode && glyph < font->glyph_count; glyph++) {
		if (magic == PSF2_MAGIC)
			read_list_2(font, &in, glyph);
		else
			read_list_1(font, &in, glyph);
	}
	return 0;
}

static bool find(const struct psf_font *font, uint32_t character, unsigned *glyph)
{
	unsigned low = 0, high = font->mapped;

	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (font->map[middle].character < character)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == font->mapped || font->map[low].character != character)
		return false;
	*glyph = font->map[low].glyph;
	return true;
}

/* Pairs of a character that fonts for the console often lack and one that looks much like it. */
static uint32_t alike(uint32_t character)
{
	static const uint16_t pairs[][2] = {
		{0x25c6, 0x2666}, {0x2593, 0x2592}, {0x23ba, 0x2500}, {0x23bb, 0x2500},
		{0x23bc, 0x2500}, {0x23bd, 0x2500}, {0x2010, '-'},    {0x2011, '-'},
		{0x2212, '-'},    {0x2715, 'x'},    {0x2713, 'v'},    {0x25cf, 0x2022},
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (pairs[i][0] == character)
			return pairs[i][1];
	return REPLACEMENT;
}

unsigned psf_glyph(const struct psf_font *font, uint32_t character)
{
	unsigned glyph = font->latin[PSF_FALLBACK_GLYPH];

	if (character < PSF_LATIN)
		return font->latin[character];
	if (find(font, character, &glyph))
		return glyph;
	character = alike(character);
	if (character < PSF_LATIN)
		return font->latin[character];
	if (!find(font, character, &glyph))
		(void)find(font, REPLACEMENT, &glyph);
	return glyph;
}

uint32_t psf_glyph_line(const struct psf_font *font, unsigned glyph, unsigned y)
{
	unsigned line_bytes = (font->width + 7) / 8;
	const uint8_t *at = font->glyphs + glyph * font->glyph_bytes + y * line_bytes;
	uint32_t line = 0;

	for (unsigned i = 0; i < line_bytes; i++)
		line |= (uint32_t)at[i] << (24 - 8 * i);
	return line;
}
