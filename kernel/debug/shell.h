/*
 * shell.h: the debug shell: commands to the kernel on the serial console. It is entered by
 * SHELL_KEY typed there, by the boot option debugshell before the first program starts, and after a
 * panic by panic=shell.
 *
 * It runs where it was entered, with interrupts off, so that all else stands still and what it
 * shows holds together: there is one CPU, and its threads are switched by interrupts or by
 * themselves. The price is that what was interrupted may hold locks, and the shell must not wait
 * for them:
 *   - spinlocks: an interrupt can't come while one is held, so only a panic leaves some. Commands
 *     that need locks are then refused.
 *   - mutexes: a command uses mutex_try_lock() and says who is in the way.
 */
#ifndef DEBUG_SHELL_H
#define DEBUG_SHELL_H

#include "lib/text.h"

#define SHELL_KEY           0x1d /* Ctrl-] */
#define SHELL_ARGUMENTS_MAX 4u

struct shell_command {
	const char *name;
	const char *arguments; /* "PID [ADDRESS]", for help */
	const char *help;
	uint8_t min_arguments, max_arguments;
	bool needs_locks; /* spinlocks: not after a panic that holds some */
	/* arguments: those that are not given are NULL. */
	void (*run)(struct text_sink *out, const char *const *arguments);
};

struct shell_table {
	const struct shell_command *commands;
	unsigned count;
	struct shell_table *next;
};

/* Know these commands too; at boot, by the one CPU. The table stays. */
void shell_add(struct shell_table *table);

/* Read and run commands until `continue`. why: printed. Any context that may log. */
void shell_run(const char *why);

/* An argument as a number, decimal or 0x...; false: it said what is wrong. */
NODISCARD bool shell_number(struct text_sink *out, const char *argument, uint64_t *value);

#endif
