/* test_vt_history.c: lines that have left the terminal's screen, and looking back at them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/ktest.h"
#include "dev/vt.h"

#define COLUMNS 10u
#define ROWS    3u
#define KEPT    6u

static struct vt vt;
static void *memory;
static struct vt_cell kept[KEPT * COLUMNS];

static void open_terminal(void)
{
	free(memory);
	memory = malloc(vt_memory_bytes(COLUMNS, ROWS));
	vt_init(&vt, COLUMNS, ROWS, memory);
}

static void put(const char *text)
{
	vt_write(&vt, text, strlen(text));
	EXPECT(vt_is_sane(&vt));
}

/* Rows 1 2 3, of which the first left; and so on to `last`. Six are kept, of ten columns. */
static void count_to(unsigned last)
{
	open_terminal();
	vt_keep_history(&vt, KEPT, kept);
	for (unsigned i = 1; i <= last; i++) {
		char text[16];
		snprintf(text, sizeof(text), "%s%u", i > 1 ? "\r\n" : "", i);
		put(text);
	}
}

static void expect_shown(const char *expected, int line)
{
	char text[64] = "";

	for (unsigned row = 0; row < vt.rows; row++)
		for (unsigned i = 0; i < 3; i++)
			strncat(text, &(char){(char)vt_shown_row(&vt, row)[i].character}, 1);
	if (!vt_is_sane(&vt) || strcmp(text, expected) != 0)
		ktest_fail(__FILE__, line, "\"%s\" shows", text);
}
#define EXPECT_SHOWN(expected) expect_shown(expected, __LINE__)

KTEST(vt_history)
{
	count_to(5);
	EXPECT_SHOWN("3  4  5  ");
	vt_look_back(&vt, 1);
	EXPECT_SHOWN("2  3  4  ");
	vt_look_back(&vt, 100);
	EXPECT_SHOWN("1  2  3  ");
	vt_look_back(&vt, -1);
	EXPECT_SHOWN("2  3  4  ");
	vt_look_back(&vt, -100);
	EXPECT_SHOWN("3  4  5  ");
	vt_look_back(&vt, 100);
	vt_look_at_screen(&vt);
	EXPECT_SHOWN("3  4  5  ");
}

KTEST(vt_history_is_bounded)
{
	count_to(23);
	vt_look_back(&vt, 100);
	EXPECT_SHOWN("15 16 17 ");
	vt_look_back(&vt, -3);
	put("\r\n24"); /* what shows stays, */
	EXPECT_SHOWN("18 19 20 ");
	put("\r\n25\r\n26\r\n27\r\n28");
	EXPECT_SHOWN("20 21 22 "); /* until it is no longer kept */
	vt_look_at_screen(&vt);
	EXPECT_SHOWN("26 27 28 ");
}

KTEST(vt_history_of_what)
{
	count_to(4);
	put("\033[2;3r\033[3;1H\n\n"); /* a region below the top: nothing leaves */
	vt_look_back(&vt, 100);
	EXPECT_SHOWN("1  2     ");
	put("\033[r\033[?1049h"); /* the alternate screen has none, */
	EXPECT_SHOWN("         ");
	vt_look_back(&vt, 100);
	EXPECT_EQ(vt.view, 0);
	put("\033[3;1H\n\n\033[?1049l"); /* and leaves none */
	vt_look_back(&vt, 100);
	EXPECT_SHOWN("1  2     ");
	put("\033[3J"); /* this clears what was kept, too */
	EXPECT_EQ(vt.view, 0);
	vt_look_back(&vt, 100);
	EXPECT_SHOWN("         ");
	count_to(3);
	vt_resize(&vt, 10, 1); /* two lines leave */
	vt_look_back(&vt, 2);
	EXPECT_SHOWN("1  ");
	open_terminal();
	put("\n\n\n\n");
	vt_look_back(&vt, 1); /* without memory for it */
	EXPECT_EQ(vt.view, 0);
}
