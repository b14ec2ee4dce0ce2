/* terminal.c: see terminal.h, and ioctl_tty(2), termios(3). */
#include "fs/terminal.h"

#include <asm/ioctls.h>
#include <asm/stat.h>
#include <linux/stat.h>

#include "lib/errno.h"
#include "vm/user_copy.h"

#define TERMINAL_IO_BYTES 1024u

/* Linux's INIT_C_CC: Ctrl-C, Ctrl-\, DEL, Ctrl-U, Ctrl-D, ... */
static const cc_t control_characters[NCCS] = {
	[VINTR] = 3,     [VQUIT] = 28,   [VERASE] = 127, [VKILL] = 21, [VEOF] = 4,
	[VMIN] = 1,      [VSTART] = 17,  [VSTOP] = 19,   [VSUSP] = 26, [VREPRINT] = 18,
	[VDISCARD] = 15, [VWERASE] = 23, [VLNEXT] = 22,
};

void terminal_init(struct terminal *terminal, uint64_t number, unsigned columns, unsigned rows)
{
	*terminal = (struct terminal){
		.settings =
			{
				.c_iflag = ICRNL | IXON,
				.c_oflag = OPOST | ONLCR,
				.c_cflag = B38400 | CS8 | CREAD | HUPCL,
				.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE |
					   IEXTEN,
			},
		.window = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns},
		.number = number,
	};
	for (unsigned i = 0; i < NCCS; i++)
		terminal->settings.c_cc[i] = control_characters[i];
}

static int get_int(struct input *input, uint64_t argument)
{
	int used = (int)input_used(input);

	return copy_to_user(argument, &used, sizeof(used));
}

static int set_settings(struct terminal *terminal, uint64_t argument)
{
	struct termios settings;
	int error = copy_from_user(&settings, argument, sizeof(settings));

	if (!error)
		terminal->settings = settings;
	return error;
}

int terminal_ioctl(struct terminal *terminal, struct input *input, unsigned command,
		   uint64_t argument)
{
	struct winsize window = terminal->window;

	switch (command) {
	case TCGETS:
		return copy_to_user(argument, &terminal->settings, sizeof(terminal->settings));
	case TCSETSF:
		input_clear(input);
		return set_settings(terminal, argument);
	case TCSETS:
	case TCSETSW: /* nothing is buffered on its way out */
		return set_settings(terminal, argument);
	case TIOCGWINSZ:
		return copy_to_user(argument, &window, sizeof(window));
	case TIOCSWINSZ:
		if (copy_from_user(&window, argument, sizeof(window)))
			return -EFAULT;
		terminal->window = window;
		return 0;
	case FIONREAD:
		return get_int(input, argument);
	default:
		return -ENOTTY;
	}
}

void terminal_stat(const struct terminal *terminal, struct stat *out)
{
	*out = (struct stat){
		.st_ino = terminal->number,
		.st_nlink = 1,
		.st_mode = S_IFCHR | 0620,
		.st_rdev = terminal->number,
		.st_blksize = TERMINAL_IO_BYTES,
	};
}
