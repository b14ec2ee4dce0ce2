/* shim_hooks.c: the firmware's services, with faults on demand. */
#include "shim.h"

#define PAGE_BYTES     4096ull
#define FOUR_GIB       (4ull << 30)
#define ENTRY_TABLE    3ull /* present, writable */
#define CR3_ADDRESS    0x000ffffffffff000ull
#define LARGE_PAGES    128 /* requests from 512 KiB on go to high memory */
#define HIGH_START     (5ull << 30)
#define NAME_CHARS_MAX 32
#define NO_LIMIT       (~(UINTN)0)

#define HIGH_SCREEN       (HIGH_START + (512ull << 20))
#define HIGH_SCREEN_PAGES 4096u /* 16 MiB */
#define HIDDEN_PIXELS     37u   /* in each line */

#define RED_565   0xf800
#define GREEN_565 0x07e0
#define BLUE_565  0x001f

static EFI_GUID file_system_guid = SIMPLE_FILE_SYSTEM_PROTOCOL;
static EFI_GUID graphics_guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;

/* The firmware's own functions, and what is injected. One CPU, one loader at a time. */
static EFI_BOOT_SERVICES *services;
static EFI_ALLOCATE_PAGES real_allocate_pages;
static EFI_EXIT_BOOT_SERVICES real_exit_boot_services;
static EFI_LOCATE_HANDLE_BUFFER real_locate_handle_buffer;
static EFI_VOLUME_OPEN real_open_volume;
static EFI_FILE_OPEN real_open;
static EFI_FILE_READ real_read;

static UINTN allocations, allocations_limit = NO_LIMIT;
static bool allocate_high, hide_device;
static EFI_PHYSICAL_ADDRESS high_cursor = HIGH_START;
static UINTN stale_keys;
static char read_name[NAME_CHARS_MAX];
static UINT64 read_limit;
static EFI_STATUS read_status;

static UINTN parse_number(const char *text)
{
	UINTN number = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (*text - '0');
	return number;
}

/* ---- memory ---- */

static EFI_STATUS EFIAPI allocate_pages(EFI_ALLOCATE_TYPE type, EFI_MEMORY_TYPE memory_type,
					UINTN pages, EFI_PHYSICAL_ADDRESS *memory)
{
	EFI_STATUS status;

	/* The firmware's drivers allocate here too, of other types: reading a file must go on
	 * working. */
	if (memory_type == EfiLoaderData && allocations++ >= allocations_limit)
		return EFI_OUT_OF_RESOURCES;
	if (!allocate_high || pages < LARGE_PAGES)
		return real_allocate_pages(type, memory_type, pages, memory);
	if (type == AllocateMaxAddress && *memory < HIGH_START)
		return EFI_OUT_OF_RESOURCES;
	*memory = high_cursor;
	status = real_allocate_pages(AllocateAddress, memory_type, pages, memory);
	high_cursor += pages * PAGE_BYTES;
	return status;
}

void shim_fail_allocations_after(UINTN calls)
{
	allocations = 0;
	allocations_limit = calls;
}

void shim_stop_failing(void)
{
	allocations_limit = NO_LIMIT;
}

/* ---- the end of boot services: an allocation makes the loader's map key stale, as a driver's
 * would ---- */

static EFI_STATUS EFIAPI exit_boot_services(EFI_HANDLE image, UINTN key)
{
	EFI_PHYSICAL_ADDRESS page;

	if (stale_keys) {
		stale_keys--;
		real_allocate_pages(AllocateAnyPages, EfiBootServicesData, 1, &page);
	}
	return real_exit_boot_services(image, key);
}

/* ---- files: past `read_limit` bytes, one file ends early or gives an error ---- */

static EFI_STATUS EFIAPI read_file(EFI_FILE_HANDLE file, UINTN *bytes, void *buffer)
{
	UINT64 position;

	if (EFI_ERROR(file->GetPosition(file, &position)))
		return EFI_DEVICE_ERROR;
	if (position >= read_limit) {
		*bytes = 0;
		return read_status;
	}
	if (*bytes > read_limit - position)
		*bytes = read_limit - position;
	return real_read(file, bytes, buffer);
}

/* Does the path end in the injected name? */
static bool is_read_name(const CHAR16 *path)
{
	size_t path_chars = 0, name_chars = 0;

	while (path[path_chars])
		path_chars++;
	while (read_name[name_chars])
		name_chars++;
	if (name_chars > path_chars)
		return false;
	for (size_t i = 0; i < name_chars; i++) {
		if (path[path_chars - name_chars + i] != (CHAR16)read_name[i])
			return false;
	}
	return true;
}

static EFI_STATUS EFIAPI open_file(EFI_FILE_HANDLE folder, EFI_FILE_HANDLE *out, CHAR16 *path,
				   UINT64 mode, UINT64 attributes)
{
	const EFI_STATUS status = real_open(folder, out, path, mode, attributes);

	if (!EFI_ERROR(status) && is_read_name(path)) {
		real_read = (*out)->Read;
		(*out)->Read = read_file;
	}
	return status;
}

static EFI_STATUS EFIAPI open_volume(EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *file_system,
				     EFI_FILE_HANDLE *root)
{
	const EFI_STATUS status = real_open_volume(file_system, root);

	if (!EFI_ERROR(status)) {
		real_open = (*root)->Open;
		(*root)->Open = open_file;
	}
	return status;
}

/* `value` is FILE:BYTES. */
static bool inject_read(const char *value, EFI_STATUS status)
{
	EFI_HANDLE *handles;
	UINTN count, i;

	for (i = 0; value[i] && value[i] != ':' && i < NAME_CHARS_MAX - 1; i++)
		read_name[i] = value[i];
	if (value[i] != ':')
		return false;
	read_limit = parse_number(value + i + 1);
	read_status = status;
	if (EFI_ERROR(services->LocateHandleBuffer(ByProtocol, &file_system_guid, NULL, &count,
						   &handles)))
		return false;
	for (i = 0; i < count; i++) {
		EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *file_system;

		if (EFI_ERROR(services->HandleProtocol(handles[i], &file_system_guid,
						       (void **)&file_system)))
			continue;
		real_open_volume = file_system->OpenVolume;
		file_system->OpenVolume = open_volume;
	}
	services->FreePool(handles);
	return true;
}

/* ---- graphics, consoles, the CPU ---- */

/* `change` all framebuffers; false if one can't be. */
static bool change_graphics(bool (*change)(EFI_GRAPHICS_OUTPUT_PROTOCOL *graphics))
{
	EFI_GRAPHICS_OUTPUT_PROTOCOL *graphics;
	EFI_HANDLE *handles;
	UINTN count;

	if (EFI_ERROR(services->LocateHandleBuffer(ByProtocol, &graphics_guid, NULL, &count,
						   &handles)))
		return false;
	for (UINTN i = 0; i < count; i++) {
		if (EFI_ERROR(services->HandleProtocol(handles[i], &graphics_guid,
						       (void **)&graphics)) ||
		    !change(graphics))
			return false;
	}
	services->FreePool(handles);
	return true;
}

static bool set_masks_565(EFI_GRAPHICS_OUTPUT_PROTOCOL *graphics)
{
	graphics->Mode->Info->PixelFormat = PixelBitMask;
	graphics->Mode->Info->PixelInformation = (EFI_PIXEL_BITMASK){
		.RedMask = RED_565, .GreenMask = GREEN_565, .BlueMask = BLUE_565};
	return true;
}

static bool set_no_masks(EFI_GRAPHICS_OUTPUT_PROTOCOL *graphics)
{
	graphics->Mode->Info->PixelFormat = PixelBitMask;
	graphics->Mode->Info->PixelInformation = (EFI_PIXEL_BITMASK){.RedMask = 0};
	return true;
}

#define EDID_BYTES 128u

/* Of an E-EDID 1.4: the header, an own mode's sizes in millimetres, and a sum. */
static void make_edid(uint8_t edid[EDID_BYTES], unsigned across, unsigned down)
{
	uint8_t *mode = edid + 54, sum = 0;

	for (unsigned i = 1; i < 7; i++)
		edid[i] = 0xff;
	mode[0] = 1; /* a pixel clock */
	mode[12] = (uint8_t)across;
	mode[13] = (uint8_t)down;
	mode[14] = (uint8_t)((across >> 8) << 4 | down >> 8);
	for (unsigned i = 0; i < EDID_BYTES - 1; i++)
		sum = (uint8_t)(sum + edid[i]);
	edid[EDID_BYTES - 1] = (uint8_t)-sum;
}

/* What is active is damaged, and what was discovered is not. */
static bool inject_edid(void)
{
	static EFI_GUID active_guid = EFI_EDID_ACTIVE_PROTOCOL_GUID;
	static EFI_GUID discovered_guid = EFI_EDID_DISCOVERED_PROTOCOL_GUID;
	static uint8_t right[EDID_BYTES], wrong[EDID_BYTES];
	static EFI_EDID_ACTIVE_PROTOCOL active = {EDID_BYTES, wrong};
	static EFI_EDID_DISCOVERED_PROTOCOL discovered = {EDID_BYTES, right};
	EFI_HANDLE *handles;
	UINTN count;

	make_edid(right, 294, 165);
	make_edid(wrong, 1600, 900);
	wrong[EDID_BYTES - 1] ^= 1;
	if (EFI_ERROR(services->LocateHandleBuffer(ByProtocol, &graphics_guid, NULL, &count,
						   &handles)))
		return false;
	for (UINTN i = 0; i < count; i++) {
		/* In place of the firmware's own, if it has any. */
		void *own;
		if (!EFI_ERROR(services->HandleProtocol(handles[i], &active_guid, &own)))
			services->UninstallProtocolInterface(handles[i], &active_guid, own);
		if (!EFI_ERROR(services->HandleProtocol(handles[i], &discovered_guid, &own)))
			services->UninstallProtocolInterface(handles[i], &discovered_guid, own);
		if (EFI_ERROR(services->InstallProtocolInterface(&handles[i], &active_guid,
								 EFI_NATIVE_INTERFACE, &active)) ||
		    EFI_ERROR(services->InstallProtocolInterface(
			    &handles[i], &discovered_guid, EFI_NATIVE_INTERFACE, &discovered)))
			return false;
	}
	services->FreePool(handles);
	return true;
}

/* One screen may have two such protocols: its own, and the console's. */
static bool move_high(EFI_GRAPHICS_OUTPUT_PROTOCOL *graphics)
{
	static EFI_PHYSICAL_ADDRESS start;
	EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *info = graphics->Mode->Info;

	if (!start) {
		start = HIGH_SCREEN;
		if (EFI_ERROR(real_allocate_pages(AllocateAddress, EfiReservedMemoryType,
						  HIGH_SCREEN_PAGES, &start)))
			return false;
	}
	info->PixelsPerScanLine = info->HorizontalResolution + HIDDEN_PIXELS;
	info->PixelFormat = PixelRedGreenBlueReserved8BitPerColor;
	graphics->Mode->FrameBufferBase = start;
	return true;
}

static bool same_guid(const EFI_GUID *left, const EFI_GUID *right)
{
	const uint8_t *a = (const uint8_t *)left, *b = (const uint8_t *)right;

	for (size_t i = 0; i < sizeof *left; i++) {
		if (a[i] != b[i])
			return false;
	}
	return true;
}

static EFI_STATUS EFIAPI locate_no_consoles(EFI_LOCATE_SEARCH_TYPE type, EFI_GUID *protocol,
					    void *key, UINTN *count, EFI_HANDLE **handles)
{
	static EFI_GUID console_out_guid = {
		0xd3b36f2c, 0xd551, 0x11d4, {0x9a, 0x46, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d}};

	if (protocol && same_guid(protocol, &console_out_guid))
		return EFI_NOT_FOUND;
	return real_locate_handle_buffer(type, protocol, key, count, handles);
}

static bool inject_no_console(EFI_SYSTEM_TABLE *system)
{
	real_locate_handle_buffer = services->LocateHandleBuffer;
	services->LocateHandleBuffer = locate_no_consoles;
	system->ConOut = NULL;
	return true;
}

static bool inject_5_levels(void)
{
	EFI_PHYSICAL_ADDRESS pml5 = FOUR_GIB - 1;
	uint64_t cr3, stack;

	__asm__("mov %%cr3, %0" : "=r"(cr3));
	__asm__("mov %%rsp, %0" : "=r"(stack));
	if ((uintptr_t)shim_enable_5_levels >= FOUR_GIB || stack >= FOUR_GIB ||
	    EFI_ERROR(real_allocate_pages(AllocateMaxAddress, EfiLoaderData, 1, &pml5)))
		return false;
	for (unsigned i = 0; i < PAGE_BYTES / sizeof(uint64_t); i++)
		((volatile uint64_t *)(uintptr_t)pml5)[i] = 0;
	*(volatile uint64_t *)(uintptr_t)pml5 = (cr3 & CR3_ADDRESS) | ENTRY_TABLE;
	shim_enable_5_levels(pml5);
	return true;
}

void shim_prepare_image(EFI_LOADED_IMAGE *image)
{
	if (hide_device)
		image->DeviceHandle = NULL;
}

/* Is `word` this injection? *value is what follows the "=", or empty. */
static bool is(const char *word, const char *name, const char **value)
{
	for (; *name; name++, word++) {
		if (*word != *name)
			return false;
	}
	*value = *word == '=' ? word + 1 : word;
	return *word == '=' || *word == '\0';
}

void shim_install(EFI_SYSTEM_TABLE *system)
{
	services = system->BootServices;
	real_allocate_pages = services->AllocatePages;
	real_exit_boot_services = services->ExitBootServices;
	services->AllocatePages = allocate_pages;
	services->ExitBootServices = exit_boot_services;
}

bool shim_inject(EFI_SYSTEM_TABLE *system, const char *word)
{
	const char *value;

	if (is(word, "la57", &value))
		return inject_5_levels();
	if (is(word, "gop-565", &value))
		return change_graphics(set_masks_565);
	if (is(word, "gop-no-masks", &value))
		return change_graphics(set_no_masks);
	if (is(word, "gop-high", &value))
		return change_graphics(move_high);
	if (is(word, "edid", &value))
		return inject_edid();
	if (is(word, "no-console", &value))
		return inject_no_console(system);
	if (is(word, "short-read", &value))
		return inject_read(value, EFI_SUCCESS);
	if (is(word, "read-error", &value))
		return inject_read(value, EFI_DEVICE_ERROR);
	if (is(word, "no-memory", &value))
		shim_fail_allocations_after(parse_number(value));
	else if (is(word, "stale-key", &value))
		stale_keys = parse_number(value);
	else if (is(word, "high", &value))
		allocate_high = true;
	else if (is(word, "no-device", &value))
		hide_device = true;
	else
		return false;
	return true;
}
