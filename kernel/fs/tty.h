/*
 * tty.h: terminals: a line discipline with a device at one end, and with open files and sessions at
 * the other (tty(4), ioctl_tty(2), credentials(7)). The serial console, the host's terminal and
 * each pseudo terminal is one.
 *
 * A terminal controls at most one session, and a session has at most one terminal; the terminal
 * remembers which, so the processes of a session need no field of their own.
 *
 * A hang-up ends the use of all files that are open on a terminal: `hangups` counts them, and a
 * file remembers the count that it was opened at.
 *
 * Lock letters: (l) tty->lock, RANK_TTY; (s) tty_session_lock, RANK_SESSION; (i) set at creation.
 */
#ifndef FS_TTY_H
#define FS_TTY_H

#include <asm/termios.h>
#include "fs/io.h"
#include "fs/line_discipline.h"
#include "lib/list.h"
#include "sync/spinlock.h"
#include "sync/wait_queue.h"

struct file;
struct inode;
struct tty;

/* What differs between devices. What is called under tty->lock may be called in an interrupt. */
struct tty_driver {
	/* Under the lock: bytes that `write` takes now. */
	size_t (*room)(struct tty *tty);
	/* Under the lock: to the screen, at most that many. */
	void (*write)(struct tty *tty, const char *bytes, size_t count);
	/* Something was written, there is room to type again, or `opened` was told. No lock. May be
	 * NULL. */
	void (*wake)(struct tty *tty);
	/* Somebody looks for input, before he sleeps and whenever he is woken: that it is to come.
	 * No lock. May be NULL. */
	void (*want)(struct tty *tty);
	/* Under the lock, so that nobody sees that file before: the first file is opened, or the
	 * last one closed. `wake` follows. May be NULL. */
	void (*opened)(struct tty *tty, bool open);
	/* The window has another size. No lock. May be NULL. */
	void (*resized)(struct tty *tty, const struct winsize *window);
	/* Nobody has it any more. NULL: that never happens. */
	void (*free)(struct tty *tty);
	bool is_pty;
};

struct tty {
	const struct tty_driver *driver; /* (i) */
	uint64_t number;                 /* (i) st_rdev */
	struct spinlock lock;
	struct line_discipline line; /* (l) */
	struct winsize window;       /* (l) columns and rows 0: not known */
	uint32_t hangups;            /* (l) ever */
	uint32_t files;              /* (l) that are open and were not hung up */
	bool gone;                   /* (l) the other side of a pseudo terminal is closed */
	bool exclusive;              /* (l) TIOCEXCL; root may open it all the same */
	struct wait_queue queue;     /* input, room for output, or a hang-up */
	int session, group;          /* (s) 0: none. The group in the foreground */
	uint32_t count;              /* (s) references: open files, and the device's own */
	struct list_node all;        /* (s) in the list of all terminals */
};

/* A terminal with fresh settings and one reference. The memory is zero before. */
void tty_init(struct tty *tty, const struct tty_driver *driver, uint64_t number);
void tty_get(struct tty *tty);
void tty_put(struct tty *tty);

/* Bytes from the keyboard, in any context, without locks. How many there was room for; keys that
 * send signals send them. */
size_t tty_receive(struct tty *tty, const char *bytes, size_t count);
/* Output may have room again: show the echo that waits, and wake writers. No locks. */
void tty_output_room(struct tty *tty);
/* The line is down: files become useless, the session loses its terminal and its leader gets
 * SIGHUP. No locks. */
void tty_hangup(struct tty *tty);
/* The part of it that is not about processes. */
void tty_end_files(struct tty *tty);
/* Another size; the foreground gets SIGWINCH if it is one. Any context. */
void tty_set_window(struct tty *tty, const struct winsize *window);

/* How a file is opened on a terminal. */
enum tty_open_kind {
	TTY_PLAIN,   /* it may become the controlling terminal */
	TTY_CONSOLE, /* /dev/console: never that, never held back, and it survives a hang-up */
};
/* An open file, with a reference of its own. -ENOMEM. */
NODISCARD int tty_open(struct tty *tty, struct inode *inode, unsigned flags,
		       enum tty_open_kind kind, struct file **out);

/* ---- sessions (tty_session.c) ---- */

/* Into the list of all; tty_init does it. */
void tty_list(struct tty *tty);

/* What terminals ask of processes; "own" is the calling process. Any context but under locks. */
struct tty_processes {
	int (*own_session)(void);
	int (*own_group)(void);
	bool (*leads_session)(void);
	/* Does it ignore or block the signal? */
	bool (*disregards)(int signal);
	bool (*is_orphaned)(int group); /* nobody could continue it, if it were stopped */
	/* The session of a group; 0: there is no such group. */
	int (*session_of)(int group);
	void (*signal_group)(int group, int signal);
	/* SIGHUP and SIGCONT to the session's leader; when that ends, to the group, too. */
	void (*hang_up)(int session, int group);
	/* Ctrl-Alt-Del was pressed: the machine restarts, or process 1 is told. */
	void (*restart)(void);
};
void tty_set_processes(const struct tty_processes *processes); /* at boot; it stays */
const struct tty_processes *tty_processes(void);

extern struct spinlock tty_session_lock;

/* A signal to the foreground. Any context, no locks. */
void tty_signal_foreground(struct tty *tty, int signal);
/* May the caller, with its terminal, do what is the foreground's? 0; or it has got `signal`, and
 * the call is to be made again: -EINTR; -EIO if the signal could not stop it. */
NODISCARD int tty_check_foreground(struct tty *tty, int signal);
/* Is it the caller's controlling terminal? */
bool tty_is_own(struct tty *tty);
/* The caller opened it: it becomes the controlling terminal if it can. */
void tty_adopt(struct tty *tty);
/* It controls that session, whose leader's group is in the foreground. */
void tty_give(struct tty *tty, int session);
/* Nobody's controlling terminal any more; the session that it was, or 0, and its foreground. */
int tty_leave_session(struct tty *tty, int *group);
/* The leader of `session` ends: the session loses its terminal, and the foreground gets SIGHUP. One
 * that is no pseudo terminal hangs up. False: it has none. */
bool tty_session_ends(int session);
/* The number of the session's terminal and its foreground group, for /proc; 0 and -1: none. */
void tty_of_session(int session, uint64_t *number, int *group);
/* The ioctls about sessions; *known: it is one of them. master: asked at that side. */
NODISCARD int tty_session_ioctl(struct tty *tty, bool master, const struct file *file,
				unsigned command, uint64_t argument, bool *known);

/* /dev/tty. After devices_init. */
void tty_session_init(void);

/* ---- ioctl (tty_ioctl.c) ---- */

/* What is asked at either side. -ENOTTY: it is no such request. */
NODISCARD int tty_ioctl(struct tty *tty, bool master, const struct file *file, unsigned command,
			uint64_t argument);

#endif
