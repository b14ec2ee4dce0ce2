/*
 * shim.c: a UEFI application that makes the firmware misbehave, then starts the loader, which is
 *the one that users get: it holds no test code. The shim reads words from \quire\inject.txt, for
 *each of them hooks a boot service or changes the machine, and starts \EFI\QUIRE\BOOTX64.EFI:
 *
 *	la57			the CPU is in 5-level paging
 *	stale-key=N		the first N calls of ExitBootServices find the map changed
 *	no-memory=N		AllocatePages fails after N calls
 *	high			large allocations land above 4 GiB
 *	short-read=FILE:BYTES	the file ends after so many bytes
 *	read-error=FILE:BYTES	reading past them is a device error
 *	no-device		the loader's image does not say from which device it came
 *	no-console		the firmware has no screen and does not use the serial port
 *	gop-565, gop-no-masks	the framebuffer's pixels are given by masks; by empty ones
 *	gop-high		the framebuffer is above 4 GiB (in memory, where nobody sees it),
 *its lines have pixels that do not show, and red comes first
 *	edid			displays say that they are 294 x 165 mm large, in one of two ways;
 *the other one's sum is wrong
 *	sweep			start the loader with 0, 1, 2... allocations allowed, until it does
 *not return, and count the pages it leaves behind each time
 */
#include "shim.h"

#define INJECT_PATH  L"\\quire\\inject.txt"
#define LOADER_PATH  L"\\EFI\\QUIRE\\BOOTX64.EFI"
#define INJECT_BYTES 512
#define MAP_BYTES    (64 * 1024)
#define PATH_BYTES   512
#define NUMBER_CHARS 21

static EFI_GUID loaded_image_guid = LOADED_IMAGE_PROTOCOL;
static EFI_GUID device_path_guid = DEVICE_PATH_PROTOCOL;
static EFI_GUID file_system_guid = SIMPLE_FILE_SYSTEM_PROTOCOL;

static EFI_HANDLE self;
static EFI_SYSTEM_TABLE *system_table;
static SIMPLE_TEXT_OUTPUT_INTERFACE *console; /* kept, as injections may hide it */

static void say(const CHAR16 *text)
{
	console->OutputString(console, (CHAR16 *)text);
}

static void say_number(UINTN number)
{
	CHAR16 text[NUMBER_CHARS];
	unsigned at = NUMBER_CHARS - 1;

	text[at] = 0;
	do {
		text[--at] = L'0' + number % 10;
		number /= 10;
	} while (number);
	say(&text[at]);
}

static EFI_STATUS read_injections(EFI_HANDLE device, char *out, UINTN capacity)
{
	EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *file_system;
	EFI_FILE_HANDLE root, file;
	UINTN bytes = capacity - 1;
	EFI_STATUS status;

	status = system_table->BootServices->HandleProtocol(device, &file_system_guid,
							    (void **)&file_system);
	if (EFI_ERROR(status))
		return status;
	status = file_system->OpenVolume(file_system, &root);
	if (EFI_ERROR(status))
		return status;
	status = root->Open(root, &file, INJECT_PATH, EFI_FILE_MODE_READ, 0);
	if (!EFI_ERROR(status)) {
		status = file->Read(file, &bytes, out);
		out[bytes] = '\0';
		file->Close(file);
	}
	root->Close(root);
	return status;
}

/* Split the text at white space; all words but "sweep" are injections. */
static bool inject_all(char *text, bool *sweep)
{
	static const char sweep_word[] = "sweep";

	while (*text) {
		char *word = text;

		while (*text > ' ')
			text++;
		if (*text)
			*text++ = '\0';
		if (*word == '\0')
			continue;
		if (__builtin_memcmp(word, sweep_word, sizeof sweep_word) == 0) {
			*sweep = true;
		} else if (!shim_inject(system_table, word)) {
			say(L"shim: FAIL an injection is unknown or impossible here\r\n");
			return false;
		}
	}
	return true;
}

/* The device's path, with the loader's file appended, so that the loader's image knows its device.
 */
static EFI_DEVICE_PATH *loader_path(EFI_HANDLE device)
{
	static UINT8 buffer[PATH_BYTES] __attribute__((aligned(8)));
	static const CHAR16 file[] = LOADER_PATH;
	EFI_DEVICE_PATH *path, *node;
	UINTN bytes;

	if (EFI_ERROR(system_table->BootServices->HandleProtocol(device, &device_path_guid,
								 (void **)&path)))
		return NULL;
	for (node = path; !IsDevicePathEnd(node);)
		node = NextDevicePathNode(node);
	bytes = (UINT8 *)node - (UINT8 *)path;
	if (bytes + sizeof *node + sizeof file + sizeof *node > sizeof buffer)
		return NULL;
	__builtin_memcpy(buffer, path, bytes);
	node = (EFI_DEVICE_PATH *)(buffer + bytes);
	node->Type = MEDIA_DEVICE_PATH;
	node->SubType = MEDIA_FILEPATH_DP;
	SetDevicePathNodeLength(node, sizeof *node + sizeof file);
	__builtin_memcpy(node + 1, file, sizeof file);
	node = NextDevicePathNode(node);
	SetDevicePathEndNode(node);
	return (EFI_DEVICE_PATH *)buffer;
}

static EFI_STATUS start_loader(EFI_HANDLE device)
{
	EFI_BOOT_SERVICES *services = system_table->BootServices;
	EFI_LOADED_IMAGE *image;
	EFI_HANDLE loader;
	EFI_STATUS status;

	status = services->LoadImage(FALSE, self, loader_path(device), NULL, 0, &loader);
	if (EFI_ERROR(status)) {
		say(L"shim: FAIL LoadImage\r\n");
		return status;
	}
	status = services->HandleProtocol(loader, &loaded_image_guid, (void **)&image);
	if (EFI_ERROR(status))
		return status;
	shim_prepare_image(image);
	return services->StartImage(loader, NULL, NULL);
}

/* Pages of the types that a loader allocates. */
static UINTN loader_pages(void)
{
	static UINT8 map[MAP_BYTES] __attribute__((aligned(8)));
	UINTN bytes = sizeof map, key, stride, pages = 0;
	UINT32 version;

	if (EFI_ERROR(system_table->BootServices->GetMemoryMap(&bytes, (EFI_MEMORY_DESCRIPTOR *)map,
							       &key, &stride, &version)))
		return 0;
	for (UINTN at = 0; at < bytes; at += stride) {
		const EFI_MEMORY_DESCRIPTOR *entry = (const EFI_MEMORY_DESCRIPTOR *)(map + at);

		if (entry->Type == EfiLoaderData || entry->Type == EfiLoaderCode)
			pages += entry->NumberOfPages;
	}
	return pages;
}

static void sweep_allocations(EFI_HANDLE device)
{
	for (UINTN allowed = 0;; allowed++) {
		const UINTN before = loader_pages();
		UINTN after;

		shim_fail_allocations_after(allowed);
		start_loader(device);
		shim_stop_failing();
		after = loader_pages();
		say(L"shim: sweep allowed=");
		say_number(allowed);
		say(L" leaked=");
		say_number(after > before ? after - before : before - after);
		say(L"\r\n");
	}
}

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
	static char text[INJECT_BYTES];
	EFI_LOADED_IMAGE *own;
	bool sweep = false;
	EFI_STATUS status;

	self = image;
	system_table = system;
	console = system->ConOut;
	status = system->BootServices->HandleProtocol(image, &loaded_image_guid, (void **)&own);
	if (EFI_ERROR(status))
		return status;
	status = read_injections(own->DeviceHandle, text, sizeof text);
	if (EFI_ERROR(status)) {
		say(L"shim: FAIL no inject.txt\r\n");
		return status;
	}
	shim_install(system);
	if (!inject_all(text, &sweep))
		return EFI_INVALID_PARAMETER;
	if (sweep)
		sweep_allocations(own->DeviceHandle);
	status = start_loader(own->DeviceHandle);
	say(L"shim: the loader returned ");
	say_number(status & ~EFI_ERROR_MASK);
	say(L"\r\n");
	return status;
}
