/*
 * console.h: where the log goes and where a person types: every serial port and screen that
 * registered. Lock: console_lock (RANK_CONSOLE), inside; after console_panic() nothing is locked
 * any more.
 */
#ifndef DEV_CONSOLE_H
#define DEV_CONSOLE_H

#include "lib/types.h"

struct console {
	const char *name;
	void (*write)(struct console *console, const char *text,
		      size_t bytes); /* never fails, bounded time */
	/* The same, without making "\r\n" of '\n'. NULL: `write` does not either. */
	void (*write_as_is)(struct console *console, const char *text, size_t bytes);
	/* Bytes typed there, up to `bytes`; never waits. NULL: it has no keys. */
	size_t (*read)(struct console *console, char *to, size_t bytes);
	bool keys_only; /* nobody sees what is written there */
	bool is_screen; /* the log is in a program's way there: see console_hand_over() */
	/* A screen's, the rest may be NULL. Show what write_as_is left to be shown. 0, or a time
	 * (time_now()) to be called again at, as there is more. */
	uint64_t (*refresh)(struct console *console);
	/* Take what the screen answers to a program's questions: at most `bytes`. */
	size_t (*answer)(struct console *console, char *to, size_t bytes);
	/* Use only so much of it, or all that there is. */
	void (*resize)(struct console *console, unsigned columns, unsigned rows);
	/* Show what left it at its top, `pages` further up, or -pages further down; 0: itself. */
	void (*look_back)(struct console *console, int pages);
	struct console *next;
};

/* From now on `console` is written to; first it is given the last 16 KiB of what the kernel
 * has written before. */
void console_register(struct console *console);
/* Bytes as they are, but '\n' becomes "\r\n" on serial. */
void console_write(const char *text, size_t bytes);
/* Bytes as they are, a program's. */
void console_write_as_is(const char *text, size_t bytes);
/* A line of the log: as console_write(), but no longer to screens after console_hand_over(). */
void console_write_log(const char *text, size_t bytes);
/* A program has the terminal now, and the screen is its own. A panic and the debug shell still
 * show there. */
void console_hand_over(void);
/* For screens, each for all of them; see struct console. Any context without locks. */
uint64_t console_refresh(void);
size_t console_answer(char *to, size_t bytes);
void console_resize(unsigned columns, unsigned rows);
void console_look_back(int pages);
/* What the kernel has written, from byte *at on, or from the first that is kept; *at moves behind
 * it. Bytes, at most `bytes`; `to` NULL only counts them. */
#define CONSOLE_HISTORY_BYTES 16384u
size_t console_history(uint64_t *at, char *to, size_t bytes);
/* Is there one that can be typed at, and one that shows what comes of it? */
bool console_has_keys(void);
/* What was typed at the first console that has anything, taken away from whoever else reads there;
 * 0: nothing. Never waits; without locks in a panic. For the debug shell. */
NODISCARD size_t console_take(char *to, size_t bytes);
/* From now on write without locks: the machine is going down. */
void console_panic(void);
/* For a console that can show a panic in another colour. */
bool console_in_panic(void);
/* Somebody types and reads, even in a panic: a screen that keeps its first lines may not any more.
 */
void console_set_interactive(void);
bool console_is_interactive(void);

#endif
