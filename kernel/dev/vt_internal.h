/* vt_internal.h: what the files of the terminal share: vt.c has the screen, vt_history.c what left
 * it, vt_parse.c takes bytes apart, vt_control.c does what they mean, vt_color.c knows colours. */
#ifndef DEV_VT_INTERNAL_H
#define DEV_VT_INTERNAL_H

#include "dev/vt.h"

/* ---- vt.c: the screen ---- */

static inline void vt_mark(struct vt *vt, unsigned row)
{
	vt->dirty[row / 8] |= (uint8_t)(1u << row % 8);
}

/* A character at the cursor, which moves on. */
void vt_put(struct vt *vt, uint32_t character);
/* To a place, or as near to it as there is one. */
void vt_move(struct vt *vt, int column, int row);
/* Down, and at the bottom of the region the lines go up. */
void vt_line_feed(struct vt *vt);
/* Up, and at the top of the region the lines go down. */
void vt_reverse_line_feed(struct vt *vt);
/* The lines of [top, bottom] go up by `count`, or down by -count; blank ones come. */
void vt_scroll(struct vt *vt, unsigned top, unsigned bottom, int count);
/* The region's lines go up, as text that flows does: what leaves at the top is kept. */
void vt_scroll_up(struct vt *vt, unsigned count);
/* Blank the columns [from, to) of a row, in the pen's background. */
void vt_erase(struct vt *vt, unsigned row, unsigned from, unsigned to);
/* Shift the rest of the cursor's line: `count` blank places come, or -count go. */
void vt_shift(struct vt *vt, int count);
/* Show the main screen (0) or the alternate one (1). */
void vt_show_screen(struct vt *vt, unsigned which);
void vt_save_cursor(struct vt *vt);
void vt_restore_cursor(struct vt *vt);

/* ---- vt_history.c: lines that have left ---- */

/* Keep the first `count` rows, which are about to go. */
void vt_history_add(struct vt *vt, unsigned count);
void vt_history_forget(struct vt *vt);
bool vt_history_is_sane(const struct vt *vt);

/* ---- vt_control.c ---- */

/* A character below ' ', or DEL. */
void vt_control(struct vt *vt, uint8_t byte);
/* ESC [intermediate] final. */
void vt_escape(struct vt *vt, uint8_t final);
/* ESC [ ... final; the parameters are in vt. */
void vt_csi(struct vt *vt, uint8_t final);

/* ---- vt_color.c ---- */

void vt_reset_palette(struct vt *vt);
/* The pen of after ESC [ m. */
void vt_reset_pen(struct vt_pen *pen);
/* ESC [ ... m */
void vt_select_rendition(struct vt *vt);
/* What a cell with this character looks like. */
struct vt_cell vt_paint(const struct vt *vt, uint32_t character);

/* How many columns a character takes: 0, 1 or 2. */
unsigned vt_width(uint32_t character);

#endif
