/* line_discipline.c: see line_discipline.h: input, and the editing of lines. */
#include "fs/line_discipline.h"

#include <linux/signal.h>

#include "fs/line_echo.h"

#define INITIAL_SPEED 38400u

/* Linux's INIT_C_CC: Ctrl-C, Ctrl-\, DEL, Ctrl-U, Ctrl-D, ... */
static const cc_t control_characters[NCCS] = {
	[VINTR] = 3,     [VQUIT] = 28,   [VERASE] = 127, [VKILL] = 21, [VEOF] = 4,
	[VMIN] = 1,      [VSTART] = 17,  [VSTOP] = 19,   [VSUSP] = 26, [VREPRINT] = 18,
	[VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22,
};

void line_init(struct line_discipline *line)
{
	*line = (struct line_discipline){
		.settings =
			{
				.c_iflag = ICRNL | IXON,
				.c_oflag = OPOST | ONLCR,
				.c_cflag = B38400 | CS8 | CREAD | HUPCL,
				.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE |
					   IEXTEN,
				.c_ispeed = INITIAL_SPEED,
				.c_ospeed = INITIAL_SPEED,
			},
	};
	for (unsigned i = 0; i < NCCS; i++)
		line->settings.c_cc[i] = control_characters[i];
}

static bool has_input_flag(const struct line_discipline *line, tcflag_t flag)
{
	return line->settings.c_iflag & flag;
}

static bool has_local_flag(const struct line_discipline *line, tcflag_t flag)
{
	return line->settings.c_lflag & flag;
}

/* Is `byte` the control character of that index? 0 is none. */
static bool is_key(const struct line_discipline *line, unsigned index, uint8_t byte)
{
	return byte && line->settings.c_cc[index] == byte;
}

/* ---- the ring ---- */

static uint8_t byte_at(const struct line_discipline *line, uint32_t at)
{
	return (uint8_t)line->ring[at % LINE_BYTES];
}

static uint64_t *end_word(struct line_discipline *line, uint32_t at)
{
	return &line->ends[at % LINE_BYTES / 64];
}

static bool is_end(const struct line_discipline *line, uint32_t at)
{
	return line->ends[at % LINE_BYTES / 64] >> at % 64 & 1;
}

static void put(struct line_discipline *line, uint8_t byte)
{
	*end_word(line, line->head) &= ~(1ull << line->head % 64);
	line->ring[line->head++ % LINE_BYTES] = (char)byte;
}

/* One place is kept for the newline that ends a line as long as the ring. */
bool line_has_room(const struct line_discipline *line)
{
	return line->head - line->tail < LINE_BYTES - 1 ||
	       (line_is_canonical(line) && line->edited == line->tail);
}

/* In a line that is too long the last byte is lost to the next one. */
static bool make_room(struct line_discipline *line)
{
	if (!line_has_room(line))
		return false;
	if (line->head - line->tail == LINE_BYTES)
		line->head--;
	return true;
}

void line_flush(struct line_discipline *line)
{
	line->tail = line->edited = line->head;
	line->literal = false;
	line->typing_column = line->column;
}

void line_set(struct line_discipline *line, const struct termios2 *settings)
{
	tcflag_t changed = line->settings.c_lflag ^ settings->c_lflag;

	line->settings = *settings;
	if (changed & ICANON) {
		for (unsigned i = 0; i < LINE_BYTES / 64; i++)
			line->ends[i] = 0;
		line->edited = line->tail;
		line->literal = false;
		/* What has come already is a line, without an end of its own. */
		if (line_is_canonical(line) && line->head != line->tail) {
			uint32_t last = line->head - 1;
			*end_word(line, last) |= 1ull << last % 64;
			line->edited = line->head;
		}
	}
	if (!has_input_flag(line, IXON))
		line->stopped = false;
}

/* ---- reading ---- */

bool line_readable(const struct line_discipline *line, uint32_t least)
{
	if (line_is_canonical(line))
		return line->edited != line->tail;
	return line->head - line->tail >= MAX(least, 1u);
}

uint32_t line_input_bytes(const struct line_discipline *line)
{
	if (!line_is_canonical(line))
		return line->head - line->tail;
	uint32_t bytes = line->edited - line->tail;
	for (uint32_t at = line->tail; at != line->edited; at++)
		bytes -= is_end(line, at) && !byte_at(line, at);
	return bytes;
}

size_t line_take(struct line_discipline *line, char *to, size_t max, bool *ended)
{
	bool canonical = line_is_canonical(line);
	uint32_t end = canonical ? line->edited : line->head;
	size_t done = 0;

	*ended = false;
	while (line->tail != end && !*ended) {
		uint8_t byte = byte_at(line, line->tail);
		*ended = canonical && is_end(line, line->tail);
		if (*ended && !byte) {
			line->tail++;
			break;
		}
		if (done == max) {
			*ended = false;
			break;
		}
		to[done++] = (char)byte;
		line->tail++;
	}
	return done;
}

/* ---- editing ---- */

static bool is_continuation(const struct line_discipline *line, uint8_t byte)
{
	return has_input_flag(line, IUTF8) && (byte & 0xc0) == 0x80;
}

static bool is_word(uint8_t byte)
{
	uint8_t lower = byte | 0x20;

	return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || byte == '_';
}

/* Columns of what was typed before `at`, back to a tab or to the line's beginning. */
static unsigned columns_before(const struct line_discipline *line, uint32_t at)
{
	unsigned columns = 0;

	while (at != line->edited) {
		uint8_t byte = byte_at(line, --at);
		if (byte == '\t')
			return columns;
		if (echo_is_control(byte))
			columns += has_local_flag(line, ECHOCTL) ? 2 : 0;
		else if (!is_continuation(line, byte))
			columns++;
	}
	return columns + line->typing_column;
}

/* Take the character `byte`, which is gone from the ring, from the screen. */
static void unecho(struct line_discipline *line, uint8_t byte)
{
	unsigned columns = 1;

	if (byte == '\t') {
		columns = 8 - columns_before(line, line->head) % 8;
		echo_back(line, columns);
		return;
	}
	if (echo_is_control(byte))
		columns = has_local_flag(line, ECHOCTL) ? 2 : 0;
	while (columns--)
		echo_erase(line);
}

/* The last character, of one byte or several; false: there is none, or it is only the rest of one.
 */
static bool last_character(const struct line_discipline *line, uint32_t *start, uint8_t *byte)
{
	uint32_t at = line->head;

	if (at == line->edited)
		return false;
	do {
		*byte = byte_at(line, --at);
	} while (is_continuation(line, *byte) && at != line->edited);
	*start = at;
	return !is_continuation(line, *byte);
}

static void erase_one(struct line_discipline *line, uint32_t start, uint8_t byte)
{
	line->head = start;
	if (has_local_flag(line, ECHO))
		unecho(line, byte);
}

static void erase_character(struct line_discipline *line)
{
	uint32_t start;
	uint8_t byte;

	if (!last_character(line, &start, &byte))
		return;
	if (has_local_flag(line, ECHOE)) {
		erase_one(line, start, byte);
		return;
	}
	line->head = start;
	if (has_local_flag(line, ECHO))
		echo_byte(line, line->settings.c_cc[VERASE]);
}

static void erase_word(struct line_discipline *line)
{
	bool in_word = false;
	uint32_t start;
	uint8_t byte;

	while (last_character(line, &start, &byte)) {
		if (is_word(byte))
			in_word = true;
		else if (in_word)
			break;
		erase_one(line, start, byte);
	}
}

static void kill_line(struct line_discipline *line)
{
	const tcflag_t visibly = ECHO | ECHOE | ECHOK | ECHOKE;
	tcflag_t flags = line->settings.c_lflag;
	uint32_t start;
	uint8_t byte;

	if (line->head == line->edited)
		return;
	if ((flags & visibly) == visibly) {
		while (last_character(line, &start, &byte))
			erase_one(line, start, byte);
		return;
	}
	line->head = line->edited;
	if (!(flags & ECHO))
		return;
	echo_byte(line, line->settings.c_cc[VKILL]);
	if (flags & ECHOK)
		echo_raw(line, '\n');
}

static void reprint(struct line_discipline *line)
{
	echo_byte(line, line->settings.c_cc[VREPRINT]);
	echo_raw(line, '\n');
	for (uint32_t at = line->edited; at != line->head; at++)
		echo_byte(line, byte_at(line, at));
}

static void end_line(struct line_discipline *line, uint8_t byte, struct line_effect *effect)
{
	uint32_t at = line->head;

	put(line, byte);
	*end_word(line, at) |= 1ull << at % 64;
	line->edited = line->head;
	effect->readable = true;
}

/* ---- a byte ---- */

/* is_return: a newline that ICRNL has made, whose echo begins a new line; any other is shown as a
 * control character, as on Linux. */
static void add(struct line_discipline *line, uint8_t byte, bool is_return,
		struct line_effect *effect)
{
	if (has_local_flag(line, ECHO)) {
		if (line->head == line->edited)
			line->typing_column = line->column;
		if (is_return)
			echo_raw(line, byte);
		else
			echo_byte(line, byte);
	}
	put(line, byte);
	effect->readable |= !line_is_canonical(line);
}

/* Canonical mode's keys; false: it is none. */
static bool edit(struct line_discipline *line, uint8_t byte, struct line_effect *effect)
{
	bool extended = has_local_flag(line, IEXTEN), echo = has_local_flag(line, ECHO);

	if (is_key(line, VERASE, byte)) {
		erase_character(line);
	} else if (is_key(line, VKILL, byte)) {
		kill_line(line);
	} else if (extended && is_key(line, VWERASE, byte)) {
		erase_word(line);
	} else if (extended && is_key(line, VLNEXT, byte)) {
		line->literal = true;
		if (echo && has_local_flag(line, ECHOCTL)) {
			echo_raw(line, '^');
			echo_raw(line, '\b');
		}
	} else if (extended && echo && is_key(line, VREPRINT, byte)) {
		reprint(line);
	} else if (byte == '\n') {
		if (has_local_flag(line, ECHO | ECHONL))
			echo_raw(line, '\n');
		end_line(line, byte, effect);
	} else if (is_key(line, VEOF, byte)) {
		end_line(line, 0, effect);
	} else if (is_key(line, VEOL, byte) || (extended && is_key(line, VEOL2, byte))) {
		if (echo)
			echo_byte(line, byte);
		end_line(line, byte, effect);
	} else {
		return false;
	}
	return true;
}

static void start(struct line_discipline *line, struct line_effect *effect)
{
	effect->started |= line->stopped;
	line->stopped = false;
}

/* VSTART and VSTOP; false: it is neither. */
static bool control_flow(struct line_discipline *line, uint8_t byte, struct line_effect *effect)
{
	if (!has_input_flag(line, IXON))
		return false;
	if (is_key(line, VSTART, byte))
		start(line, effect);
	else if (is_key(line, VSTOP, byte))
		line->stopped = true;
	else
		return false;
	return true;
}

/* Keys that send signals; false: it is none. */
static bool interrupt(struct line_discipline *line, uint8_t byte, struct line_effect *effect)
{
	if (!has_local_flag(line, ISIG))
		return false;
	if (is_key(line, VINTR, byte))
		effect->signal = SIGINT;
	else if (is_key(line, VQUIT, byte))
		effect->signal = SIGQUIT;
	else if (is_key(line, VSUSP, byte))
		effect->signal = SIGTSTP;
	else
		return false;
	if (!has_local_flag(line, NOFLSH)) {
		line->echo_tail = line->echo_head;
		line_flush(line);
	}
	if (has_input_flag(line, IXON))
		start(line, effect);
	if (has_local_flag(line, ECHO))
		echo_byte(line, byte);
	return true;
}

bool line_receive(struct line_discipline *line, uint8_t byte, struct line_effect *effect)
{
	*effect = (struct line_effect){.signal = 0};
	if (has_input_flag(line, ISTRIP))
		byte &= 0x7f;
	if (line->literal) {
		if (!make_room(line))
			return false;
		line->literal = false;
		add(line, byte, false, effect);
		return true;
	}
	/* These need no room: they work when nobody reads. */
	if (control_flow(line, byte, effect) || interrupt(line, byte, effect))
		return true;
	if (!make_room(line))
		return false;
	if (line->stopped && has_input_flag(line, IXANY))
		start(line, effect);
	if (byte == '\r' && has_input_flag(line, IGNCR))
		return true;
	bool is_return = byte == '\r' && has_input_flag(line, ICRNL);
	if (is_return)
		byte = '\n';
	else if (byte == '\n' && has_input_flag(line, INLCR))
		byte = '\r';
	if (!line_is_canonical(line) || !edit(line, byte, effect))
		add(line, byte, is_return, effect);
	return true;
}
