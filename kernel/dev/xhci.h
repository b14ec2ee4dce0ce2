/*
 * xhci.h: USB host controllers, as the files usb*.c and xhci*.c share them. Others need dev/usb.h.
 *
 * One thread starts controllers, gives commands and makes control transfers, and sleeps meanwhile.
 * What controllers report is taken in by whoever comes first: that thread, the timer, or who wants
 * a key. In a panic nothing is locked. All that a controller or a device writes may be wrong.
 *
 * Lock letters: (u) usb_lock, RANK_USB; (t) the thread alone; (i) set before anybody else sees it.
 */
#ifndef DEV_XHCI_H
#define DEV_XHCI_H

#include "dev/pci.h"
#include "dev/scancode.h"
#include "dev/usb_parse.h"
#include "dev/xhci_hw.h"
#include "sync/spinlock.h"

#define XHCI_MAX          4u
#define XHCI_SLOTS        32u
#define XHCI_EVENTS       256u
#define XHCI_COMMANDS     64u
#define XHCI_CONTROL_TRBS 32u
#define XHCI_PIPE_TRBS    17u /* one is the link */
#define XHCI_PIPE_WAITING (XHCI_PIPE_TRBS - 2)
#define USB_MAX_DEVICES   16u
#define USB_MAX_DEPTH     5u /* hubs in a row: as many as a route has room for */
#define USB_MAX_PORTS     256u
#define USB_HUB_PORTS     15u /* of one hub; as above */
#define USB_CONTROL_BYTES 1024u
#define USB_PIPE_BYTES    64u
#define USB_KEYS          512u
#define USB_COMMAND_NS    5000000000ull
#define USB_CONTROL_NS    2000000000ull
#define USB_RESET_NS      1000000000ull
#define NS_PER_MS         1000000ull

/* A ring of TRBs that the controller reads. */
struct xhci_ring {
	struct xhci_trb *trbs;
	paddr_t physical;
	unsigned count; /* with the link */
	unsigned next;
	bool cycle;
};

/* The one that it writes. */
struct xhci_events {
	struct xhci_trb *trbs;
	paddr_t physical;
	unsigned count, next;
	bool cycle;
};

struct usb_device;

struct xhci {
	const struct pci_function *function;        /* (i) */
	volatile uint8_t *registers;                /* (i) */
	uint64_t register_bytes;                    /* (i) */
	uint32_t operational, runtime, doorbells;   /* (i) offsets */
	unsigned ports, slots, context_bytes;       /* (i) */
	bool is_64bit;                              /* (i) */
	bool running;                               /* (u) */
	bool ports_changed;                         /* (u) */
	struct xhci_ring commands;                  /* (u) */
	struct xhci_events events;                  /* (u) */
	struct usb_device *by_slot[XHCI_SLOTS + 1]; /* (u) */
	uint64_t *contexts;                         /* (t) by slot; the controller reads it */
	paddr_t command_at;                         /* (u) whose completion is waited for; or 0 */
	uint8_t command_code, command_slot;         /* (u) */
	struct frame *memory, *event_memory, *pads; /* (t) */
	unsigned pad_count;                         /* (t) */
	uint8_t tries[USB_MAX_PORTS];               /* (t) to attach, by root port */
};

/* What a device has in memory that the controller reads and writes: two frames. A context must not
 * cross into another frame. */
struct usb_memory {
	uint32_t context[CONTEXT_ENTRIES * 16];
	struct xhci_trb control[XHCI_CONTROL_TRBS];
	struct xhci_trb pipe[XHCI_PIPE_TRBS];
	uint8_t unused[240];
	uint8_t data[USB_CONTROL_BYTES];
	uint32_t input[(CONTEXT_ENTRIES + 1) * 16];
	uint8_t reports[XHCI_PIPE_TRBS][USB_PIPE_BYTES];
};
_Static_assert(offsetof(struct usb_memory, input) == 4096, "in a frame of its own");
_Static_assert(sizeof(struct usb_memory) <= 8192, "two frames");

struct usb_key {
	uint8_t key;
	bool pressed;
};

/* Its keys, and what it repeats. (u) */
struct usb_keyboard {
	uint8_t report[HID_REPORT_BYTES];
	struct usb_key keys[USB_KEYS];
	unsigned first, count;
	unsigned repeats; /* the key; 0: none */
	uint64_t repeat_at;
	uint8_t leds; /* as it was told */
};

enum usb_kind { USB_OTHER, USB_KEYBOARD, USB_HUB };

struct usb_device {
	struct xhci *xhci;         /* (i) NULL: not in use */
	struct usb_memory *memory; /* (i) kept for the next device */
	paddr_t physical;          /* (i) of it */
	bool lost;                 /* (t) the controller may still write to it: never used again */

	struct usb_device *hub;    /* (i) NULL: at a root port */
	unsigned root_port, port;  /* (i) on the controller; on the hub */
	unsigned depth;            /* (i) hubs before it */
	uint32_t route;            /* (i) */
	uint8_t speed;             /* (i) enum usb_speed */
	uint8_t tt_slot, tt_port;  /* (i) the high-speed hub that translates for it; or 0 */
	uint8_t slot;              /* (t) */
	uint16_t vendor, product;  /* (t) */
	struct usb_function found; /* (t) what its descriptors say */

	struct xhci_ring control;         /* (u) */
	paddr_t data_at, status_at;       /* (u) the stages that are waited for; or 0 */
	uint8_t control_code;             /* (u) 0: not yet */
	uint32_t control_left;            /* (u) bytes that did not come */
	struct xhci_ring pipe;            /* (u) of its interrupt endpoint */
	unsigned pipe_oldest;             /* (u) the TRB that ends next */
	unsigned pipe_endpoint;           /* (u) 0: none */
	uint16_t pipe_packet;             /* (u) bytes */
	bool failed;                      /* (u) its pipe stands still */
	enum usb_kind kind;               /* (u) */
	bool hub_changed;                 /* (u) */
	unsigned hub_ports;               /* (t) */
	uint8_t tries[USB_HUB_PORTS + 1]; /* (t) to attach, by port */
	struct usb_keyboard keyboard;     /* (u) last: it outlives the device */
};

extern struct spinlock usb_lock;
extern struct xhci usb_controllers[XHCI_MAX]; /* (i) */
extern unsigned usb_controller_count;         /* (i) */
extern struct usb_device usb_devices[USB_MAX_DEVICES];

/* The lock, unless there is a panic; what is returned is for usb_unlock(). */
bool usb_lock_take(void);
void usb_lock_release(bool locked);
/* Of the thread. */
void usb_sleep(uint64_t ms);

/* ---- xhci_ring.c: pure ---- */

void xhci_ring_init(struct xhci_ring *ring, struct xhci_trb *trbs, paddr_t physical,
		    unsigned count);
/* Hand over a TRB; its cycle bit is the ring's affair. Where it is. The caller counts them. */
paddr_t xhci_ring_put(struct xhci_ring *ring, uint64_t parameter, uint32_t status,
		      uint32_t control);
/* Which of the ring's TRBs is at `at`? False: none, or the link. */
NODISCARD bool xhci_ring_index(const struct xhci_ring *ring, paddr_t at, unsigned *index);
void xhci_events_init(struct xhci_events *events, struct xhci_trb *trbs, paddr_t physical,
		      unsigned count);
NODISCARD bool xhci_events_take(struct xhci_events *events, struct xhci_trb *event);
paddr_t xhci_events_position(const struct xhci_events *events);

/* ---- xhci_event.c ---- */

/* Take in what the controller reports. (u) */
void xhci_process(struct xhci *xhci);
/* Give the pipe as many places for reports as it has room for. (u) */
void xhci_fill_pipe(struct usb_device *device);

/* ---- xhci_command.c: of the thread ---- */

uint32_t xhci_read(struct xhci *xhci, uint32_t offset);
void xhci_write(struct xhci *xhci, uint32_t offset, uint32_t value);
void xhci_write64(struct xhci *xhci, uint32_t offset, uint64_t value);
/* Wait until `bits` of the register are `value`; false: `limit` nanoseconds passed. */
NODISCARD bool xhci_wait(struct xhci *xhci, uint32_t offset, uint32_t bits, uint32_t value,
			 uint64_t limit);
/* -ETIMEDOUT: the controller is given up; -EIO: it did not do it. *slot: what it named. */
NODISCARD int xhci_command(struct xhci *xhci, uint64_t parameter, uint32_t control, uint8_t *slot);
/* No more of this controller: it is halted, and its devices are gone. */
void xhci_give_up(struct xhci *xhci, const char *why);
void xhci_stop(struct xhci *xhci);

/* ---- xhci_firmware.c: of the thread ---- */

/* From now on the firmware neither uses the controller nor hears of it, if it likes or not. */
void xhci_take_from_firmware(struct xhci *xhci);

/* ---- xhci_start.c ---- */

/* Its ports, if EHCI has them, and its registers, mapped; boot only, while one CPU runs. -ENODEV;
 * the reason is in the log. */
NODISCARD int xhci_probe(struct xhci *xhci, const struct pci_function *function);
/* Of the thread. -ENODEV, -ENOMEM, -ETIMEDOUT; the reason is in the log. */
NODISCARD int xhci_start(struct xhci *xhci);

/* ---- xhci_device.c: of the thread ---- */

/* A device that was reset, with no address yet, into a slot. -EIO, -ETIMEDOUT, -ENOMEM. */
NODISCARD int xhci_address(struct usb_device *device);
/* Its first endpoint takes packets of `bytes`. */
NODISCARD int xhci_set_packet(struct usb_device *device, unsigned bytes);
/* Open its interrupt endpoint, and say if it is a hub. */
NODISCARD int xhci_configure(struct usb_device *device, const struct usb_hub *hub);
/* Give its slot back; the memory may be used again. */
void xhci_release(struct usb_device *device);
/* A control transfer of at most USB_CONTROL_BYTES; *got (or NULL): the bytes that came. -EPIPE: it
 * refuses; -ENODEV: it is gone, with its controller; -EIO, -ETIMEDOUT. */
NODISCARD int usb_control(struct usb_device *device, const struct usb_request *request, void *data,
			  unsigned *got);

/* ---- usb_enumerate.c: of the thread ---- */

/* What came to a port that was reset. -ENODEV: neither a keyboard nor a hub, or no room for it;
 * -EIO and others: it does not answer as it should. */
NODISCARD int usb_attach(struct xhci *xhci, struct usb_device *hub, unsigned port, unsigned speed);
/* It is gone, with all behind it. */
void usb_detach(struct usb_device *device);
/* Who is at that port of `hub` (NULL: of the controller); or NULL. */
struct usb_device *usb_find(const struct xhci *xhci, const struct usb_device *hub, unsigned port);

/* ---- usb_port.c: of the thread ---- */

/* See to all ports that changed, of the controller and of its hubs. */
void usb_look_at_ports(struct xhci *xhci);
/* Turn a new hub's ports on. */
NODISCARD int usb_hub_start(struct usb_device *device, const struct usb_hub *hub);

/* ---- usb_keyboard.c ---- */

NODISCARD int usb_keyboard_start(struct usb_device *device); /* of the thread */
void usb_keyboard_report(struct usb_device *device, const uint8_t *report, size_t bytes); /* (u) */
void usb_keyboard_let_go(struct usb_device *device); /* (u) of all keys that are down */
bool usb_keyboard_waits(const struct usb_device *device, uint64_t now); /* (u) has it a key? */
void usb_keyboard_show_leds(void);                                      /* of the thread */
bool usb_keyboard_leds_differ(void);

#endif
