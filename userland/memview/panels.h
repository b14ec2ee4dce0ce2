/* panels.h: what stands below the map of physical memory. */
#ifndef USERLAND_MEMVIEW_PANELS_H
#define USERLAND_MEMVIEW_PANELS_H

#include "memview.h"

/* Processes at the left, the cases of faults at the right. */
void panels_draw(struct screen *screen, const struct snapshot *snapshot, int row, int rows);
/* The selected process's regions, and what each page is. */
void regions_draw(struct screen *screen, const struct snapshot *snapshot, struct view *view,
		  int row, int rows);
/* Over all of it: what the keys do and what the letters mean. */
void help_draw(struct screen *screen);

#endif
