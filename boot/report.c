/* report.c: the loader's words, on the firmware's console and on serial. */
#include "loader.h"
#include "serial.h"

#define LINE_BYTES 512

#define CONSOLE_OUT_DEVICE_GUID                                        \
	{                                                              \
		0xd3b36f2c, 0xd551, 0x11d4,                            \
		{                                                      \
			0x9a, 0x46, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d \
		}                                                      \
	}

static EFI_GUID console_out_guid = CONSOLE_OUT_DEVICE_GUID;
static EFI_GUID device_path_guid = DEVICE_PATH_PROTOCOL;

const char *status_name(EFI_STATUS status)
{
	switch (status) {
	case EFI_LOAD_ERROR:
		return "load error";
	case EFI_INVALID_PARAMETER:
		return "invalid parameter";
	case EFI_UNSUPPORTED:
		return "unsupported";
	case EFI_BUFFER_TOO_SMALL:
		return "buffer too small";
	case EFI_NOT_READY:
		return "not ready";
	case EFI_DEVICE_ERROR:
		return "device error";
	case EFI_OUT_OF_RESOURCES:
		return "out of resources";
	case EFI_VOLUME_CORRUPTED:
		return "volume corrupted";
	case EFI_NO_MEDIA:
		return "no medium";
	case EFI_MEDIA_CHANGED:
		return "medium changed";
	case EFI_NOT_FOUND:
		return "not found";
	case EFI_ACCESS_DENIED:
		return "access denied";
	case EFI_TIMEOUT:
		return "timeout";
	case EFI_SECURITY_VIOLATION:
		return "security violation";
	default:
		return "firmware error";
	}
}

EFI_STATUS fail(struct loader *loader, EFI_STATUS status, const char *format, ...)
{
	va_list arguments;

	if (loader->failure[0] == '\0') {
		va_start(arguments, format);
		format_text(loader->failure, sizeof loader->failure, format, arguments);
		va_end(arguments);
	}
	return status;
}

static bool path_has_uart(const EFI_DEVICE_PATH *node)
{
	while (!IsDevicePathEnd(node) && (size_t)DevicePathNodeLength(node) >= sizeof *node) {
		if (DevicePathType(node) == MESSAGING_DEVICE_PATH &&
		    DevicePathSubType(node) == MSG_UART_DP)
			return true;
		node = NextDevicePathNode(node);
	}
	return false;
}

/* Firmware may show its console on a serial port; then what we wrote there would stand there twice.
 */
static bool console_is_on_serial(struct loader *loader)
{
	bool found = false;
	EFI_HANDLE *handles;
	UINTN count;

	if (EFI_ERROR(loader->services->LocateHandleBuffer(ByProtocol, &console_out_guid, NULL,
							   &count, &handles)))
		return false;
	for (UINTN i = 0; i < count && !found; i++) {
		EFI_DEVICE_PATH *path;

		found = !EFI_ERROR(loader->services->HandleProtocol(handles[i], &device_path_guid,
								    (void **)&path)) &&
			path_has_uart(path);
	}
	loader->services->FreePool(handles);
	return found;
}

static void console_write(struct loader *loader, const char *text)
{
	SIMPLE_TEXT_OUTPUT_INTERFACE *console = loader->system->ConOut;
	CHAR16 wide[2 * LINE_BYTES];
	size_t used = 0;

	if (!console)
		return;
	for (; *text && used + 2 < sizeof wide / sizeof wide[0]; text++) {
		if (*text == '\n')
			wide[used++] = '\r';
		wide[used++] = (unsigned char)*text;
	}
	wide[used] = 0;
	console->OutputString(console, wide);
}

static void write_everywhere(struct loader *loader, const char *text)
{
	console_write(loader, text);
	if (!console_is_on_serial(loader) && serial_init())
		serial_write(text);
}

static void format_line(char *out, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	format_text(out, LINE_BYTES, format, arguments);
	va_end(arguments);
}

void report_line(struct loader *loader, const char *format, ...)
{
	char text[LINE_BYTES], line[LINE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	format_text(text, sizeof text, format, arguments);
	va_end(arguments);
	format_line(line, "Quire loader: %s\n", text);
	write_everywhere(loader, line);
}

static void wait_for_key(struct loader *loader)
{
	SIMPLE_INPUT_INTERFACE *keyboard = loader->system->ConIn;
	EFI_INPUT_KEY key;
	UINTN index;

	if (!keyboard)
		return;
	keyboard->Reset(keyboard,
			FALSE); /* what was typed before the sentence is no answer to it */
	do {
		if (EFI_ERROR(loader->services->WaitForEvent(1, &keyboard->WaitForKey, &index)))
			return;
	} while (EFI_ERROR(keyboard->ReadKeyStroke(keyboard, &key)));
}

void report_failure(struct loader *loader)
{
	SIMPLE_INPUT_INTERFACE *keyboard = loader->system->ConIn;

	/* What was typed before the sentence is no answer to it. */
	if (keyboard)
		keyboard->Reset(keyboard, FALSE);
	report_line(loader, "%s. Nothing was started; press a key to return to the firmware.",
		    loader->failure);
	wait_for_key(loader);
}

/*
 * Reached only when the firmware has refused for good to end its services: it may be half shut
 * down. Serial needs nothing of it. The screen does, against the specification's letter; there is
 * nothing left to lose.
 */
void report_dead(struct loader *loader)
{
	char line[LINE_BYTES];

	format_line(line, "\nQuire loader: %s. The machine is halted; switch it off.\n",
		    loader->failure);
	if (serial_init())
		serial_write(line);
	console_write(loader, line);
	for (;;)
		__asm__ volatile("cli; hlt");
}
