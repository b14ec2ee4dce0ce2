/* test_vt.c: the terminal: bytes in, text and colours out. What other terminals make of the same
 * bytes is compared by test/system/test_terminal_screen.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/ktest.h"
#include "dev/vt.h"

#define GREY    0xc8c8c8u
#define ROW_MAX 256

static struct vt vt;
static void *memory;

static void open_terminal(unsigned columns, unsigned rows)
{
	free(memory);
	memory = malloc(vt_memory_bytes(columns, rows));
	vt_init(&vt, columns, rows, memory);
	vt.answers = true;
}

static void put(const char *text)
{
	vt_write(&vt, text, strlen(text));
	EXPECT(vt_is_sane(&vt));
}

/* A row as text, one letter a cell, without blanks at its end. What is not ASCII is a '?'. */
static const char *row_text(unsigned row)
{
	static char text[ROW_MAX];
	unsigned length = 0;

	for (unsigned i = 0; i < vt.columns && i < ROW_MAX - 1; i++) {
		uint32_t character = vt_row(&vt, row)[i].character & VT_CHARACTER;
		text[i] = (char)(character < 0x80 ? character : '?');
		if (character != ' ')
			length = i + 1;
	}
	text[length] = '\0';
	return text;
}

static void expect_row(unsigned row, const char *expected, int line)
{
	if (strcmp(row_text(row), expected) != 0)
		ktest_fail(__FILE__, line, "row %u is \"%s\", not \"%s\"", row, row_text(row),
			   expected);
}
#define EXPECT_ROW(row, expected) expect_row(row, expected, __LINE__)

static void expect_cursor(unsigned column, unsigned row, int line)
{
	if (vt.cursor.column != column || vt.cursor.row != row)
		ktest_fail(__FILE__, line, "the cursor is at column %u, row %u", vt.cursor.column,
			   vt.cursor.row);
}
#define EXPECT_CURSOR(column, row) expect_cursor(column, row, __LINE__)

static void expect_answer(const char *expected, int line)
{
	char answer[VT_ANSWERS + 1];

	answer[vt_take_answer(&vt, answer, VT_ANSWERS)] = '\0';
	if (strcmp(answer, expected) != 0)
		ktest_fail(__FILE__, line, "answered \"%s\"", answer);
}
#define EXPECT_ANSWER(expected) expect_answer(expected, __LINE__)

/* Five rows of letters. */
static void fill(void)
{
	put("\033[Haaaaa\r\nbbbbb\r\nccccc\r\nddddd\r\neeeee");
}

KTEST(vt_text)
{
	open_terminal(10, 3);
	put("one\r\ntwo\b\bX\rY\a\x7f\0");
	EXPECT_ROW(0, "one");
	EXPECT_ROW(1, "YXo");
	put("\r\n\tT\r\nlast");
	EXPECT_ROW(0, "YXo");
	EXPECT_ROW(1, "        T");
	EXPECT_ROW(2, "last");
}

KTEST(vt_wraps)
{
	open_terminal(4, 4);
	put("abcd\r\nefghij");
	EXPECT_ROW(0, "abcd");
	EXPECT_ROW(1, "efgh");
	EXPECT_ROW(2, "ij");
	put("kl");
	EXPECT_CURSOR(3, 2); /* it stays at the edge until there is more */
	put("\bX");
	EXPECT_ROW(2, "ijXl");
	put("\033[?7l\033[H12345");
	EXPECT_ROW(0, "1235");
	put("\033[?7h6");
	EXPECT_ROW(0, "1236");
	put("7");
	EXPECT_ROW(1, "7fgh");
}

KTEST(vt_motions)
{
	open_terminal(20, 10);
	put("\033[5;7H");
	EXPECT_CURSOR(6, 4);
	put("\033[2A\033[3C\033[B\033[D");
	EXPECT_CURSOR(8, 3);
	put("\033[99B\033[99C");
	EXPECT_CURSOR(19, 9);
	put("\033[99A\033[99D");
	EXPECT_CURSOR(0, 0);
	put("\033[4G\033[3d");
	EXPECT_CURSOR(3, 2);
	put("\033[2E");
	EXPECT_CURSOR(0, 4);
	put("\033[5`\033[F");
	EXPECT_CURSOR(0, 3);
	put("\033[;5H");
	EXPECT_CURSOR(4, 0);
	put("\0337\033[9;9H\0338");
	EXPECT_CURSOR(4, 0);
	put("\033[s\033[9;9H\033[u");
	EXPECT_CURSOR(4, 0);
	put("\033[0;0H\033[99999999999999999999;1H");
	EXPECT_CURSOR(0, 9);
}

KTEST(vt_tabs)
{
	open_terminal(40, 2);
	put("\t");
	EXPECT_CURSOR(8, 0);
	put("\033[2I");
	EXPECT_CURSOR(24, 0);
	put("\033[Z");
	EXPECT_CURSOR(16, 0);
	put("\033[3g\r\t");
	EXPECT_CURSOR(39, 0);
	put("\033[6G\033H\r\t");
	EXPECT_CURSOR(5, 0);
	put("\033[g\r\t");
	EXPECT_CURSOR(39, 0);
}

KTEST(vt_erases)
{
	open_terminal(5, 5);
	fill();
	put("\033[2;3H\033[K\033[3;3H\033[1K\033[4;3H\033[2K");
	EXPECT_ROW(1, "bb");
	EXPECT_ROW(2, "   cc");
	EXPECT_ROW(3, "");
	fill();
	put("\033[3;3H\033[J");
	EXPECT_ROW(1, "bbbbb");
	EXPECT_ROW(2, "cc");
	EXPECT_ROW(3, "");
	fill();
	put("\033[3;3H\033[1J");
	EXPECT_ROW(1, "");
	EXPECT_ROW(2, "   cc");
	EXPECT_ROW(3, "ddddd");
	put("\033[2J");
	EXPECT_ROW(4, "");
	EXPECT_CURSOR(2, 2);
	fill();
	put("\033[2;2H\033[2X");
	EXPECT_ROW(1, "b  bb");
	put("\033[44m\033[K"); /* with the background in use */
	EXPECT_EQ(vt_row(&vt, 1)[4].background, 0x0000aa);
	EXPECT_EQ(vt_row(&vt, 1)[0].background, 0);
}

KTEST(vt_inserts_and_deletes)
{
	open_terminal(5, 5);
	fill();
	put("\033[H12345\033[1;2H\033[2@");
	EXPECT_ROW(0, "1  23");
	put("\033[P");
	EXPECT_ROW(0, "1 23");
	put("\033[4hXY\033[4l");
	EXPECT_ROW(0, "1XY 2");
	put("\033[2;2H\033[2L");
	EXPECT_ROW(1, "");
	EXPECT_ROW(3, "bbbbb");
	EXPECT_CURSOR(1, 1);
	put("\033[3M");
	EXPECT_ROW(1, "ccccc");
	EXPECT_ROW(2, "");
	put("\033[99L\033[99M\033[99@\033[99P");
}

KTEST(vt_scroll_region)
{
	open_terminal(5, 5);
	fill();
	put("\033[2;4r");
	EXPECT_CURSOR(0, 0);
	put("\033[4;1H\nX");
	EXPECT_ROW(0, "aaaaa");
	EXPECT_ROW(1, "ccccc");
	EXPECT_ROW(2, "ddddd");
	EXPECT_ROW(3, "X");
	EXPECT_ROW(4, "eeeee");
	put("\033[2;1H\033MY");
	EXPECT_ROW(1, "Y");
	EXPECT_ROW(2, "ccccc");
	EXPECT_ROW(4, "eeeee");
	put("\033[S");
	EXPECT_ROW(1, "ccccc");
	EXPECT_ROW(3, "");
	put("\033[2T");
	EXPECT_ROW(3, "ccccc");
	put("\033[5;2H\033[L\033[M\033[1;1H\033[L\033[M"); /* outside of it */
	EXPECT_ROW(0, "aaaaa");
	EXPECT_ROW(4, "eeeee");
	put("\033[5;1H\n\n"); /* below the region nothing scrolls */
	EXPECT_ROW(4, "eeeee");
	EXPECT_CURSOR(0, 4);
	put("\033[?6h");
	EXPECT_CURSOR(0, 1);
	put("\033[9;9H");
	EXPECT_CURSOR(4, 3);
	put("\033[?6l\033[3;2r\033[r\033[5;1H\n");
	EXPECT_ROW(4, "");
}

KTEST(vt_colors)
{
	static const struct {
		const char *sequence;
		uint32_t foreground, background;
	} cases[] = {
		{"", GREY, 0},
		{"31", 0xaa0000, 0},
		{"1;31", 0xff5555, 0},
		{"92;43", 0x55ff55, 0xaa5500},
		{"104", GREY, 0x5555ff},
		{"7", 0, GREY},
		{"34;7", 0, 0x0000aa},
		{"38;5;196", 0xff0000, 0},
		{"48;5;16;38;5;231", 0xffffff, 0},
		{"38;5;243;1", 0x767676, 0},
		{"38;5;9", 0xff5555, 0},
		{"38;2;1;2;3;48;2;250;251;252", 0x010203, 0xfafbfc},
		{"38:2::1:2:3;4", 0x010203, 0},
		{"38:2:1:2:3", 0x010203, 0},
		{"38:5:196;44", 0xff0000, 0x0000aa},
		{"38;2;999;2;3", 0xff0203, 0},
		{"38;5", 0, 0},
		{"31;39", GREY, 0},
		{"44;49", GREY, 0},
		{"8;41", 0xaa0000, 0xaa0000},
		{"2;37", 0x646464, 0},
		{"1;2;7;22;27;31", 0xaa0000, 0},
	};

	open_terminal(5, 2);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char text[64];
		snprintf(text, sizeof(text), "\033[m\r\033[%smx", cases[i].sequence);
		put(text);
		const struct vt_cell *cell = vt_row(&vt, 0);
		if (cell->foreground != cases[i].foreground ||
		    cell->background != cases[i].background)
			ktest_fail(__FILE__, __LINE__, "%s: %06x on %06x", cases[i].sequence,
				   cell->foreground, cell->background);
	}
	put("\033[m\r\033[4mu\033[24mn\033[4:3mu\033[4:0mn");
	for (unsigned i = 0; i < 4; i++)
		EXPECT_EQ(vt_row(&vt, 0)[i].character >> 24, i % 2 ? 0 : 1);
	put("\033]P1123456\033[31m\rx\033]R\033[31my"); /* Linux's own */
	EXPECT_EQ(vt_row(&vt, 0)[0].foreground, 0x123456);
	EXPECT_EQ(vt_row(&vt, 0)[1].foreground, 0xaa0000);
}

KTEST(vt_line_drawing)
{
	open_terminal(10, 2);
	put("\033)0q\016lqk\017q");
	EXPECT_EQ(vt_row(&vt, 0)[0].character, 'q');
	EXPECT_EQ(vt_row(&vt, 0)[1].character, 0x250c);
	EXPECT_EQ(vt_row(&vt, 0)[2].character, 0x2500);
	EXPECT_EQ(vt_row(&vt, 0)[3].character, 0x2510);
	EXPECT_EQ(vt_row(&vt, 0)[4].character, 'q');
	put("\r\033(0x\033(Bx");
	EXPECT_EQ(vt_row(&vt, 0)[0].character, 0x2502);
	EXPECT_EQ(vt_row(&vt, 0)[1].character, 'x');
}

KTEST(vt_utf8)
{
	open_terminal(20, 2);
	put("\xc3");
	put("\xa9|\xe2\x94\x80|\xf0\x9f\x98\x80|");
	EXPECT_EQ(vt_row(&vt, 0)[0].character, 0xe9);
	EXPECT_EQ(vt_row(&vt, 0)[2].character, 0x2500);
	EXPECT_EQ(vt_row(&vt, 0)[4].character & VT_CHARACTER, 0x1f600);
	EXPECT_EQ(vt_row(&vt, 0)[6].character, '|'); /* it was two columns wide */
	put("\r\xe0\x80\xaf\xf0\x80\x80\xaf\r");     /* too long for what they say */
	EXPECT_EQ(vt_row(&vt, 0)[0].character, 0xfffd);
	EXPECT_EQ(vt_row(&vt, 0)[1].character, 0xfffd);
	put("\r\xff \xa9 \xc3+\xc0\xaf\xed\xa0\x80\xf5\x65\xcc\x81.\033[K");
	static const uint32_t expected[] = {0xfffd, ' ',    0xfffd, ' ', 0xfffd, '+', 0xfffd,
					    0xfffd, 0xfffd, 0xfffd, 'e', '.',    ' '};
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		EXPECT_EQ(vt_row(&vt, 0)[i].character, expected[i]);
}

KTEST(vt_wide_characters)
{
	open_terminal(5, 2);
	put("\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"); /* the third has no room there */
	EXPECT_ROW(0, "? ?");
	EXPECT_ROW(1, "?");
	put("\033[H\033[Cx");
	EXPECT_ROW(0, " x?");
	put("\033[1;3Hy");
	EXPECT_ROW(0, " xy");
	put("\033[H\xe4\xb8\xad\xe4\xb8\xad\033[1;2H\033[P"); /* half of one goes */
	EXPECT_ROW(0, " ?");
	put("\033[2J\033[H\xe4\xb8\xad\033[1;2H\033[@x"); /* between its halves */
	EXPECT_ROW(0, " x");
	put("\033[?7l\033[1;5H\xe4\xb8\xad"); /* no room, and no next line */
	EXPECT_ROW(0, " x");
}

/* Each loses its other half: by a shift, by erasing, and at the edge of a terminal that is narrower
 * than it was. */
KTEST(vt_halves_of_wide_characters_go_together)
{
	static const char *const cuts[] = {"\033[2G\033[@",  "\033[2G\033[P", "\033[2G\033[2X",
					   "\033[3G\033[1K", "\033[4G\033[K", "\033[1G\033[3@",
					   "\033[1G\033[3P"};

	for (unsigned i = 0; i < ARRAY_SIZE(cuts); i++) {
		open_terminal(6, 1);
		put("\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad");
		put(cuts[i]);
		for (unsigned columns = 5; columns >= 3; columns--) {
			vt_resize(&vt, columns, 1);
			put(cuts[i]);
		}
	}
}

KTEST(vt_alternate_screen)
{
	open_terminal(5, 5);
	fill();
	put("\033[2;3H\033[?1049h");
	EXPECT_ROW(0, "");
	put("\033[Hfull\033[5;5H\033[?1049l");
	EXPECT_ROW(0, "aaaaa");
	EXPECT_CURSOR(2, 1);
	put("\033[?47h");
	EXPECT_ROW(0, "full");
	put("\033[?47l\033[?1049h\033[?1049h\033[?1049l\033[?1049l");
	EXPECT_ROW(4, "eeeee");
}

KTEST(vt_answers)
{
	open_terminal(20, 10);
	put("\033[3;5H\033[6n");
	EXPECT_ANSWER("\033[3;5R");
	put("\033[5n\033[c\033Z");
	EXPECT_ANSWER("\033[0n\033[?6c\033[?6c");
	put("\033[>c\033[0c\033[1c\033[?6n");
	EXPECT_ANSWER("\033[?6c");
	put("\0337\033[999;999H\033[6n\0338");
	EXPECT_ANSWER("\033[10;20R");
	EXPECT_CURSOR(4, 2);
	for (int i = 0; i < 1000; i++)
		put("\033[6n");
	EXPECT(vt_take_answer(&vt, (char[VT_ANSWERS]){0}, VT_ANSWERS) <= VT_ANSWERS);
	vt.answers = false;
	put("\033[6n");
	EXPECT_ANSWER("");
}

KTEST(vt_strings_and_unknown_sequences)
{
	open_terminal(20, 3);
	put("a\033]0;a title\ab\033]2;another\033\\c\033Pdata\033\\d\033_x\033\\e");
	EXPECT_ROW(0, "abcde");
	put("\r\033[>4;2mf\033[?2004hg\033[1 qh\033[12;34;56yi\033%Gj\033=k\033>l");
	EXPECT_ROW(0, "fghijkl");
	put("\r\033[3\nx"); /* a control character in the middle acts at once */
	EXPECT_CURSOR(0, 1);
	put("\033[1\030Cy\033[1\033[2Cz");
	EXPECT_ROW(1, "Cy  z");
	put("\r\033[?25l");
	EXPECT(!vt.cursor_visible);
	put("\033[!p");
	EXPECT(vt.cursor_visible);
}

KTEST(vt_repeats_and_aligns)
{
	open_terminal(5, 2);
	put("\033[3b");
	EXPECT_ROW(0, "");
	put("x\033[3b");
	EXPECT_ROW(0, "xxxx");
	put("\033[32767b\033#8");
	EXPECT_ROW(0, "EEEEE");
	EXPECT_ROW(1, "EEEEE");
	/* Inserting so many would keep the processor busy for long. */
	put("\033[2J\033[H\033[4hx\033[32767b");
	EXPECT_ROW(0, "xxxxx");
	EXPECT_ROW(1, "x");
}

KTEST(vt_reset)
{
	open_terminal(5, 3);
	put("abc\033[31m\033[2;3r\033[4h\033(0\033[?1049h\033]P7123456\033[?25l");
	put("\033cx\r\ny");
	EXPECT_ROW(0, "x");
	EXPECT_ROW(1, "y");
	EXPECT_EQ(vt_row(&vt, 0)->foreground, GREY);
	EXPECT(vt.cursor_visible && !vt.insert && vt.bottom == 2);
}

KTEST(vt_resizes)
{
	open_terminal(5, 5);
	fill();
	vt_resize(&vt, 3, 2);
	EXPECT_ROW(0, "ddd");
	EXPECT_ROW(1, "eee");
	put("\033[H123456");
	EXPECT_ROW(0, "123");
	EXPECT_ROW(1, "456");
	vt_resize(&vt, 100, 100);
	EXPECT_EQ(vt.columns, 5);
	EXPECT_EQ(vt.rows, 5);
	EXPECT(vt_is_sane(&vt));
	put("\033[5;5H\0337\033[2;4r");
	vt_resize(&vt, 2, 2);
	put("\0338");
	EXPECT_CURSOR(1, 1);
	vt_resize(&vt, 0, 0);
	EXPECT(vt_is_sane(&vt));
	put("abc\n\033[3;1H");
}

/* Scrolling costs the same however much text there is. */
KTEST(vt_scrolls_without_moving_text)
{
	open_terminal(80, 25);
	const struct vt_cell *second = vt_row(&vt, 1);
	put("\033[25;1H\n");
	EXPECT(vt_row(&vt, 0) == second);
}

KTEST(vt_application_cursor)
{
	open_terminal(10, 3);
	put("\033[?1h");
	EXPECT(vt.application_cursor);
	put("\033[?1l");
	EXPECT(!vt.application_cursor);
	put("\033[?1h\033[!p");
	EXPECT(!vt.application_cursor);
	put("\033[?1h\033c");
	EXPECT(!vt.application_cursor);
}
