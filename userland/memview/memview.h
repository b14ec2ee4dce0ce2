/*
 * memview.h: the parts of memview: what memory is (read.c), what is shown of it (draw.c, panels.c),
 * how it gets to the terminal (screen.c). docs/seeing-memory.md describes the files it reads.
 */
#ifndef USERLAND_MEMVIEW_MEMVIEW_H
#define USERLAND_MEMVIEW_MEMVIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_BYTES    4096u
#define NAME_BYTES    48
#define PROCESSES_MAX 256u
#define KINDS_MAX     16u
#define OWNERS_MAX    250u

/* ---- read.c: a snapshot ---- */

/* Frames one after the other in physical memory, and where they stand in memory.letters. */
struct span {
	uint64_t first, count; /* frame numbers */
	size_t offset;
};

#define OWNER_NONE   0u
#define OWNER_SHARED 255u /* else: the index of a process, plus 1 */

struct memory {
	struct span *spans;
	size_t span_count;
	char *letters;  /* of each frame, as /proc/framemap tells them */
	uint8_t *owner; /* of each frame */
	size_t frames, used;
};

struct process {
	int pid;
	char name[NAME_BYTES];
	char state;
	uint64_t mapped, resident; /* bytes */
	uint64_t faults;           /* all, of its address space */
};

struct run { /* of pages that are alike */
	char letter;
	uint64_t pages, frame;
	int step;
};

struct region {
	uint64_t start, end;
	char prot[5];
	char name[NAME_BYTES];
	size_t first_run, run_count;
};

struct kind {
	char name[NAME_BYTES];
	uint64_t all, one; /* of the machine; of the selected process */
	uint64_t all_before, one_before;
};

struct snapshot {
	struct memory memory;
	struct process processes[PROCESSES_MAX];
	size_t process_count;
	size_t selected; /* index */
	int selected_pid;
	struct region *regions; /* of the selected process */
	size_t region_count;
	struct run *runs;
	size_t run_count;
	struct kind kinds[KINDS_MAX];
	size_t kind_count;
	int counted_pid; /* whom kind.one is about */
	uint64_t number; /* of this snapshot, from 1 */
};

/* Read all of it anew, about the process selected_pid, or another if that is gone. False: there is
 * no such kernel, and errno says why. With `owners` the owner of every frame, else only of the
 * selected process's. */
bool snapshot_read(struct snapshot *snapshot, bool owners);

/* ---- screen.c: cells to the terminal ---- */

enum colours { COLOURS_NONE, COLOURS_16, COLOURS_256, COLOURS_ALL };

struct cell {
	char character;
	bool bold;
	uint32_t text, back; /* 0xrrggbb; COLOUR_DEFAULT: the terminal's own */
};
#define COLOUR_DEFAULT 0x1000000u

struct screen {
	int columns, rows;
	enum colours colours;
	struct cell *now, *shown;
	bool is_fresh; /* nothing is known of what the terminal shows */
};

/* The colours that the environment promises. */
enum colours screen_colours(void);
/* Its size, empty; false: no memory. */
bool screen_resize(struct screen *screen, int columns, int rows);
void screen_clear(struct screen *screen);
/* Text at a place, cut off at the edge or after `width`; what is no printable ASCII is a '?'. */
void screen_text(struct screen *screen, int row, int column, int width, uint32_t colour,
		 const char *format, ...) __attribute__((format(printf, 6, 7)));
void screen_put(struct screen *screen, int row, int column, struct cell cell);
/* Bring the terminal up to date; only what has changed. False: it takes no more. */
bool screen_show(struct screen *screen, int fd);
/* As lines of text, without any escape. */
bool screen_print(const struct screen *screen, int fd);

/* ---- draw.c and panels.c ---- */

struct view {
	size_t scale;  /* frames of a cell */
	bool fits;     /* all of memory is shown; else from `first` on */
	size_t first;  /* frame at the map's top left */
	bool by_owner; /* colour by owner, not by state */
	bool paused, help;
	size_t first_region; /* of the list, when it is longer than its place */
};

/* Draw all of it. */
void draw(struct screen *screen, const struct snapshot *snapshot, struct view *view);
/* The map of physical memory in `rows` rows from `row` on. */
void draw_map(struct screen *screen, const struct snapshot *snapshot, struct view *view, int row,
	      int rows);
uint32_t draw_state_colour(char letter);
uint32_t draw_owner_colour(unsigned owner);

#define COLOUR_INK    0xd8dee9u
#define COLOUR_SOFT   0x8a93a2u
#define COLOUR_ACCENT 0xffd166u
#define COLOUR_BAR    0x2b3340u

#endif
