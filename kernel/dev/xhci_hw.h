/*
 * xhci_hw.h: registers and structures of a USB host controller (eXtensible Host Controller
 * Interface for USB, revision 1.2; sections in parentheses). Only what the driver uses.
 */
#ifndef DEV_XHCI_HW_H
#define DEV_XHCI_HW_H

#include "lib/types.h"

/* Capability registers (5.3). */
#define XHCI_CAPLENGTH               0x00u
#define XHCI_HCSPARAMS1              0x04u
#define XHCI_HCSPARAMS2              0x08u
#define XHCI_HCCPARAMS1              0x10u
#define XHCI_DBOFF                   0x14u
#define XHCI_RTSOFF                  0x18u
#define XHCI_CAPABILITY_BYTES        0x20u
#define HCSPARAMS1_SLOTS(r)          ((r)&0xff)
#define HCSPARAMS1_PORTS(r)          ((r) >> 24)
#define HCSPARAMS2_SCRATCHPADS(r)    (((r) >> 21 & 0x1f) << 5 | (r) >> 27)
#define HCCPARAMS1_64_BIT            (1u << 0)
#define HCCPARAMS1_CONTEXTS_64_BYTES (1u << 2)
#define HCCPARAMS1_EXTENDED(r)       ((r) >> 16 << 2)

/* Operational registers (5.4), from CAPLENGTH on. */
#define XHCI_USBCMD       0x00u
#define XHCI_USBSTS       0x04u
#define XHCI_PAGESIZE     0x08u
#define XHCI_CRCR         0x18u
#define XHCI_DCBAAP       0x30u
#define XHCI_CONFIG       0x38u
#define XHCI_PORTSC(port) (0x400u + 0x10u * ((port)-1)) /* ports count from 1 */
#define USBCMD_RUN        (1u << 0)
#define USBCMD_RESET      (1u << 1)
#define USBCMD_INTERRUPTS (1u << 2)
#define USBSTS_HALTED     (1u << 0)
#define USBSTS_NOT_READY  (1u << 11)
#define PAGESIZE_4K       (1u << 0)
#define CRCR_CYCLE        (1u << 0)

#define PORTSC_CONNECTED      (1u << 0)
#define PORTSC_ENABLED        (1u << 1) /* written as one it disables */
#define PORTSC_RESET          (1u << 4)
#define PORTSC_POWER          (1u << 9)
#define PORTSC_SPEED(r)       ((r) >> 10 & 0xf)
#define PORTSC_CONNECT_CHANGE (1u << 17)
#define PORTSC_CHANGES        (0x7fu << 17) /* each is cleared by writing it as one */
/* What a write must repeat to change nothing: power, indicators, wake-ups. */
#define PORTSC_KEPT           (PORTSC_POWER | 3u << 14 | 7u << 25)

/* Runtime registers (5.5), of the first interrupter. */
#define XHCI_ERSTSZ  0x28u
#define XHCI_ERSTBA  0x30u
#define XHCI_ERDP    0x38u
#define ERDP_BUSY    (1u << 3) /* cleared by writing it as one */
#define XHCI_RUNTIME 0x40u     /* bytes, as far as they are used */

/* Extended capabilities (7.1). */
#define EXTENDED_ID(r)        ((r)&0xff)
#define EXTENDED_NEXT(r)      (((r) >> 8 & 0xff) << 2)
#define EXTENDED_LEGACY       1u
#define LEGACY_FIRMWARE_OWNS  (1u << 16)
#define LEGACY_SYSTEM_OWNS    (1u << 24)
#define LEGACY_CONTROL        4u /* bytes further on */
#define LEGACY_CONTROL_SMIS   0x0000e011u
#define LEGACY_CONTROL_EVENTS 0xe0000000u /* each is cleared by writing it as one */

/* Transfer request blocks (4.11, 6.4). */
struct xhci_trb {
	uint64_t parameter;
	uint32_t status, control;
};
_Static_assert(sizeof(struct xhci_trb) == 16, "as the controller reads it");

enum trb_type {
	TRB_NORMAL = 1,
	TRB_SETUP = 2,
	TRB_DATA = 3,
	TRB_STATUS = 4,
	TRB_LINK = 6,
	TRB_ENABLE_SLOT = 9,
	TRB_DISABLE_SLOT = 10,
	TRB_ADDRESS_DEVICE = 11,
	TRB_CONFIGURE_ENDPOINT = 12,
	TRB_EVALUATE_CONTEXT = 13,
	TRB_RESET_ENDPOINT = 14,
	TRB_SET_DEQUEUE = 16,
	TRB_TRANSFER_EVENT = 32,
	TRB_COMMAND_COMPLETION = 33,
	TRB_PORT_STATUS_CHANGE = 34,
};
#define TRB_CYCLE          (1u << 0)
#define TRB_TOGGLE         (1u << 1) /* of a link */
#define TRB_SHORT_EVENT    (1u << 2)
#define TRB_EVENT          (1u << 5)
#define TRB_IMMEDIATE      (1u << 6)
#define TRB_TYPE(type)     ((uint32_t)(type) << 10)
#define TRB_TYPE_OF(c)     ((c) >> 10 & 0x3f)
#define TRB_IN             (1u << 16) /* of data and status */
#define TRB_SETUP_OUT      (2u << 16)
#define TRB_SETUP_IN       (3u << 16)
#define TRB_ENDPOINT(n)    ((uint32_t)(n) << 16)
#define TRB_ENDPOINT_OF(c) ((c) >> 16 & 0x1f)
#define TRB_SLOT(n)        ((uint32_t)(n) << 24)
#define TRB_SLOT_OF(c)     ((uint8_t)((c) >> 24))
#define EVENT_CODE(s)      ((s) >> 24)
#define EVENT_LEFT(s)      ((s)&0xffffff)

enum completion_code {
	COMPLETION_SUCCESS = 1,
	COMPLETION_STALL = 6,
	COMPLETION_SHORT_PACKET = 13,
};

/* Contexts (6.2): words of 32 bits. */
#define SLOT_ROUTE(route)     (route)
#define SLOT_SPEED(speed)     ((uint32_t)(speed) << 20)
#define SLOT_HUB              (1u << 26)
#define SLOT_ENTRIES(n)       ((uint32_t)(n) << 27)
#define SLOT_ROOT_PORT(n)     ((uint32_t)(n) << 16)
#define SLOT_HUB_PORTS(n)     ((uint32_t)(n) << 24)
#define SLOT_TT_HUB(slot)     ((uint32_t)(slot))
#define SLOT_TT_PORT(n)       ((uint32_t)(n) << 8)
#define SLOT_TT_THINK(n)      ((uint32_t)(n) << 16)
#define ENDPOINT_INTERVAL(n)  ((uint32_t)(n) << 16)
#define ENDPOINT_RETRIES      (3u << 1)
#define ENDPOINT_CONTROL      (4u << 3)
#define ENDPOINT_INTERRUPT_IN (7u << 3)
#define ENDPOINT_PACKET(n)    ((uint32_t)(n) << 16)
#define ENDPOINT_CYCLE        1u /* of the dequeue pointer */
#define ENDPOINT_ESIT(n)      ((uint32_t)(n) << 16)
#define CONTEXT_ENTRIES       32u
#define CONTROL_ENDPOINT      1u

/* Device speeds (7.2.2.1.1). */
enum usb_speed { USB_FULL = 1, USB_LOW = 2, USB_HIGH = 3, USB_SUPER = 4 };

#endif
