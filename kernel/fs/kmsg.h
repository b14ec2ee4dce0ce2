/* kmsg.h: /dev/kmsg. */
#ifndef FS_KMSG_H
#define FS_KMSG_H

/* Make the device's file. With devices_init(). */
void kmsg_init(void);

#endif
