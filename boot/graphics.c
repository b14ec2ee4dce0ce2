/*
 * graphics.c: the framebuffer (UEFI 2.10, 12.9). The current mode is kept: changing it upsets
 * displays, and the firmware has usually chosen the panel's own.
 */
#include "loader.h"

#define CONSOLE_OUT_DEVICE_GUID                                        \
	{                                                              \
		0xd3b36f2c, 0xd551, 0x11d4,                            \
		{                                                      \
			0x9a, 0x46, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d \
		}                                                      \
	}

/* No display is wider or higher; it also keeps the products below from overflowing. */
#define PIXELS_MAX 65536u

static EFI_GUID graphics_guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;
static EFI_GUID console_out_guid = CONSOLE_OUT_DEVICE_GUID;

static bool pixel_masks(const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *mode,
			struct boot_framebuffer *out)
{
	const EFI_PIXEL_BITMASK *bits = &mode->PixelInformation;
	uint32_t all;

	out->bits_per_pixel = 32;
	out->green_mask = 0x0000ff00;
	switch (mode->PixelFormat) {
	case PixelRedGreenBlueReserved8BitPerColor:
		out->red_mask = 0x000000ff;
		out->blue_mask = 0x00ff0000;
		return true;
	case PixelBlueGreenRedReserved8BitPerColor:
		out->red_mask = 0x00ff0000;
		out->blue_mask = 0x000000ff;
		return true;
	case PixelBitMask:
		if (!bits->RedMask || !bits->GreenMask || !bits->BlueMask)
			return false;
		out->red_mask = bits->RedMask;
		out->green_mask = bits->GreenMask;
		out->blue_mask = bits->BlueMask;
		all = bits->RedMask | bits->GreenMask | bits->BlueMask | bits->ReservedMask;
		/* A pixel has as many bytes as its highest bit needs. */
		out->bits_per_pixel = (32 - __builtin_clz(all) + 7) / 8 * 8;
		return true;
	default:
		return false; /* PixelBltOnly: there is nothing in memory to draw on */
	}
}

static bool describe(EFI_GRAPHICS_OUTPUT_PROTOCOL *graphics, struct boot_framebuffer *out)
{
	const EFI_GRAPHICS_OUTPUT_MODE_INFORMATION *mode;
	struct boot_framebuffer found = {0};

	/* Some firmware has not set a mode yet. */
	if (!graphics->Mode || !graphics->Mode->Info)
		graphics->SetMode(graphics, 0);
	if (!graphics->Mode || !graphics->Mode->Info)
		return false;
	mode = graphics->Mode->Info;
	if (!pixel_masks(mode, &found))
		return false;
	if (mode->HorizontalResolution == 0 || mode->VerticalResolution == 0 ||
	    mode->PixelsPerScanLine < mode->HorizontalResolution ||
	    mode->PixelsPerScanLine > PIXELS_MAX || mode->VerticalResolution > PIXELS_MAX)
		return false;
	found.start = graphics->Mode->FrameBufferBase;
	found.width = mode->HorizontalResolution;
	found.height = mode->VerticalResolution;
	found.pitch = mode->PixelsPerScanLine * (found.bits_per_pixel / 8);
	/* Firmware's FrameBufferSize is often wrong, in both directions. */
	found.bytes = (uint64_t)found.pitch * found.height;
	if (found.start == 0 || found.start + found.bytes < found.start)
		return false;
	*out = found;
	return true;
}

void graphics_find(struct loader *loader, struct boot_framebuffer *out)
{
	bool console_found = false;
	EFI_HANDLE *handles;
	UINTN count;

	if (EFI_ERROR(loader->services->LocateHandleBuffer(ByProtocol, &graphics_guid, NULL, &count,
							   &handles)))
		return;
	/* Of several the one that shows the console; the others may drive nothing that anyone sees.
	 */
	for (UINTN i = 0; i < count && !console_found; i++) {
		struct boot_framebuffer found;
		EFI_GRAPHICS_OUTPUT_PROTOCOL *graphics;
		void *unused;

		if (EFI_ERROR(loader->services->HandleProtocol(handles[i], &graphics_guid,
							       (void **)&graphics)) ||
		    !describe(graphics, &found))
			continue;
		console_found = !EFI_ERROR(
			loader->services->HandleProtocol(handles[i], &console_out_guid, &unused));
		if (console_found || out->bytes == 0)
			*out = found;
	}
	loader->services->FreePool(handles);
}
