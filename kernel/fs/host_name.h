/* host_name.h: what the machine calls itself: sethostname(2), uname(2), /proc/sys/kernel. */
#ifndef FS_HOST_NAME_H
#define FS_HOST_NAME_H

#include "lib/types.h"

#define HOST_NAME_BYTES 65 /* with the NUL: __NEW_UTS_LEN and one */

enum host_name { HOST_NAME, HOST_DOMAIN };

void host_name_get(enum host_name which, char to[HOST_NAME_BYTES]);
/* length < HOST_NAME_BYTES. */
void host_name_set(enum host_name which, const char *name, size_t length);

#endif
