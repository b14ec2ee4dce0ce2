/* psf.h: PC Screen Fonts, versions 1 and 2, as the Linux console uses them. Pure. */
#ifndef DEV_PSF_H
#define DEV_PSF_H

#include "lib/types.h"

#define PSF_MAX_WIDTH  32u
#define PSF_MAX_HEIGHT 64u
#define PSF_LATIN      256u
#define PSF_MAX_MAPPED 1024u

struct psf_mapping {
	uint16_t character, glyph;
};

struct psf_font {
	unsigned width, height; /* pixels of a glyph */
	unsigned glyph_count;
	size_t glyph_bytes;
	const uint8_t *glyphs;
	uint16_t latin[PSF_LATIN]; /* the glyph of each of Unicode's first 256 characters */
	struct psf_mapping map[PSF_MAX_MAPPED]; /* of the others that it has, in their order */
	unsigned mapped;
};

/* `data` stays in use. -EINVAL if it is no font, is cut short, or has glyphs larger than the limits
 * above. */
NODISCARD int psf_parse(const void *data, size_t bytes, struct psf_font *font);

/* The glyph for a Unicode character. Where the font has none: of one that looks alike, of U+FFFD,
 * or of '?'. */
unsigned psf_glyph(const struct psf_font *font, uint32_t character);

/* Line `y` of a glyph, its leftmost pixel in bit 31. */
uint32_t psf_glyph_line(const struct psf_font *font, unsigned glyph, unsigned y);

#endif
