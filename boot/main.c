/*
 * main.c: Quire's UEFI loader in outline. Read the kernel, the initrd and the command line;
 * describe the machine in struct boot_info; leave the firmware; enter the kernel on page tables of
 * our own.
 */
#include "elf.h"
#include "handoff.h"
#include "loader.h"
#include "page_tables.h"

#include <cpuid.h>

#define CPUID_EXTENDED_FEATURES 0x80000001u
#define CPUID_EDX_NX            (1u << 20)
#define CR4_LA57                (1ull << 12)

#define KERNEL_FILE_MAX  (256 * MIB)
#define INITRD_FILE_MAX  (FOUR_GIB - MIB)
#define CMDLINE_FILE_MAX (64 * KIB)
#define VENDOR_BYTES     128

/* Some firmware changes its map in every attempt for a while; of those seen a few attempts were
 * enough. */
#define EXIT_TRIES_MAX 64

/* The identity of a stopped watchdog: codes up to 0xffff are the firmware's own. */
#define WATCHDOG_CODE 0x10000

/* What is ready when the firmware can be left. */
struct launch {
	struct elf_kernel kernel;
	struct memory_map map;
	struct page_tables tables;
	struct boot_info *info;
	struct handoff handoff;
};

static EFI_STATUS check_cpu(struct loader *loader)
{
	unsigned eax, ebx, ecx, edx;

	if (!__get_cpuid(CPUID_EXTENDED_FEATURES, &eax, &ebx, &ecx, &edx) || !(edx & CPUID_EDX_NX))
		return fail(
			loader, EFI_UNSUPPORTED,
			"this CPU has no no-execute pages (NX), or the firmware's setup has them "
			"switched off; Quire needs them");
	return EFI_SUCCESS;
}

/* Read the kernel's file and load it into memory of its own. */
static EFI_STATUS load_kernel(struct loader *loader, struct launch *launch, struct block *image)
{
	struct block file;
	const char *error;
	EFI_STATUS status;

	status = file_read(loader, KERNEL_PATH, KERNEL_FILE_MAX, &file);
	if (EFI_ERROR(status))
		return status;
	status = verify_file(loader, HASHED_KERNEL, KERNEL_PATH, &file);
	if (EFI_ERROR(status))
		return status;
	error = elf_parse(block_pointer(&file), file.bytes, &launch->kernel);
	if (error)
		return fail(loader, EFI_LOAD_ERROR, "%s: %s", KERNEL_PATH, error);
	if (launch->kernel.boot_info_version != BOOT_INFO_VERSION)
		return fail(loader, EFI_INCOMPATIBLE_VERSION,
			    "%s: wants version %u of boot_info, and this loader gives version %u",
			    KERNEL_PATH, launch->kernel.boot_info_version, BOOT_INFO_VERSION);
	status = loader_allocate(loader, "the kernel's image", launch->kernel.bytes,
				 ELF_IMAGE_ALIGN, PLACE_PREFER_LOW, image);
	if (EFI_ERROR(status))
		return status;
	elf_load(&launch->kernel, block_pointer(&file), block_pointer(image));
	loader_release(loader, &file);
	return EFI_SUCCESS;
}

static EFI_STATUS load_initrd(struct loader *loader, struct block *initrd)
{
	const EFI_STATUS status = file_read(loader, INITRD_PATH, INITRD_FILE_MAX, initrd);

	if (EFI_ERROR(status))
		return status;
	if (initrd->bytes == 0)
		return fail(loader, EFI_LOAD_ERROR, "%s: empty", INITRD_PATH);
	return verify_file(loader, HASHED_INITRD, INITRD_PATH, initrd);
}

/* The file's first line, without its end and without an editor's byte order mark. */
static EFI_STATUS load_cmdline(struct loader *loader, struct block *cmdline)
{
	static const char byte_order_mark[] = "\xef\xbb\xbf";
	const size_t mark_bytes = sizeof byte_order_mark - 1;
	EFI_STATUS status = file_read_optional(loader, CMDLINE_PATH, CMDLINE_FILE_MAX, cmdline);
	const char *text = block_pointer(cmdline);
	uint64_t bytes = 0;

	if (EFI_ERROR(status))
		return status;
	status = verify_file(loader, HASHED_CMDLINE, CMDLINE_PATH, cmdline);
	if (EFI_ERROR(status))
		return status;
	if (cmdline->bytes >= mark_bytes &&
	    __builtin_memcmp(text, byte_order_mark, mark_bytes) == 0) {
		cmdline->start += mark_bytes;
		cmdline->bytes -= mark_bytes;
		text += mark_bytes;
	}
	while (bytes < cmdline->bytes && text[bytes] != '\n' && text[bytes] != '\r')
		bytes++;
	cmdline->bytes = bytes;
	return EFI_SUCCESS;
}

static uint32_t paging_levels(void)
{
	uint64_t cr4;

	__asm__("mov %%cr4, %0" : "=r"(cr4));
	return cr4 & CR4_LA57 ? 5 : 4;
}

static EFI_STATUS load_files(struct loader *loader, struct launch *launch)
{
	struct block image, initrd, cmdline, info;
	EFI_STATUS status;

	status = file_find_volume(loader);
	if (EFI_ERROR(status))
		return status;
	status = load_kernel(loader, launch, &image);
	if (EFI_ERROR(status))
		return status;
	status = load_initrd(loader, &initrd);
	if (EFI_ERROR(status))
		return status;
	status = load_cmdline(loader, &cmdline);
	if (EFI_ERROR(status))
		return status;
	status = loader_allocate(loader, "boot_info", sizeof *launch->info + VENDOR_BYTES,
				 PAGE_BYTES, PLACE_PREFER_LOW, &info);
	if (EFI_ERROR(status))
		return status;
	launch->info = block_pointer(&info);
	*launch->info = (struct boot_info){
		.magic = BOOT_INFO_MAGIC,
		.version = BOOT_INFO_VERSION,
		.size = sizeof *launch->info,
		.source = BOOT_SOURCE_UEFI,
		.firmware_paging_levels = paging_levels(),
		.kernel_start = image.start,
		.kernel_bytes = image.bytes,
		.initrd_start = initrd.start,
		.initrd_bytes = initrd.bytes,
		.cmdline = cmdline.bytes ? cmdline.start : 0,
		.cmdline_bytes = cmdline.bytes,
	};
	return EFI_SUCCESS;
}

/* Copy the 32-bit code that leaves 5-level paging to a page below 4 GiB, and tell it where to go.
 */
static EFI_STATUS prepare_trampoline(struct loader *loader, struct launch *launch)
{
	const size_t bytes = handoff_trampoline_end - handoff_trampoline;
	struct handoff *handoff = &launch->handoff;
	struct block page;
	EFI_STATUS status;
	uint32_t *far_offset;
	uint8_t *code;

	status = loader_allocate(loader, "the way out of 5-level paging", bytes, PAGE_BYTES,
				 PLACE_BELOW_4G, &page);
	if (EFI_ERROR(status))
		return status;
	code = block_pointer(&page);
	__builtin_memcpy(code, handoff_trampoline, bytes);
	__builtin_memcpy(code + (handoff_trampoline_entry - handoff_trampoline), &handoff->entry,
			 sizeof handoff->entry);
	__builtin_memcpy(code + (handoff_trampoline_boot_info - handoff_trampoline),
			 &handoff->boot_info, sizeof handoff->boot_info);
	far_offset = (uint32_t *)(code + (handoff_trampoline_far_offset - handoff_trampoline));
	*far_offset += page.start;
	handoff->trampoline = page.start;
	page_tables_make_executable(&launch->tables, page.start, bytes);
	handoff->root5 = page_tables_add_level(&launch->tables);
	return EFI_SUCCESS;
}

static EFI_STATUS prepare_handoff(struct loader *loader, struct launch *launch)
{
	struct page_tables *tables = &launch->tables;
	EFI_STATUS status;

	status = page_tables_build(loader, memory_map_ram_end(&launch->map), launch->kernel.bytes,
				   tables);
	if (EFI_ERROR(status))
		return status;
	page_tables_map_kernel(tables, &launch->kernel, launch->info->kernel_start);
	page_tables_make_executable(tables, (uintptr_t)handoff_start, handoff_end - handoff_start);
	launch->handoff = (struct handoff){
		.root = tables->root,
		.entry = launch->kernel.entry,
		.boot_info = (uintptr_t)launch->info,
	};
	if (launch->info->firmware_paging_levels == 5)
		return prepare_trampoline(loader, launch);
	return EFI_SUCCESS;
}

/* All that may fail, and all that needs the firmware. */
static EFI_STATUS prepare(struct loader *loader, struct launch *launch)
{
	EFI_STATUS status;

	/* The firmware resets the machine 5 minutes after it starts an image, unless told not to.
	 */
	loader->services->SetWatchdogTimer(0, WATCHDOG_CODE, 0, NULL);
	status = check_cpu(loader);
	if (EFI_ERROR(status))
		return status;
	status = verify_begin(loader);
	if (EFI_ERROR(status))
		return status;
	status = load_files(loader, launch);
	file_close_volume(loader);
	if (EFI_ERROR(status))
		return status;
	tables_find(loader, launch->info, (char *)(launch->info + 1), VENDOR_BYTES);
	graphics_find(loader, &launch->info->framebuffer);
	status = memory_map_prepare(loader, &launch->map);
	if (EFI_ERROR(status))
		return status;
	return prepare_handoff(loader, launch);
}

/*
 * End the firmware's services and enter the kernel. Drivers may change the memory map when they
 * hear of it, which makes the map's key stale: a first refusal is normal. After the first attempt
 * only GetMemoryMap and ExitBootServices may be called (UEFI 2.10, 7.4.6).
 */
_Noreturn static void leave_firmware(struct loader *loader, struct launch *launch)
{
	struct boot_info *info = launch->info;
	EFI_STATUS status;

	do {
		status = memory_map_take(loader, &launch->map);
		if (EFI_ERROR(status))
			break;
		info->map_key_tries++;
		status = loader->services->ExitBootServices(loader->image, launch->map.key);
	} while (EFI_ERROR(status) && info->map_key_tries < EXIT_TRIES_MAX);
	__asm__ volatile("cli");
	if (EFI_ERROR(status)) {
		(void)fail(loader, status,
			   "the firmware has refused %u times to end its boot services: %s",
			   info->map_key_tries, status_name(status));
		report_dead(loader);
	}
	memory_map_convert(&launch->map, info);
	handoff(&launch->handoff);
}

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	struct loader loader = {
		.image = image,
		.system = system,
		.services = system->BootServices,
	};
	struct launch launch = {0};
	const EFI_STATUS status = prepare(&loader, &launch);

	if (EFI_ERROR(status)) {
		report_failure(&loader);
		loader_release_all(&loader);
		return status;
	}
	report_line(&loader, "kernel.elf %llu KiB, initrd %llu KiB, %llu memory ranges",
		    launch.info->kernel_bytes / KIB, launch.info->initrd_bytes / KIB,
		    (unsigned long long)(launch.map.bytes / launch.map.descriptor_bytes));
	leave_firmware(&loader, &launch);
}
