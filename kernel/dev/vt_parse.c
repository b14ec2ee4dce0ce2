/*
 * vt_parse.c: bytes to characters and control sequences (ECMA-48, and the state machine that DEC's
 * terminals have). A control character inside of a sequence acts at once and the sequence goes on;
 * CAN and SUB end it, ESC begins another. What is not known is read to its end and does nothing.
 */
#include "dev/vt_internal.h"

#define ESC 0x1b
#define BEL 0x07
#define CAN 0x18
#define SUB 0x1a
#define DEL 0x7f

#define PARAMETER_MAX   32767u
#define PALETTE_DIGITS  7u
#define UNICODE_MAX     0x10ffffu
#define SURROGATE_FIRST 0xd800u
#define SURROGATE_LAST  0xdfffu
#define C1_FIRST        0x80u
#define C1_LAST         0x9fu
#define GRAPHICS_FIRST  0x5fu
#define GRAPHICS_LAST   0x7eu

/* DEC's special graphics, from 0x5f on. */
static const uint16_t graphics[] = {
	0x00a0, 0x25c6, 0x2592, 0x2409, 0x240c, 0x240d, 0x240a, 0x00b0, 0x00b1, 0x2424, 0x240b,
	0x2518, 0x2510, 0x250c, 0x2514, 0x253c, 0x23ba, 0x23bb, 0x2500, 0x23bc, 0x23bd, 0x251c,
	0x2524, 0x2534, 0x252c, 0x2502, 0x2264, 0x2265, 0x03c0, 0x2260, 0x00a3, 0x00b7,
};

/* ---- characters ---- */

static void put_ascii(struct vt *vt, uint8_t byte)
{
	const struct vt_cursor *cursor = &vt->cursor;

	if (byte >= GRAPHICS_FIRST && byte <= GRAPHICS_LAST && cursor->graphics[cursor->charset])
		vt_put(vt, graphics[byte - GRAPHICS_FIRST]);
	else
		vt_put(vt, byte);
}

/* A character that is complete: overlong ones, surrogates and what is beyond Unicode are none. */
static void end_utf8(struct vt *vt)
{
	uint32_t character = vt->utf8;

	if (character < vt->utf8_least || character > UNICODE_MAX ||
	    (character >= SURROGATE_FIRST && character <= SURROGATE_LAST))
		character = VT_REPLACEMENT;
	if (character < C1_FIRST || character > C1_LAST)
		vt_put(vt, character);
}

/* Another byte came in the middle of one. */
static void break_character(struct vt *vt)
{
	if (vt->utf8_left > 0)
		vt_put(vt, VT_REPLACEMENT);
	vt->utf8_left = 0;
}

/* A byte from 0x80 on. */
static void multibyte(struct vt *vt, uint8_t byte)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
	bool continues = (byte & 0xc0) == 0x80;

	if (continues && vt->utf8_left > 0) {
		vt->utf8 = vt->utf8 << 6 | (byte & 0x3fu);
		if (--vt->utf8_left == 0)
			end_utf8(vt);
		return;
	}
	break_character(vt);
	if (byte >= 0xc2 && byte <= 0xf4) {
		vt->utf8_left = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
		vt->utf8 = byte & (0x3fu >> vt->utf8_left);
		vt->utf8_least = least[vt->utf8_left];
	} else {
		vt_put(vt, VT_REPLACEMENT);
	}
}

static void ground(struct vt *vt, uint8_t byte)
{
	if (byte >= 0x80) {
		multibyte(vt, byte);
		return;
	}
	put_ascii(vt, byte);
}

/* ---- sequences ---- */

static void begin_csi(struct vt *vt)
{
	vt->state = VT_CSI;
	vt->intermediate = 0;
	vt->parameter_count = 0;
	vt->joined = 0;
	vt->parameters[0] = 0;
}

static void escape(struct vt *vt, uint8_t byte)
{
	vt->state = VT_GROUND;
	vt->intermediate = 0;
	if (byte == '[') {
		begin_csi(vt);
	} else if (byte == ']' || byte == 'P' || byte == 'X' || byte == '^' || byte == '_') {
		vt->state = VT_STRING;
		vt->intermediate = byte;
	} else if (byte >= 0x20 && byte <= 0x2f) {
		vt->state = VT_ESCAPE_INTERMEDIATE;
		vt->intermediate = byte;
	} else {
		vt_escape(vt, byte);
	}
}

static void escape_intermediate(struct vt *vt, uint8_t byte)
{
	if (byte >= 0x20 && byte <= 0x2f)
		return;
	vt->state = VT_GROUND;
	vt_escape(vt, byte);
}

/* The parameter that is being read; there may be no room for it. */
static void add_digit(struct vt *vt, unsigned digit)
{
	unsigned *value = &vt->parameters[vt->parameter_count];

	if (vt->parameter_count < VT_PARAMETERS)
		*value = MIN(*value * 10 + digit, PARAMETER_MAX);
}

static void next_parameter(struct vt *vt, bool joined)
{
	if (vt->parameter_count == VT_PARAMETERS)
		return;
	if (++vt->parameter_count == VT_PARAMETERS)
		return;
	vt->parameters[vt->parameter_count] = 0;
	if (joined)
		vt->joined |= 1u << vt->parameter_count;
}

static void csi(struct vt *vt, uint8_t byte)
{
	if (byte >= '0' && byte <= '9') {
		add_digit(vt, byte - '0');
	} else if (byte == ';' || byte == ':') {
		next_parameter(vt, byte == ':');
	} else if (byte >= 0x20 && byte <= 0x3f) {
		/* A private marker first, or an intermediate last; two of them are nobody's. */
		if (vt->intermediate)
			vt->state = VT_CSI_IGNORE;
		vt->intermediate = byte;
	} else {
		vt->state = VT_GROUND;
		if (byte > 0x3f && byte < DEL) {
			next_parameter(vt, false);
			vt_csi(vt, byte);
		}
	}
}

/* ESC ] P nrrggbb, one of the sixteen colours, and ESC ] R, all as they were: these two of Linux's
 * do not end as strings do. */
static void string(struct vt *vt, uint8_t byte)
{
	bool first = vt->intermediate == ']';

	vt->intermediate = 0;
	if (first && byte == 'R') {
		vt_reset_palette(vt);
		vt->state = VT_GROUND;
	} else if (first && byte == 'P') {
		vt->state = VT_PALETTE;
		vt->palette_digits = 0;
		vt->parameters[0] = 0;
	} else if (byte == BEL) {
		vt->state = VT_GROUND;
	}
}

static int digit_of(uint8_t byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	byte |= 0x20;
	return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static void palette(struct vt *vt, uint8_t byte)
{
	int digit = digit_of(byte);

	if (digit < 0) {
		vt->state = VT_GROUND;
		return;
	}
	vt->parameters[0] = vt->parameters[0] << 4 | (unsigned)digit;
	if (++vt->palette_digits < PALETTE_DIGITS)
		return;
	vt->palette[vt->parameters[0] >> 24 & (VT_COLORS - 1)] = vt->parameters[0] & 0xffffffu;
	vt->state = VT_GROUND;
}

static void sequence_byte(struct vt *vt, uint8_t byte)
{
	switch (vt->state) {
	case VT_GROUND:
		ground(vt, byte);
		break;
	case VT_ESCAPE:
		escape(vt, byte);
		break;
	case VT_ESCAPE_INTERMEDIATE:
		escape_intermediate(vt, byte);
		break;
	case VT_CSI:
		csi(vt, byte);
		break;
	case VT_CSI_IGNORE:
		if (byte > 0x3f)
			vt->state = VT_GROUND;
		break;
	case VT_STRING:
		string(vt, byte);
		break;
	case VT_STRING_ESCAPE: /* ESC \ ends it; ESC and anything else has, too */
		vt->state = VT_GROUND;
		if (byte != '\\')
			escape(vt, byte);
		break;
	case VT_PALETTE:
		palette(vt, byte);
		break;
	}
}

static void byte_in(struct vt *vt, uint8_t byte)
{
	bool in_string = vt->state == VT_STRING;

	if (byte < 0x80)
		break_character(vt);
	if (byte == ESC) {
		vt->state = in_string ? VT_STRING_ESCAPE : VT_ESCAPE;
	} else if (byte == CAN || byte == SUB) {
		vt->state = VT_GROUND;
	} else if ((byte < ' ' || byte == DEL) && !in_string) {
		vt_control(vt, byte);
	} else {
		sequence_byte(vt, byte);
	}
}

void vt_write(struct vt *vt, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		byte_in(vt, (uint8_t)bytes[i]);
	/* Rows were marked as they are on the screen, and show elsewhere. */
	if (vt->view)
		vt_mark_all(vt);
}
