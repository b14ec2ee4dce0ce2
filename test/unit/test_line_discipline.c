/* test_line_discipline.c: what is typed, what a program reads, and what appears on the screen. */
#include <linux/signal.h>
#include <string.h>

#include "debug/ktest.h"
#include "fs/line_discipline.h"

/* One at a time; the tests run in one thread. */
static struct line_discipline line;
static int signals[8];
static unsigned signal_count;

/* Type text; the bytes that were taken. */
static size_t type_bytes(const char *text, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		struct line_effect effect;
		if (!line_receive(&line, (uint8_t)text[done], &effect))
			break;
		if (effect.signal && signal_count < 8)
			signals[signal_count++] = effect.signal;
		done++;
	}
	return done;
}

static void type(const char *text)
{
	EXPECT_EQ(type_bytes(text, strlen(text)), strlen(text));
}

static void begin(tcflag_t clear, tcflag_t set)
{
	line_init(&line);
	signal_count = 0;
	line.settings.c_lflag = (line.settings.c_lflag & ~clear) | set;
}

/* What a read of up to `max` bytes gets; NULL: it would wait. */
static const char *got(size_t max)
{
	static char bytes[LINE_BYTES + 1];
	bool ended;

	if (!line_readable(&line, 1))
		return NULL;
	bytes[line_take(&line, bytes, max, &ended)] = 0;
	return bytes;
}

/* What the echo has put on the screen since it was last asked. */
static const char *screen(void)
{
	static char bytes[LINE_ECHO_BYTES + 1];

	bytes[line_take_echo(&line, bytes, LINE_ECHO_BYTES)] = 0;
	return bytes;
}

KTEST(line_is_read_once_it_ends)
{
	begin(0, 0);
	type("abc");
	EXPECT(!line_readable(&line, 1));
	EXPECT_EQ(line_input_bytes(&line), 0);
	type("\rde");
	EXPECT_EQ(line_input_bytes(&line), 4);
	EXPECT_STREQ(got(100), "abc\n");
	EXPECT(!line_readable(&line, 1));
	EXPECT_STREQ(screen(), "abc\r\nde");
}

KTEST(line_in_parts)
{
	begin(0, 0);
	type("abcdef\nghi\n");
	EXPECT_STREQ(got(4), "abcd");
	EXPECT_STREQ(got(4), "ef\n");
	EXPECT_STREQ(got(4), "ghi\n");
}

KTEST(line_erase)
{
	begin(0, 0);
	type("ab\177\177\177c\n");
	EXPECT_STREQ(got(100), "c\n");
	EXPECT_STREQ(screen(), "ab\b \b\b \bc\r\n");
}

KTEST(line_erase_control_and_tab)
{
	begin(0, 0);
	type("a\001\177b\tc\177\177d\n");
	EXPECT_STREQ(got(100), "abd\n");
	EXPECT_STREQ(screen(), "a^A\b \b\b \bb\tc\b \b\b\b\b\b\b\bd\r\n");
}

KTEST(line_erase_without_ECHOE)
{
	begin(ECHOE, 0);
	type("ab\177\n");
	EXPECT_STREQ(got(100), "a\n");
	EXPECT_STREQ(screen(), "ab^?\r\n");
}

KTEST(line_erase_whole_characters_of_UTF8)
{
	begin(0, 0);
	line.settings.c_iflag |= IUTF8;
	type("a\xc3\xa4\177\n");
	EXPECT_STREQ(got(100), "a\n");
	EXPECT_STREQ(screen(), "a\xc3\xa4\b \b\r\n");
}

KTEST(line_erase_word_and_line)
{
	begin(0, 0);
	type("one two  \027x\n");
	EXPECT_STREQ(got(100), "one x\n");
	type("gone\025kept\n");
	EXPECT_STREQ(got(100), "kept\n");
	line.settings.c_lflag &= ~(tcflag_t)ECHOKE;
	screen();
	type("gone\025");
	EXPECT_STREQ(screen(), "gone^U\r\n");
	type("\n");
	EXPECT_STREQ(got(100), "\n");
}

KTEST(line_kill_does_not_reach_the_line_before)
{
	begin(0, 0);
	type("one\n\025\027\177two\n");
	EXPECT_STREQ(got(100), "one\n");
	EXPECT_STREQ(got(100), "two\n");
}

KTEST(line_literal_and_reprint)
{
	begin(0, 0);
	type("a\026\003\022b\n");
	EXPECT_STREQ(screen(), "a^\b^C^R\r\na^Cb\r\n");
	EXPECT_STREQ(got(100), "a\003b\n");
	EXPECT_EQ(signal_count, 0);
}

KTEST(line_end_of_input)
{
	bool ended;
	char byte;

	begin(0, 0);
	type("ab\004\004");
	EXPECT_STREQ(got(100), "ab");
	EXPECT(line_readable(&line, 1));
	EXPECT_EQ(line_take(&line, &byte, 1, &ended), 0);
	EXPECT(ended);
	EXPECT(!line_readable(&line, 1));
	EXPECT_STREQ(screen(), "ab");
	/* It belongs to a read that got all it wanted. */
	type("ab\004");
	EXPECT_STREQ(got(2), "ab");
	EXPECT(!line_readable(&line, 1));
}

KTEST(line_other_ends)
{
	begin(0, 0);
	line.settings.c_cc[VEOL] = ';';
	line.settings.c_cc[VEOL2] = '.';
	type("a;b.c");
	EXPECT_STREQ(got(100), "a;");
	EXPECT_STREQ(got(100), "b.");
	EXPECT(!line_readable(&line, 1));
	line.settings.c_lflag &= ~(tcflag_t)IEXTEN;
	type(".");
	EXPECT(!line_readable(&line, 1));
}

KTEST(line_signals)
{
	begin(0, 0);
	type("lost\003");
	type("\034\032kept\n");
	EXPECT_EQ(signal_count, 3);
	EXPECT_EQ(signals[0], SIGINT);
	EXPECT_EQ(signals[1], SIGQUIT);
	EXPECT_EQ(signals[2], SIGTSTP);
	EXPECT_STREQ(got(100), "kept\n");
	begin(0, NOFLSH);
	type("kept\003\n");
	EXPECT_STREQ(got(100), "kept\n");
	begin(ISIG, 0);
	type("\003\n");
	EXPECT_STREQ(got(100), "\003\n");
	EXPECT_EQ(signal_count, 0);
}

KTEST(line_a_control_character_of_zero_is_none)
{
	begin(0, 0);
	line.settings.c_cc[VINTR] = 0;
	EXPECT_EQ(type_bytes("\0\n", 2), 2);
	EXPECT_EQ(signal_count, 0);
	EXPECT_EQ(line_input_bytes(&line), 2);
}

KTEST(line_input_flags)
{
	begin(ECHO, 0);
	line.settings.c_iflag = IGNCR | INLCR | ISTRIP;
	line.settings.c_lflag &= ~(tcflag_t)ICANON;
	type("a\rb\n\xe1");
	EXPECT_STREQ(got(100), "ab\ra");
}

KTEST(line_flow)
{
	begin(0, 0);
	type("\023");
	EXPECT(line.stopped);
	type("a");
	EXPECT(line.stopped);
	type("\021");
	EXPECT(!line.stopped);
	line.settings.c_iflag |= IXANY;
	type("\023b");
	EXPECT(!line.stopped);
	type("\023\003");
	EXPECT(!line.stopped);
	line.settings.c_iflag &= ~(tcflag_t)IXON;
	type("\023\n");
	EXPECT(!line.stopped);
}

KTEST(line_raw)
{
	begin(ICANON | ECHO | ISIG, 0);
	type("a\177\004");
	EXPECT(line_readable(&line, 3));
	EXPECT(!line_readable(&line, 4));
	EXPECT_STREQ(got(2), "a\177");
	EXPECT_STREQ(got(2), "\004");
	EXPECT_STREQ(screen(), "");
}

KTEST(line_changes_of_mode)
{
	struct termios2 other;

	begin(0, 0);
	type("typed");
	other = line.settings;
	other.c_lflag &= ~(tcflag_t)ICANON;
	line_set(&line, &other);
	EXPECT_STREQ(got(2), "ty");
	other.c_lflag |= ICANON;
	line_set(&line, &other);
	type("more\n");
	EXPECT_STREQ(got(100), "ped");
	EXPECT_STREQ(got(100), "more\n");
}

static void type_many(char byte, size_t count, size_t taken)
{
	size_t done = 0;

	while (done < count && type_bytes(&byte, 1))
		done++;
	EXPECT_EQ(done, taken);
}

KTEST(line_that_is_too_long)
{
	static char bytes[LINE_BYTES + 1];
	bool ended;

	begin(0, 0);
	type_many('x', 2 * LINE_BYTES, 2 * LINE_BYTES);
	type("\n");
	EXPECT_EQ(line_take(&line, bytes, sizeof(bytes), &ended), LINE_BYTES);
	EXPECT(ended);
	EXPECT_EQ(bytes[LINE_BYTES - 1], '\n');
	EXPECT_EQ(bytes[LINE_BYTES - 2], 'x');
}

KTEST(line_ring_is_full)
{
	static char bytes[LINE_BYTES];
	bool ended;

	begin(ICANON | ECHO, 0);
	type_many('x', 2 * LINE_BYTES, LINE_BYTES - 1);
	EXPECT(!line_has_room(&line));
	type("\003"); /* it works even so, and throws the rest away */
	EXPECT_EQ(signals[0], SIGINT);
	EXPECT(line_has_room(&line));
	begin(ECHO, 0);
	type("a\n");
	type_many('x', 2 * LINE_BYTES, LINE_BYTES - 3);
	EXPECT_EQ(line_take(&line, bytes, sizeof(bytes), &ended), 2);
	EXPECT(line_has_room(&line));
}

KTEST(line_echo_of_newline_alone)
{
	begin(ECHO, ECHONL);
	type("ab\n");
	EXPECT_STREQ(screen(), "\r\n");
}

/* `text` as a program's output becomes it. */
static const char *printed(const char *text)
{
	static char bytes[256];
	size_t used;

	bytes[line_output(&line, text, strlen(text), &used, bytes, sizeof(bytes) - 1)] = 0;
	EXPECT_EQ(used, strlen(text));
	return bytes;
}

KTEST(line_output_flags)
{
	begin(0, 0);
	EXPECT_STREQ(printed("a\nb\rc\td"), "a\r\nb\rc\td");
	line.settings.c_oflag = OPOST | XTABS;
	line.column = 0;
	EXPECT_STREQ(printed("ab\tc\n\t"), "ab      c\n       ");
	line.settings.c_oflag = OPOST | OCRNL;
	EXPECT_STREQ(printed("a\rb"), "a\nb");
	line.settings.c_oflag = OPOST | ONOCR;
	line.column = 0;
	EXPECT_STREQ(printed("\ra\rb"), "a\rb");
	line.settings.c_oflag = ONLCR;
	EXPECT_STREQ(printed("a\n"), "a\n");
}

KTEST(line_output_stops_when_there_is_no_room)
{
	char bytes[LINE_EXPANSION + 1];
	size_t used;

	begin(0, 0);
	EXPECT_EQ(line_output(&line, "abcd", 4, &used, bytes, LINE_EXPANSION + 1), 2);
	EXPECT_EQ(used, 2);
	EXPECT_EQ(line_output(&line, "abcd", 4, &used, bytes, LINE_EXPANSION - 1), 0);
	EXPECT_EQ(used, 0);
}
