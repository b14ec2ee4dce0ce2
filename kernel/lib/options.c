/* options.c: the boot command line, taken apart once. */
#include "lib/options.h"
#include "lib/string.h"

/* All there are. values: those that it can have, with '|' between them; "": none; NULL: who uses
 * the option looks at its value. */
static const struct rule {
	const char *name, *values;
} rules[] = {
	{"cpus", NULL},
	{"crash", NULL},
	{"debugshell", ""},
	{"faults", "host"},
	{"fork_share", "root|leaf|none"},
	{"job", NULL},
	{"keyboard", NULL},
	{"ktest", NULL},
	{"log", "error|warning|info|debug"},
	{"panic", "shell"},
	{"pcid", "off"},
	{"poison", ""},
	{"report", ""},
	{"screen", NULL},
	{"serial", NULL},
	{"stdio", "host|console"},
	{"trace", "faults"},
	{"usb", "off"},
	{"window", NULL},
};

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

static const struct rule *find_rule(const char *word, size_t length)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (strlen(rules[i].name) == length && !strncmp(rules[i].name, word, length))
			return &rules[i];
	return NULL;
}

static bool is_one_of(const char *values, const char *value)
{
	const size_t length = strlen(value);

	while (*values) {
		const char *end = strchr(values, '|');
		size_t bytes = end ? (size_t)(end - values) : strlen(values);
		if (bytes == length && !strncmp(values, value, length))
			return true;
		values += bytes + (end ? 1 : 0);
	}
	return false;
}

/* What is wrong with a word, or NULL; and which values its option can have. */
static const char *wrong_with(const char *word, const char **values)
{
	const char *equals = strchr(word, '=');
	const struct rule *rule = find_rule(word, equals ? (size_t)(equals - word) : strlen(word));

	*values = "";
	if (!rule)
		return "there is no such option";
	if (!rule->values)
		return NULL;
	*values = rule->values;
	if (!*rule->values)
		return equals ? "it has no value" : NULL;
	if (equals && is_one_of(rule->values, equals + 1))
		return NULL;
	return strchr(rule->values, '|') ? "its value is one of " : "its value can only be ";
}

void options_check(void (*tell)(const char *word, const char *wrong, const char *values))
{
	for (size_t at = 0; at < words_bytes; at += strlen(words + at) + 1) {
		const char *values, *wrong = wrong_with(words + at, &values);
		if (wrong)
			tell(words + at, wrong, values);
	}
}

const char *options_line(void)
{
	return line;
}
