/*
 * xhci_firmware.c: the firmware's own driver, in system management mode, has a controller until it
 * is asked for (xHCI 1.2, 4.22.1 and 7.1). See xhci.h.
 */
#include "debug/log.h"
#include "dev/xhci.h"

#define EXTENDED_COUNT 256u
#define HANDOFF_NS     (1000 * NS_PER_MS)

void xhci_take_from_firmware(struct xhci *xhci)
{
	uint32_t at = HCCPARAMS1_EXTENDED(xhci_read(xhci, XHCI_HCCPARAMS1));

	for (unsigned i = 0; i < EXTENDED_COUNT && at && at + 8 <= xhci->register_bytes; i++) {
		uint32_t capability = xhci_read(xhci, at);
		if (EXTENDED_ID(capability) == EXTENDED_LEGACY) {
			xhci_write(xhci, at, capability | LEGACY_SYSTEM_OWNS);
			if (!xhci_wait(xhci, at, LEGACY_FIRMWARE_OWNS, 0, HANDOFF_NS)) {
				log_warning("USB: the firmware does not let the controller go");
				xhci_write(xhci, at, LEGACY_SYSTEM_OWNS);
			}
			uint32_t control = xhci_read(xhci, at + LEGACY_CONTROL);
			xhci_write(xhci, at + LEGACY_CONTROL,
				   (control & ~LEGACY_CONTROL_SMIS) | LEGACY_CONTROL_EVENTS);
			return;
		}
		uint32_t next = EXTENDED_NEXT(capability);
		at = next ? at + next : 0;
	}
}
