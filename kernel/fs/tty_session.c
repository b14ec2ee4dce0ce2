/*
 * tty_session.c: see tty.h: which session a terminal controls, and who may use it
 * (credentials(7), tcsetpgrp(3)).
 */
#include <asm/fcntl.h>
#include <linux/major.h>
#include <linux/signal.h>

#include "debug/assert.h"
#include "fs/devices.h"
#include "fs/file.h"
#include "fs/tty.h"
#include "lib/errno.h"
#include "vm/user_copy.h"

#define TTY_MINOR 0u /* of TTYAUX_MAJOR: /dev/tty */

struct spinlock tty_session_lock = SPINLOCK_INIT(RANK_SESSION);
/* tty_session_lock: every terminal. */
static struct list_node ttys = {&ttys, &ttys};

/* Set once, at boot. */
static const struct tty_processes *processes;

void tty_set_processes(const struct tty_processes *table)
{
	processes = table;
}

const struct tty_processes *tty_processes(void)
{
	return processes;
}

void tty_list(struct tty *tty)
{
	spin_lock(&tty_session_lock);
	tty->count = 1;
	list_push_back(&ttys, &tty->all);
	spin_unlock(&tty_session_lock);
}

void tty_get(struct tty *tty)
{
	spin_lock(&tty_session_lock);
	assert(tty->count);
	tty->count++;
	spin_unlock(&tty_session_lock);
}

void tty_put(struct tty *tty)
{
	spin_lock(&tty_session_lock);
	assert(tty->count);
	bool last = --tty->count == 0;
	if (last)
		list_remove(&tty->all);
	spin_unlock(&tty_session_lock);
	if (last)
		tty->driver->free(tty);
}

static struct tty *find_locked(int session)
{
	list_for_each (node, &ttys) {
		struct tty *tty = container_of(node, struct tty, all);
		if (session && tty->session == session)
			return tty;
	}
	return NULL;
}

void tty_of_session(int session, uint64_t *number, int *group)
{
	spin_lock(&tty_session_lock);
	const struct tty *tty = find_locked(session);
	*number = tty ? tty->number : 0;
	*group = tty ? tty->group : -1;
	spin_unlock(&tty_session_lock);
}

static void get_session(struct tty *tty, int *session, int *group)
{
	spin_lock(&tty_session_lock);
	*session = tty->session;
	*group = tty->group;
	spin_unlock(&tty_session_lock);
}

bool tty_is_own(struct tty *tty)
{
	int session, group;

	get_session(tty, &session, &group);
	return session && session == processes->own_session();
}

void tty_signal_foreground(struct tty *tty, int signal)
{
	int session, group;

	get_session(tty, &session, &group);
	if (group)
		processes->signal_group(group, signal);
}

int tty_check_foreground(struct tty *tty, int signal)
{
	int session, group, own = processes->own_group();

	get_session(tty, &session, &group);
	if (!session || session != processes->own_session() || !group || group == own)
		return 0;
	if (processes->disregards(signal))
		return signal == SIGTTIN ? -EIO : 0;
	if (processes->is_orphaned(own))
		return -EIO;
	processes->signal_group(own, signal);
	return -EINTR;
}

int tty_leave_session(struct tty *tty, int *group)
{
	spin_lock(&tty_session_lock);
	int session = tty->session;
	*group = tty->group;
	tty->session = tty->group = 0;
	spin_unlock(&tty_session_lock);
	return session;
}

/* steal: from the session that has it. -EPERM. */
static int set_controlling(struct tty *tty, bool steal)
{
	int session = processes->own_session(), group = processes->own_group(), error = 0;
	bool leads = processes->leads_session();

	spin_lock(&tty_session_lock);
	if (!leads ||
	    (tty->session != session && (find_locked(session) || (tty->session && !steal)))) {
		error = -EPERM;
	} else if (tty->session != session) {
		tty->session = session;
		tty->group = group;
	}
	spin_unlock(&tty_session_lock);
	return error;
}

void tty_adopt(struct tty *tty)
{
	/* It need not: open(2) succeeds without. */
	(void)set_controlling(tty, false);
}

void tty_give(struct tty *tty, int session)
{
	spin_lock(&tty_session_lock);
	tty->session = tty->group = session;
	spin_unlock(&tty_session_lock);
}

static struct tty *get_of_session(int session)
{
	spin_lock(&tty_session_lock);
	struct tty *tty = find_locked(session);
	if (tty)
		tty->count++;
	spin_unlock(&tty_session_lock);
	return tty;
}

bool tty_session_ends(int session)
{
	struct tty *tty = get_of_session(session);
	int group;

	if (!tty)
		return false;
	(void)tty_leave_session(tty, &group);
	if (!tty->driver->is_pty)
		tty_end_files(tty);
	if (group)
		processes->signal_group(group, SIGHUP);
	tty_put(tty);
	return true;
}

/* ---- ioctl ---- */

static int put_int(uint64_t argument, int value)
{
	return copy_to_user(argument, &value, sizeof(value));
}

static int set_foreground(struct tty *tty, uint64_t argument)
{
	int group, session = processes->own_session();

	int error = tty_check_foreground(tty, SIGTTOU);
	if (error)
		return error == -EIO ? -ENOTTY : error;
	if (!tty_is_own(tty))
		return -ENOTTY;
	if (copy_from_user(&group, argument, sizeof(group)))
		return -EFAULT;
	if (group < 0)
		return -EINVAL;
	int found = processes->session_of(group);
	if (!found)
		return -ESRCH;
	if (found != session)
		return -EPERM;
	spin_lock(&tty_session_lock);
	bool own = tty->session == session;
	if (own)
		tty->group = group;
	spin_unlock(&tty_session_lock);
	return own ? 0 : -ENOTTY;
}

/* The whole session lets go of it, if its leader asks. For another process it changes nothing: the
 * terminal is the session's. */
static int give_up(struct tty *tty)
{
	int group;

	if (!tty_is_own(tty))
		return -ENOTTY;
	if (!processes->leads_session())
		return 0;
	(void)tty_leave_session(tty, &group);
	if (group) {
		processes->signal_group(group, SIGHUP);
		processes->signal_group(group, SIGCONT);
	}
	return 0;
}

int tty_session_ioctl(struct tty *tty, bool master, const struct file *file, unsigned command,
		      uint64_t argument, bool *known)
{
	int session, group;

	*known = true;
	get_session(tty, &session, &group);
	switch (command) {
	case TIOCSCTTY:
		if (master)
			return -EIO;
		return set_controlling(tty, argument == 1);
	case TIOCNOTTY:
		return master ? -ENOTTY : give_up(tty);
	case TIOCGPGRP:
		if (!master && !tty_is_own(tty))
			return -ENOTTY;
		return put_int(argument, group);
	case TIOCSPGRP:
		return master ? -ENOTTY : set_foreground(tty, argument);
	case TIOCGSID:
		if ((!master && !tty_is_own(tty)) || !session)
			return -ENOTTY;
		return put_int(argument, session);
	default:
		*known = false;
		return -ENOTTY;
	}
}

/* ---- /dev/tty ---- */

static int open_own(struct inode *inode, unsigned flags, struct file **out)
{
	struct tty *tty = get_of_session(processes->own_session());

	if (!tty)
		return -ENXIO;
	int error = tty_open(tty, inode, flags | O_NOCTTY, TTY_PLAIN, out);
	tty_put(tty);
	return error;
}

void tty_session_init(void)
{
	device_add("/dev/tty", 0666, device_number(TTYAUX_MAJOR, TTY_MINOR), open_own);
}
