/*
 * kmsg.c: /dev/kmsg: the kernel's log, a line a read, with its number and time in front ("6,number,
 * microseconds,-;text"); what is written becomes a line of it. The file's position is that in the
 * log.
 */
#include "fs/kmsg.h"

#include <linux/major.h>
#include <linux/stat.h>

#include "debug/log.h"
#include "dev/console.h"
#include "fs/devices.h"
#include "fs/file.h"
#include "lib/errno.h"
#include "lib/format.h"
#include "lib/string.h"
#include "mm/slab.h"

#define KMSG_MINOR     11u
#define LINE_BYTES     512u
#define PRIORITY_INFO  6u
#define US_PER_S       1000000ull
#define FRACTION_BYTES 6u

/* The digits at *text, which moves behind them. */
static uint64_t number(const char **text)
{
	uint64_t value = 0;

	while (**text >= '0' && **text <= '9')
		value = value * 10 + (uint64_t)(*(*text)++ - '0');
	return value;
}

/* "[   12.345678] text": microseconds, and *line becomes the text. A line without is of time 0. */
static uint64_t take_time(const char **line)
{
	const char *at = *line;

	if (*at++ != '[')
		return 0;
	while (*at == ' ')
		at++;
	uint64_t seconds = number(&at);
	if (*at++ != '.')
		return 0;
	const char *fraction = at;
	uint64_t rest = number(&at);
	if (at - fraction != FRACTION_BYTES || at[0] != ']' || at[1] != ' ')
		return 0;
	*line = at + 2;
	return seconds * US_PER_S + rest;
}

static ssize_t give_line(struct io *io, char *line, uint64_t position)
{
	const char *text = line;
	char *record = kmalloc(2 * LINE_BYTES);

	if (!record)
		return -ENOMEM;
	uint64_t time = take_time(&text);
	size_t length = format(record, 2 * LINE_BYTES, "%u,%llu,%llu,-;%s\n", PRIORITY_INFO,
			       (unsigned long long)position, (unsigned long long)time, text);
	int error = length > io->left ? -EINVAL : io_put(io, record, length);
	kfree(record);
	return error ? error : (ssize_t)length;
}

static ssize_t kmsg_read(struct file *file, struct io *io, uint64_t *position)
{
	char line[LINE_BYTES + 1];
	uint64_t end = *position;
	size_t got = console_history(&end, line, LINE_BYTES), length = 0;

	/* The first that is kept may be further on than where this file was. */
	uint64_t start = end - got;
	while (length < got && line[length] != '\n')
		length++;
	if (!got || (length == got && got < LINE_BYTES))
		return 0;
	line[length] = 0;
	ssize_t done = give_line(io, line, start);
	if (done >= 0)
		*position = start + length + 1;
	return done;
}

static ssize_t kmsg_write(struct file *file, struct io *io, uint64_t *position)
{
	char line[LINE_BYTES + 1];
	size_t bytes = io->left;
	const char *text = line;

	if (bytes > LINE_BYTES)
		return -EINVAL;
	int error = io_get(io, line, bytes);
	if (error)
		return error;
	line[bytes] = 0;
	if (bytes && line[bytes - 1] == '\n')
		line[bytes - 1] = 0;
	/* "<6>": how important it is. All are equal here. */
	if (text[0] == '<') {
		const char *at = text + 1;
		number(&at);
		if (*at == '>')
			text = at + 1;
	}
	log_info("%s", text);
	return (ssize_t)bytes;
}

static const struct file_ops kmsg_ops = {.read = kmsg_read, .write = kmsg_write};

static int kmsg_open(struct inode *inode, unsigned flags, struct file **out)
{
	return file_create(&kmsg_ops, flags, inode, NULL, out);
}

void kmsg_init(void)
{
	device_add("/dev/kmsg", 0644, device_number(MEM_MAJOR, KMSG_MINOR), kmsg_open);
}
