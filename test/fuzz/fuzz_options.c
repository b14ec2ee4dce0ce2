/*
 * fuzz_options.c: any bytes as the boot command line: the line is printable and no longer than it
 * was, and what is looked up is a string without control characters.
 *
 * Short run, as in the tests: build/test/fuzz_options -runs=20000 -seed=1 NEW-FOLDER SEEDS
 * Long run: build/test/fuzz_options -max_total_time=3600 -max_len=4096 NEW-FOLDER
 * build/test/fuzz-seeds/options
 */
#include <stdlib.h>
#include <string.h>

#include "debug/assert.h"
#include "lib/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_text(const char *text, size_t max)
{
	assert(strlen(text) <= max);
	for (; *text != '\0'; text++)
		assert((unsigned char)*text >= ' ' && *text != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static const char *const names[] = {"", "a", "log", "init", "=", "a b"};
	size_t max = MIN(size, (size_t)OPTIONS_MAX);
	char *exact = malloc(size + 1); /* the sanitizer guards its end: the line has no NUL */

	exact = realloc(exact, size > 0 ? size : 1);
	memcpy(exact, bytes, size);
	options_init(exact, size);
	free(exact); /* options.c has its own copy */
	check_text(options_line(), max);
	assert(strlen(options_line()) == max);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = option(names[i]);
		if (value != NULL)
			check_text(value, max - MIN(strlen(names[i]), max));
		uint64_t number = option_u64(names[i], 5);
		assert(value != NULL || number == 5);
	}
	return 0;
}
