/* console_file.h: the console as a terminal: the log's screens and serial port, and COM1's keys.
 * /dev/ttyS0 is that terminal; /dev/console too, but it never controls a session. */
#ifndef FS_CONSOLE_FILE_H
#define FS_CONSOLE_FILE_H

#include "lib/types.h"

struct file;

/* Listen to COM1 and make the devices. After initrd_init. */
void console_file_init(void);

/* An open file on /dev/console. -ENOMEM. */
NODISCARD int console_file_open(unsigned flags, struct file **out);

#endif
