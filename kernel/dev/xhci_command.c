/* xhci_command.c: registers of a controller, and commands to it (xHCI 1.2, 4.6). See xhci.h. */
#include <arch/time.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "dev/xhci.h"
#include "lib/errno.h"

#define HALT_NS (100 * NS_PER_MS) /* it has 16 ms */

uint32_t xhci_read(struct xhci *xhci, uint32_t offset)
{
	assert(offset + sizeof(uint32_t) <= xhci->register_bytes);
	return *(volatile uint32_t *)(xhci->registers + offset);
}

void xhci_write(struct xhci *xhci, uint32_t offset, uint32_t value)
{
	assert(offset + sizeof(uint32_t) <= xhci->register_bytes);
	*(volatile uint32_t *)(xhci->registers + offset) = value;
}

/* Not all controllers take 64 bits at once. (5.1) */
void xhci_write64(struct xhci *xhci, uint32_t offset, uint64_t value)
{
	xhci_write(xhci, offset, (uint32_t)value);
	xhci_write(xhci, offset + 4, (uint32_t)(value >> 32));
}

bool xhci_wait(struct xhci *xhci, uint32_t offset, uint32_t bits, uint32_t value, uint64_t limit)
{
	uint64_t deadline = time_now() + limit;

	for (;;) {
		bool late = time_now() >= deadline;
		uint32_t now = xhci_read(xhci, offset);
		if ((now & bits) == value)
			return true;
		/* All ones: it was pulled out. */
		if (late || now == UINT32_MAX)
			return false;
		usb_sleep(1);
	}
}

void xhci_stop(struct xhci *xhci)
{
	uint32_t command = xhci_read(xhci, xhci->operational + XHCI_USBCMD);

	xhci_write(xhci, xhci->operational + XHCI_USBCMD,
		   command & ~(USBCMD_RUN | USBCMD_INTERRUPTS));
	if (!xhci_wait(xhci, xhci->operational + XHCI_USBSTS, USBSTS_HALTED, USBSTS_HALTED,
		       HALT_NS))
		log_warning("USB: the controller does not halt");
}

void xhci_give_up(struct xhci *xhci, const char *why)
{
	bool locked = usb_lock_take();
	bool was_running = xhci->running;

	xhci->running = false;
	usb_lock_release(locked);
	if (!was_running)
		return;
	log_error("USB: %s: no more of this controller", why);
	for (unsigned i = 0; i < USB_MAX_DEVICES; i++)
		if (usb_devices[i].xhci == xhci && !usb_devices[i].hub)
			usb_detach(&usb_devices[i]);
	xhci_stop(xhci);
}

/* Has the completion come? It never will, from one that was given up. */
static bool take_completion(struct xhci *xhci, uint8_t *code, uint8_t *slot)
{
	bool locked = usb_lock_take();

	xhci_process(xhci);
	bool done = !xhci->command_at;
	*code = xhci->command_code;
	*slot = xhci->command_slot;
	usb_lock_release(locked);
	return done;
}

int xhci_command(struct xhci *xhci, uint64_t parameter, uint32_t control, uint8_t *slot)
{
	uint64_t deadline = time_now() + USB_COMMAND_NS;
	uint8_t code, named;

	bool locked = usb_lock_take();
	bool running = xhci->running;
	if (running)
		xhci->command_at = xhci_ring_put(&xhci->commands, parameter, 0, control);
	usb_lock_release(locked);
	if (!running)
		return -ETIMEDOUT;
	xhci_write(xhci, xhci->doorbells, 0);
	for (;;) {
		bool late = time_now() >= deadline;
		if (take_completion(xhci, &code, &named))
			break;
		if (late) {
			xhci_give_up(xhci, "a command was not answered");
			return -ETIMEDOUT;
		}
		usb_sleep(1);
	}
	if (slot)
		*slot = named;
	if (code == COMPLETION_SUCCESS)
		return 0;
	log_debug("USB: command %u ended with code %u", TRB_TYPE_OF(control), code);
	return -EIO;
}
