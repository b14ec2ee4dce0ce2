/*
 * slab.c: small allocations. A slab is one frame cut into equal objects, with a header at its
 * start:
 *
 *     | header | object | object | ... |          size classes: powers of two and the halves
 * between them
 *
 * A class keeps its slabs with free objects on a list. A slab that is empty again goes back to the
 * frames at once, so that the count of SLAB frames shows leaks. What is larger than the largest
 * class takes a block of frames; the block's first frame has frame->slab NULL, and that is how
 * kfree tells.
 */
#include "mm/slab.h"

#include "debug/assert.h"
#include "lib/list.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/layout.h"
#include "sync/cpu.h"
#include "sync/spinlock.h"

#define SLAB_ALIGN 16u

struct slab {
	struct list_node link; /* (slab_lock) in partial lists; unlinked while full */
	void *free;            /* (slab_lock) first free object; each holds the next */
	uint16_t used;         /* (slab_lock) */
	uint16_t capacity;
	uint32_t class_index;
};
#define SLAB_HEADER ALIGN_UP(sizeof(struct slab), (size_t)SLAB_ALIGN)

static const uint16_t class_sizes[] = {16,  32,  48,  64,  96,   128,  192,
				       256, 384, 512, 768, 1008, 1344, 2016};

#define SLAB_LARGEST 2016u
_Static_assert(SLAB_LARGEST % SLAB_ALIGN == 0, "class_of ends with it");

static struct spinlock slab_lock = SPINLOCK_INIT(RANK_SLAB);
static struct list_node partial[ARRAY_SIZE(class_sizes)]; /* (slab_lock) slabs with free objects */
static bool ready; /* (slab_lock) the lists and class_of are initialised */
/* The class of a size, by units of SLAB_ALIGN bytes; set once. */
static uint8_t class_of[SLAB_LARGEST / SLAB_ALIGN + 1];

#define POISON_FREED_OBJECT 0xdb

static void init_locked(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(partial); i++)
		list_init(&partial[i]);
	unsigned class = 0;
	for (unsigned unit = 0; unit < ARRAY_SIZE(class_of); unit++) {
		class += unit * SLAB_ALIGN > class_sizes[class];
		class_of[unit] = (uint8_t) class;
	}
	ready = true;
}

static struct slab *slab_create_locked(unsigned class_index)
{
	struct frame *frame = frame_alloc(FRAME_SLAB, 0);
	if (!frame)
		return NULL;
	struct slab *slab = frame_data(frame);
	size_t size = class_sizes[class_index];

	memset(slab, 0, sizeof(*slab));
	slab->class_index = class_index;
	slab->capacity = (uint16_t)((PAGE_SIZE - SLAB_HEADER) / size);
	frame->slab = slab;
	for (unsigned i = slab->capacity; i-- > 0;) {
		void **object = (void **)((char *)slab + SLAB_HEADER + i * size);
		*object = slab->free;
		slab->free = object;
	}
	list_push_front(&partial[class_index], &slab->link);
	return slab;
}

static void *alloc_large(size_t bytes)
{
	unsigned order = 0;

	while (order <= FRAME_MAX_ORDER && PAGE_SIZE << order < bytes)
		order++;
	if (order > FRAME_MAX_ORDER)
		return NULL;
	struct frame *block = frame_alloc(FRAME_SLAB, order);
	return block ? frame_data(block) : NULL;
}

void *kmalloc(size_t bytes)
{
	void *object = NULL;

	assert(!cpu_local()->in_interrupt);
	if (bytes > SLAB_LARGEST)
		return alloc_large(bytes);
	spin_lock(&slab_lock);
	if (UNLIKELY(!ready))
		init_locked();
	unsigned class_index = class_of[ALIGN_UP(bytes, (size_t)SLAB_ALIGN) / SLAB_ALIGN];
	struct slab *slab = list_is_empty(&partial[class_index])
				    ? slab_create_locked(class_index)
				    : container_of(partial[class_index].next, struct slab, link);
	if (slab) {
		object = slab->free;
		slab->free = *(void **)object;
		if (++slab->used == slab->capacity)
			list_remove(&slab->link);
	}
	spin_unlock(&slab_lock);
	return object;
}

void *kzalloc(size_t bytes)
{
	void *memory = kmalloc(bytes);

	if (memory)
		memset(memory, 0, bytes);
	return memory;
}

static void free_object_locked(struct slab *slab, void *object)
{
	size_t size = class_sizes[slab->class_index];

	assert(((vaddr_t)object - (vaddr_t)slab - SLAB_HEADER) % size == 0 && slab->used > 0);
	if (UNLIKELY(frame_poisoning()))
		memset(object, POISON_FREED_OBJECT, size);
	if (slab->used == slab->capacity)
		list_push_front(&partial[slab->class_index], &slab->link);
	*(void **)object = slab->free;
	slab->free = object;
	if (--slab->used == 0) {
		list_remove(&slab->link);
		frame_free(frame_of(virt_to_phys(slab)));
	}
}

void kfree(void *memory)
{
	if (!memory)
		return;
	assert(!cpu_local()->in_interrupt);
	struct frame *frame = frame_of(virt_to_phys(memory));
	if (UNLIKELY(frame->state != FRAME_SLAB))
		panic("kfree of %p, whose frame is %s", memory, frame_state_names[frame->state]);
	if (!frame->slab) {
		assert(IS_ALIGNED((vaddr_t)memory, PAGE_SIZE));
		frame_free(frame);
		return;
	}
	spin_lock(&slab_lock);
	free_object_locked(frame->slab, memory);
	spin_unlock(&slab_lock);
}
