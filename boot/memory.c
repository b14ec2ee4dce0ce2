/* memory.c: allocations that can all be given back (UEFI 2.10, 7.2). */
#include "loader.h"

static UINTN pages_of(uint64_t bytes)
{
	return (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
}

/*
 * Low addresses are preferred as the disk drivers of some firmware fail when they read above 4 GiB.
 * Any type but EfiLoaderCode and EfiLoaderData makes some firmware hang when boot services end.
 */
static EFI_STATUS allocate_pages(struct loader *loader, UINTN pages, enum placement placement,
				 EFI_PHYSICAL_ADDRESS *start)
{
	EFI_STATUS status;

	*start = FOUR_GIB - 1;
	status = loader->services->AllocatePages(AllocateMaxAddress, EfiLoaderData, pages, start);
	if (EFI_ERROR(status) && placement == PLACE_PREFER_LOW)
		status = loader->services->AllocatePages(AllocateAnyPages, EfiLoaderData, pages,
							 start);
	return status;
}

EFI_STATUS loader_allocate(struct loader *loader, const char *what, uint64_t bytes, uint64_t align,
			   enum placement placement, struct block *out)
{
	/* The firmware aligns to pages. For more, take more; the kernel frees what is over. */
	const UINTN pages = pages_of(bytes) + pages_of(align - PAGE_BYTES);
	struct allocation *allocation = &loader->allocations[loader->allocation_count];
	EFI_PHYSICAL_ADDRESS start;
	EFI_STATUS status;

	if (loader->allocation_count == LOADER_ALLOCATIONS_MAX)
		return fail(loader, EFI_OUT_OF_RESOURCES, "%s: too many allocations", what);
	status = allocate_pages(loader, pages, placement, &start);
	if (EFI_ERROR(status))
		return fail(loader, status, "no memory for %s (%llu KiB%s): %s", what,
			    pages * PAGE_BYTES / KIB,
			    placement == PLACE_BELOW_4G ? " below 4 GiB" : "", status_name(status));
	*allocation = (struct allocation){.start = start, .pages = pages};
	loader->allocation_count++;
	out->start = (start + align - 1) & ~(align - 1);
	out->bytes = bytes;
	__builtin_memset(block_pointer(out), 0, pages_of(bytes) * PAGE_BYTES);
	return EFI_SUCCESS;
}

void loader_release(struct loader *loader, const struct block *block)
{
	for (unsigned i = 0; i < loader->allocation_count; i++) {
		const struct allocation *allocation = &loader->allocations[i];

		if (block->start < allocation->start ||
		    block->start - allocation->start >= allocation->pages * PAGE_BYTES)
			continue;
		loader->services->FreePages(allocation->start, allocation->pages);
		loader->allocations[i] = loader->allocations[--loader->allocation_count];
		return;
	}
}

void loader_release_all(struct loader *loader)
{
	while (loader->allocation_count) {
		const struct allocation *allocation =
			&loader->allocations[--loader->allocation_count];

		loader->services->FreePages(allocation->start, allocation->pages);
	}
}
