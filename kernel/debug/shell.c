/* shell.c: see shell.h. */
#include "debug/shell.h"

#include <arch/cpu.h>
#include <arch/debug.h>
#include <arch/irq.h>

#include "debug/assert.h"
#include "dev/console.h"
#include "lib/string.h"
#include "sync/cpu.h"

#define LINE_BYTES 128u
#define PROMPT     "debug> "
#define BACKSPACE  '\b'
#define DELETE     0x7f
#define CTRL_U     0x15
#define CTRL_C     0x03

/* Only who runs the shell touches it: interrupts are off, on one CPU. */
static bool leaving;

static void console_put(struct text_sink *sink, const char *text, size_t bytes)
{
	console_write(text, bytes);
}

/* Never changes. */
static struct text_sink console_sink = {console_put};

bool shell_number(struct text_sink *out, const char *argument, uint64_t *value)
{
	if (string_to_u64(argument, strlen(argument), value))
		return true;
	text_print(out, "\"%s\" is no number (decimal, or hexadecimal after 0x)\n", argument);
	return false;
}

/* ---- its own commands ---- */

static void print_help(struct text_sink *out, const struct shell_table *table)
{
	for (unsigned i = 0; i < table->count; i++) {
		const struct shell_command *command = &table->commands[i];
		text_print(out, "  %-10s %-16s %s\n", command->name, command->arguments,
			   command->help);
	}
}

static void help(struct text_sink *out, const char *const *arguments);

static void leave(struct text_sink *out, const char *const *arguments)
{
	leaving = true;
}

static void power_off(struct text_sink *out, const char *const *arguments)
{
	arch_machine_end(console_in_panic() ? MACHINE_PANIC : MACHINE_DONE);
}

static void end_in_panic(struct text_sink *out, const char *const *arguments)
{
	panic("asked for in the debug shell");
}

static const struct shell_command own_commands[] = {
	{"help", "", "this list", 0, 0, false, help},
	{"continue", "", "leave the shell; after a panic the machine ends", 0, 0, false, leave},
	{"panic", "", "panic, which prints a backtrace and the last page faults", 0, 0, false,
	 end_in_panic},
	{"poweroff", "", "end the machine now", 0, 0, false, power_off},
};
/* The end of the list; never changes. */
static struct shell_table own_table = {own_commands, ARRAY_SIZE(own_commands), NULL};

/* All commands. Linked at boot, then only read. */
static struct shell_table *tables = &own_table;

static void help(struct text_sink *out, const char *const *arguments)
{
	for (struct shell_table *table = tables; table; table = table->next)
		print_help(out, table);
}

void shell_add(struct shell_table *table)
{
	table->next = tables;
	tables = table;
}

/* ---- running ---- */

static const struct shell_command *find_in(const struct shell_table *table, const char *name)
{
	for (unsigned i = 0; i < table->count; i++)
		if (!strcmp(table->commands[i].name, name))
			return &table->commands[i];
	return NULL;
}

static const struct shell_command *find(const char *name)
{
	const struct shell_command *found = NULL;

	for (struct shell_table *table = tables; table && !found; table = table->next)
		found = find_in(table, name);
	return found;
}

static void execute(struct text_sink *out, char *line)
{
	const char *words[1 + SHELL_ARGUMENTS_MAX] = {NULL};
	uint32_t held = cpu_local()->held_ranks;
	int count = text_words(line, words, ARRAY_SIZE(words));

	if (!count)
		return;
	if (count < 0) {
		text_put(out, "too many words; help lists the commands\n");
		return;
	}
	const struct shell_command *command = find(words[0]);
	unsigned arguments = (unsigned)count - 1;
	if (!command)
		text_print(out, "there is no command \"%s\"; help lists those there are\n",
			   words[0]);
	else if (arguments < command->min_arguments || arguments > command->max_arguments)
		text_print(out, "usage: %s %s\n", command->name, command->arguments);
	else if (command->needs_locks && held)
		text_print(out,
			   "not now: what was interrupted holds spinlocks (ranks %#x), and %s "
			   "would wait for them for ever\n",
			   held, command->name);
	else
		command->run(out, words + 1);
}

/* Waits for a key. */
static char read_key(void)
{
	char key;

	while (!console_take(&key, 1))
		cpu_relax();
	return key;
}

static void erase(struct text_sink *out, size_t count)
{
	while (count--)
		text_put(out, "\b \b");
}

/* A line without its end, edited with backspace, Ctrl-U and Ctrl-C. */
static void read_line(struct text_sink *out, char line[LINE_BYTES])
{
	size_t length = 0;

	for (;;) {
		char key = read_key();
		if (key == '\r' || key == '\n')
			break;
		if ((key == BACKSPACE || key == DELETE) && length) {
			length--;
			erase(out, 1);
		} else if (key == CTRL_U || key == CTRL_C) {
			erase(out, length);
			length = 0;
		} else if (key >= ' ' && key < DELETE && length < LINE_BYTES - 1) {
			line[length++] = key;
			out->put(out, &key, 1);
		}
	}
	line[length] = '\0';
	text_put(out, "\n");
}

void shell_run(const char *why)
{
	char line[LINE_BYTES];
	struct text_sink *out = &console_sink;

	if (!console_has_keys()) {
		text_print(out,
			   "no debug shell (%s): there is nothing to type at, or nothing to see\n",
			   why);
		return;
	}
	bool were_on = irq_save();
	console_set_interactive();
	leaving = false;
	text_print(out, "\ndebug shell (%s): all else stands still; \"help\" lists the commands\n",
		   why);
	while (!leaving) {
		text_put(out, PROMPT);
		read_line(out, line);
		execute(out, line);
	}
	irq_restore(were_on);
}
