/* fake_usb.c: see fake_usb.h. */
#include "fake_usb.h"

#include <stdlib.h>
#include <string.h>

#include "dev/keyboard.h"
#include "lib/errno.h"

#define DEVICE_PA   0x10000u
#define EVENTS_PA   0x20000u
#define COMMANDS_PA 0x30000u
#define REGISTERS   0x2000u
#define RUNTIME     0x1000u
#define DOORBELLS   0x1800u

struct spinlock usb_lock;
struct xhci usb_controllers[XHCI_MAX];
unsigned usb_controller_count;
struct usb_device usb_devices[USB_MAX_DEVICES];

static struct keyboard_source *source;

bool usb_lock_take(void)
{
	return true;
}

void usb_lock_release(bool locked)
{
}

void keyboard_add(struct keyboard_source *added)
{
	source = added;
}

uint8_t keyboard_leds(void)
{
	return 0;
}

int usb_control(struct usb_device *device, const struct usb_request *request, void *data,
		unsigned *got)
{
	return -EPIPE; /* refused, as a device may */
}

int xhci_configure(struct usb_device *device, const struct usb_hub *hub)
{
	device->pipe_endpoint = FAKE_ENDPOINT;
	device->pipe_packet = HID_REPORT_BYTES;
	xhci_fill_pipe(device);
	return 0;
}

struct usb_device *fake_usb_start(enum usb_kind kind)
{
	struct xhci *xhci = &usb_controllers[0];
	struct usb_device *device = &usb_devices[0];

	usb_controller_count = 1;
	*xhci = (struct xhci){.registers = calloc(1, REGISTERS),
			      .register_bytes = REGISTERS,
			      .runtime = RUNTIME,
			      .doorbells = DOORBELLS,
			      .running = true};
	xhci_events_init(&xhci->events, calloc(XHCI_EVENTS, sizeof(struct xhci_trb)), EVENTS_PA,
			 XHCI_EVENTS);
	xhci_ring_init(&xhci->commands, calloc(XHCI_COMMANDS, sizeof(struct xhci_trb)), COMMANDS_PA,
		       XHCI_COMMANDS);
	memset(device, 0, sizeof(*device));
	device->xhci = xhci;
	device->memory = calloc(1, sizeof(*device->memory));
	device->physical = DEVICE_PA;
	device->slot = FAKE_SLOT;
	xhci->by_slot[FAKE_SLOT] = device;
	xhci_ring_init(&device->control, device->memory->control,
		       DEVICE_PA + offsetof(struct usb_memory, control), XHCI_CONTROL_TRBS);
	xhci_ring_init(&device->pipe, device->memory->pipe,
		       DEVICE_PA + offsetof(struct usb_memory, pipe), XHCI_PIPE_TRBS);
	if (kind == USB_KEYBOARD)
		(void)usb_keyboard_start(device);
	else
		(void)xhci_configure(device, NULL);
	device->kind = kind;
	return device;
}

void fake_usb_stop(void)
{
	free((void *)usb_controllers[0].registers);
	free(usb_controllers[0].events.trbs);
	free(usb_controllers[0].commands.trbs);
	free(usb_devices[0].memory);
	memset(usb_devices, 0, sizeof(usb_devices));
	memset(usb_controllers, 0, sizeof(usb_controllers));
	usb_controller_count = 0;
}

uint64_t fake_usb_next_report(void)
{
	return usb_devices[0].pipe.physical + usb_devices[0].pipe_oldest * sizeof(struct xhci_trb);
}

void fake_usb_fill_report(const void *data, size_t bytes)
{
	memcpy(usb_devices[0].memory->reports[usb_devices[0].pipe_oldest], data,
	       bytes < USB_PIPE_BYTES ? bytes : USB_PIPE_BYTES);
}

void fake_usb_event(uint64_t parameter, uint32_t status, uint32_t control)
{
	struct xhci_events *events = &usb_controllers[0].events;

	events->trbs[events->next] = (struct xhci_trb){
		parameter, status, (control & ~TRB_CYCLE) | (events->cycle ? TRB_CYCLE : 0)};
	xhci_process(&usb_controllers[0]);
}

bool fake_usb_key(unsigned *key, bool *pressed)
{
	return source && source->next(source, key, pressed);
}
