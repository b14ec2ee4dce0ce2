/* usb_enumerate.c: devices come and go (Universal Serial Bus Specification 2.0, 9.1 and 9.4). See
 * xhci.h. */
#include <linux/usb/ch9.h>

#include "debug/log.h"
#include "dev/xhci.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"

#define RECOVERY_MS     10u /* 9.2.6.3 wants 2 after an address was set */
#define PACKET_AT_FIRST 8u  /* bytes of a descriptor that come whatever the size of packets */
#define VENDOR_AT       8u
#define PRODUCT_AT      10u
#define TOTAL_AT        2u
#define LIMIT_32_BIT    (1ull << 32)
#define MEMORY_ORDER    1u

struct usb_device *usb_find(const struct xhci *xhci, const struct usb_device *hub, unsigned port)
{
	for (unsigned i = 0; i < USB_MAX_DEVICES; i++) {
		struct usb_device *device = &usb_devices[i];
		if (device->xhci == xhci && device->hub == hub && device->port == port)
			return device;
	}
	return NULL;
}

/* Memory that the controller can reach; what there is already is kept. */
static bool has_memory(struct usb_device *device, const struct xhci *xhci)
{
	if (!device->memory) {
		struct frame *frame = frame_alloc(FRAME_WIRED, MEMORY_ORDER);
		if (!frame)
			return false;
		device->memory = frame_data(frame);
		device->physical = frame_pa(frame);
	}
	return xhci->is_64bit || device->physical + sizeof(*device->memory) <= LIMIT_32_BIT;
}

static struct usb_device *claim(struct xhci *xhci)
{
	for (unsigned i = 0; i < USB_MAX_DEVICES; i++) {
		struct usb_device *device = &usb_devices[i];
		if (device->xhci || device->lost || !has_memory(device, xhci))
			continue;
		bool locked = usb_lock_take();
		struct usb_memory *memory = device->memory;
		paddr_t physical = device->physical;
		/* Not its keys: those of the last one may still have to go up. */
		memset(device, 0, offsetof(struct usb_device, keyboard));
		device->memory = memory;
		device->physical = physical;
		device->xhci = xhci;
		usb_lock_release(locked);
		return device;
	}
	log_warning("USB: there are more devices than the kernel keeps");
	return NULL;
}

static void set_place(struct usb_device *device, struct usb_device *hub, unsigned port,
		      unsigned speed)
{
	device->hub = hub;
	device->port = port;
	device->root_port = hub ? hub->root_port : port;
	device->depth = hub ? hub->depth + 1 : 0;
	device->route = hub ? hub->route | port << 4 * (device->depth - 1) : 0;
	device->speed = (uint8_t)speed;
	if (!hub || speed == USB_HIGH)
		return;
	device->tt_slot = hub->speed == USB_HIGH ? hub->slot : hub->tt_slot;
	device->tt_port = hub->speed == USB_HIGH ? (uint8_t)port : hub->tt_port;
}

static int get_descriptor(struct usb_device *device, unsigned type, uint8_t *data, size_t bytes,
			  unsigned *got)
{
	const struct usb_request request = {USB_DIR_IN, USB_REQ_GET_DESCRIPTOR,
					    (uint16_t)(type << 8), 0, (uint16_t)bytes};

	return usb_control(device, &request, data, got);
}

static unsigned get16(const uint8_t *data)
{
	return data[0] | (unsigned)data[1] << 8;
}

/* Who it is, and how large its packets are. */
static int read_device(struct usb_device *device)
{
	uint8_t data[USB_DT_DEVICE_SIZE] = {0};
	unsigned got;
	bool high = device->speed == USB_HIGH;
	int error = get_descriptor(device, USB_DT_DEVICE, data, PACKET_AT_FIRST, &got);

	if (error)
		return error;
	unsigned packet = usb_parse_packet(data, got, high);
	if (!packet)
		return -EIO;
	if (!high && packet != PACKET_AT_FIRST) {
		error = xhci_set_packet(device, packet);
		if (error)
			return error;
	}
	error = get_descriptor(device, USB_DT_DEVICE, data, sizeof(data), &got);
	if (error)
		return error;
	if (got < sizeof(data))
		return -EIO;
	device->vendor = (uint16_t)get16(data + VENDOR_AT);
	device->product = (uint16_t)get16(data + PRODUCT_AT);
	return 0;
}

/* Its first configuration. -ENODEV: it is nothing that the kernel uses. */
static int read_configuration(struct usb_device *device)
{
	static uint8_t data[USB_CONTROL_BYTES]; /* the thread's */
	unsigned got;
	int error = get_descriptor(device, USB_DT_CONFIG, data, USB_DT_CONFIG_SIZE, &got);

	if (error)
		return error;
	if (got < USB_DT_CONFIG_SIZE)
		return -EIO;
	error = get_descriptor(device, USB_DT_CONFIG, data,
			       MIN(get16(data + TOTAL_AT), USB_CONTROL_BYTES), &got);
	if (error)
		return error;
	return usb_parse_configuration(data, got, &device->found) ? 0 : -ENODEV;
}

static int start_hub(struct usb_device *device)
{
	uint8_t data[USB_PIPE_BYTES];
	struct usb_hub hub;
	unsigned got;
	const struct usb_request request = {USB_DIR_IN | USB_TYPE_CLASS, USB_REQ_GET_DESCRIPTOR,
					    0x29 << 8, 0, sizeof(data)};
	int error = usb_control(device, &request, data, &got);

	if (error)
		return error;
	if (!usb_parse_hub(data, got, &hub))
		return -EIO;
	error = xhci_configure(device, &hub);
	return error ? error : usb_hub_start(device, &hub);
}

static int set_up(struct usb_device *device)
{
	int error = xhci_address(device);

	if (error)
		return error;
	usb_sleep(RECOVERY_MS);
	error = read_device(device);
	if (!error)
		error = read_configuration(device);
	if (error)
		return error;
	const struct usb_request request = {USB_DIR_OUT, USB_REQ_SET_CONFIGURATION,
					    device->found.configuration, 0, 0};
	error = usb_control(device, &request, NULL, NULL);
	if (error)
		return error;
	return device->found.is_hub ? start_hub(device) : usb_keyboard_start(device);
}

static void forget(struct usb_device *device)
{
	bool locked = usb_lock_take();

	if (device->kind == USB_KEYBOARD)
		usb_keyboard_let_go(device);
	device->kind = USB_OTHER;
	device->failed = device->hub_changed = false;
	usb_lock_release(locked);
	xhci_release(device);
	locked = usb_lock_take();
	device->xhci = NULL;
	usb_lock_release(locked);
}

int usb_attach(struct xhci *xhci, struct usb_device *hub, unsigned port, unsigned speed)
{
	if (speed == 0 || speed >= USB_SUPER || (hub && hub->depth >= USB_MAX_DEPTH))
		return -ENODEV;
	struct usb_device *device = claim(xhci);
	if (!device)
		return -ENODEV;
	set_place(device, hub, port, speed);
	int error = set_up(device);
	if (error) {
		log_debug("USB: device %04x:%04x at port %u: %s", device->vendor, device->product,
			  port, error == -ENODEV ? "not used" : "not understood");
		forget(device);
		return error;
	}
	log_info("USB: %s %04x:%04x at port %u%s", device->kind == USB_HUB ? "hub" : "keyboard",
		 device->vendor, device->product, port, hub ? " of a hub" : "");
	return 0;
}

static bool is_behind(const struct usb_device *device, const struct usb_device *hub)
{
	while (device && device != hub)
		device = device->hub;
	return device != NULL;
}

void usb_detach(struct usb_device *device)
{
	/* The farthest first: each knows the hub before it. */
	for (unsigned depth = USB_MAX_DEPTH + 1; depth-- > device->depth;) {
		for (unsigned i = 0; i < USB_MAX_DEVICES; i++) {
			struct usb_device *one = &usb_devices[i];
			if (!one->xhci || one->depth != depth || !is_behind(one, device))
				continue;
			if (one->kind != USB_OTHER)
				log_info("USB: %s %04x:%04x is gone",
					 one->kind == USB_HUB ? "hub" : "keyboard", one->vendor,
					 one->product);
			forget(one);
		}
	}
}
