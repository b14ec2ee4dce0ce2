/* tty_ioctl.c: see tty.h: what programs ask of a terminal beside its session (ioctl_tty(2)). */
#include <asm/fcntl.h>
#include <asm/ioctls.h>
#include <linux/signal.h>
#include <linux/tty.h>

#include "fs/file.h"
#include "fs/tty.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "vm/user_copy.h"

/* ---- settings ---- */

/* By the bits of CBAUD; from 16 on with CBAUDEX (asm/termbits.h). */
static const uint32_t speeds[] = {
	0,       50,      75,      110,     134,     150,     200,     300,
	600,     1200,    1800,    2400,    4800,    9600,    19200,   38400,
	0,       57600,   115200,  230400,  460800,  500000,  576000,  921600,
	1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000,
};

static uint32_t speed_of(tcflag_t bits, uint32_t given)
{
	unsigned index = bits & CBAUD;

	if (index == BOTHER)
		return given;
	if (index & CBAUDEX)
		index = (index & ~CBAUDEX) + 16;
	return index < ARRAY_SIZE(speeds) ? speeds[index] : 0;
}

static void set_speeds(struct termios2 *settings)
{
	tcflag_t input = settings->c_cflag >> IBSHIFT;

	settings->c_ospeed = speed_of(settings->c_cflag, settings->c_ospeed);
	settings->c_ispeed =
		input & CBAUD ? speed_of(input, settings->c_ispeed) : settings->c_ospeed;
}

static int get_settings(struct tty *tty, uint64_t argument, size_t bytes)
{
	spin_lock(&tty->lock);
	struct termios2 settings = tty->line.settings;
	spin_unlock(&tty->lock);
	return copy_to_user(argument, &settings, bytes);
}

/* What is written is out at once, or in the hands of the other side: there is nothing to drain. */
static int set_settings(struct tty *tty, uint64_t argument, size_t bytes, bool flush)
{
	int error = tty_check_foreground(tty, SIGTTOU);
	if (error)
		return error;
	spin_lock(&tty->lock);
	struct termios2 settings = tty->line.settings;
	spin_unlock(&tty->lock);
	if (copy_from_user(&settings, argument, bytes))
		return -EFAULT;
	set_speeds(&settings);
	/* A pseudo terminal has bytes of eight bits. */
	if (tty->driver->is_pty)
		settings.c_cflag = (settings.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8 | CREAD;
	spin_lock(&tty->lock);
	if (flush)
		line_flush(&tty->line);
	line_set(&tty->line, &settings);
	spin_unlock(&tty->lock);
	wait_wake_all(&tty->queue);
	tty_output_room(tty);
	return 0;
}

static int settings_ioctl(struct tty *tty, unsigned command, uint64_t argument, bool *known)
{
	const size_t old = sizeof(struct termios), all = sizeof(struct termios2);

	switch (command) {
	case TCGETS:
		return get_settings(tty, argument, old);
	case TCGETS2:
		return get_settings(tty, argument, all);
	case TCSETS:
	case TCSETSW:
		return set_settings(tty, argument, old, false);
	case TCSETSF:
		return set_settings(tty, argument, old, true);
	case TCSETS2:
	case TCSETSW2:
		return set_settings(tty, argument, all, false);
	case TCSETSF2:
		return set_settings(tty, argument, all, true);
	default:
		*known = false;
		return -ENOTTY;
	}
}

/* ---- window, queues, flow ---- */

static int get_window(struct tty *tty, uint64_t argument)
{
	spin_lock(&tty->lock);
	struct winsize window = tty->window;
	spin_unlock(&tty->lock);
	return copy_to_user(argument, &window, sizeof(window));
}

static int set_window(struct tty *tty, uint64_t argument)
{
	struct winsize window;

	if (copy_from_user(&window, argument, sizeof(window)))
		return -EFAULT;
	tty_set_window(tty, &window);
	return 0;
}

static int put_int(uint64_t argument, int value)
{
	return copy_to_user(argument, &value, sizeof(value));
}

static int count_input(struct tty *tty, uint64_t argument)
{
	spin_lock(&tty->lock);
	int bytes = (int)line_input_bytes(&tty->line);
	spin_unlock(&tty->lock);
	return put_int(argument, bytes);
}

static int flush(struct tty *tty, uint64_t queue)
{
	int error = tty_check_foreground(tty, SIGTTOU);

	if (error)
		return error;
	if (queue != TCIFLUSH && queue != TCOFLUSH && queue != TCIOFLUSH)
		return -EINVAL;
	if (queue == TCOFLUSH)
		return 0;
	spin_lock(&tty->lock);
	line_flush(&tty->line);
	spin_unlock(&tty->lock);
	tty_output_room(tty);
	return 0;
}

/* A control character to the other side. */
static void send_key(struct tty *tty, unsigned index)
{
	spin_lock(&tty->lock);
	char key = (char)tty->line.settings.c_cc[index];
	if (key && tty->driver->room(tty))
		tty->driver->write(tty, &key, 1);
	spin_unlock(&tty->lock);
	if (tty->driver->wake)
		tty->driver->wake(tty);
}

static int control_flow(struct tty *tty, uint64_t action)
{
	int error = tty_check_foreground(tty, SIGTTOU);

	if (error)
		return error;
	switch (action) {
	case TCOOFF:
	case TCOON:
		spin_lock(&tty->lock);
		tty->line.stopped_by_ioctl = action == TCOOFF;
		if (action == TCOON)
			tty->line.stopped = false;
		spin_unlock(&tty->lock);
		if (action == TCOON)
			tty_output_room(tty);
		return 0;
	case TCIOFF:
		send_key(tty, VSTOP);
		return 0;
	case TCION:
		send_key(tty, VSTART);
		return 0;
	default:
		return -EINVAL;
	}
}

static int set_exclusive(struct tty *tty, bool on)
{
	spin_lock(&tty->lock);
	tty->exclusive = on;
	spin_unlock(&tty->lock);
	return 0;
}

/* There is one line discipline. */
static int set_discipline(struct tty *tty, uint64_t argument)
{
	int number;
	int error = tty_check_foreground(tty, SIGTTOU);

	if (error)
		return error;
	if (copy_from_user(&number, argument, sizeof(number)))
		return -EFAULT;
	return number == N_TTY ? 0 : -EINVAL;
}

int tty_ioctl(struct tty *tty, bool master, const struct file *file, unsigned command,
	      uint64_t argument)
{
	bool known = true;
	int result = settings_ioctl(tty, command, argument, &known);

	if (!known)
		result = tty_session_ioctl(tty, master, file, command, argument, &known);
	if (known)
		return result;
	switch (command) {
	case TIOCGWINSZ:
		return get_window(tty, argument);
	case TIOCSWINSZ:
		return set_window(tty, argument);
	case FIONREAD: /* TIOCINQ */
		return count_input(tty, argument);
	case TIOCOUTQ:
		return put_int(argument, 0);
	case TCFLSH:
		return flush(tty, argument);
	case TCXONC:
		return control_flow(tty, argument);
	case TCSBRK: /* tcdrain: see set_settings; a break, which nobody hears */
	case TCSBRKP:
		return tty_check_foreground(tty, SIGTTOU);
	case TIOCEXCL:
	case TIOCNXCL:
		return set_exclusive(tty, command == TIOCEXCL);
	case TIOCGEXCL:
		return put_int(argument, tty->exclusive);
	case TIOCGETD:
		return put_int(argument, N_TTY);
	case TIOCSETD:
		return set_discipline(tty, argument);
	case TIOCSTI: /* as Linux without legacy_tiocsti */
		return -EIO;
	default:
		return -ENOTTY;
	}
}
