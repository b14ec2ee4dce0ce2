/* exec_script.c: see exec_script.h. */
#include "proc/exec_script.h"

#include "lib/errno.h"
#include "lib/string.h"

static bool is_blank(char character)
{
	return character == ' ' || character == '\t';
}

int exec_script_parse(struct exec_script *script, size_t bytes, bool *is_script)
{
	char *line = script->line;

	*is_script = bytes >= 2 && line[0] == '#' && line[1] == '!';
	if (!*is_script)
		return 0;
	line[bytes] = 0;
	char *newline = strchr(line, '\n');
	char *end = newline ? newline : line + strlen(line);
	bool cut_off = !newline && bytes == SCRIPT_LINE_BYTES;
	char *at = line + 2;
	while (end > at && is_blank(end[-1]))
		end--;
	*end = 0;
	while (is_blank(*at))
		at++;
	if (!*at)
		return -ENOEXEC;
	script->interpreter = at;
	while (*at && !is_blank(*at))
		at++;
	/* The name may go on where nobody looked. */
	if (!*at && cut_off)
		return -ENOEXEC;
	script->argument = NULL;
	if (*at) {
		*at++ = 0;
		while (is_blank(*at))
			at++;
		script->argument = at;
	}
	return 0;
}
