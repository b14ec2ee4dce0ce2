/* signal_file.h: signalfd(2): a file that is read to take the signals that are pending for the
 * reader. */
#ifndef PROC_SIGNAL_FILE_H
#define PROC_SIGNAL_FILE_H

#include "lib/types.h"

struct file;

void signal_file_init(void);

/* For signals of `mask`. flags: O_NONBLOCK counts. -ENOMEM. */
NODISCARD int signal_file_create(uint64_t mask, unsigned flags, struct file **out);
/* For other signals from now on. -EINVAL: it is another kind of file. */
NODISCARD int signal_file_set(struct file *file, uint64_t mask);

/* A signal was made pending for somebody. */
void signal_file_wake(void);

#endif
