/*
 * usb_port.c: ports, of a controller (xHCI 1.2, 4.19) and of hubs (Universal Serial Bus
 * Specification 2.0, 11.24): what was plugged in is reset and attached. See xhci.h.
 */
#include <arch/time.h>
#include <linux/usb/ch9.h>

#include "debug/log.h"
#include "dev/xhci.h"
#include "lib/errno.h"
#include "lib/string.h"

#define TRIES       3u   /* to attach what is there, for as long as it stays */
#define DEBOUNCE_MS 100u /* 7.1.7.3 */
#define RECOVERY_MS 10u  /* 7.1.7.5, after a reset */

/* Features and status of a hub's port (tables 11-17, 11-21 and 11-22). */
#define PORT_RESET       4u
#define PORT_POWER       8u
#define PORT_CHANGE(bit) (16u + (bit))
#define HUB_CONNECTED    (1u << 0)
#define HUB_ENABLED      (1u << 1)
#define HUB_LOW_SPEED    (1u << 9)
#define HUB_HIGH_SPEED   (1u << 10)
#define HUB_CHANGE_COUNT 5u
#define HUB_CHANGE(bit)  (1u << (16 + (bit)))
#define HUB_RESET_CHANGE HUB_CHANGE(4)
#define CLASS_OF_PORT    (USB_TYPE_CLASS | USB_RECIP_OTHER)
#define POWER_MIN_MS     20u

/* A port of a controller, or of a hub. */
struct port {
	struct xhci *xhci;
	struct usb_device *hub; /* NULL: the controller's */
	unsigned number;        /* from 1 on */
	uint8_t *tries;
	bool connected, came_or_went;
};

/* ---- of a controller ---- */

static uint32_t root_offset(const struct port *port)
{
	return port->xhci->operational + XHCI_PORTSC(port->number);
}

/* Its status; what changed is acknowledged. */
static uint32_t read_root(struct port *port)
{
	uint32_t status = xhci_read(port->xhci, root_offset(port));

	if ((status & PORTSC_CHANGES) && status != UINT32_MAX)
		xhci_write(port->xhci, root_offset(port),
			   (status & PORTSC_KEPT) | (status & PORTSC_CHANGES));
	return status;
}

static int reset_root(struct port *port, unsigned *speed)
{
	uint32_t at = root_offset(port), status = xhci_read(port->xhci, at);

	if (!(status & PORTSC_CONNECTED))
		return -ENODEV;
	/* One for SuperSpeed has enabled itself, and only a device of USB 2 waits for its reset;
	 * but one that was attached before has to forget its address. */
	if (!(status & PORTSC_ENABLED) || PORTSC_SPEED(status) < USB_SUPER) {
		xhci_write(port->xhci, at, (status & PORTSC_KEPT) | PORTSC_RESET);
		if (!xhci_wait(port->xhci, at, PORTSC_RESET | PORTSC_ENABLED, PORTSC_ENABLED,
			       USB_RESET_NS))
			return -EIO;
	}
	status = read_root(port);
	*speed = PORTSC_SPEED(status);
	return 0;
}

/* ---- of a hub ---- */

static int feature(struct usb_device *hub, uint8_t request, unsigned which, unsigned number)
{
	const struct usb_request to = {USB_DIR_OUT | CLASS_OF_PORT, request, (uint16_t)which,
				       (uint16_t)number, 0};

	return usb_control(hub, &to, NULL, NULL);
}

/* Status in the lower half, changes in the upper one; these are acknowledged. */
static int read_hub(const struct port *port, uint32_t *status)
{
	const struct usb_request request = {USB_DIR_IN | CLASS_OF_PORT, USB_REQ_GET_STATUS, 0,
					    (uint16_t)port->number, sizeof(*status)};
	unsigned got;
	int error = usb_control(port->hub, &request, status, &got);

	if (error)
		return error;
	if (got < sizeof(*status))
		return -EIO;
	for (unsigned bit = 0; bit < HUB_CHANGE_COUNT && !error; bit++)
		if (*status & HUB_CHANGE(bit))
			error = feature(port->hub, USB_REQ_CLEAR_FEATURE, PORT_CHANGE(bit),
					port->number);
	return error;
}

static int reset_hub(struct port *port, unsigned *speed)
{
	uint64_t deadline = time_now() + USB_RESET_NS;
	uint32_t status, seen = 0;
	int error = feature(port->hub, USB_REQ_SET_FEATURE, PORT_RESET, port->number);

	while (!error) {
		bool late = time_now() >= deadline;
		usb_sleep(RECOVERY_MS);
		error = read_hub(port, &status);
		if (error)
			break;
		seen |= status;
		if ((seen & HUB_RESET_CHANGE) && (status & HUB_ENABLED)) {
			*speed = status & HUB_LOW_SPEED    ? USB_LOW
				 : status & HUB_HIGH_SPEED ? USB_HIGH
							   : USB_FULL;
			return 0;
		}
		if (late || !(status & HUB_CONNECTED))
			return -EIO;
	}
	return error;
}

int usb_hub_start(struct usb_device *device, const struct usb_hub *hub)
{
	device->hub_ports = MIN(hub->ports, USB_HUB_PORTS);
	for (unsigned number = 1; number <= device->hub_ports; number++) {
		int error = feature(device, USB_REQ_SET_FEATURE, PORT_POWER, number);
		if (error)
			return error;
	}
	usb_sleep(MAX(hub->power_good_ms, POWER_MIN_MS));
	bool locked = usb_lock_take();
	device->kind = USB_HUB;
	device->hub_changed = true;
	usb_lock_release(locked);
	return 0;
}

/* ---- of either ---- */

static int read_port(struct port *port)
{
	uint32_t status;

	if (!port->hub) {
		status = read_root(port);
		if (status == UINT32_MAX)
			return -EIO;
		port->connected = status & PORTSC_CONNECTED;
		port->came_or_went = status & PORTSC_CONNECT_CHANGE;
		return 0;
	}
	int error = read_hub(port, &status);
	if (error)
		return error;
	port->connected = status & HUB_CONNECTED;
	port->came_or_went = status & HUB_CHANGE(0);
	return 0;
}

static void attach(struct port *port)
{
	while (*port->tries < TRIES) {
		unsigned speed = 0;
		++*port->tries;
		usb_sleep(DEBOUNCE_MS);
		int error = port->hub ? reset_hub(port, &speed) : reset_root(port, &speed);
		usb_sleep(RECOVERY_MS);
		if (!error)
			error = usb_attach(port->xhci, port->hub, port->number, speed);
		if (!error)
			return;
		if (error == -ENODEV) {
			*port->tries = TRIES;
			return;
		}
		if (*port->tries == TRIES)
			log_warning("USB: what is at port %u%s does not answer as it should",
				    port->number, port->hub ? " of a hub" : "");
	}
}

/* -EIO: the hub, or the controller, says nothing of it. */
static int look_at(struct port *port)
{
	int error = read_port(port);

	if (error)
		return error;
	struct usb_device *device = usb_find(port->xhci, port->hub, port->number);
	if (port->came_or_went || !port->connected)
		*port->tries = 0;
	if (device && (port->came_or_went || !port->connected || device->failed)) {
		usb_detach(device);
		device = NULL;
	}
	if (port->connected && !device)
		attach(port);
	return 0;
}

static void look_at_hub(struct usb_device *hub)
{
	bool locked = usb_lock_take();

	hub->hub_changed = false;
	usb_lock_release(locked);
	for (unsigned number = 1; number <= hub->hub_ports; number++) {
		struct port port = {.xhci = hub->xhci,
				    .hub = hub,
				    .number = number,
				    .tries = &hub->tries[number]};
		if (!look_at(&port))
			continue;
		locked = usb_lock_take();
		hub->failed = true;
		usb_lock_release(locked);
		return;
	}
}

/* Did its pipe, or a device at one of its ports, report something? */
static bool hub_needs_look(const struct usb_device *hub)
{
	bool needs = hub->hub_changed;

	for (unsigned i = 0; i < USB_MAX_DEVICES; i++)
		needs = needs ||
			(usb_devices[i].xhci && usb_devices[i].hub == hub && usb_devices[i].failed);
	return needs;
}

void usb_look_at_ports(struct xhci *xhci)
{
	bool locked = usb_lock_take();
	bool running = xhci->running;

	xhci->ports_changed = false;
	usb_lock_release(locked);
	for (unsigned number = 1; running && number <= xhci->ports; number++) {
		struct port port = {.xhci = xhci, .number = number, .tries = &xhci->tries[number]};
		if (look_at(&port)) {
			xhci_give_up(xhci, "its registers do not answer");
			return;
		}
	}
	for (unsigned i = 0; i < USB_MAX_DEVICES; i++) {
		struct usb_device *device = &usb_devices[i];
		if (device->xhci == xhci && device->kind == USB_HUB && !device->failed &&
		    hub_needs_look(device))
			look_at_hub(device);
	}
}
