/* vt_screen.c: vt_screen COLUMNS ROWS: what the terminal shows once it has got standard input: its
 * rows as UTF-8 without blanks at their ends, and then a line with the cursor's column and row. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dev/vt.h"

#define READ_BYTES 4096

static void print_character(uint32_t character)
{
	if (character < 0x80) {
		putchar((int)character);
	} else if (character < 0x800) {
		putchar((int)(0xc0 | character >> 6));
		putchar((int)(0x80 | (character & 0x3f)));
	} else if (character < 0x10000) {
		putchar((int)(0xe0 | character >> 12));
		putchar((int)(0x80 | (character >> 6 & 0x3f)));
		putchar((int)(0x80 | (character & 0x3f)));
	} else {
		putchar((int)(0xf0 | character >> 18));
		putchar((int)(0x80 | (character >> 12 & 0x3f)));
		putchar((int)(0x80 | (character >> 6 & 0x3f)));
		putchar((int)(0x80 | (character & 0x3f)));
	}
}

static void print_row(const struct vt *vt, unsigned row)
{
	const struct vt_cell *cells = vt_row(vt, row);
	unsigned length = vt->columns;

	while (length > 0 && cells[length - 1].character == ' ')
		length--;
	for (unsigned i = 0; i < length; i++)
		if (!(cells[i].character & VT_RIGHT))
			print_character(cells[i].character & VT_CHARACTER);
	putchar('\n');
}

int main(int argc, char **argv)
{
	static struct vt vt;
	char bytes[READ_BYTES];
	ssize_t count;

	if (argc != 3)
		return EXIT_FAILURE;
	unsigned columns = (unsigned)atoi(argv[1]), rows = (unsigned)atoi(argv[2]);
	vt_init(&vt, columns, rows, malloc(vt_memory_bytes(columns, rows)));
	while ((count = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0)
		vt_write(&vt, bytes, (size_t)count);
	for (unsigned row = 0; row < rows; row++)
		print_row(&vt, row);
	printf("%u %u\n", vt.cursor.column, vt.cursor.row);
}
