/* vt.c: the terminal's screen: cells, the order of lines, the cursor. See vt.h. */
#include "dev/vt.h"

#include "debug/assert.h"
#include "dev/vt_internal.h"
#include "lib/string.h"

#define BLANK       ' '
#define TAB_COLUMNS 8u

/* ---- cells ---- */

/* Erased places have the pen's background and nothing else of it, as on Linux's console. */
static struct vt_cell blank_cell(const struct vt *vt)
{
	struct vt_cell blank = vt_paint(vt, BLANK);

	blank.character = BLANK;
	return blank;
}

/* A wide character that lost one half loses the other, too. Where it can have: left and right of
 * the border before `column`. */
static void mend_border(struct vt *vt, unsigned row, unsigned column)
{
	struct vt_cell *cells = vt_row(vt, row);

	for (unsigned i = column ? column - 1 : 0; i <= column && i < vt->max_columns; i++) {
		bool has_left = i > 0 && cells[i - 1].character & VT_WIDE;
		bool has_right = i + 1 < vt->max_columns && cells[i + 1].character & VT_RIGHT;
		if ((cells[i].character & VT_RIGHT && !has_left) ||
		    (cells[i].character & VT_WIDE && !has_right))
			cells[i].character = BLANK;
	}
}

void vt_erase(struct vt *vt, unsigned row, unsigned from, unsigned to)
{
	const struct vt_cell blank = blank_cell(vt);
	struct vt_cell *cells = vt_row(vt, row);

	assert(row < vt->rows && to <= vt->max_columns);
	for (unsigned i = from; i < to; i++)
		cells[i] = blank;
	mend_border(vt, row, from);
	mend_border(vt, row, to);
	vt_mark(vt, row);
}

void vt_shift(struct vt *vt, int count)
{
	unsigned column = vt->cursor.column, rest = vt->columns - column;
	struct vt_cell *at = vt_row(vt, vt->cursor.row) + column;
	unsigned by = MIN((unsigned)(count < 0 ? -count : count), rest);

	if (count >= 0) {
		memmove(at + by, at, (rest - by) * sizeof(*at));
		vt_erase(vt, vt->cursor.row, column, column + by);
	} else {
		memmove(at, at + by, (rest - by) * sizeof(*at));
		vt_erase(vt, vt->cursor.row, vt->columns - by, vt->columns);
	}
	mend_border(vt, vt->cursor.row, column);
	mend_border(vt, vt->cursor.row, vt->columns);
	vt->cursor.wraps = false;
}

/* ---- lines ---- */

static void reverse_order(uint16_t *order, unsigned from, unsigned to)
{
	while (from + 1 < to) {
		uint16_t swapped = order[from];
		order[from++] = order[--to];
		order[to] = swapped;
	}
}

/* The first `by` of [from, to) become the last. */
static void rotate_order(uint16_t *order, unsigned from, unsigned to, unsigned by)
{
	reverse_order(order, from, from + by);
	reverse_order(order, from + by, to);
	reverse_order(order, from, to);
}

void vt_scroll(struct vt *vt, unsigned top, unsigned bottom, int count)
{
	unsigned lines = bottom - top + 1;
	unsigned by = MIN((unsigned)(count < 0 ? -count : count), lines);

	assert(top <= bottom && bottom < vt->rows);
	rotate_order(vt->screen->order, top, bottom + 1, count < 0 ? lines - by : by);
	unsigned first = count < 0 ? top : bottom + 1 - by;
	for (unsigned row = first; row < first + by; row++)
		vt_erase(vt, row, 0, vt->max_columns);
	for (unsigned row = top; row <= bottom; row++)
		vt_mark(vt, row);
}

void vt_scroll_up(struct vt *vt, unsigned count)
{
	if (vt->top == 0)
		vt_history_add(vt, MIN(count, vt->bottom + 1));
	vt_scroll(vt, vt->top, vt->bottom, (int)count);
}

void vt_line_feed(struct vt *vt)
{
	struct vt_cursor *cursor = &vt->cursor;

	cursor->wraps = false;
	vt_mark(vt, cursor->row);
	if (cursor->row == vt->bottom)
		vt_scroll_up(vt, 1);
	else if (cursor->row + 1 < vt->rows)
		cursor->row++;
	vt_mark(vt, cursor->row);
}

void vt_reverse_line_feed(struct vt *vt)
{
	struct vt_cursor *cursor = &vt->cursor;

	cursor->wraps = false;
	vt_mark(vt, cursor->row);
	if (cursor->row == vt->top)
		vt_scroll(vt, vt->top, vt->bottom, -1);
	else if (cursor->row > 0)
		cursor->row--;
	vt_mark(vt, cursor->row);
}

/* ---- the cursor ---- */

static unsigned clamp(int value, unsigned least, unsigned most)
{
	if (value < (int)least)
		return least;
	return MIN((unsigned)value, most);
}

void vt_move(struct vt *vt, int column, int row)
{
	struct vt_cursor *cursor = &vt->cursor;
	unsigned top = cursor->origin ? vt->top : 0;
	unsigned bottom = cursor->origin ? vt->bottom : vt->rows - 1;

	vt_mark(vt, cursor->row);
	cursor->column = clamp(column, 0, vt->columns - 1);
	cursor->row = clamp(row, top, bottom);
	cursor->wraps = false;
	vt_mark(vt, cursor->row);
}

void vt_save_cursor(struct vt *vt)
{
	vt->screen->saved = vt->cursor;
}

/* The size may have changed since it was saved. */
void vt_restore_cursor(struct vt *vt)
{
	const struct vt_cursor *saved = &vt->screen->saved;
	bool wraps = saved->wraps && saved->column == vt->columns - 1;

	vt_mark(vt, vt->cursor.row);
	vt->cursor = *saved;
	vt_move(vt, (int)saved->column, (int)saved->row);
	vt->cursor.wraps = wraps;
}

void vt_show_screen(struct vt *vt, unsigned which)
{
	vt->screen = &vt->screens[which];
	vt->view = 0;
	vt_mark_all(vt);
}

void vt_mark_all(struct vt *vt)
{
	memset(vt->dirty, 0xff, sizeof(vt->dirty));
}

/* ---- characters ---- */

static void wrap(struct vt *vt)
{
	vt_line_feed(vt);
	vt->cursor.column = 0;
}

/* Whoever takes a place takes it whole: half of a wide character that stood there, and the half
 * beside it. */
static void split_wide(struct vt_cell *cells, unsigned column, unsigned width, unsigned columns)
{
	if (cells[column].character & VT_RIGHT && column > 0)
		cells[column - 1].character = BLANK;
	if (column + width < columns && cells[column + width].character & VT_RIGHT)
		cells[column + width].character = BLANK;
}

void vt_put(struct vt *vt, uint32_t character)
{
	struct vt_cursor *cursor = &vt->cursor;
	unsigned width = vt_width(character);

	/* A mark that belongs to the character before it: no cell has room for two. And at the edge
	 * half a character would be none. */
	if (width == 0 || (cursor->column + width > vt->columns && !vt->auto_wrap) ||
	    width > vt->columns)
		return;
	if (vt->auto_wrap && (cursor->wraps || cursor->column + width > vt->columns))
		wrap(vt);
	if (vt->insert)
		vt_shift(vt, (int)width);
	struct vt_cell *cells = vt_row(vt, cursor->row), cell = vt_paint(vt, character);
	split_wide(cells, cursor->column, width, vt->max_columns);
	if (width == 2) {
		cells[cursor->column + 1] = cell;
		cells[cursor->column + 1].character = BLANK | VT_RIGHT;
		cell.character |= VT_WIDE;
	}
	cells[cursor->column] = cell;
	vt_mark(vt, cursor->row);
	cursor->wraps = cursor->column + width == vt->columns;
	cursor->column = MIN(cursor->column + width, vt->columns - 1);
	vt->last_character = character;
}

/* ---- the whole ---- */

size_t vt_memory_bytes(unsigned columns, unsigned rows)
{
	return 2 * (size_t)rows * (columns * sizeof(struct vt_cell) + 2 * sizeof(uint16_t));
}

static void clear_screen(struct vt *vt, unsigned which)
{
	vt->screen = &vt->screens[which];
	for (unsigned row = 0; row < vt->max_rows; row++)
		vt->screen->order[row] = (uint16_t)row;
	const struct vt_cell blank = blank_cell(vt);
	for (size_t i = 0; i < (size_t)vt->max_rows * vt->max_columns; i++)
		vt->screen->cells[i] = blank;
	vt->screen->saved = vt->cursor;
}

void vt_reset(struct vt *vt)
{
	vt_reset_palette(vt);
	vt->cursor = (struct vt_cursor){.column = 0};
	vt_reset_pen(&vt->cursor.pen);
	vt->top = 0;
	vt->bottom = vt->rows - 1;
	vt->cursor_visible = vt->auto_wrap = true;
	vt->insert = vt->newline = vt->reverse_screen = vt->application_cursor = false;
	vt->view = 0;
	vt->last_character = 0;
	vt->answer_bytes = 0;
	vt->state = VT_GROUND;
	vt->utf8_left = 0;
	memset(vt->tabs, 0, sizeof(vt->tabs));
	for (unsigned column = TAB_COLUMNS; column < VT_MAX_COLUMNS; column += TAB_COLUMNS)
		vt->tabs[column / 8] |= (uint8_t)(1u << column % 8);
	clear_screen(vt, 1);
	clear_screen(vt, 0);
	vt_mark_all(vt);
}

void vt_init(struct vt *vt, unsigned columns, unsigned rows, void *memory)
{
	size_t cells = (size_t)columns * rows;

	assert(columns && rows && columns <= VT_MAX_COLUMNS && rows <= VT_MAX_ROWS);
	memset(vt, 0, sizeof(*vt));
	vt->columns = vt->max_columns = columns;
	vt->rows = vt->max_rows = rows;
	vt->screens[0].cells = memory;
	vt->screens[1].cells = vt->screens[0].cells + cells;
	vt->screens[0].order = (uint16_t *)(vt->screens[1].cells + cells);
	vt->screens[1].order = vt->screens[0].order + rows;
	vt_reset(vt);
}

void vt_resize(struct vt *vt, unsigned columns, unsigned rows)
{
	struct vt_cursor *cursor = &vt->cursor;

	columns = clamp((int)MIN(columns, VT_MAX_COLUMNS), 1, vt->max_columns);
	rows = clamp((int)MIN(rows, VT_MAX_ROWS), 1, vt->max_rows);
	/* The cursor's line and those above it stay, as many as there is room for. */
	if (cursor->row >= rows) {
		vt_history_add(vt, cursor->row - rows + 1);
		vt_scroll(vt, 0, vt->rows - 1, (int)(cursor->row - rows + 1));
		cursor->row = rows - 1;
	}
	vt->columns = columns;
	vt->rows = rows;
	vt->top = 0;
	vt->bottom = rows - 1;
	cursor->column = MIN(cursor->column, columns - 1);
	cursor->wraps = false;
	vt_mark_all(vt);
}

static bool is_order(const struct vt *vt, const struct vt_screen *screen)
{
	uint8_t seen[VT_MAX_ROWS / 8] = {0};

	for (unsigned row = 0; row < vt->max_rows; row++) {
		unsigned line = screen->order[row];
		if (line >= vt->max_rows || seen[line / 8] >> line % 8 & 1)
			return false;
		seen[line / 8] |= (uint8_t)(1u << line % 8);
	}
	return true;
}

bool vt_is_sane(const struct vt *vt)
{
	for (unsigned row = 0; row < vt->rows; row++) {
		const struct vt_cell *cells = vt_row(vt, row);
		for (unsigned i = 0; i < vt->max_columns; i++) {
			bool has_left = i > 0 && cells[i - 1].character & VT_WIDE;
			if (!(cells[i].character & VT_RIGHT) != !has_left ||
			    (cells[i].foreground | cells[i].background) >> 24)
				return false;
		}
	}
	return vt->columns >= 1 && vt->columns <= vt->max_columns && vt->rows >= 1 &&
	       vt->rows <= vt->max_rows && vt->cursor.column < vt->columns &&
	       vt->cursor.row < vt->rows && vt->top <= vt->bottom && vt->bottom < vt->rows &&
	       vt_history_is_sane(vt) && vt->answer_bytes <= VT_ANSWERS &&
	       vt->parameter_count <= VT_PARAMETERS && is_order(vt, &vt->screens[0]) &&
	       is_order(vt, &vt->screens[1]);
}
