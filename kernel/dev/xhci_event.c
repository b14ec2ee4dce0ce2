/* xhci_event.c: what controllers report (xHCI 1.2, 4.9.4 and 6.4.2). See xhci.h. */
#include "debug/assert.h"
#include "dev/xhci.h"

/* Each place in the ring has its own part of `reports`. */
static void put_report(struct usb_device *device)
{
	uint64_t offset =
		offsetof(struct usb_memory, reports) + (uint64_t)device->pipe.next * USB_PIPE_BYTES;

	(void)xhci_ring_put(&device->pipe, device->physical + offset, device->pipe_packet,
			    TRB_TYPE(TRB_NORMAL) | TRB_SHORT_EVENT | TRB_EVENT);
}

void xhci_fill_pipe(struct usb_device *device)
{
	assert(device->pipe_packet <= USB_PIPE_BYTES);
	device->pipe_oldest = 0;
	for (unsigned i = 0; i < XHCI_PIPE_WAITING; i++)
		put_report(device);
}

static void ring_doorbell(struct xhci *xhci, uint8_t slot, unsigned endpoint)
{
	*(volatile uint32_t *)(xhci->registers + xhci->doorbells + 4u * slot) = endpoint;
}

static void pipe_event(struct usb_device *device, const struct xhci_trb *event)
{
	uint32_t code = EVENT_CODE(event->status), left = EVENT_LEFT(event->status);
	unsigned index;

	/* They end in turn; only so there is never more in the ring than it has room for. */
	if (device->failed || !xhci_ring_index(&device->pipe, event->parameter, &index) ||
	    index != device->pipe_oldest)
		return;
	if (code != COMPLETION_SUCCESS && code != COMPLETION_SHORT_PACKET) {
		device->failed = true;
		return;
	}
	size_t bytes = left < device->pipe_packet ? device->pipe_packet - left : 0;
	if (device->kind == USB_KEYBOARD)
		usb_keyboard_report(device, device->memory->reports[index], bytes);
	else if (device->kind == USB_HUB)
		device->hub_changed = true;
	device->pipe_oldest = (index + 1) % (XHCI_PIPE_TRBS - 1);
	put_report(device);
	ring_doorbell(device->xhci, device->slot, device->pipe_endpoint);
}

static void control_event(struct usb_device *device, const struct xhci_trb *event)
{
	uint32_t code = EVENT_CODE(event->status), left = EVENT_LEFT(event->status);
	bool is_data = device->data_at && event->parameter == device->data_at;
	bool is_status = device->status_at && event->parameter == device->status_at;
	bool good = code == COMPLETION_SUCCESS || code == COMPLETION_SHORT_PACKET;
	unsigned index;

	if (is_data)
		device->control_left = left;
	/* An error may also be that of the stage before, whose place nobody noted. */
	if (device->status_at && !device->control_code &&
	    (is_status || (!good && xhci_ring_index(&device->control, event->parameter, &index))))
		device->control_code = good ? COMPLETION_SUCCESS : (uint8_t)code;
}

static void transfer_event(struct xhci *xhci, const struct xhci_trb *event)
{
	uint8_t slot = TRB_SLOT_OF(event->control);
	unsigned endpoint = TRB_ENDPOINT_OF(event->control);
	struct usb_device *device = slot <= XHCI_SLOTS ? xhci->by_slot[slot] : NULL;

	if (!device)
		return;
	if (endpoint == CONTROL_ENDPOINT)
		control_event(device, event);
	else if (device->pipe_endpoint && endpoint == device->pipe_endpoint)
		pipe_event(device, event);
}

static void command_event(struct xhci *xhci, const struct xhci_trb *event)
{
	if (!xhci->command_at || event->parameter != xhci->command_at)
		return;
	xhci->command_at = 0;
	xhci->command_code = (uint8_t)EVENT_CODE(event->status);
	xhci->command_slot = TRB_SLOT_OF(event->control);
}

void xhci_process(struct xhci *xhci)
{
	struct xhci_trb event;
	unsigned count = 0;

	if (!xhci->running)
		return;
	while (count < XHCI_EVENTS && xhci_events_take(&xhci->events, &event)) {
		count++;
		switch (TRB_TYPE_OF(event.control)) {
		case TRB_TRANSFER_EVENT:
			transfer_event(xhci, &event);
			break;
		case TRB_COMMAND_COMPLETION:
			command_event(xhci, &event);
			break;
		case TRB_PORT_STATUS_CHANGE:
			xhci->ports_changed = true;
			break;
		default:
			break;
		}
	}
	if (!count)
		return;
	uint64_t position = xhci_events_position(&xhci->events) | ERDP_BUSY;
	volatile uint32_t *dequeue =
		(volatile uint32_t *)(xhci->registers + xhci->runtime + XHCI_ERDP);
	dequeue[0] = (uint32_t)position;
	dequeue[1] = (uint32_t)(position >> 32);
}
