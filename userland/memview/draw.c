/* draw.c: what stands where on the screen, and the map of physical memory. */
#include <string.h>

#include "memview.h"
#include "panels.h"

#define WIDE_COLUMNS  110 /* so many leave room between the names of the keys */
#define LEAST_COLUMNS 60
#define LEAST_ROWS    20
#define PANEL_ROWS    8 /* processes and counters */

struct state {
	char letter;
	uint32_t colour;
	const char *name;
};

/* Of frames, as /proc/framemap has them. */
static const struct state frame_states[] = {
	{'.', 0x262b33, "free"},          {'p', 0x4d8bff, "private"},
	{'P', 0xff6a5f, "shared (COW)"},  {'f', 0x43c47a, "file"},
	{'F', 0xa6e36b, "file, shared"},  {'t', 0xb07cf7, "table"},
	{'T', 0xf06fd8, "table, shared"}, {'k', 0xd9a441, "kernel"},
	{'s', 0x3cc6cf, "stack"},         {'w', 0x5a616d, "wired"},
	{'z', 0xffffff, "zeros"},
};
#define FRAME_STATES (sizeof(frame_states) / sizeof(frame_states[0]))

/* Of processes, one after the other. */
static const uint32_t owner_colours[] = {0x4d8bff, 0xff9f45, 0x43c47a, 0xf06fd8, 0x3cc6cf,
					 0xe3c341, 0xb07cf7, 0xff6a5f, 0x9be87c, 0xc08a6b};
#define OWNER_COLOURS (sizeof(owner_colours) / sizeof(owner_colours[0]))
#define SHARED_COLOUR 0xffffff
#define KERNEL_COLOUR 0x5a616d
#define FREE_COLOUR   0x262b33

uint32_t draw_state_colour(char letter)
{
	for (size_t i = 0; i < FRAME_STATES; i++)
		if (frame_states[i].letter == letter)
			return frame_states[i].colour;
	return FREE_COLOUR;
}

uint32_t draw_owner_colour(unsigned owner)
{
	return owner == OWNER_SHARED ? SHARED_COLOUR : owner_colours[(owner - 1) % OWNER_COLOURS];
}

/* ---- the map ---- */

/* Of `part` in 256 the way from `from` to `to`. */
static uint32_t mix(uint32_t from, uint32_t to, unsigned part)
{
	uint32_t mixed = 0;

	for (unsigned shift = 0; shift < 24; shift += 8) {
		unsigned a = from >> shift & 0xff, b = to >> shift & 0xff;
		mixed |= (a * (256 - part) + b * part) / 256 << shift;
	}
	return mixed;
}

/* What is in the frames of one cell. */
struct tally {
	size_t states[FRAME_STATES]; /* as in frame_states */
	size_t used, all;
	bool selected;
	size_t owners[256]; /* when they are asked for */
};

static size_t state_index(char letter)
{
	size_t i = 0;

	while (i < FRAME_STATES - 1 && frame_states[i].letter != letter)
		i++;
	return i;
}

/* How many frames from `first` on, before `end`, are like it. Eight at a time: there are many. */
static size_t alike(const struct memory *memory, size_t first, size_t end)
{
	const uint64_t each = 0x0101010101010101;
	uint64_t letters = each * (uint8_t)memory->letters[first];
	uint64_t owners = each * memory->owner[first], eight_letters, eight_owners;
	size_t at = first + 1;

	for (; at + 8 <= end; at += 8) {
		memcpy(&eight_letters, memory->letters + at, 8);
		memcpy(&eight_owners, memory->owner + at, 8);
		if (eight_letters != letters || eight_owners != owners)
			break;
	}
	while (at < end && memory->letters[at] == memory->letters[first] &&
	       memory->owner[at] == memory->owner[first])
		at++;
	return at - first;
}

static void count(struct tally *tally, const struct snapshot *snapshot, bool owners, size_t first,
		  size_t frames)
{
	const struct memory *memory = &snapshot->memory;
	size_t end = first + frames < memory->frames ? first + frames : memory->frames, part;

	memset(tally, 0, owners ? sizeof(*tally) : offsetof(struct tally, owners));
	for (size_t at = first; at < end; at += part) {
		char letter = memory->letters[at];
		unsigned owner = memory->owner[at];
		part = alike(memory, at, end);
		tally->all += part;
		tally->used += letter != '.' ? part : 0;
		tally->states[state_index(letter)] += part;
		if (owners)
			tally->owners[owner] += part;
		tally->selected |= owner == snapshot->selected % OWNERS_MAX + 1;
	}
}

static bool has(const struct tally *tally, char letter)
{
	return tally->states[state_index(letter)] != 0;
}

/* What most of the used frames are; '.': all are free. */
static char main_letter(const struct tally *tally)
{
	size_t best = 0;

	for (size_t i = 1; i < FRAME_STATES; i++)
		if (tally->states[i] && (!best || tally->states[i] > tally->states[best]))
			best = i;
	return frame_states[best].letter;
}

static uint32_t owner_colour(const struct tally *tally)
{
	unsigned best = 0;

	for (unsigned owner = 1; owner < 256; owner++)
		if (tally->owners[owner] && (!best || tally->owners[owner] > tally->owners[best]))
			best = owner;
	if (best)
		return draw_owner_colour(best);
	return tally->used ? KERNEL_COLOUR : FREE_COLOUR;
}

static struct cell map_cell(const struct tally *tally, const struct view *view,
			    enum colours colours)
{
	char letter = main_letter(tally);
	uint32_t colour = view->by_owner ? owner_colour(tally) : draw_state_colour(letter);
	struct cell cell = {.character = ' ', .text = 0x101318, .back = colour, .bold = true};

	if (colours == COLOURS_NONE) {
		cell.character = letter;
		return cell;
	}
	if (colours == COLOURS_16)
		cell.character = letter;
	else if (tally->used)
		cell.back =
			mix(FREE_COLOUR, colour, 96 + (unsigned)(160 * tally->used / tally->all));
	if (has(tally, 'P') || has(tally, 'F'))
		cell.character = '+';
	if (has(tally, 't') || has(tally, 'T'))
		cell.character = has(tally, 'T') ? 'T' : 't';
	if (tally->selected)
		cell.character = '#';
	if (letter == '.' && colours == COLOURS_16)
		cell = (struct cell){'.', false, COLOUR_DEFAULT, COLOUR_DEFAULT};
	return cell;
}

/* Frames of a cell, so that all just fit or as the view wants; the first frame shown. */
static size_t choose_scale(const struct memory *memory, struct view *view, size_t cells)
{
	size_t least = (memory->frames + cells - 1) / cells;

	if (view->fits || view->scale >= least) {
		view->fits = true;
		view->scale = least ? least : 1;
		view->first = 0;
	}
	size_t shown = view->scale * cells;
	if (view->first + shown > memory->frames)
		view->first = memory->frames > shown ? memory->frames - shown : 0;
	return view->scale;
}

void draw_map(struct screen *screen, const struct snapshot *snapshot, struct view *view, int row,
	      int rows)
{
	static struct tally tally;
	size_t across = (size_t)screen->columns, cells = across * (size_t)rows;
	size_t frames = choose_scale(&snapshot->memory, view, cells);

	for (size_t i = 0; i < cells; i++) {
		size_t first = view->first + i * frames;
		if (first >= snapshot->memory.frames)
			break;
		count(&tally, snapshot, view->by_owner, first, frames);
		screen_put(screen, row + (int)(i / across), (int)(i % across),
			   map_cell(&tally, view, screen->colours));
	}
}

/* ---- around it ---- */

static void draw_title(struct screen *screen, const struct snapshot *snapshot,
		       const struct view *view)
{
	const struct memory *memory = &snapshot->memory;

	for (int i = 0; i < screen->columns; i++)
		screen_put(screen, 0, i, (struct cell){' ', true, COLOUR_INK, COLOUR_BAR});
	screen_text(screen, 0, 1, screen->columns - 1, COLOUR_ACCENT, "memview");
	screen_text(screen, 0, 10, screen->columns - 10, COLOUR_INK,
		    "%zu MiB of RAM, %zu MiB used; a cell is %zu KiB%s%s%s", memory->frames >> 8,
		    memory->used >> 8, 4 * view->scale, view->fits ? "" : ", zoomed in",
		    view->by_owner ? "; by owner" : "", view->paused ? "; PAUSED" : "");
}

static void draw_swatch(struct screen *screen, int row, int *column, struct cell cell,
			const char *name)
{
	int length = (int)strlen(name);

	if (*column + length + 3 > screen->columns)
		return;
	screen_put(screen, row, *column, cell);
	screen_text(screen, row, *column + 2, length, COLOUR_SOFT, "%s", name);
	*column += length + 4;
}

/* They may go on in the next line, where the marks are as well. */
static void draw_state_swatches(struct screen *screen, int *row, int *column)
{
	bool letters = screen->colours <= COLOURS_16, first = true;

	for (size_t i = 0; i < FRAME_STATES; i++) {
		int length = (int)strlen(frame_states[i].name);
		if (first && *column + length + 3 > screen->columns) {
			first = false;
			(*row)++;
			*column = 1;
		}
		draw_swatch(screen, *row, column,
			    (struct cell){letters ? frame_states[i].letter : ' ', true, 0x101318,
					  frame_states[i].colour},
			    frame_states[i].name);
	}
}

/* The legend's two lines: colours, as far as they go, and the marks. */
static void draw_legend(struct screen *screen, const struct snapshot *snapshot,
			const struct view *view, int row)
{
	bool letters = screen->colours <= COLOURS_16;
	int column = 1, first = row;

	if (view->by_owner) {
		for (size_t i = 0; i < snapshot->process_count && i < OWNER_COLOURS; i++)
			draw_swatch(screen, row, &column,
				    (struct cell){letters ? 'p' : ' ', true, 0x101318,
						  draw_owner_colour((unsigned)i + 1)},
				    snapshot->processes[i].name);
		draw_swatch(screen, row, &column,
			    (struct cell){letters ? 'p' : ' ', true, 0x101318, SHARED_COLOUR},
			    "several");
	} else {
		draw_state_swatches(screen, &row, &column);
	}
	if (row == first) {
		row++;
		column = 1;
	}
	static const struct {
		char mark;
		const char *name;
	} marks[] = {{'#', "the selected's"},
		     {'t', "page table"},
		     {'T', "shared one"},
		     {'+', "shared frames"}};
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		draw_swatch(screen, row, &column,
			    (struct cell){marks[i].mark, true, COLOUR_INK, COLOUR_DEFAULT},
			    marks[i].name);
}

static void draw_keys(struct screen *screen)
{
	static const char *const keys[] = {"up down process", "q quit",   "h help",
					   "space pause",     "o owners", "PgUp PgDn scroll",
					   "right step",      "+ - zoom"};
	size_t count = sizeof(keys) / sizeof(keys[0]);
	int row = screen->rows - 1, column = 1, gap = screen->columns >= WIDE_COLUMNS ? 3 : 2;

	for (int i = 0; i < screen->columns; i++)
		screen_put(screen, row, i, (struct cell){' ', false, COLOUR_INK, COLOUR_BAR});
	/* What there is no room for stands in the help. */
	for (size_t i = 0; i < count; i++) {
		int length = (int)strlen(keys[i]);
		if (column + length >= screen->columns)
			continue;
		screen_text(screen, row, column, length, COLOUR_INK, "%s", keys[i]);
		column += length + gap;
	}
}

void draw(struct screen *screen, const struct snapshot *snapshot, struct view *view)
{
	screen_clear(screen);
	if (screen->columns < LEAST_COLUMNS || screen->rows < LEAST_ROWS) {
		screen_text(screen, 0, 0, screen->columns, COLOUR_DEFAULT,
			    "memview needs a window of %d columns and %d rows; q quits",
			    LEAST_COLUMNS, LEAST_ROWS);
		return;
	}
	/* The title, the legend's two lines, the panels and the keys leave the rest to two. */
	int left = screen->rows - 1 - 2 - PANEL_ROWS - 1, map_rows = left / 2;
	draw_map(screen, snapshot, view, 1, map_rows);
	draw_title(screen, snapshot, view);
	draw_legend(screen, snapshot, view, 1 + map_rows);
	panels_draw(screen, snapshot, 3 + map_rows, PANEL_ROWS);
	regions_draw(screen, snapshot, view, 3 + map_rows + PANEL_ROWS, left - map_rows);
	draw_keys(screen);
	if (view->help)
		help_draw(screen);
}
