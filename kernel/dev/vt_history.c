/* vt_history.c: lines that have left the terminal's screen, and looking back at them. See vt.h. */
#include "debug/assert.h"
#include "dev/vt_internal.h"
#include "lib/string.h"

size_t vt_history_bytes(unsigned columns, unsigned lines)
{
	return (size_t)lines * columns * sizeof(struct vt_cell);
}

void vt_keep_history(struct vt *vt, unsigned lines, void *memory)
{
	vt->history = (struct vt_history){.cells = memory, .size = lines};
	vt->view = 0;
	vt_mark_all(vt);
}

/* The line that left `back` lines before the next one will; 1 is the last that did. */
static struct vt_cell *line(const struct vt *vt, unsigned back)
{
	const struct vt_history *history = &vt->history;
	unsigned at = (history->next + history->size - back) % history->size;

	assert(back >= 1 && back <= history->size);
	return history->cells + (size_t)at * vt->max_columns;
}

void vt_history_add(struct vt *vt, unsigned count)
{
	struct vt_history *history = &vt->history;

	if (!history->size || vt->screen != &vt->screens[0])
		return;
	for (unsigned row = 0; row < count; row++) {
		memcpy(line(vt, history->size), vt_row(vt, row),
		       vt->max_columns * sizeof(struct vt_cell));
		history->next = (history->next + 1) % history->size;
		history->count = MIN(history->count + 1, history->size);
		/* Who looks back goes on seeing the same lines, while they are kept. */
		if (vt->view)
			vt->view = MIN(vt->view + 1, history->count);
	}
}

void vt_history_forget(struct vt *vt)
{
	vt->history.count = 0;
	vt_look_at_screen(vt);
}

void vt_look_back(struct vt *vt, int lines)
{
	unsigned most = vt->screen == &vt->screens[0] ? vt->history.count : 0;
	unsigned by = (unsigned)(lines < 0 ? -lines : lines);

	if (lines >= 0)
		vt->view = MIN(by, most - MIN(vt->view, most)) + vt->view;
	else
		vt->view -= MIN(by, vt->view);
	vt_mark_all(vt);
}

void vt_look_at_screen(struct vt *vt)
{
	if (!vt->view)
		return;
	vt->view = 0;
	vt_mark_all(vt);
}

const struct vt_cell *vt_shown_row(const struct vt *vt, unsigned row)
{
	return row < vt->view ? line(vt, vt->view - row) : vt_row(vt, row - vt->view);
}

bool vt_history_is_sane(const struct vt *vt)
{
	const struct vt_history *history = &vt->history;

	return history->count <= history->size && vt->view <= history->count &&
	       (history->size ? history->next < history->size : history->next == 0) &&
	       (vt->screen == &vt->screens[0] || vt->view == 0);
}
