/* host_name.c: see host_name.h. */
#include "fs/host_name.h"

#include "debug/assert.h"
#include "lib/string.h"
#include "sync/spinlock.h"

static struct spinlock name_lock = SPINLOCK_INIT(RANK_EVENTS);
/* Guarded by name_lock. */
static char names[][HOST_NAME_BYTES] = {[HOST_NAME] = "quire", [HOST_DOMAIN] = "(none)"};

void host_name_get(enum host_name which, char to[HOST_NAME_BYTES])
{
	spin_lock(&name_lock);
	memcpy(to, names[which], HOST_NAME_BYTES);
	spin_unlock(&name_lock);
}

void host_name_set(enum host_name which, const char *name, size_t length)
{
	assert(length < HOST_NAME_BYTES);
	spin_lock(&name_lock);
	memset(names[which], 0, HOST_NAME_BYTES);
	memcpy(names[which], name, length);
	spin_unlock(&name_lock);
}
