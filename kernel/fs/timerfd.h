/* timerfd.h: timerfd_create(2): a timer that is a file. */
#ifndef FS_TIMERFD_H
#define FS_TIMERFD_H

#include "lib/types.h"

struct file;

struct timerfd_setting {
	uint64_t deadline; /* set: time_now() of the first end; got: nanoseconds till the next one;
			      0: it is not set */
	uint64_t interval; /* nanoseconds from one end to the next; 0: there is but one */
};

/* clock: the one it was made for. flags: O_NONBLOCK counts. -ENOMEM. */
NODISCARD int timerfd_create(int clock, unsigned flags, struct file **out);
bool file_is_timerfd(const struct file *file);
int timerfd_clock(const struct file *file);
/* *old, which may be NULL, becomes what timerfd_get would have told. */
void timerfd_set(struct file *file, const struct timerfd_setting *setting,
		 struct timerfd_setting *old);
void timerfd_get(struct file *file, struct timerfd_setting *out);

#endif
