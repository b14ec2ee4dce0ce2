/*
 * graphics.c: the framebuffer (UEFI 2.10, 12.9). The current mode is kept: changing it upsets
 * displays, and the firmware has usually chosen the panel's own.
 */
#include "loader.h"

#include <efipciio.h>

#define CONSOLE_OUT_DEVICE_GUID                                        \
	{                                                              \
		0xd3b36f2c, 0xd551, 0x11d4,                            \
		{                                                      \
			0x9a, 0x46, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d \
		}                                                      \
	}

/* No display is wider or higher; it also keeps the products below from overflowing. */
#define PIXELS_MAX 65536u

/* What a display says of itself (VESA E-EDID 1.4): a block of 128 bytes whose sum is 0. */
#define EDID_BYTES      128u
#define EDID_HEADER     0x00ffffffffffff00ull
#define EDID_SIZE_CM    21u /* across and down */
#define EDID_FIRST_MODE 54u /* a detailed timing descriptor, the panel's own */
#define MODE_SIZE_MM    12u /* in it: lower bytes across and down, and then the upper halves */

/* The registers of Bochs's display interface, which the cards of emulators have: an index is
 * written to one port, and what it names is read at another. */
#define DISPI_INDEX    0x1ceu
#define DISPI_DATA     0x1d0u /* an alias: PCI I/O goes by aligned ports */
#define DISPI_ID       0u
#define DISPI_XRES     1u
#define DISPI_WIDTH    6u /* of a line in memory, in pixels */
#define DISPI_ID_IS(r) (((r)&0xfff0) == 0xb0c0)
#define DISPI_STEP     8u /* they have no other widths than multiples of it */

static EFI_GUID device_path_guid = EFI_DEVICE_PATH_PROTOCOL_GUID;
static EFI_GUID pci_io_guid = EFI_PCI_IO_PROTOCOL_GUID;
static EFI_GUID edid_guids[] = {EFI_EDID_ACTIVE_PROTOCOL_GUID, EFI_EDID_DISCOVERED_PROTOCOL_GUID};
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

/* How large it shows. False: this is no description, or it does not say. */
static bool read_edid(const UINT8 *edid, UINTN bytes, struct boot_framebuffer *out)
{
	const UINT8 *mode = edid + EDID_FIRST_MODE;
	UINT64 header;
	UINT8 sum = 0;

	if (!edid || bytes < EDID_BYTES)
		return false;
	for (unsigned i = 0; i < EDID_BYTES; i++)
		sum = (UINT8)(sum + edid[i]);
	__builtin_memcpy(&header, edid, sizeof(header));
	if (sum || header != EDID_HEADER)
		return false;
	/* Without a pixel clock it describes no mode; millimetres are better than centimetres. */
	out->width_mm = out->height_mm = 0;
	if (mode[0] || mode[1]) {
		out->width_mm =
			(uint16_t)(mode[MODE_SIZE_MM] | (mode[MODE_SIZE_MM + 2] & 0xf0) << 4);
		out->height_mm =
			(uint16_t)(mode[MODE_SIZE_MM + 1] | (mode[MODE_SIZE_MM + 2] & 0x0f) << 8);
	}
	if (!out->width_mm || !out->height_mm) {
		out->width_mm = (uint16_t)(edid[EDID_SIZE_CM] * 10);
		out->height_mm = (uint16_t)(edid[EDID_SIZE_CM + 1] * 10);
	}
	return out->width_mm && out->height_mm;
}

/* Few firmwares tell; then it stays 0. (UEFI 2.10, 12.9.2.) */
static void measure(struct loader *loader, EFI_HANDLE handle, struct boot_framebuffer *out)
{
	for (unsigned i = 0; i < sizeof(edid_guids) / sizeof(edid_guids[0]); i++) {
		/* Both protocols have the same members. */
		EFI_EDID_ACTIVE_PROTOCOL *edid;
		if (!EFI_ERROR(loader->services->HandleProtocol(handle, &edid_guids[i],
								(void **)&edid)) &&
		    read_edid(edid->Edid, edid->SizeOfEdid, out))
			return;
		out->width_mm = out->height_mm = 0;
	}
}

static bool is_emulated(EFI_PCI_IO_PROTOCOL *card)
{
	UINT16 vendor = 0;

	if (EFI_ERROR(card->Pci.Read(card, EfiPciIoWidthUint16, 0, 1, &vendor)))
		return false;
	/* QEMU's own, Red Hat's (qxl, virtio), VMware's. */
	return vendor == 0x1234 || vendor == 0x1b36 || vendor == 0x1af4 || vendor == 0x15ad;
}

static UINT16 read_dispi(EFI_PCI_IO_PROTOCOL *card, UINT16 index)
{
	UINT16 value = 0;

	card->Io.Write(card, EfiPciIoWidthUint16, EFI_PCI_IO_PASS_THROUGH_BAR, DISPI_INDEX, 1,
		       &index);
	card->Io.Read(card, EfiPciIoWidthUint16, EFI_PCI_IO_PASS_THROUGH_BAR, DISPI_DATA, 1,
		      &value);
	return value;
}

/* Cards of emulators round a width of 1366 pixels down, and OVMF does not notice: its own text is
 * slanted then. What the card says of itself is right. Its mode is left as it is. */
static void mend_width(struct loader *loader, EFI_HANDLE handle, struct boot_framebuffer *out)
{
	EFI_DEVICE_PATH *path;
	EFI_PCI_IO_PROTOCOL *card;
	EFI_HANDLE device;

	if (out->width % DISPI_STEP == 0 ||
	    EFI_ERROR(
		    loader->services->HandleProtocol(handle, &device_path_guid, (void **)&path)) ||
	    EFI_ERROR(loader->services->LocateDevicePath(&pci_io_guid, &path, &device)) ||
	    EFI_ERROR(loader->services->HandleProtocol(device, &pci_io_guid, (void **)&card)) ||
	    !is_emulated(card) || !DISPI_ID_IS(read_dispi(card, DISPI_ID)))
		return;
	uint32_t width = read_dispi(card, DISPI_XRES), line = read_dispi(card, DISPI_WIDTH);
	if (width != out->width / DISPI_STEP * DISPI_STEP || line < width ||
	    line > out->pitch / (out->bits_per_pixel / 8))
		return;
	out->width = width;
	out->pitch = line * (out->bits_per_pixel / 8);
	out->bytes = (uint64_t)out->pitch * out->height;
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
		measure(loader, handles[i], &found);
		mend_width(loader, handles[i], &found);
		console_found = !EFI_ERROR(
			loader->services->HandleProtocol(handles[i], &console_out_guid, &unused));
		if (console_found || out->bytes == 0)
			*out = found;
	}
	loader->services->FreePool(handles);
}
