/* console_file.h: the console as a terminal: the screen and the serial port, and what is typed at
 * keyboards and there. /dev/tty1 is that terminal, and /dev/ttyS0 where there is a serial port;
 * /dev/console too, but it never controls a session. */
#ifndef FS_CONSOLE_FILE_H
#define FS_CONSOLE_FILE_H

#include "lib/types.h"

struct file;

/* Listen to the serial port and keyboards, and make the devices. After initrd_init. */
void console_file_init(void);
/* Before a program has the screen: wait a moment for keyboards on USB, and say so if there is no
 * keyboard at all. A thread's. Does nothing where there is no screen. */
void console_file_await_keyboard(void);

/* An open file on /dev/console. -ENOMEM. */
NODISCARD int console_file_open(unsigned flags, struct file **out);

#endif
