/* test_pages.c: what each page of a space is, as /proc/<pid>/pages tells it; and who hears of all
 * faults. */
#include <linux/mman.h>

#include "lib/text.h"
#include "space_support.h"
#include "vm/peek.h"
#include "vm/print.h"
#include "vm/table.h"
#include "vm/trace.h"

#define TEXT_BYTES 65536u
#define PAGES_MAX  2048u

static char text[TEXT_BYTES];

/* What the text says, page by page. */
static char letters[PAGES_MAX + 1];
static pfn_t frames[PAGES_MAX];

static uint64_t number(const char **at, unsigned base)
{
	uint64_t value = 0;

	for (;; (*at)++) {
		unsigned digit = **at >= '0' && **at <= '9'   ? (unsigned)(**at - '0')
				 : **at >= 'a' && **at <= 'f' ? (unsigned)(**at - 'a') + 10
							      : base;
		if (digit >= base)
			return value;
		value = value * base + digit;
	}
}

static const char *parse_run(const char *at, unsigned *page)
{
	char letter = at[1];
	int step = 0;
	pfn_t frame = 0;

	EXPECT_EQ(at[0], ' ');
	at += 2;
	uint64_t pages = number(&at, 10);
	EXPECT(pages > 0 && *page + pages <= PAGES_MAX);
	if (*at == '@') {
		at++;
		frame = number(&at, 16);
	}
	if (*at == '+' || *at == '-')
		step = *at++ == '+' ? 1 : -1;
	for (; pages > 0; pages--, frame += (pfn_t)(int64_t)step) {
		letters[*page] = letter;
		frames[(*page)++] = frame;
	}
	return at;
}

/* Print and parse; the letters. Where a page is told to be is where it is. */
static const char *pages_of(struct vm_space *space, vaddr_t start, uint64_t pages)
{
	struct text_buffer buffer;
	unsigned page = 0;

	text_buffer_init(&buffer, text, sizeof(text));
	rw_lock_exclusive(&space->lock);
	vm_print_pages_locked(space, start, start + pages * PAGE_SIZE, &buffer.sink);
	rw_unlock_exclusive(&space->lock);
	for (const char *at = text; *at;)
		at = parse_run(at, &page);
	EXPECT_EQ(page, pages);
	letters[page] = '\0';
	for (unsigned i = 0; i < page; i++) {
		rw_lock_exclusive(&space->lock);
		paddr_t pa = vm_physical_locked(space, start + i * PAGE_SIZE);
		rw_unlock_exclusive(&space->lock);
		bool told = letters[i] != 'a' && letters[i] != 'A' && letters[i] != 'z' &&
			    letters[i] != 'Z';
		EXPECT_EQ(frames[i], told ? pa >> PAGE_SHIFT : 0);
	}
	return letters;
}

static bool are(struct vm_space *space, const char *expected)
{
	return !strcmp(pages_of(space, AREA, strlen(expected)), expected);
}

KTEST(pages_tell_what_each_page_is)
{
	struct vm_space *space = fresh_space(), *child;

	map(space, AREA, 8 * PAGE_SIZE, VM_READ | VM_WRITE, 0, NULL);
	EXPECT(are(space, "aaaaaaaa"));
	EXPECT(!strcmp(text, " a8"));
	touch(space, AREA, 3);
	EXPECT_EQ(host_load(space, AREA + 4 * PAGE_SIZE, &(uint64_t){0}), HOST_OK);
	EXPECT(are(space, "pppazaaa"));
	/* Shared through the tables above, which both have. */
	EXPECT_EQ(vm_fork(space, &child), 0);
	EXPECT(are(space, "CCCAZAAA"));
	EXPECT(are(child, "CCCAZAAA"));
	/* The child gets tables of its own, and a page. */
	touch(child, AREA + PAGE_SIZE, 1);
	EXPECT(are(child, "cpcazaaa"));
	EXPECT(are(space, "cpcazaaa"));
	end_space(child);
	EXPECT(are(space, "pppazaaa"));
	end_space(space);
}

KTEST(pages_of_a_part_and_of_nothing)
{
	struct vm_space *space = fresh_space();

	map(space, AREA, 1024 * PAGE_SIZE, VM_READ | VM_WRITE, 0, NULL);
	touch(space, AREA + 510 * PAGE_SIZE, 4);
	EXPECT(!strcmp(pages_of(space, AREA + 509 * PAGE_SIZE, 3), "app"));
	EXPECT(!strcmp(pages_of(space, AREA + 513 * PAGE_SIZE, 2), "pa"));
	EXPECT(!strcmp(pages_of(space, AREA, 0), ""));
	/* However large a range is, what is absent takes one run a table at most. */
	struct text_buffer buffer;
	text_buffer_init(&buffer, text, sizeof(text));
	rw_lock_exclusive(&space->lock);
	vm_print_pages_locked(space, 0, USER_END, &buffer.sink);
	rw_unlock_exclusive(&space->lock);
	EXPECT(buffer.length < 200);
	end_space(space);
}

KTEST(pages_of_large_ones)
{
	struct vm_space *space = fresh_space();

	map(space, HUGE_BYTES, HUGE_BYTES, VM_READ | VM_WRITE, 0, NULL);
	EXPECT_EQ(vm_advise(space, HUGE_BYTES, 2 * HUGE_BYTES, MADV_HUGEPAGE), 0);
	touch(space, HUGE_BYTES, 1);
	EXPECT(!strncmp(pages_of(space, HUGE_BYTES, MMU_ENTRIES), "pppp", 4));
	EXPECT(contains(text, " p512@"));
	/* Cut apart it is still nobody else's, though its block has 512 names. */
	EXPECT_EQ(vm_protect(space, HUGE_BYTES, PAGE_SIZE, VM_READ), 0);
	EXPECT(!strncmp(pages_of(space, HUGE_BYTES, MMU_ENTRIES), "pppp", 4));
	end_space(space);
}

/* ---- the listener ---- */

static uint64_t heard[FAULT_KINDS];
static vaddr_t last_va;
static paddr_t last_pa;

static void hear(const struct vm_space *space, const struct vm_fault_event *event)
{
	EXPECT(rw_held_shared(&space->lock) || rw_held_exclusive(&space->lock));
	heard[event->kind]++;
	last_va = event->va;
	last_pa = event->pa;
}

KTEST(pages_listener_hears_of_all_faults)
{
	struct vm_space *space = fresh_space(), *child;

	memset(heard, 0, sizeof(heard));
	vm_trace_set_listener(hear);
	vm_trace_set(true);
	map(space, AREA, 16 * MIB, VM_READ | VM_WRITE, 0, NULL);
	touch(space, AREA, 2 * VM_TRACE_EVENTS);
	EXPECT_EQ(vm_fork(space, &child), 0);
	touch(child, AREA, 10);
	EXPECT_EQ(last_va, AREA + 9 * PAGE_SIZE);
	rw_lock_exclusive(&child->lock);
	EXPECT_EQ(last_pa, vm_physical_locked(child, AREA + 9 * PAGE_SIZE));
	rw_unlock_exclusive(&child->lock);
	EXPECT(space->serial != child->serial);
	for (unsigned kind = 0; kind < FAULT_KINDS; kind++)
		EXPECT_EQ(heard[kind], space->faults[kind] + child->faults[kind]);
	EXPECT_EQ(heard[FAULT_ZERO_FILL], 2 * VM_TRACE_EVENTS);
	vm_trace_set(false);
	vm_trace_set_listener(NULL);
	end_space(child);
	end_space(space);
}
