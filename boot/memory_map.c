/* memory_map.c: the firmware's memory map (UEFI 2.10, 7.2.3), and what boot_info says of it. */
#include "loader.h"

/* Attributes and types that are younger than gnu-efi's headers. */
#define MEMORY_SPECIFIC_PURPOSE 0x40000ull

/* The map grows with our own allocations, and with what drivers do when boot services end. */
#define SPARE_DESCRIPTORS 128

/* What memory_map_convert() adds: the kernel and the initrd. */
#define OWN_RANGES 2

static const EFI_MEMORY_DESCRIPTOR *descriptor(const struct memory_map *map, UINTN index)
{
	/* The stride is the firmware's: larger than the structure, often 48 bytes. */
	return (const EFI_MEMORY_DESCRIPTOR *)((const uint8_t *)block_pointer(&map->descriptors) +
					       index * map->descriptor_bytes);
}

static UINTN descriptor_count(const struct memory_map *map)
{
	return map->bytes / map->descriptor_bytes;
}

/* Bytes of a descriptor, kept from wrapping around the address space. */
static uint64_t descriptor_bytes(const EFI_MEMORY_DESCRIPTOR *entry)
{
	const uint64_t most = UINT64_MAX - entry->PhysicalStart;

	return entry->NumberOfPages > most / PAGE_BYTES ? most : entry->NumberOfPages * PAGE_BYTES;
}

EFI_STATUS memory_map_prepare(struct loader *loader, struct memory_map *map)
{
	UINTN bytes = 0, capacity;
	UINT32 version;
	EFI_STATUS status;

	status = loader->services->GetMemoryMap(&bytes, NULL, &map->key, &map->descriptor_bytes,
						&version);
	if (status != EFI_BUFFER_TOO_SMALL || map->descriptor_bytes < sizeof(EFI_MEMORY_DESCRIPTOR))
		return fail(loader, EFI_LOAD_ERROR, "the firmware gives no memory map: %s",
			    status_name(status));
	capacity = bytes / map->descriptor_bytes + SPARE_DESCRIPTORS;
	status = loader_allocate(loader, "the memory map", capacity * map->descriptor_bytes,
				 PAGE_BYTES, PLACE_PREFER_LOW, &map->descriptors);
	if (EFI_ERROR(status))
		return status;
	status = loader_allocate(loader, "the list of memory ranges",
				 (capacity + OWN_RANGES) * sizeof(struct boot_range), PAGE_BYTES,
				 PLACE_PREFER_LOW, &map->ranges);
	if (EFI_ERROR(status))
		return status;
	status = memory_map_take(loader, map);
	if (EFI_ERROR(status))
		return fail(loader, status, "the firmware gives no memory map: %s",
			    status_name(status));
	return EFI_SUCCESS;
}

EFI_STATUS memory_map_take(struct loader *loader, struct memory_map *map)
{
	const UINTN stride = map->descriptor_bytes;
	UINT32 version;
	EFI_STATUS status;

	map->bytes = map->descriptors.bytes;
	status = loader->services->GetMemoryMap(&map->bytes, block_pointer(&map->descriptors),
						&map->key, &map->descriptor_bytes, &version);
	if (!EFI_ERROR(status) && map->descriptor_bytes != stride)
		return EFI_INCOMPATIBLE_VERSION;
	return status;
}

static uint32_t range_type(const EFI_MEMORY_DESCRIPTOR *entry)
{
	const bool ordinary =
		(entry->Attribute & EFI_MEMORY_WB) && !(entry->Attribute & MEMORY_SPECIFIC_PURPOSE);

	switch (entry->Type) {
	case EfiConventionalMemory:
		return ordinary ? BOOT_RANGE_USABLE : BOOT_RANGE_RESERVED;
	case EfiBootServicesCode:
	case EfiBootServicesData:
		return ordinary ? BOOT_RANGE_BOOT : BOOT_RANGE_RESERVED;
	case EfiLoaderCode:
	case EfiLoaderData:
		return ordinary ? BOOT_RANGE_LOADER : BOOT_RANGE_RESERVED;
	case EfiRuntimeServicesCode:
	case EfiRuntimeServicesData:
		return BOOT_RANGE_RUNTIME;
	case EfiACPIReclaimMemory:
		return BOOT_RANGE_ACPI_RECLAIM;
	case EfiACPIMemoryNVS:
		return BOOT_RANGE_ACPI_NVS;
	case EfiMemoryMappedIO:
	case EfiMemoryMappedIOPortSpace:
		return BOOT_RANGE_MMIO;
	default:
		/* Unusable, persistent, not accepted yet, the vendor's own, or not invented yet. */
		return BOOT_RANGE_RESERVED;
	}
}

uint64_t memory_map_ram_end(const struct memory_map *map)
{
	uint64_t end = 0;

	for (UINTN i = 0; i < descriptor_count(map); i++) {
		const EFI_MEMORY_DESCRIPTOR *entry = descriptor(map, i);
		const uint32_t type = range_type(entry);
		const uint64_t entry_end = entry->PhysicalStart + descriptor_bytes(entry);

		if (type != BOOT_RANGE_RESERVED && type != BOOT_RANGE_MMIO && entry_end > end)
			end = entry_end;
	}
	return end;
}

void memory_map_convert(const struct memory_map *map, struct boot_info *info)
{
	struct boot_range *ranges = block_pointer(&map->ranges);
	uint32_t count = 0;

	for (UINTN i = 0; i < descriptor_count(map); i++) {
		const EFI_MEMORY_DESCRIPTOR *entry = descriptor(map, i);

		if (entry->NumberOfPages == 0)
			continue;
		ranges[count++] = (struct boot_range){
			.start = entry->PhysicalStart,
			.bytes = descriptor_bytes(entry),
			.type = range_type(entry),
		};
	}
	ranges[count++] = (struct boot_range){
		.start = info->kernel_start,
		.bytes = info->kernel_bytes,
		.type = BOOT_RANGE_KERNEL,
	};
	ranges[count++] = (struct boot_range){
		.start = info->initrd_start,
		.bytes = info->initrd_bytes,
		.type = BOOT_RANGE_INITRD,
	};
	info->ranges = map->ranges.start;
	info->range_count = count;
}
