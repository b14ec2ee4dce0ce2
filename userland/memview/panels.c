/* panels.c: see panels.h. */
#include "panels.h"

#include <stdio.h>
#include <string.h>

#define KIND_NARROW  27
#define KIND_WIDE    40
#define WIDE_COLUMNS 116 /* from here on there is room for what was added */
#define LABEL_BYTES  36  /* of a region, in front of its pages */

static void heading(struct screen *screen, int row, int column, int width, const char *text)
{
	for (int i = 0; i < width; i++)
		screen_put(screen, row, column + i,
			   (struct cell){'-', false, COLOUR_BAR, COLOUR_DEFAULT});
	screen_text(screen, row, column + 1, width - 1, COLOUR_ACCENT, " %s ", text);
}

/* A number of bytes in four characters. */
static const char *size_text(char to[16], uint64_t bytes)
{
	static const char units[] = "KMGT";
	uint64_t number = bytes >> 10;
	unsigned unit = 0;

	for (; number > 9999 && unit < 3; unit++)
		number >>= 10;
	snprintf(to, 16, "%llu%c", (unsigned long long)number, units[unit]);
	return to;
}

/* ---- processes ---- */

static void draw_processes(struct screen *screen, const struct snapshot *snapshot, int row,
			   int rows, int width)
{
	size_t places = (size_t)(rows - 1), first = 0;
	char resident[16], title[64];

	snprintf(title, sizeof(title), "%zu process%s: resident, faults", snapshot->process_count,
		 snapshot->process_count == 1 ? "" : "es");
	heading(screen, row, 0, width, title);
	if (snapshot->selected >= places)
		first = snapshot->selected - places + 1;
	for (size_t i = first; i < snapshot->process_count && i < first + places; i++) {
		const struct process *process = &snapshot->processes[i];
		int at = row + 1 + (int)(i - first), name = width - 6 - 18;
		bool selected = i == snapshot->selected;
		for (int column = 0; selected && column < width - 1; column++)
			screen_put(screen, at, column,
				   (struct cell){' ', true, COLOUR_INK, COLOUR_BAR});
		screen_put(screen, at, 0,
			   (struct cell){selected ? '>' : ' ', true, COLOUR_ACCENT,
					 selected ? COLOUR_BAR : COLOUR_DEFAULT});
		screen_text(screen, at, 1, width - 2, selected ? COLOUR_INK : COLOUR_SOFT,
			    "%4d %-*.*s %c%6s %8llu", process->pid, name, name, process->name,
			    process->state, size_text(resident, process->resident),
			    (unsigned long long)process->faults);
	}
}

/* ---- the cases of faults ---- */

static void draw_kind(struct screen *screen, const struct kind *kind, int row, int column,
		      int width)
{
	uint64_t rise = kind->all - kind->all_before, own = kind->one - kind->one_before;
	char added[24] = "";
	uint32_t colour = rise ? COLOUR_ACCENT : kind->all ? COLOUR_INK : COLOUR_SOFT;

	if (width >= KIND_WIDE && rise)
		snprintf(added, sizeof(added), "+%llu", (unsigned long long)rise);
	screen_text(screen, row, column, width, colour, "%-11s%8llu", kind->name,
		    (unsigned long long)kind->all);
	if (width >= KIND_WIDE)
		screen_text(screen, row, column + 20, 8, COLOUR_ACCENT, "%-8s", added);
	screen_text(screen, row, column + width - 9, 8, own ? COLOUR_ACCENT : COLOUR_SOFT, "%7llu",
		    (unsigned long long)kind->one);
}

static void draw_kinds(struct screen *screen, const struct snapshot *snapshot, int row, int rows,
		       int column, int width)
{
	size_t places = (size_t)(rows - 1);

	heading(screen, row, column, 2 * width, "page faults by case: all, and the selected's");
	for (size_t i = 0; i < snapshot->kind_count && i < 2 * places; i++)
		draw_kind(screen, &snapshot->kinds[i], row + 1 + (int)(i % places),
			  column + 1 + (int)(i / places) * width, width);
}

void panels_draw(struct screen *screen, const struct snapshot *snapshot, int row, int rows)
{
	int kind = screen->columns >= WIDE_COLUMNS ? KIND_WIDE : KIND_NARROW;
	int processes = screen->columns - 2 * kind;

	if (processes < 26) { /* one column of cases is all there is room for */
		processes = screen->columns - kind;
		draw_processes(screen, snapshot, row, rows, processes);
		draw_kinds(screen, snapshot, row, rows, processes, kind);
		return;
	}
	draw_processes(screen, snapshot, row, rows, processes);
	draw_kinds(screen, snapshot, row, rows, processes, kind);
}

/* ---- regions ---- */

/* Of pages, as /proc/<pid>/pages has them, what matters most first. */
static const struct {
	char letter;
	uint32_t colour;
} pages[] = {{'c', 0xff6a5f}, {'p', 0x4d8bff}, {'s', 0xe3c341}, {'f', 0x43c47a},
	     {'z', 0xffffff}, {'w', 0xc08a6b}, {'a', 0x262b33}};
#define PAGE_STATES (sizeof(pages) / sizeof(pages[0]))

static size_t rank(char letter)
{
	size_t i = 0;

	while (i < PAGE_STATES - 1 && pages[i].letter != (letter | 0x20))
		i++;
	return i;
}

static struct cell page_cell(char letter, enum colours colours)
{
	bool absent = (letter | 0x20) == 'a', by_table = letter >= 'A' && letter <= 'Z';
	struct cell cell = {.character = ' ', .bold = true, .text = 0x101318};

	cell.back = pages[rank(letter)].colour;
	if (colours <= COLOURS_16)
		cell.character = absent ? '.' : letter;
	else if (by_table && !absent)
		cell.character = 'T';
	if (absent && colours <= COLOURS_16)
		cell.text = cell.back = COLOUR_DEFAULT;
	return cell;
}

static void draw_pages(struct screen *screen, const struct snapshot *snapshot,
		       const struct region *region, int row, int column, int width)
{
	char found[512];
	uint64_t count = (region->end - region->start) / PAGE_BYTES, page = 0;
	uint64_t each = (count + (uint64_t)width - 1) / (uint64_t)width;

	if (width <= 0 || (size_t)width > sizeof(found) || !each)
		return;
	memset(found, 'a', sizeof(found));
	for (size_t i = 0; i < region->run_count; i++) {
		const struct run *run = &snapshot->runs[region->first_run + i];
		for (uint64_t cell = page / each;
		     run->pages && cell <= (page + run->pages - 1) / each; cell++)
			if (cell < (uint64_t)width && rank(run->letter) < rank(found[cell]))
				found[cell] = run->letter;
		page += run->pages;
	}
	for (uint64_t cell = 0; cell < (count + each - 1) / each && cell < (uint64_t)width; cell++)
		screen_put(screen, row, column + (int)cell,
			   page_cell(found[cell], screen->colours));
}

static void regions_heading(struct screen *screen, const struct snapshot *snapshot, int row)
{
	static const char *const names[] = {"COW",   "private", "mapping", "file",
					    "zeros", "swap",    "absent"};
	const struct process *process = &snapshot->processes[snapshot->selected];
	char title[96], mapped[16];
	int column;

	snprintf(title, sizeof(title), "%d %s: %zu regions, %s", process->pid, process->name,
		 snapshot->region_count, size_text(mapped, process->mapped));
	heading(screen, row, 0, screen->columns, title);
	column = LABEL_BYTES + 8;
	for (size_t i = 0; i < PAGE_STATES; i++) {
		int length = (int)strlen(names[i]);
		if (column + length + 3 > screen->columns)
			return;
		screen_put(screen, row, column, page_cell(pages[i].letter, screen->colours));
		screen_text(screen, row, column + 1, length + 2, COLOUR_SOFT, " %s ", names[i]);
		column += length + 3;
	}
}

void regions_draw(struct screen *screen, const struct snapshot *snapshot, struct view *view,
		  int row, int rows)
{
	size_t places = rows > 1 ? (size_t)(rows - 1) : 0;

	if (!snapshot->process_count || !places)
		return;
	regions_heading(screen, snapshot, row);
	if (view->first_region + places > snapshot->region_count)
		view->first_region =
			snapshot->region_count > places ? snapshot->region_count - places : 0;
	for (size_t i = 0; i < places && view->first_region + i < snapshot->region_count; i++) {
		const struct region *region = &snapshot->regions[view->first_region + i];
		const char *name = strrchr(region->name, '/');
		int at = row + 1 + (int)i;
		name = name && name[1] ? name + 1 : region->name;
		screen_text(screen, at, 0, LABEL_BYTES - 1, COLOUR_SOFT, "%12llx %s %-.17s",
			    (unsigned long long)region->start, region->prot, name);
		draw_pages(screen, snapshot, region, at, LABEL_BYTES,
			   screen->columns - LABEL_BYTES);
	}
}

/* ---- help ---- */

void help_draw(struct screen *screen)
{
	static const char *const lines[] = {
		"",
		" up, down        select a process",
		" space           pause; again: go on",
		" right           while paused: one snapshot more",
		" o               colour frames by owner, or by state",
		" +, -            fewer or more frames a cell",
		" PgUp, PgDn      scroll memory when it is zoomed in, else the regions",
		" h, q            this help; quit",
		"",
		" A cell of the map stands for several frames and has the colour of most",
		" that are in use, the brighter the more. # is the selected process's.",
		" A cell of a region stands for one page or more; T: its page table is",
		" shared with another process. docs/seeing-memory.md tells more.",
		"",
	};
	int count = sizeof(lines) / sizeof(lines[0]), width = 76;
	int row = (screen->rows - count) / 2, column = (screen->columns - width) / 2;

	for (int i = 0; i < count; i++) {
		for (int j = 0; j < width; j++)
			screen_put(screen, row + i, column + j,
				   (struct cell){' ', false, COLOUR_INK, COLOUR_BAR});
		screen_text(screen, row + i, column + 1, width - 2, COLOUR_INK, "%s", lines[i]);
	}
}
