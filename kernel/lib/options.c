/* options.c: the boot command line, taken apart once. */
#include "lib/options.h"
#include "lib/string.h"

/* Both are written by options_init() at boot, by the only CPU, and read-only after that. */
static char line[OPTIONS_MAX + 1];

/* The words, without quotes, each NUL-terminated. A word is at most as long as its text, its NUL
 * takes the space's place. */
static char words[OPTIONS_MAX + 1];
static size_t words_bytes;

/* Copy the word at `from` without its quotes; returns where its text ends. */
static const char *add_word(const char *from)
{
	bool quoted = false;

	for (; *from != '\0' && (quoted || *from != ' '); from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			words[words_bytes++] = *from;
	}
	words[words_bytes++] = '\0';
	return from;
}

void options_init(const char *text, size_t bytes)
{
	bytes = MIN(bytes, (size_t)OPTIONS_MAX);
	for (size_t i = 0; i < bytes; i++) {
		unsigned char character = (unsigned char)text[i];
		bool control = character < ' ' || character == 0x7f;
		line[i] = control ? ' ' : text[i];
	}
	line[bytes] = '\0';

	words_bytes = 0;
	for (const char *at = line; *at != '\0';) {
		if (*at == ' ')
			at++;
		else
			at = add_word(at);
	}
}

const char *option(const char *name)
{
	size_t length = strlen(name);
	const char *found = NULL;

	for (size_t at = 0; at < words_bytes; at += strlen(words + at) + 1) {
		const char *word = words + at;

		if (strncmp(word, name, length) != 0)
			continue;
		if (word[length] == '=')
			found = word + length + 1;
		else if (word[length] == '\0')
			found = word + length;
	}
	return found;
}

uint64_t option_u64(const char *name, uint64_t otherwise)
{
	const char *text = option(name);
	uint64_t value;

	if (text == NULL || !string_to_u64(text, strlen(text), &value))
		return otherwise;
	return value;
}

const char *options_line(void)
{
	return line;
}
