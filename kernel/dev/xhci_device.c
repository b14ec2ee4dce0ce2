/*
 * xhci_device.c: slots, endpoints, and control transfers (xHCI 1.2, 4.3, 4.6 and 4.11.2). See
 * xhci.h.
 */
#include <arch/time.h>
#include <linux/usb/ch9.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "dev/xhci.h"
#include "lib/errno.h"
#include "lib/string.h"

#define WORD            4u
#define INPUT_ADD       1u /* word of the input context: which contexts count */
#define SMALLEST_PACKET 8u
#define HIGH_PACKET     64u
#define AVERAGE_CONTROL 8u

/* Context `index` of the input: 0 says which count, 1 is the slot's, then the endpoints'. */
static uint32_t *input(struct usb_device *device, unsigned index)
{
	assert(index <= CONTEXT_ENTRIES);
	return &device->memory->input[index * device->xhci->context_bytes / WORD];
}

static void fill_slot(struct usb_device *device, unsigned entries, const struct usb_hub *hub)
{
	uint32_t *slot = input(device, 1);

	slot[0] = SLOT_ROUTE(device->route) | SLOT_SPEED(device->speed) | SLOT_ENTRIES(entries);
	slot[1] = SLOT_ROOT_PORT(device->root_port);
	slot[2] = SLOT_TT_HUB(device->tt_slot) | SLOT_TT_PORT(device->tt_port);
	if (hub) {
		slot[0] |= SLOT_HUB;
		slot[1] |= SLOT_HUB_PORTS(hub->ports);
		slot[2] |= device->speed == USB_HIGH ? SLOT_TT_THINK(hub->think_time) : 0;
	}
}

static void fill_control(struct usb_device *device, unsigned packet)
{
	uint32_t *endpoint = input(device, 1 + CONTROL_ENDPOINT);
	uint64_t dequeue = device->control.physical | ENDPOINT_CYCLE;

	endpoint[1] = ENDPOINT_RETRIES | ENDPOINT_CONTROL | ENDPOINT_PACKET(packet);
	endpoint[2] = (uint32_t)dequeue;
	endpoint[3] = (uint32_t)(dequeue >> 32);
	endpoint[4] = AVERAGE_CONTROL;
}

static int command_with_input(struct usb_device *device, enum trb_type type)
{
	return xhci_command(device->xhci, device->physical + offsetof(struct usb_memory, input),
			    TRB_TYPE(type) | TRB_SLOT(device->slot), NULL);
}

static int enable_slot(struct usb_device *device)
{
	struct xhci *xhci = device->xhci;
	uint8_t slot;
	int error = xhci_command(xhci, 0, TRB_TYPE(TRB_ENABLE_SLOT), &slot);

	if (error)
		return error;
	if (!slot || slot > xhci->slots || xhci->by_slot[slot]) {
		log_warning("USB: the controller gives slot %u, which there is not", slot);
		return -EIO;
	}
	device->slot = slot;
	xhci->contexts[slot] = device->physical + offsetof(struct usb_memory, context);
	bool locked = usb_lock_take();
	xhci->by_slot[slot] = device;
	usb_lock_release(locked);
	return 0;
}

int xhci_address(struct usb_device *device)
{
	struct usb_memory *memory = device->memory;
	unsigned packet = device->speed == USB_HIGH ? HIGH_PACKET : SMALLEST_PACKET;

	memset(memory, 0, sizeof(*memory));
	xhci_ring_init(&device->control, memory->control,
		       device->physical + offsetof(struct usb_memory, control), XHCI_CONTROL_TRBS);
	xhci_ring_init(&device->pipe, memory->pipe,
		       device->physical + offsetof(struct usb_memory, pipe), XHCI_PIPE_TRBS);
	int error = enable_slot(device);
	if (error)
		return error;
	input(device, 0)[INPUT_ADD] = 1u << 0 | 1u << CONTROL_ENDPOINT;
	fill_slot(device, 1, NULL);
	fill_control(device, packet);
	return command_with_input(device, TRB_ADDRESS_DEVICE);
}

int xhci_set_packet(struct usb_device *device, unsigned bytes)
{
	input(device, 0)[INPUT_ADD] = 1u << CONTROL_ENDPOINT;
	fill_control(device, bytes);
	return command_with_input(device, TRB_EVALUATE_CONTEXT);
}

int xhci_configure(struct usb_device *device, const struct usb_hub *hub)
{
	const struct usb_function *found = &device->found;
	unsigned entry = 2u * found->endpoint + 1;
	uint32_t *endpoint = input(device, 1 + entry);
	uint64_t dequeue = device->pipe.physical | ENDPOINT_CYCLE;

	if (found->packet > USB_PIPE_BYTES)
		return -EIO;
	input(device, 0)[INPUT_ADD] = 1u << 0 | 1u << entry;
	fill_slot(device, entry, hub);
	endpoint[0] = ENDPOINT_INTERVAL(usb_interval(found->interval, device->speed == USB_HIGH));
	endpoint[1] = ENDPOINT_RETRIES | ENDPOINT_INTERRUPT_IN | ENDPOINT_PACKET(found->packet);
	endpoint[2] = (uint32_t)dequeue;
	endpoint[3] = (uint32_t)(dequeue >> 32);
	endpoint[4] = found->packet | ENDPOINT_ESIT(found->packet);
	int error = command_with_input(device, TRB_CONFIGURE_ENDPOINT);
	if (error)
		return error;
	bool locked = usb_lock_take();
	device->pipe_endpoint = entry;
	device->pipe_packet = found->packet;
	xhci_fill_pipe(device);
	usb_lock_release(locked);
	xhci_write(device->xhci, device->xhci->doorbells + WORD * device->slot, entry);
	return 0;
}

void xhci_release(struct usb_device *device)
{
	struct xhci *xhci = device->xhci;

	if (!device->slot)
		return;
	bool locked = usb_lock_take();
	xhci->by_slot[device->slot] = NULL;
	device->pipe_endpoint = 0;
	usb_lock_release(locked);
	if (xhci_command(xhci, 0, TRB_TYPE(TRB_DISABLE_SLOT) | TRB_SLOT(device->slot), NULL)) {
		log_warning("USB: the controller keeps slot %u", device->slot);
		device->lost = true;
	} else {
		xhci->contexts[device->slot] = 0;
	}
	device->slot = 0;
}

/* ---- control transfers ---- */

/* The three stages; the last one is waited for. */
static void start_control(struct usb_device *device, const struct usb_request *request)
{
	uint64_t setup = request->type | (uint64_t)request->request << 8 |
			 (uint64_t)request->value << 16 | (uint64_t)request->index << 32 |
			 (uint64_t)request->length << 48;
	bool in = request->type & USB_DIR_IN;
	uint32_t kind = !request->length ? 0 : in ? TRB_SETUP_IN : TRB_SETUP_OUT;

	bool locked = usb_lock_take();
	device->control_code = 0;
	device->control_left = 0;
	device->data_at = 0;
	(void)xhci_ring_put(&device->control, setup, sizeof(setup),
			    TRB_TYPE(TRB_SETUP) | TRB_IMMEDIATE | kind);
	if (request->length)
		device->data_at = xhci_ring_put(
			&device->control, device->physical + offsetof(struct usb_memory, data),
			request->length, TRB_TYPE(TRB_DATA) | TRB_SHORT_EVENT | (in ? TRB_IN : 0));
	device->status_at = xhci_ring_put(&device->control, 0, 0,
					  TRB_TYPE(TRB_STATUS) | TRB_EVENT |
						  (in && request->length ? 0 : TRB_IN));
	usb_lock_release(locked);
	xhci_write(device->xhci, device->xhci->doorbells + WORD * device->slot, CONTROL_ENDPOINT);
}

/* Its code; 0: none came. *left: the bytes that did not come. */
static uint8_t wait_for_control(struct usb_device *device, uint32_t *left)
{
	uint64_t deadline = time_now() + USB_CONTROL_NS;

	for (;;) {
		bool late = time_now() >= deadline;
		bool locked = usb_lock_take();
		xhci_process(device->xhci);
		uint8_t code = device->control_code;
		*left = device->control_left;
		if (code || late)
			device->status_at = device->data_at = 0;
		usb_lock_release(locked);
		if (code || late)
			return code;
		usb_sleep(1);
	}
}

/* After an error the endpoint stands still until it is told where to go on. */
static int restart_control(struct usb_device *device)
{
	const struct xhci_ring *ring = &device->control;
	uint32_t where = TRB_SLOT(device->slot) | TRB_ENDPOINT(CONTROL_ENDPOINT);
	int error = xhci_command(device->xhci, 0, TRB_TYPE(TRB_RESET_ENDPOINT) | where, NULL);

	if (error)
		return error;
	uint64_t next = ring->physical + ring->next * sizeof(struct xhci_trb);
	return xhci_command(device->xhci, next | (ring->cycle ? ENDPOINT_CYCLE : 0),
			    TRB_TYPE(TRB_SET_DEQUEUE) | where, NULL);
}

int usb_control(struct usb_device *device, const struct usb_request *request, void *data,
		unsigned *got)
{
	bool in = request->type & USB_DIR_IN;
	uint32_t left;

	assert(request->length <= USB_CONTROL_BYTES);
	/* Who serves a hub's ports goes on for a while after the controller was given up. */
	if (!device->xhci)
		return -ENODEV;
	if (!in && request->length)
		memcpy(device->memory->data, data, request->length);
	start_control(device, request);
	uint8_t code = wait_for_control(device, &left);
	if (!code) {
		/* What it was asked still stands in the ring: it is to start anew. */
		bool locked = usb_lock_take();
		device->failed = true;
		usb_lock_release(locked);
		return -ETIMEDOUT;
	}
	if (code != COMPLETION_SUCCESS) {
		int error = restart_control(device);
		return error ? error : code == COMPLETION_STALL ? -EPIPE : -EIO;
	}
	unsigned bytes = left < request->length ? request->length - left : 0;
	if (in)
		memcpy(data, device->memory->data, bytes);
	if (got)
		*got = bytes;
	return 0;
}
