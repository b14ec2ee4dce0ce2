/*
 * vt_control.c: what control characters and sequences do: console_codes(4), ECMA-48, and xterm's
 * alternate screen. Places in sequences count from 1.
 */
#include "dev/vt_internal.h"
#include "lib/string.h"

#define DEVICE_ATTRIBUTES "\033[?6c" /* a VT102, as Linux's console says */
#define IS_WELL           "\033[0n"

/* A parameter that was left out, or is 0, means `otherwise`. */
static unsigned parameter(const struct vt *vt, unsigned index, unsigned otherwise)
{
	unsigned value = index < vt->parameter_count ? vt->parameters[index] : 0;

	return value ? value : otherwise;
}

/* ---- answers ---- */

static void answer(struct vt *vt, const char *text)
{
	size_t bytes = strlen(text);

	if (!vt->answers || bytes > VT_ANSWERS - vt->answer_bytes)
		return;
	memcpy(vt->answer + vt->answer_bytes, text, bytes);
	vt->answer_bytes += (unsigned)bytes;
}

size_t vt_take_answer(struct vt *vt, char *to, size_t size)
{
	size_t bytes = MIN(size, vt->answer_bytes);

	memcpy(to, vt->answer, bytes);
	vt->answer_bytes -= (unsigned)bytes;
	memmove(vt->answer, vt->answer + bytes, vt->answer_bytes);
	return bytes;
}

static char *put_number(char *to, unsigned value)
{
	if (value >= 10)
		to = put_number(to, value / 10);
	*to++ = (char)('0' + value % 10);
	return to;
}

static void report(struct vt *vt)
{
	const struct vt_cursor *cursor = &vt->cursor;
	char text[VT_ANSWERS] = "\033[", *to = text + 2;

	if (parameter(vt, 0, 0) == 5)
		answer(vt, IS_WELL);
	if (parameter(vt, 0, 0) != 6)
		return;
	to = put_number(to, cursor->row - (cursor->origin ? vt->top : 0) + 1);
	*to++ = ';';
	to = put_number(to, cursor->column + 1);
	memcpy(to, "R", 2);
	answer(vt, text);
}

/* ---- moving and erasing ---- */

/* Up and down stop at the edge of the scroll region, if they start inside of it. */
static void move_rows(struct vt *vt, int rows)
{
	int row = (int)vt->cursor.row, top = (int)vt->top, bottom = (int)vt->bottom;
	int wanted = row + rows;

	if (rows < 0 && row >= top)
		wanted = MAX(wanted, top);
	if (rows > 0 && row <= bottom)
		wanted = MIN(wanted, bottom);
	vt_move(vt, (int)vt->cursor.column, wanted);
}

static void move_columns(struct vt *vt, int columns)
{
	vt_move(vt, (int)vt->cursor.column + columns, (int)vt->cursor.row);
}

static void move_to(struct vt *vt, unsigned row, unsigned column)
{
	unsigned from = vt->cursor.origin ? vt->top : 0;

	vt_move(vt, (int)column - 1, (int)(from + row) - 1);
}

static bool is_tab(const struct vt *vt, unsigned column)
{
	return vt->tabs[column / 8] >> column % 8 & 1;
}

static void move_tabs(struct vt *vt, unsigned count, int direction)
{
	int column = (int)vt->cursor.column, last = (int)vt->columns - 1;

	while (count-- && (direction < 0 ? column > 0 : column < last)) {
		do
			column += direction;
		while (column > 0 && column < last && !is_tab(vt, (unsigned)column));
	}
	vt_move(vt, column, (int)vt->cursor.row);
}

static void erase_in_line(struct vt *vt)
{
	unsigned column = vt->cursor.column, what = parameter(vt, 0, 0);

	if (what <= 2)
		vt_erase(vt, vt->cursor.row, what ? 0 : column,
			 what == 1 ? column + 1 : vt->columns);
	vt->cursor.wraps = false;
}

static void erase_in_display(struct vt *vt)
{
	unsigned what = parameter(vt, 0, 0), row = vt->cursor.row;

	if (what <= 1)
		erase_in_line(vt);
	if (what > 3)
		return;
	if (what == 3)
		vt_history_forget(vt);
	unsigned from = what ? 0 : row + 1, to = what == 1 ? row : vt->rows;
	for (unsigned i = from; i < to; i++)
		vt_erase(vt, i, 0, vt->columns);
	vt->cursor.wraps = false;
}

/* IL and DL: only inside of the scroll region. */
static void insert_lines(struct vt *vt, int count)
{
	unsigned row = vt->cursor.row;

	if (row < vt->top || row > vt->bottom)
		return;
	vt_scroll(vt, row, vt->bottom, -count);
	vt->cursor.wraps = false;
}

static void erase_characters(struct vt *vt, unsigned count)
{
	unsigned column = vt->cursor.column;

	vt_erase(vt, vt->cursor.row, column, MIN(column + count, vt->columns));
	vt->cursor.wraps = false;
}

static void repeat(struct vt *vt, unsigned count)
{
	/* Each that is inserted shifts the rest of a line: of those, not more than a line is full
	 * of. */
	unsigned most = vt->insert ? vt->columns : vt->columns * vt->rows;

	count = vt->last_character ? MIN(count, most) : 0;
	while (count--)
		vt_put(vt, vt->last_character);
}

static void set_region(struct vt *vt)
{
	unsigned top = parameter(vt, 0, 1), bottom = MIN(parameter(vt, 1, vt->rows), vt->rows);

	if (top >= bottom)
		return;
	vt->top = top - 1;
	vt->bottom = bottom - 1;
	move_to(vt, 1, 1);
}

/* Every place an E, to adjust the picture by. */
static void alignment_test(struct vt *vt)
{
	vt->cursor.origin = false;
	for (unsigned row = 0; row < vt->rows; row++) {
		vt_erase(vt, row, 0, vt->columns);
		for (unsigned column = 0; column < vt->columns; column++)
			vt_row(vt, row)[column].character = 'E';
	}
	vt_move(vt, 0, 0);
}

/* ---- modes ---- */

/* 1049 saves the cursor and starts on a blank alternate screen, 47 and 1047 do one part each. */
static void alternate_screen(struct vt *vt, unsigned mode, bool on)
{
	bool is_on = vt->screen == &vt->screens[1];

	if (mode == 1049 && on && !is_on)
		vt_save_cursor(vt);
	if (mode == 1047 && !on && is_on)
		for (unsigned row = 0; row < vt->rows; row++)
			vt_erase(vt, row, 0, vt->columns);
	vt_show_screen(vt, on);
	if (mode == 1049 && on && !is_on)
		for (unsigned row = 0; row < vt->rows; row++)
			vt_erase(vt, row, 0, vt->columns);
	if (mode == 1049 && !on && is_on)
		vt_restore_cursor(vt);
}

static void private_mode(struct vt *vt, unsigned mode, bool on)
{
	switch (mode) {
	case 1: /* DECCKM */
		vt->application_cursor = on;
		break;
	case 5: /* DECSCNM */
		vt->reverse_screen = on;
		vt_mark_all(vt);
		break;
	case 6: /* DECOM */
		vt->cursor.origin = on;
		move_to(vt, 1, 1);
		break;
	case 7: /* DECAWM */
		vt->auto_wrap = on;
		vt->cursor.wraps = false;
		break;
	case 25: /* DECTCEM */
		vt->cursor_visible = on;
		vt_mark(vt, vt->cursor.row);
		break;
	case 1048:
		if (on)
			vt_save_cursor(vt);
		else
			vt_restore_cursor(vt);
		break;
	case 47:
	case 1047:
	case 1049:
		alternate_screen(vt, mode, on);
		break;
	}
}

static void set_modes(struct vt *vt, bool on)
{
	for (unsigned i = 0; i < vt->parameter_count; i++) {
		unsigned mode = vt->parameters[i];
		if (vt->intermediate == '?')
			private_mode(vt, mode, on);
		else if (mode == 4) /* IRM */
			vt->insert = on;
		else if (mode == 20) /* LNM */
			vt->newline = on;
	}
}

/* DECSTR: modes and attributes, but not the text. */
static void soft_reset(struct vt *vt)
{
	vt->cursor.origin = vt->insert = vt->application_cursor = false;
	vt->auto_wrap = true;
	vt->top = 0;
	vt->bottom = vt->rows - 1;
	vt->cursor.graphics[0] = vt->cursor.graphics[1] = false;
	vt->cursor.charset = 0;
	vt_reset_pen(&vt->cursor.pen);
	private_mode(vt, 25, true);
	vt->screen->saved = (struct vt_cursor){.column = 0};
	vt_reset_pen(&vt->screen->saved.pen);
}

/* ---- which it is ---- */

void vt_control(struct vt *vt, uint8_t byte)
{
	switch (byte) {
	case '\b':
		move_columns(vt, -1);
		break;
	case '\t':
		move_tabs(vt, 1, 1);
		break;
	case '\n':
	case '\v':
	case '\f':
		vt_line_feed(vt);
		if (vt->newline)
			vt->cursor.column = 0;
		break;
	case '\r':
		vt_move(vt, 0, (int)vt->cursor.row);
		break;
	case 0x0e: /* SO */
	case 0x0f: /* SI */
		vt->cursor.charset = byte == 0x0e;
		break;
	}
}

static void select_charset(struct vt *vt, uint8_t final)
{
	if (vt->intermediate == '(' || vt->intermediate == ')')
		vt->cursor.graphics[vt->intermediate == ')'] = final == '0';
	else if (vt->intermediate == '#' && final == '8')
		alignment_test(vt);
}

static void tab_stop(struct vt *vt, bool set)
{
	unsigned column = vt->cursor.column;
	uint8_t bit = (uint8_t)(1u << column % 8);

	vt->tabs[column / 8] &= (uint8_t)~bit;
	vt->tabs[column / 8] |= set ? bit : 0;
}

void vt_escape(struct vt *vt, uint8_t final)
{
	if (vt->intermediate) {
		select_charset(vt, final);
		return;
	}
	switch (final) {
	case '7':
		vt_save_cursor(vt);
		break;
	case '8':
		vt_restore_cursor(vt);
		break;
	case 'D':
		vt_line_feed(vt);
		break;
	case 'E':
		vt_line_feed(vt);
		vt->cursor.column = 0;
		break;
	case 'H':
		tab_stop(vt, true);
		break;
	case 'M':
		vt_reverse_line_feed(vt);
		break;
	case 'Z':
		answer(vt, DEVICE_ATTRIBUTES);
		break;
	case 'c':
		vt_reset(vt);
		break;
	}
}

/* The motions, and what else takes a count that is 1 if it is not said. True: it was one. */
static bool counted(struct vt *vt, uint8_t final)
{
	int count = (int)parameter(vt, 0, 1);

	switch (final) {
	case '@':
		vt_shift(vt, count);
		break;
	case 'A':
		move_rows(vt, -count);
		break;
	case 'B':
	case 'e':
		move_rows(vt, count);
		break;
	case 'C':
	case 'a':
		move_columns(vt, count);
		break;
	case 'D':
		move_columns(vt, -count);
		break;
	case 'E':
		move_rows(vt, count);
		vt->cursor.column = 0;
		break;
	case 'F':
		move_rows(vt, -count);
		vt->cursor.column = 0;
		break;
	case 'G':
	case '`':
		vt_move(vt, count - 1, (int)vt->cursor.row);
		break;
	case 'I':
		move_tabs(vt, (unsigned)count, 1);
		break;
	case 'L':
		insert_lines(vt, count);
		break;
	case 'M':
		insert_lines(vt, -count);
		break;
	case 'P':
		vt_shift(vt, -count);
		break;
	case 'S':
		vt_scroll_up(vt, (unsigned)count);
		break;
	case 'T':
		vt_scroll(vt, vt->top, vt->bottom, -count);
		break;
	case 'X':
		erase_characters(vt, (unsigned)count);
		break;
	case 'Z':
		move_tabs(vt, (unsigned)count, -1);
		break;
	case 'b':
		repeat(vt, (unsigned)count);
		break;
	case 'd':
		move_to(vt, (unsigned)count, vt->cursor.column + 1);
		break;
	default:
		return false;
	}
	return true;
}

void vt_csi(struct vt *vt, uint8_t final)
{
	if (vt->intermediate == '!' && final == 'p')
		soft_reset(vt);
	if (vt->intermediate == '?' && (final == 'h' || final == 'l'))
		set_modes(vt, final == 'h');
	if (vt->intermediate || counted(vt, final))
		return;
	switch (final) {
	case 'H':
	case 'f':
		move_to(vt, parameter(vt, 0, 1), parameter(vt, 1, 1));
		break;
	case 'J':
		erase_in_display(vt);
		break;
	case 'K':
		erase_in_line(vt);
		break;
	case 'c':
		if (parameter(vt, 0, 0) == 0)
			answer(vt, DEVICE_ATTRIBUTES);
		break;
	case 'g':
		if (parameter(vt, 0, 0) == 0)
			tab_stop(vt, false);
		else if (parameter(vt, 0, 0) == 3)
			memset(vt->tabs, 0, sizeof(vt->tabs));
		break;
	case 'h':
	case 'l':
		set_modes(vt, final == 'h');
		break;
	case 'm':
		vt_select_rendition(vt);
		break;
	case 'n':
		report(vt);
		break;
	case 'r':
		set_region(vt);
		break;
	case 's':
		vt_save_cursor(vt);
		break;
	case 'u':
		vt_restore_cursor(vt);
		break;
	}
}
