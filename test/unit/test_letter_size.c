/* test_letter_size.c: how large letters are on which screen. */
#include "boot_info.h"
#include "debug/ktest.h"
#include "dev/fbtext.h"

static unsigned letters(uint32_t width, uint32_t height, unsigned across, unsigned down)
{
	const struct boot_framebuffer screen = {.width = width,
						.height = height,
						.width_mm = (uint16_t)across,
						.height_mm = (uint16_t)down};

	return fbtext_letter_size(&screen);
}

KTEST(fbtext_letter_sizes)
{
	/* By lines alone. */
	EXPECT_EQ(letters(1920, 1080, 0, 0), 1);
	EXPECT_EQ(letters(2560, 1440, 0, 0), 2);
	EXPECT_EQ(letters(3840, 2160, 0, 0), 2);
	EXPECT_EQ(letters(5120, 2880, 0, 0), 4);
	/* Laptops of 13 inches, and monitors. */
	EXPECT_EQ(letters(1920, 1080, 294, 165), 2);
	EXPECT_EQ(letters(1366, 768, 294, 165), 1);
	EXPECT_EQ(letters(3840, 2160, 294, 165), 3);
	EXPECT_EQ(letters(1920, 1080, 527, 296), 1);
	EXPECT_EQ(letters(3840, 2160, 597, 336), 2);
	EXPECT_EQ(letters(3840, 2160, 1430, 800), 2); /* far away on a wall */
	/* No smaller than a window of 80 by 25. */
	EXPECT_EQ(letters(800, 600, 110, 82), 1);
	EXPECT_EQ(letters(1280, 800, 110, 69), 2);
	/* What can't be: proportions in place of a size, and none that fit. */
	EXPECT_EQ(letters(1920, 1080, 16, 9), 1);
	EXPECT_EQ(letters(1920, 1080, 294, 294), 1);
	EXPECT_EQ(letters(1920, 1080, 294, 0), 1);
	EXPECT_EQ(letters(UINT32_MAX, UINT32_MAX, UINT16_MAX, UINT16_MAX), 4);
}
