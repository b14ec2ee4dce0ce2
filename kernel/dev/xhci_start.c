/*
 * xhci_start.c: a controller from the firmware's hands to running (xHCI 1.2, 4.2 and 4.22.1). One
 * that does not do as it should is left alone, with the reason in the log.
 */
#include <arch/time.h>

#include "debug/log.h"
#include "dev/pci_config.h"
#include "dev/xhci.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/frame.h"
#include "mm/kmap.h"

#define REGISTERS_MAX (1u << 20)
#define RESET_NS      (5000 * NS_PER_MS)
#define POWER_MS      20u
#define LIMIT_32_BIT  (1ull << 32)

/* One frame: contexts by slot, the table of the event ring's segments, the commands. */
#define SEGMENTS_AT 2048u
#define COMMANDS_AT 3072u
_Static_assert(COMMANDS_AT + XHCI_COMMANDS * sizeof(struct xhci_trb) <= PAGE_SIZE, "one frame");
_Static_assert((XHCI_SLOTS + 1) * sizeof(uint64_t) <= SEGMENTS_AT, "one frame");
_Static_assert(XHCI_EVENTS * sizeof(struct xhci_trb) <= PAGE_SIZE, "one frame");

/* Intel's 7 and 8 series (datasheets, "USB 2.0 Port Routing"): ports hang on the EHCI controllers
 * until they are given to this one. */
#define INTEL           0x8086u
#define USB2_ROUTING    0xd0u
#define USB2_ROUTABLE   0xd4u
#define USB3_ENABLE     0xd8u
#define USB3_ENABLEABLE 0xdcu

static int refuse(const char *why)
{
	log_warning("USB: %s: this controller is not used", why);
	return -ENODEV;
}

static void take_ports_from_ehci(const struct pci_function *function)
{
	const struct pci_space *space = pci_space();

	if (function->vendor != INTEL ||
	    (function->id != 0x1e31 && function->id != 0x8c31 && function->id != 0x9c31))
		return;
	space->write(function->at, USB3_ENABLE, space->read(function->at, USB3_ENABLEABLE));
	space->write(function->at, USB2_ROUTING, space->read(function->at, USB2_ROUTABLE));
}

static int map_registers(struct xhci *xhci)
{
	struct pci_bar bar = pci_bar_read(pci_space(), xhci->function, 0);

	if (bar.is_io || bar.bytes < XHCI_CAPABILITY_BYTES)
		return refuse("its registers have no address");
	pci_enable(xhci->function, true);
	xhci->register_bytes = MIN(bar.bytes, REGISTERS_MAX);
	xhci->registers = kmap_device(bar.start, xhci->register_bytes, 0);
	return xhci->registers ? 0 : refuse("there is no room for its registers");
}

/* Everything that is said about where registers are has to be within them. */
static int read_capabilities(struct xhci *xhci)
{
	uint32_t first = xhci_read(xhci, XHCI_CAPLENGTH);
	uint32_t slots_ports = xhci_read(xhci, XHCI_HCSPARAMS1);
	uint32_t features = xhci_read(xhci, XHCI_HCCPARAMS1);

	if (first == UINT32_MAX)
		return refuse("its registers do not answer");
	xhci->operational = first & 0xff;
	xhci->doorbells = xhci_read(xhci, XHCI_DBOFF) & ~3u;
	xhci->runtime = xhci_read(xhci, XHCI_RTSOFF) & ~31u;
	xhci->ports = HCSPARAMS1_PORTS(slots_ports);
	xhci->slots = MIN(HCSPARAMS1_SLOTS(slots_ports), XHCI_SLOTS);
	xhci->context_bytes = features & HCCPARAMS1_CONTEXTS_64_BYTES ? 64 : 32;
	xhci->is_64bit = features & HCCPARAMS1_64_BIT;
	xhci->pad_count = HCSPARAMS2_SCRATCHPADS(xhci_read(xhci, XHCI_HCSPARAMS2));
	if (xhci->operational < XHCI_CAPABILITY_BYTES || xhci->operational % 4 || !xhci->ports ||
	    !xhci->slots ||
	    xhci->operational + XHCI_PORTSC((uint64_t)xhci->ports + 1) > xhci->register_bytes ||
	    (uint64_t)xhci->doorbells + 4u * (XHCI_SLOTS + 1) > xhci->register_bytes ||
	    (uint64_t)xhci->runtime + XHCI_RUNTIME > xhci->register_bytes)
		return refuse("its registers make no sense");
	if (!(xhci_read(xhci, xhci->operational + XHCI_PAGESIZE) & PAGESIZE_4K))
		return refuse("its pages are not 4 KiB");
	return 0;
}

static int reset(struct xhci *xhci)
{
	uint32_t command = xhci->operational + XHCI_USBCMD;

	if (!xhci_wait(xhci, xhci->operational + XHCI_USBSTS, USBSTS_NOT_READY, 0, RESET_NS))
		return refuse("it does not become ready");
	xhci_stop(xhci);
	xhci_write(xhci, command, USBCMD_RESET);
	/* Some stand still when they are read at once. */
	usb_sleep(1);
	if (!xhci_wait(xhci, command, USBCMD_RESET, 0, RESET_NS) ||
	    !xhci_wait(xhci, xhci->operational + XHCI_USBSTS, USBSTS_NOT_READY, 0, RESET_NS))
		return refuse("it does not end its reset");
	return 0;
}

/* A block that the controller can reach, filled with zeros; NULL: there is none. */
static struct frame *allocate(const struct xhci *xhci, unsigned order)
{
	struct frame *frame = frame_alloc(FRAME_WIRED, order);
	uint64_t bytes = PAGE_SIZE << order;

	if (!frame)
		return NULL;
	if (!xhci->is_64bit && frame_pa(frame) + bytes > LIMIT_32_BIT) {
		log_warning("USB: the controller reaches no memory above 4 GiB");
		frame_free(frame);
		return NULL;
	}
	memset(frame_data(frame), 0, bytes);
	return frame;
}

/* The table of scratchpads says itself how many were allocated. */
static void free_memory(struct xhci *xhci)
{
	if (xhci->pads) {
		const uint64_t *pads = frame_data(xhci->pads);
		for (unsigned i = 0; i < xhci->pad_count && pads[i]; i++)
			frame_free(frame_of(pads[i]));
		frame_free(xhci->pads);
	}
	if (xhci->event_memory)
		frame_free(xhci->event_memory);
	if (xhci->memory)
		frame_free(xhci->memory);
	xhci->pads = xhci->event_memory = xhci->memory = NULL;
}

/* Pages that the controller wants for itself. (4.20) */
static int allocate_pads(struct xhci *xhci)
{
	unsigned order = xhci->pad_count * sizeof(uint64_t) > PAGE_SIZE ? 1 : 0;

	if (!xhci->pad_count)
		return 0;
	xhci->pads = allocate(xhci, order);
	if (!xhci->pads)
		return -ENOMEM;
	uint64_t *pads = frame_data(xhci->pads);
	for (unsigned i = 0; i < xhci->pad_count; i++) {
		struct frame *pad = allocate(xhci, 0);
		if (!pad)
			return -ENOMEM;
		pads[i] = frame_pa(pad);
	}
	xhci->contexts[0] = frame_pa(xhci->pads);
	return 0;
}

static int allocate_memory(struct xhci *xhci)
{
	xhci->memory = allocate(xhci, 0);
	xhci->event_memory = allocate(xhci, 0);
	if (!xhci->memory || !xhci->event_memory)
		return -ENOMEM;
	uint8_t *data = frame_data(xhci->memory);
	xhci->contexts = (uint64_t *)data;
	xhci_ring_init(&xhci->commands, (struct xhci_trb *)(data + COMMANDS_AT),
		       frame_pa(xhci->memory) + COMMANDS_AT, XHCI_COMMANDS);
	xhci_events_init(&xhci->events, frame_data(xhci->event_memory),
			 frame_pa(xhci->event_memory), XHCI_EVENTS);
	uint64_t *segment = (uint64_t *)(data + SEGMENTS_AT);
	segment[0] = frame_pa(xhci->event_memory);
	segment[1] = XHCI_EVENTS;
	return allocate_pads(xhci);
}

static int run(struct xhci *xhci)
{
	uint32_t operational = xhci->operational, runtime = xhci->runtime;
	paddr_t memory = frame_pa(xhci->memory);

	xhci_write(xhci, operational + XHCI_CONFIG, xhci->slots);
	xhci_write64(xhci, operational + XHCI_DCBAAP, memory);
	xhci_write64(xhci, operational + XHCI_CRCR, xhci->commands.physical | CRCR_CYCLE);
	xhci_write(xhci, runtime + XHCI_ERSTSZ, 1);
	xhci_write64(xhci, runtime + XHCI_ERDP, xhci->events.physical);
	xhci_write64(xhci, runtime + XHCI_ERSTBA, memory + SEGMENTS_AT);
	/* No interrupts: the timer looks at the event ring. */
	xhci_write(xhci, operational + XHCI_USBCMD, USBCMD_RUN);
	if (!xhci_wait(xhci, operational + XHCI_USBSTS, USBSTS_HALTED, 0, RESET_NS))
		return refuse("it does not start");
	bool locked = usb_lock_take();
	xhci->running = true;
	xhci->ports_changed = true;
	usb_lock_release(locked);
	return 0;
}

static void power_ports(struct xhci *xhci)
{
	for (unsigned port = 1; port <= xhci->ports; port++) {
		uint32_t at = xhci->operational + XHCI_PORTSC(port);
		uint32_t status = xhci_read(xhci, at);
		if (!(status & PORTSC_POWER))
			xhci_write(xhci, at, (status & PORTSC_KEPT) | PORTSC_POWER);
	}
	usb_sleep(POWER_MS);
}

int xhci_probe(struct xhci *xhci, const struct pci_function *function)
{
	*xhci = (struct xhci){.function = function};
	take_ports_from_ehci(function);
	return map_registers(xhci);
}

int xhci_start(struct xhci *xhci)
{
	int error = read_capabilities(xhci);
	if (error)
		return error;
	xhci_take_from_firmware(xhci);
	error = reset(xhci);
	if (error)
		return error;
	error = allocate_memory(xhci);
	if (error)
		log_warning("USB: no memory for the controller");
	else
		error = run(xhci);
	if (error) {
		/* One that runs may write to its memory: it keeps it unless it was never told of
		 * it, or stands still. */
		if (xhci_read(xhci, xhci->operational + XHCI_USBSTS) & USBSTS_HALTED)
			free_memory(xhci);
		return error;
	}
	power_ports(xhci);
	log_fact("USB: xHCI controller %04x:%04x, %u ports", xhci->function->vendor,
		 xhci->function->id, xhci->ports);
	return 0;
}
