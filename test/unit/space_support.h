/* space_support.h: an address space to look at, for the tests of what shows it. */
#ifndef TEST_UNIT_SPACE_SUPPORT_H
#define TEST_UNIT_SPACE_SUPPORT_H

#include "debug/ktest.h"
#include "host.h"
#include "lib/string.h"
#include "vm/object.h"
#include "vm/region.h"

#define FRAMES 20000u
#define AREA   0x600000ull

static inline struct vm_space *fresh_space(void)
{
	struct vm_space *space = NULL;

	host_memory_init(FRAMES);
	EXPECT_EQ(vm_space_create(&space), 0);
	return space;
}

static inline void map(struct vm_space *space, vaddr_t at, uint64_t bytes, unsigned prot,
		       unsigned region_flags, struct vm_object *object)
{
	vaddr_t address;
	struct vm_map_request request = {
		.address = at,
		.bytes = bytes,
		.prot = prot,
		.flags = VM_MAP_FIXED,
		.region_flags = region_flags,
		.object = object,
	};

	EXPECT_EQ(vm_map(space, &request, &address), 0);
}

static inline void touch(struct vm_space *space, vaddr_t start, unsigned pages)
{
	for (unsigned i = 0; i < pages; i++)
		EXPECT_EQ(host_store(space, start + i * PAGE_SIZE, i + 1), HOST_OK);
}

static inline void end_space(struct vm_space *space)
{
	vm_check(space);
	vm_space_activate(NULL);
	vm_space_destroy(space);
}

static inline bool contains(const char *haystack, const char *needle)
{
	size_t bytes = strlen(needle);

	for (; *haystack; haystack++)
		if (!strncmp(haystack, needle, bytes))
			return true;
	return false;
}

static inline unsigned count_lines(const char *what)
{
	unsigned count = 0;

	for (; *what; what++)
		count += *what == '\n';
	return count;
}

/* A file: each page is full of its number, from 1. */
static inline int fill_page(struct vm_object *object, uint64_t index, void *page)
{
	memset(page, (int)index + 1, PAGE_SIZE);
	return 0;
}

static const struct vm_object_ops object_ops UNUSED = {.fill = fill_page};

#endif
