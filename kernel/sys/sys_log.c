/* sys_log.c: syslog(2): the kernel's log, to be read again. */
#include "dev/console.h"
#include "lib/errno.h"
#include "mm/slab.h"
#include "sys/syscall.h"
#include "vm/user_copy.h"

/* What syslog(2) can be asked for; no header has these. */
enum {
	LOG_CLOSE,
	LOG_OPEN,
	LOG_READ,
	LOG_READ_ALL,
	LOG_READ_CLEAR,
	LOG_CLEAR,
	LOG_CONSOLE_OFF,
	LOG_CONSOLE_ON,
	LOG_CONSOLE_LEVEL,
	LOG_SIZE_UNREAD,
	LOG_SIZE_BUFFER,
};

/* Changed atomically: up to where the log was cleared, and up to where it was read. */
static uint64_t cleared, read_up_to;

/* The log from *from on, the last `bytes` of it if `last`, else the first; *from is moved behind.
 */
static int64_t give(uint64_t *from, vaddr_t to, int bytes, bool last)
{
	if (bytes < 0 || !to)
		return -EINVAL;
	if (!bytes)
		return 0;
	char *text = kmalloc(CONSOLE_HISTORY_BYTES);
	if (!text)
		return -ENOMEM;
	uint64_t at = __atomic_load_n(from, __ATOMIC_RELAXED);
	size_t length = console_history(&at, text, CONSOLE_HISTORY_BYTES);
	size_t part = MIN(length, (size_t)bytes), start = last ? length - part : 0;
	int64_t result = copy_to_user(to, text + start, part);
	if (!result)
		__atomic_store_n(from, at - (length - start - part), __ATOMIC_RELAXED);
	kfree(text);
	return result ? result : (int64_t)part;
}

static int64_t count_unread(void)
{
	uint64_t at = __atomic_load_n(&read_up_to, __ATOMIC_RELAXED);

	return (int64_t)console_history(&at, NULL, CONSOLE_HISTORY_BYTES);
}

int64_t sys_syslog(const struct syscall *call)
{
	int bytes = arg_int(call, 2);
	uint64_t at = __atomic_load_n(&cleared, __ATOMIC_RELAXED);

	switch (arg_int(call, 0)) {
	case LOG_CLOSE:
	case LOG_OPEN:
	case LOG_CONSOLE_OFF:
	case LOG_CONSOLE_ON:
		return 0;
	case LOG_CONSOLE_LEVEL:
		return bytes < 1 || bytes > 8 ? -EINVAL : 0;
	case LOG_READ: /* what is new; it does not wait for more */
		return give(&read_up_to, call->a[1], bytes, false);
	case LOG_READ_ALL:
		return give(&at, call->a[1], bytes, true);
	case LOG_READ_CLEAR:
		return give(&cleared, call->a[1], bytes, true);
	case LOG_CLEAR:
		console_history(&at, NULL, CONSOLE_HISTORY_BYTES);
		__atomic_store_n(&cleared, at, __ATOMIC_RELAXED);
		return 0;
	case LOG_SIZE_UNREAD:
		return count_unread();
	case LOG_SIZE_BUFFER:
		return CONSOLE_HISTORY_BYTES;
	default:
		return -EINVAL;
	}
}
