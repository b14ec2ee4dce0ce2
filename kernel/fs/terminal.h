/* terminal.h: what is common to files that are terminals: settings, window size, device number. */
#ifndef FS_TERMINAL_H
#define FS_TERMINAL_H

#include <asm/termbits.h>
#include <asm/termios.h>
#include "fs/input.h"
#include "lib/types.h"

struct stat;

/* Settings are changed by ioctl, a word at a time: a reader may see old and new ones mixed. */
struct terminal {
	struct termios settings;
	struct winsize window; /* columns and rows 0: not known */
	uint64_t number;       /* device number */
};

/* Settings as a fresh Linux terminal has them. */
void terminal_init(struct terminal *terminal, uint64_t number, unsigned columns, unsigned rows);
static inline bool terminal_has(const struct terminal *terminal, tcflag_t local_flag)
{
	return terminal->settings.c_lflag & local_flag;
}
/* TCGETS, TCSETS(W,F), TIOCGWINSZ, TIOCSWINSZ, FIONREAD; others are -ENOTTY. */
NODISCARD int terminal_ioctl(struct terminal *terminal, struct input *input, unsigned command,
			     uint64_t argument);
void terminal_stat(const struct terminal *terminal, struct stat *out);

#endif
