/*
 * console.c: the consoles, and a transcript of what the kernel last wrote to them. A console that
 * registers late, like the framebuffer, is first given the transcript and so shows the boot from
 * its beginning.
 */
#include "dev/console.h"
#include "lib/string.h"
#include "sync/spinlock.h"

#define TRANSCRIPT_BYTES CONSOLE_HISTORY_BYTES

/* Taken last: whoever logs may hold any other. */
static struct spinlock console_lock = SPINLOCK_INIT(RANK_CONSOLE);

/* All under console_lock until `panicking` is set. */
static struct console *consoles;
static char transcript[TRANSCRIPT_BYTES];
static uint64_t transcript_end; /* bytes ever written; the last of them are kept, byte n at n modulo
				   the size */
static bool in_write;           /* a panic that finds this set interrupted somebody's line */

static bool mid_line; /* the last byte ended no line */

static bool panicking;   /* set once, never cleared */
static bool interactive; /* the same */
static bool handed_over; /* the same; under console_lock */

static bool lock_consoles(void) NO_LOCK_ANALYSIS
{
	if (panicking)
		return false;
	spin_lock(&console_lock);
	return true;
}

static void unlock_consoles(bool locked) NO_LOCK_ANALYSIS
{
	if (locked)
		spin_unlock(&console_lock);
}

static void transcript_add(const char *text, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		transcript[transcript_end++ % TRANSCRIPT_BYTES] = text[i];
}

/* Where the transcript starts: at the first whole line, once it has wrapped. */
static uint64_t transcript_start(void)
{
	if (transcript_end <= TRANSCRIPT_BYTES)
		return 0;
	uint64_t at = transcript_end - TRANSCRIPT_BYTES;
	while (at < transcript_end && transcript[at % TRANSCRIPT_BYTES] != '\n')
		at++;
	return MIN(at + 1, transcript_end);
}

static void transcript_replay(struct console *console)
{
	uint64_t at = transcript_start();

	while (at < transcript_end) {
		size_t offset = at % TRANSCRIPT_BYTES;
		size_t bytes = MIN(transcript_end - at, TRANSCRIPT_BYTES - offset);
		console->write(console, transcript + offset, bytes);
		at += bytes;
	}
}

void console_register(struct console *console)
{
	bool locked = lock_consoles();

	transcript_replay(console);
	console->next = consoles;
	consoles = console;
	unlock_consoles(locked);
}

enum write_kind { WRITE_TEXT, WRITE_AS_IS, WRITE_LOG };

static void write_all(const char *text, size_t bytes, enum write_kind kind)
{
	bool locked = lock_consoles();

	in_write = true;
	/* What programs write is no part of the log. */
	if (kind != WRITE_AS_IS)
		transcript_add(text, bytes);
	if (bytes)
		mid_line = text[bytes - 1] != '\n';
	for (struct console *console = consoles; console; console = console->next) {
		if (kind == WRITE_LOG && handed_over && console->is_screen && !panicking)
			continue;
		if (kind == WRITE_AS_IS && console->write_as_is)
			console->write_as_is(console, text, bytes);
		else
			console->write(console, text, bytes);
	}
	in_write = false;
	unlock_consoles(locked);
}

void console_write(const char *text, size_t bytes)
{
	write_all(text, bytes, WRITE_TEXT);
}

void console_write_as_is(const char *text, size_t bytes)
{
	write_all(text, bytes, WRITE_AS_IS);
}

void console_write_log(const char *text, size_t bytes)
{
	write_all(text, bytes, WRITE_LOG);
}

void console_hand_over(void)
{
	bool locked = lock_consoles();

	handed_over = true;
	unlock_consoles(locked);
}

/* ---- screens ---- */

uint64_t console_refresh(void)
{
	uint64_t again = 0;
	bool locked = lock_consoles();

	for (struct console *console = consoles; console; console = console->next) {
		uint64_t at = console->refresh ? console->refresh(console) : 0;
		if (at && (!again || at < again))
			again = at;
	}
	unlock_consoles(locked);
	return again;
}

size_t console_answer(char *to, size_t bytes)
{
	size_t done = 0;
	bool locked = lock_consoles();

	for (struct console *console = consoles; console; console = console->next)
		if (console->answer)
			done += console->answer(console, to + done, bytes - done);
	unlock_consoles(locked);
	return done;
}

void console_resize(unsigned columns, unsigned rows)
{
	bool locked = lock_consoles();

	for (struct console *console = consoles; console; console = console->next)
		if (console->resize)
			console->resize(console, columns, rows);
	unlock_consoles(locked);
}

void console_look_back(int pages)
{
	bool locked = lock_consoles();

	for (struct console *console = consoles; console; console = console->next)
		if (console->look_back)
			console->look_back(console, pages);
	unlock_consoles(locked);
}

/* ---- what was written, and what was typed ---- */

size_t console_history(uint64_t *at, char *to, size_t bytes)
{
	size_t done = 0;
	bool locked = lock_consoles();

	*at = MIN(MAX(*at, transcript_start()), transcript_end);
	for (; *at < transcript_end && done < bytes; (*at)++, done++)
		if (to)
			to[done] = transcript[*at % TRANSCRIPT_BYTES];
	unlock_consoles(locked);
	return done;
}

bool console_has_keys(void)
{
	bool keys = false, shown = false;

	for (const struct console *console = consoles; console; console = console->next) {
		keys = keys || console->read;
		shown = shown || !console->keys_only;
	}
	return keys && shown;
}

size_t console_take(char *to, size_t bytes)
{
	size_t done = 0;

	/* The list only grows at its front, so it may be followed without the lock. */
	for (struct console *console = consoles; console && !done; console = console->next)
		if (console->read)
			done = console->read(console, to, bytes);
	return done;
}

void console_panic(void)
{
	if (panicking)
		return;
	panicking = true;
	if (in_write || mid_line)
		console_write("\n", 1);
}

bool console_in_panic(void)
{
	return panicking;
}

void console_set_interactive(void)
{
	interactive = true;
}

bool console_is_interactive(void)
{
	return interactive;
}
