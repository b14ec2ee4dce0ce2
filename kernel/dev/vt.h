/*
 * vt.h: a terminal: bytes in, a screen of cells out. What Linux's console understands
 * (console_codes(4)) and with it what TERM=linux promises to programs, and of xterm's and ECMA-48's
 * what they use besides. Pure: it draws nothing (dev/fbtext.h does) and knows no device.
 *
 * A screen is a set of lines and an order of them. Scrolling changes the order, so it costs no more
 * on a large screen than on a small one. There are two screens: programs that fill one whole use
 * the alternate one and leave what was there before as it was. Lines that leave the main screen at
 * its top are kept, as many as there is memory for, to be looked back at.
 *
 * Lock: the owner's.
 */
#ifndef DEV_VT_H
#define DEV_VT_H

#include "lib/types.h"

/* More does not fit a person's eye. */
#define VT_MAX_COLUMNS 512u
#define VT_MAX_ROWS    256u
#define VT_PARAMETERS  16u
#define VT_ANSWERS     64u
#define VT_COLORS      16u
/* Of UTF-8: what can't be shown, or is none. */
#define VT_REPLACEMENT 0xfffdu

/* One place of the screen. `character` is Unicode's, with flags above it; colours are 0xrrggbb. */
struct vt_cell {
	uint32_t character;
	uint32_t foreground, background;
};
#define VT_CHARACTER 0x1fffffu
#define VT_UNDERLINE 0x01000000u
#define VT_WIDE      0x02000000u /* the next cell is its right half */
#define VT_RIGHT     0x04000000u /* the right half of a wide character */

/* A colour that is yet to be looked up: 0xrrggbb, or one of these. */
#define VT_INDEXED 0x01000000u /* | 0 to 255 */
#define VT_DEFAULT 0x02000000u

struct vt_pen {
	uint32_t foreground, background; /* 0xrrggbb, VT_INDEXED or VT_DEFAULT */
	bool bold, dim, underline, reverse, hidden;
};

struct vt_cursor {
	unsigned column, row;
	bool wraps;  /* the last column is full: the next character goes to the next line */
	bool origin; /* rows count from the scroll region (DECOM) */
	struct vt_pen pen;
	bool graphics[2]; /* G0 and G1: DEC's line drawing instead of ASCII */
	uint8_t charset;  /* which of them is in use: 0 or 1 */
};

struct vt_screen {
	struct vt_cell *cells; /* max_rows lines of max_columns */
	uint16_t *order;       /* which of them is at each row */
	struct vt_cursor saved;
};

/* Lines that have left the main screen: a ring of `size` lines of max_columns. */
struct vt_history {
	struct vt_cell *cells;
	unsigned size, count;
	unsigned next; /* where the next one goes */
};

/* What the next byte means. */
enum vt_state {
	VT_GROUND,
	VT_ESCAPE,
	VT_ESCAPE_INTERMEDIATE, /* ESC ( and the like: one byte more */
	VT_CSI,
	VT_CSI_IGNORE, /* to its end, without effect */
	VT_STRING,     /* of an operating system command and the like */
	VT_STRING_ESCAPE,
	VT_PALETTE, /* ESC ] P, Linux's own: seven digits */
};

struct vt {
	unsigned columns, rows;         /* in use */
	unsigned max_columns, max_rows; /* what there is memory for */
	struct vt_screen screens[2];
	struct vt_screen *screen; /* the one that shows */
	struct vt_history history;
	unsigned view; /* lines of the history that show above the screen's; 0: none */
	struct vt_cursor cursor;
	unsigned top, bottom; /* the scroll region, both rows included */
	bool cursor_visible, insert, auto_wrap, newline, reverse_screen;
	bool application_cursor; /* DECCKM: who translates keys wants to know */
	bool answers;            /* questions (DSR, DA) are answered, into `answer` */
	uint32_t palette[VT_COLORS];
	uint32_t last_character; /* for REP; 0: none */
	uint8_t tabs[VT_MAX_COLUMNS / 8];
	/* Rows that may look different than at the last look, the cursor's old and new ones too;
	 * who draws clears it. */
	uint8_t dirty[VT_MAX_ROWS / 8];
	char answer[VT_ANSWERS];
	unsigned answer_bytes;

	/* The sequence or character that has not ended yet. */
	enum vt_state state;
	uint8_t intermediate; /* or a private marker, '?' for instance; 0: none */
	uint8_t utf8_left;
	uint32_t utf8, utf8_least;
	unsigned parameters[VT_PARAMETERS], parameter_count;
	uint32_t joined; /* bit i: a colon stood before parameter i, not a semicolon */
	uint32_t palette_digits;
};

/* Memory that vt_init() wants for a screen of that size. */
size_t vt_memory_bytes(unsigned columns, unsigned rows);
/* A fresh terminal in `memory`, aligned to 4, of vt_memory_bytes(); sizes from 1 to VT_MAX_... */
void vt_init(struct vt *vt, unsigned columns, unsigned rows, void *memory);
/* As after vt_init(), but the size and whether it answers stay. */
void vt_reset(struct vt *vt);
/* Another size, at least 1 by 1; what vt_init() was given is the most. Text stays where it is, but
 * lines that the cursor would fall off with scroll out at the top. */
void vt_resize(struct vt *vt, unsigned columns, unsigned rows);

/* Keep lines from now on, in `memory`, aligned to 4, of vt_history_bytes(). After vt_init(). */
size_t vt_history_bytes(unsigned columns, unsigned lines);
void vt_keep_history(struct vt *vt, unsigned lines, void *memory);
/* Show what is `lines` further up, or -lines further down, as far as there is any; the alternate
 * screen has none. What is written meanwhile moves the screen and not what shows. */
void vt_look_back(struct vt *vt, int lines);
/* Show the screen itself. */
void vt_look_at_screen(struct vt *vt);

/* UTF-8 and control sequences. */
void vt_write(struct vt *vt, const char *bytes, size_t count);
/* Take what it has answered: at most `size` bytes. */
size_t vt_take_answer(struct vt *vt, char *to, size_t size);

/* The cells of a row, from the top. */
static inline struct vt_cell *vt_row(const struct vt *vt, unsigned row)
{
	return vt->screen->cells + (size_t)vt->screen->order[row] * vt->max_columns;
}
/* The same, of what shows: the screen's rows, or kept lines above them. */
const struct vt_cell *vt_shown_row(const struct vt *vt, unsigned row);
static inline bool vt_is_dirty(const struct vt *vt, unsigned row)
{
	return vt->dirty[row / 8] >> row % 8 & 1;
}
void vt_mark_all(struct vt *vt);

/* Do all its numbers make sense? For tests. */
bool vt_is_sane(const struct vt *vt);

#endif
