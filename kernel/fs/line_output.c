/* line_output.c: see line_discipline.h: output processing (OPOST), and echo. */
#include "lib/string.h"
#include "fs/line_echo.h"

#define TAB_COLUMNS 8u

static bool has(const struct line_discipline *line, tcflag_t output_flag)
{
	return line->settings.c_oflag & output_flag;
}

static size_t put_newline(struct line_discipline *line, char *to)
{
	if (has(line, ONLCR)) {
		line->column = line->typing_column = 0;
		to[0] = '\r';
		to[1] = '\n';
		return 2;
	}
	if (has(line, ONLRET))
		line->column = 0;
	line->typing_column = line->column;
	to[0] = '\n';
	return 1;
}

static size_t put_return(struct line_discipline *line, char *to)
{
	if (has(line, ONOCR) && !line->column)
		return 0;
	to[0] = has(line, OCRNL) ? '\n' : '\r';
	if (!has(line, OCRNL) || has(line, ONLRET))
		line->column = line->typing_column = 0;
	return 1;
}

static size_t put_tab(struct line_discipline *line, char *to)
{
	unsigned columns = TAB_COLUMNS - line->column % TAB_COLUMNS;

	line->column += columns;
	if ((line->settings.c_oflag & TABDLY) != XTABS) {
		to[0] = '\t';
		return 1;
	}
	memset(to, ' ', columns);
	return columns;
}

/* One byte as OPOST changes it: at most LINE_EXPANSION bytes. */
static size_t process(struct line_discipline *line, uint8_t byte, char *to)
{
	if (has(line, OPOST)) {
		switch (byte) {
		case '\n':
			return put_newline(line, to);
		case '\r':
			return put_return(line, to);
		case '\t':
			return put_tab(line, to);
		case '\b':
			line->column -= line->column > 0;
			break;
		default:
			/* A character of several bytes has one column. */
			if (!echo_is_control(byte) &&
			    !((line->settings.c_iflag & IUTF8) && (byte & 0xc0) == 0x80))
				line->column++;
		}
	}
	to[0] = (char)byte;
	return 1;
}

size_t line_output(struct line_discipline *line, const char *from, size_t bytes, size_t *used,
		   char *to, size_t room)
{
	size_t made = 0;

	*used = 0;
	while (*used < bytes && made + LINE_EXPANSION <= room)
		made += process(line, (uint8_t)from[(*used)++], to + made);
	return made;
}

/* ---- echo ---- */

static void echo_put(struct line_discipline *line, char byte)
{
	if (line->echo_head - line->echo_tail < LINE_ECHO_BYTES)
		line->echo[line->echo_head++ % LINE_ECHO_BYTES] = byte;
}

void echo_raw(struct line_discipline *line, uint8_t byte)
{
	char made[LINE_EXPANSION];
	size_t count = process(line, byte, made);

	for (size_t i = 0; i < count; i++)
		echo_put(line, made[i]);
}

void echo_byte(struct line_discipline *line, uint8_t byte)
{
	if (!(line->settings.c_lflag & ECHOCTL) || !echo_is_control(byte) || byte == '\t') {
		echo_raw(line, byte);
		return;
	}
	echo_put(line, '^');
	echo_put(line, (char)(byte ^ 0x40));
	line->column += 2;
}

void echo_erase(struct line_discipline *line)
{
	echo_put(line, '\b');
	echo_put(line, ' ');
	echo_put(line, '\b');
	line->column -= line->column > 0;
}

void echo_back(struct line_discipline *line, unsigned columns)
{
	while (columns--) {
		echo_put(line, '\b');
		line->column -= line->column > 0;
	}
}

size_t line_take_echo(struct line_discipline *line, char *to, size_t max)
{
	size_t done = 0;

	while (done < max && line->echo_tail != line->echo_head)
		to[done++] = line->echo[line->echo_tail++ % LINE_ECHO_BYTES];
	return done;
}
