/*
 * line_discipline.h: what a terminal does with the bytes between a keyboard and a program
 * (termios(3)): lines that can be edited, echo, signals from keys, flow control, and the changes of
 * output. Pure: bytes in, bytes out; who has it gives it a lock, a device and processes (tty.h).
 *
 *	keyboard --> line_receive --> ring --> line_take --> program
 *	                  |
 *	                  +--> echo --> line_take_echo --+
 *	                                                 +--> screen
 *	program --> line_output -------------------------+
 *
 * In canonical mode the ring holds complete lines, up to `edited`, and behind them the line that is
 * being typed. The byte that ends a line is marked in `ends`; a NUL that is marked is the end of
 * the input (VEOF), and is not given to the program.
 *
 * Not implemented: ECHOPRT, IXOFF, PARMRK, breaks and parity, delays, EXTPROC, IUCLC, OLCUC.
 */
#ifndef FS_LINE_DISCIPLINE_H
#define FS_LINE_DISCIPLINE_H

#include <asm/termbits.h>
#include "lib/types.h"

#define LINE_BYTES      4096u /* a power of two; Linux's N_TTY_BUF_SIZE, which programs rely on */
#define LINE_ECHO_BYTES 4096u /* a power of two */
#define LINE_EXPANSION  8u    /* what one byte of output may become: a tab of spaces */

struct line_discipline {
	struct termios2 settings;
	uint32_t head, tail; /* bytes ever put in and taken out; at most LINE_BYTES apart */
	uint32_t edited;     /* where the line that is being typed begins; canonical mode */
	uint32_t echo_head, echo_tail;
	bool literal;           /* VLNEXT: the next byte has no meaning */
	bool stopped;           /* VSTOP: no output */
	bool stopped_by_ioctl;  /* the same by TCOOFF, which no key ends */
	unsigned column;        /* of the cursor */
	unsigned typing_column; /* where the line that is being typed began on the screen */
	uint64_t ends[LINE_BYTES / 64];
	char ring[LINE_BYTES];
	char echo[LINE_ECHO_BYTES];
};

/* What a byte did beside going into the ring. */
struct line_effect {
	int signal;    /* for the foreground processes; 0: none */
	bool readable; /* there may be more to read than before */
	bool started;  /* output may go on */
};

/* Settings as a fresh Linux terminal has them, and nothing typed. */
void line_init(struct line_discipline *line);
/* Other settings; the speeds are taken as they are. What was typed stays. */
void line_set(struct line_discipline *line, const struct termios2 *settings);
static inline bool line_is_canonical(const struct line_discipline *line)
{
	return line->settings.c_lflag & ICANON;
}

/* A byte from the keyboard. False: there is no room, and nothing has happened. */
NODISCARD bool line_receive(struct line_discipline *line, uint8_t byte, struct line_effect *effect);
/* Would any byte be taken? */
bool line_has_room(const struct line_discipline *line);
/* Forget what was typed. */
void line_flush(struct line_discipline *line);

/* Would a read get something? least: bytes that there must be, without canonical mode. */
bool line_readable(const struct line_discipline *line, uint32_t least);
/* Bytes that reads would get now: FIONREAD. */
uint32_t line_input_bytes(const struct line_discipline *line);
/* Up to `max` bytes of one line, or of anything without canonical mode. ended: the line is over;
 * with no bytes that is the end of the input. One right behind the last byte is taken too. */
size_t line_take(struct line_discipline *line, char *to, size_t max, bool *ended);

/* Output: process bytes into `to` while there is room for LINE_EXPANSION more. Returns the bytes
 * that were made, *used: from how many. */
size_t line_output(struct line_discipline *line, const char *from, size_t bytes, size_t *used,
		   char *to, size_t room);
/* Echo that waits, up to `max` bytes. */
size_t line_take_echo(struct line_discipline *line, char *to, size_t max);

#endif
