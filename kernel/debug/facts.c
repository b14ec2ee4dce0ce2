/* facts.c: see facts.h. */
#include "debug/facts.h"

#include <arch/cpu.h>
#include <arch/time.h>

#include "dev/console.h"
#include "lib/options.h"
#include "lib/string.h"
#include "sync/spinlock.h"

#define FACTS_BYTES      8192u
#define COMPLAINTS_BYTES 2048u
#define INDENT           2u
#define SHOW_NS          60000000000ull
#define CLEAR            "\033[m\033[H\033[2J"

/* NUL-terminated lines, one after the other. */
struct lines {
	char *text;
	size_t size, used;
	unsigned lost; /* that there was no room for */
};

static struct spinlock facts_lock = SPINLOCK_INIT(RANK_CONSOLE);

/* Under facts_lock. */
static char facts_text[FACTS_BYTES], complaints_text[COMPLAINTS_BYTES];
static struct lines facts = {facts_text, FACTS_BYTES, 0, 0};
static struct lines complaints = {complaints_text, COMPLAINTS_BYTES, 0, 0};
static bool boot_is_over;

void facts_add(const char *line, size_t bytes, bool is_complaint)
{
	struct lines *lines = is_complaint ? &complaints : &facts;

	/* The lock may be held by who will never give it back; and a panic is no fact of these. */
	if (console_in_panic())
		return;
	spin_lock(&facts_lock);
	if (is_complaint && boot_is_over) {
		/* nothing to keep */
	} else if (lines->size - lines->used <= bytes) {
		lines->lost++;
	} else {
		memcpy(lines->text + lines->used, line, bytes);
		lines->text[lines->used + bytes] = '\0';
		lines->used += bytes + 1;
	}
	spin_unlock(&facts_lock);
}

void facts_end_of_boot(void)
{
	spin_lock(&facts_lock);
	boot_is_over = true;
	spin_unlock(&facts_lock);
}

/* ---- printing ---- */

/* Bytes of `line` that fit a row, up to a space if there is one. */
static size_t row_bytes(const char *line, size_t room)
{
	size_t length = strlen(line), at = room;

	if (length <= room)
		return length;
	while (at > 0 && line[at] != ' ')
		at--;
	return at ? at : room;
}

static unsigned rows_of(const char *line)
{
	unsigned rows = 0, indent = 0;

	do {
		line += row_bytes(line, FACTS_COLUMNS - 1 - indent);
		line += *line == ' ';
		indent = INDENT;
		rows++;
	} while (*line);
	return rows;
}

static void print_wrapped(struct text_sink *sink, const char *line)
{
	unsigned indent = 0;

	do {
		size_t bytes = row_bytes(line, FACTS_COLUMNS - 1 - indent);
		sink->put(sink, "  ", indent);
		sink->put(sink, line, bytes);
		text_put(sink, "\n");
		line += bytes;
		line += *line == ' ';
		indent = INDENT;
	} while (*line);
}

/* Lines up to `*rows`, which become fewer; how many of them there was no room for. */
static unsigned print_lines(struct text_sink *sink, const struct lines *lines, unsigned *rows)
{
	unsigned left_out = lines->lost;

	for (size_t at = 0; at < lines->used; at += strlen(lines->text + at) + 1) {
		unsigned wanted = rows_of(lines->text + at);
		if (wanted > *rows) {
			left_out++;
			continue;
		}
		print_wrapped(sink, lines->text + at);
		*rows -= wanted;
	}
	return left_out;
}

static unsigned count_rows(const struct lines *lines)
{
	unsigned rows = 0;

	for (size_t at = 0; at < lines->used; at += strlen(lines->text + at) + 1)
		rows += rows_of(lines->text + at);
	return rows;
}

/* Lines once kept never change, and the bytes that are in use only become more: they are printed
 * without the lock, as a sink may wait. */
void facts_print(struct text_sink *sink)
{
	spin_lock(&facts_lock);
	struct lines found = facts, wrong = complaints;
	spin_unlock(&facts_lock);
	/* What went wrong matters most: it has room first, up to half of all; one row tells what
	 * was left out. */
	unsigned all = FACTS_ROWS - 1;
	unsigned for_wrong = MIN(count_rows(&wrong), all / 2), for_found = all - for_wrong;
	unsigned left_out = print_lines(sink, &found, &for_found);

	for_wrong += for_found;
	left_out += print_lines(sink, &wrong, &for_wrong);
	if (left_out)
		text_print(sink, "(and %u more: dmesg)\n", left_out);
}

static void console_put(struct text_sink *sink, const char *text, size_t bytes)
{
	console_write(text, bytes);
}

void facts_show(void)
{
	struct text_sink console = {console_put};
	uint64_t end = time_now() + SHOW_NS;
	char key;

	if (!option("report"))
		return;
	text_put(&console, CLEAR);
	facts_print(&console);
	text_put(&console, "This is what to photograph. ");
	/* No thread runs yet that would look for keyboards on USB. */
	text_put(&console, console_has_keys() ? "A key (not on USB yet) goes on, or a minute."
					      : "It goes on in a minute; USB keyboards work then.");
	while (time_now() < end && !console_take(&key, 1))
		cpu_relax();
	text_put(&console, "\n");
}
