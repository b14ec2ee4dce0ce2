/*
 * fault_stream.c: see fault_stream.h.
 *
 * A program that fills its memory faults some 100,000 times a second, and the channel is a serial
 * port. So a fault is written as what has changed since the last one: its page is the next page,
 * its instruction the same. That takes 5 to 8 bytes instead of 40.
 *
 * The time that sending takes is taken out of the times that are told: the host sees when things
 * would have happened without it.
 */
#include "proc/fault_stream.h"

#include <arch/time.h>
#include <arch/trap.h>
#include <arch/user.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "dev/host_channel.h"
#include "fs/inode.h"
#include "fs/proc_memory.h"
#include "lib/options.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/process.h"
#include "proc/thread.h"
#include "sync/spinlock.h"
#include "vm/peek.h"
#include "vm/print.h"
#include "vm/region.h"
#include "vm/trace.h"

/* The first byte of a record: one of these, or a fault's kind with flags. */
#define RECORD_REGION 0x80u
#define RECORD_FORK   0x81u
#define RECORD_EXEC   0x82u
#define RECORD_EXIT   0x83u
#define RECORD_TEXT   0x84u

#define FAULT_SAME_WHO    0x10u /* space and process are those of the last fault */
#define FAULT_SAME_REGION 0x20u
#define FAULT_BY_KERNEL   0x40u /* on behalf of a system call */
_Static_assert(FAULT_KINDS <= FAULT_SAME_WHO, "a kind has four bits");

/* What a text is. */
enum { TEXT_BEFORE, TEXT_AFTER, TEXT_COUNTS };

#define RECORD_BYTES   1024u /* at most, a string's rest is cut off */
#define STRING_BYTES   400u
#define PIECE_BYTES    256u
/* Of all that is told about pages: then no more is begun. A run of hundreds of processes would
 * otherwise spend its time on that, and nobody could look at it. */
#define TEXT_BYTES_MAX (1 * MIB)
#define REGION_SLOTS   64u /* a power of two */
#define NO_REGION      0xffu

/* A region that the host knows by the number of its slot. */
struct known_region {
	uint64_t serial; /* of its space; 0: none */
	uint8_t prot;
	uint16_t flags;
	vaddr_t start, end;
	const struct vm_object *object;
};

/* The last fault that was written. */
struct last_fault {
	uint64_t serial;
	int id, pid;
	uint8_t slot;
	uint64_t time;
	uint64_t page, pc, frame;
};

/* Set once, at boot. */
static bool on;
static struct spinlock stream_lock = SPINLOCK_INIT(RANK_CHANNEL);
/* (stream_lock) what the host has not got yet; `spent`: nanoseconds that sending took. `text` may
 * be read without. */
static struct {
	uint8_t bytes[HOST_CHANNEL_MAX];
	size_t used;
	uint64_t spent;
	uint64_t text; /* bytes of texts so far */
	struct last_fault last;
	struct known_region regions[REGION_SLOTS];
} stream;

/* ---- writing; all under the lock ---- */

static void send_locked(void)
{
	uint64_t before = time_now();

	host_channel_write('F', stream.bytes, stream.used);
	stream.used = 0;
	stream.spent += time_now() - before;
}

/* Begin a record: from here on there is room for RECORD_BYTES. */
static void begin_locked(uint8_t type)
{
	assert(spin_held(&stream_lock));
	if (stream.used + RECORD_BYTES > sizeof(stream.bytes))
		send_locked();
	stream.bytes[stream.used++] = type;
}

/* Little endian, seven bits a byte, the top bit says that there are more (LEB128). */
static void put_number(uint64_t number)
{
	for (; number >= 0x80; number >>= 7)
		stream.bytes[stream.used++] = (uint8_t)(number | 0x80);
	stream.bytes[stream.used++] = (uint8_t)number;
}

/* How far `now` is from `before`, small numbers for both directions: 0, -1, 1, -2, ... */
static void put_change(uint64_t now, uint64_t before)
{
	int64_t change = (int64_t)(now - before);

	put_number(((uint64_t)change << 1) ^ (uint64_t)(change >> 63));
}

static void put_bytes(const char *bytes, size_t length)
{
	size_t part = MIN(length, STRING_BYTES);

	put_number(part);
	memcpy(stream.bytes + stream.used, bytes, part);
	stream.used += part;
}

static void put_string(const char *string)
{
	put_bytes(string, strlen(string));
}

static void put_time(uint64_t time)
{
	put_number(time - stream.spent);
}

/* ---- faults ---- */

static const struct vm_region *region_of(const struct vm_space *space, vaddr_t va)
{
	const struct vm_region *region = region_at_or_after(space, va);

	if (!region || (region->start > va && !(region->flags & REGION_GROWS_DOWN)))
		return NULL;
	return region;
}

/* Tell the host of a region that it does not know, or not as it is now; its slot. */
static uint8_t know_region_locked(const struct vm_space *space, const struct vm_region *region)
{
	if (!region)
		return NO_REGION;
	unsigned slot = (unsigned)((region->end >> PAGE_SHIFT) ^ space->serial) % REGION_SLOTS;
	struct known_region *known = &stream.regions[slot];
	if (known->serial == space->serial && known->start == region->start &&
	    known->end == region->end && known->prot == region->prot &&
	    known->flags == region->flags && known->object == region->object)
		return (uint8_t)slot;
	*known = (struct known_region){space->serial, region->prot, region->flags,
				       region->start, region->end,  region->object};
	const struct inode *inode = region->object ? inode_of_object(region->object) : NULL;
	begin_locked(RECORD_REGION);
	put_number(slot);
	put_number(space->serial);
	put_number(region->start >> PAGE_SHIFT);
	put_number(region->end >> PAGE_SHIFT);
	put_number(region->prot);
	put_number(region->flags);
	put_number(inode ? inode->number : 0);
	put_string(region->name ? region->name : "");
	return (uint8_t)slot;
}

static void write_fault_locked(const struct vm_space *space, const struct vm_fault_event *event,
			       struct last_fault now, bool by_kernel)
{
	const struct last_fault *last = &stream.last;
	bool same_who = now.serial == last->serial && now.id == last->id && now.pid == last->pid;
	bool same_region = now.slot == last->slot;

	begin_locked((uint8_t)(event->kind | (same_who ? FAULT_SAME_WHO : 0) |
			       (same_region ? FAULT_SAME_REGION : 0) |
			       (by_kernel ? FAULT_BY_KERNEL : 0)));
	if (!same_who) {
		put_number(now.serial);
		put_number((uint64_t)now.id);
		put_number((uint64_t)now.pid);
	}
	if (!same_region)
		put_number(now.slot);
	put_change(now.time, last->time);
	put_change(now.page, last->page);
	put_number(event->va & (PAGE_SIZE - 1));
	put_change(now.pc, last->pc);
	put_change(now.frame, last->frame);
	stream.last = now;
}

/* vm/trace.h: space->lock is held. */
static void hear_fault(const struct vm_space *space, const struct vm_fault_event *event)
{
	struct thread *thread = current_thread();
	const struct trap_frame *frame = NULL;

	if (thread->process != &kernel_process)
		frame = arch_thread_user_frame(&thread->arch);
	const struct vm_region *region = region_of(space, event->va);
	spin_lock(&stream_lock);
	/* Under the lock: it may have been waited for while another CPU was sending. */
	uint64_t time = time_now() - stream.spent;
	struct last_fault now = {
		.serial = space->serial,
		.id = space->id,
		.pid = thread->process->pid,
		.time = time,
		.slot = know_region_locked(space, region),
		.page = event->va >> PAGE_SHIFT,
		.pc = frame ? trap_pc(frame) : 0,
		.frame = event->pa >> PAGE_SHIFT,
	};
	write_fault_locked(space, event, now, !frame || trap_is_syscall(frame));
	spin_unlock(&stream_lock);
}

/* ---- processes ---- */

/* A text about a space, in pieces. */
struct told_text {
	struct text_sink sink;
	uint64_t serial;
	uint8_t what;
	char last; /* character */
	size_t used;
	char piece[PIECE_BYTES];
};

static void tell_piece(struct told_text *text)
{
	if (!text->used)
		return;
	spin_lock(&stream_lock);
	begin_locked(RECORD_TEXT);
	put_number(text->serial);
	put_number(text->what);
	put_bytes(text->piece, text->used);
	__atomic_store_n(&stream.text, stream.text + text->used, __ATOMIC_RELAXED);
	spin_unlock(&stream_lock);
	text->used = 0;
}

/* Columns are for people: of several spaces one is told. */
static void put_text(struct text_sink *sink, const char *from, size_t bytes)
{
	struct told_text *text = container_of(sink, struct told_text, sink);

	for (; bytes; from++, bytes--) {
		if (*from == ' ' && text->last == ' ')
			continue;
		text->last = *from;
		text->piece[text->used++] = *from;
		if (text->used == sizeof(text->piece))
			tell_piece(text);
	}
}

static void tell_pages(struct vm_space *space, uint8_t what)
{
	struct told_text text = {.sink = {put_text}, .serial = space->serial, .what = what};

	if (__atomic_load_n(&stream.text, __ATOMIC_RELAXED) > TEXT_BYTES_MAX)
		return;
	if (proc_print_pages(space, &text.sink))
		log_warning("faults=host: no memory to tell what pages process %d has", space->id);
	tell_piece(&text);
}

void fault_stream_fork(const struct process *parent, const struct process *child,
		       struct vm_space *space)
{
	if (!on)
		return;
	spin_lock(&stream_lock);
	begin_locked(RECORD_FORK);
	put_time(time_now());
	put_number((uint64_t)parent->pid);
	put_number((uint64_t)child->pid);
	put_number(space->serial);
	put_string(child->name);
	spin_unlock(&stream_lock);
	if (space->id == child->pid && parent->pid)
		tell_pages(space, TEXT_BEFORE);
}

/* What the program was called with, as far as there is room: NUL-terminated strings. */
static size_t read_arguments(const struct process *process, char *to, size_t size)
{
	const struct process_layout *layout = process->layout;
	size_t bytes = MIN(layout->arguments_end - layout->arguments_start, size);

	rw_lock_exclusive(&process->space->lock);
	vm_peek_locked(process->space, to, layout->arguments_start, bytes);
	rw_unlock_exclusive(&process->space->lock);
	return bytes;
}

void fault_stream_exec(const struct process *process)
{
	char arguments[PIECE_BYTES];

	if (!on)
		return;
	char *path = kmalloc(PATH_BYTES_MAX);
	size_t bytes = read_arguments(process, arguments, sizeof(arguments));
	if (!path || inode_path(process->executable, path, PATH_BYTES_MAX) < 0) {
		kfree(path);
		path = NULL;
	}
	spin_lock(&stream_lock);
	begin_locked(RECORD_EXEC);
	put_time(time_now());
	put_number((uint64_t)process->pid);
	put_number(process->space->serial);
	put_string(process->name);
	put_string(path ? path : "");
	put_bytes(arguments, bytes);
	spin_unlock(&stream_lock);
	kfree(path);
	tell_pages(process->space, TEXT_BEFORE);
}

void fault_stream_leave(struct vm_space *space)
{
	if (!on || __atomic_load_n(&space->users, __ATOMIC_RELAXED) > 1)
		return;
	struct told_text text = {.sink = {put_text}, .serial = space->serial, .what = TEXT_COUNTS};
	tell_pages(space, TEXT_AFTER);
	rw_lock_exclusive(&space->lock);
	vm_print_faults_locked(space, &text.sink);
	rw_unlock_exclusive(&space->lock);
	tell_piece(&text);
}

void fault_stream_exit(const struct process *process)
{
	if (!on)
		return;
	spin_lock(&stream_lock);
	begin_locked(RECORD_EXIT);
	put_time(time_now());
	put_number((uint64_t)process->pid);
	put_number((uint64_t)process->status);
	spin_unlock(&stream_lock);
}

void fault_stream_finish(void)
{
	if (!on)
		return;
	spin_lock(&stream_lock);
	send_locked();
	spin_unlock(&stream_lock);
}

void fault_stream_init(bool has_host)
{
	const char *where = option("faults");

	if (!where)
		return;
	if (strcmp(where, "host") != 0 || !has_host) {
		log_error("faults=%s: it goes to a host, with stdio=host, or nowhere", where);
		return;
	}
	on = true;
	vm_trace_set_listener(hear_fault);
	vm_trace_set(true);
}
