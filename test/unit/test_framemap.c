/* test_framemap.c: every frame as a letter, against the counts by state. */
#include "debug/ktest.h"
#include "host.h"
#include "lib/string.h"
#include "lib/text.h"
#include "mm/frame.h"
#include "mm/report.h"

#define FRAMES     5000u
#define TEXT_BYTES 65536u

static char text[TEXT_BYTES];
static uint64_t counts[128]; /* of each letter */

/* The letter of frame `wanted`; counts[] of all. */
static char read_map(pfn_t wanted)
{
	struct text_buffer buffer;
	char found = '\0';
	pfn_t pfn = 0;

	text_buffer_init(&buffer, text, sizeof(text));
	mm_print_frame_map(&buffer.sink);
	memset(counts, 0, sizeof(counts));
	for (const char *at = text; *at;) {
		if (at == text || at[-1] == '\n')
			for (pfn = 0; *at != ' '; at++)
				pfn = pfn * 16 + (unsigned)(*at > '9' ? *at - 'a' + 10 : *at - '0');
		if (*at == '\n') {
			at++;
			continue;
		}
		char letter = at[1];
		uint64_t run = 0;
		for (at += 2; *at >= '0' && *at <= '9'; at++)
			run = run * 10 + (unsigned)(*at - '0');
		if (wanted >= pfn && wanted < pfn + run)
			found = letter;
		counts[(unsigned)letter] += run;
		pfn += run;
	}
	return found;
}

static char letter_of(const struct frame *frame)
{
	return read_map(frame_pa(frame) >> PAGE_SHIFT);
}

KTEST(framemap_has_each_frame_once)
{
	static const char letters[FRAME_STATES + 1] = ".tpfzksw";
	struct frame_counts by_state;
	uint64_t total = 0;

	host_memory_init(FRAMES);
	struct frame *anon = frame_alloc(FRAME_ANON, 0), *table = frame_alloc(FRAME_TABLE, 0);
	struct frame *cache = frame_alloc(FRAME_CACHE, 0), *block = frame_alloc(FRAME_ANON, 4);
	EXPECT_EQ(letter_of(anon), 'p');
	EXPECT_EQ(letter_of(table), 't');
	EXPECT_EQ(letter_of(cache), 'f');
	EXPECT_EQ(letter_of(block + 15), 'p');
	frame_get(anon);
	frame_get(table);
	frame_get(cache); /* an object, and the one who maps it */
	EXPECT_EQ(letter_of(cache), 'f');
	frame_get(cache);
	frame_get(block);
	EXPECT_EQ(letter_of(anon), 'P');
	EXPECT_EQ(letter_of(table), 'T');
	EXPECT_EQ(letter_of(cache), 'F');
	EXPECT_EQ(letter_of(block), 'P');
	EXPECT_EQ(letter_of(block + 15), 'P');
	EXPECT_EQ(letter_of(frame_zero()), 'z');
	frame_counts(&by_state);
	for (unsigned state = 0; state < FRAME_STATES; state++) {
		char letter = letters[state];
		uint64_t large = letter >= 'a' ? counts[(unsigned)(letter - 'a' + 'A')] : 0;
		EXPECT_EQ(counts[(unsigned)letter] + large, by_state.by_state[state]);
		total += by_state.by_state[state];
	}
	EXPECT(total > FRAMES / 2);
}
