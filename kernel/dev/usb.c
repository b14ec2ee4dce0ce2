/*
 * usb.c: the thread that sees to controllers, ports and devices, and the timer that looks at what
 * they report: often while somebody types, less while nobody does, seldom without a keyboard. See
 * usb.h and xhci.h.
 */
#include "dev/usb.h"

#include <arch/time.h>

#include "debug/log.h"
#include "dev/console.h"
#include "dev/keyboard.h"
#include "dev/xhci.h"
#include "lib/options.h"
#include "lib/string.h"
#include "sync/thread.h"
#include "sync/timer.h"
#include "sync/wait_queue.h"

#define CLASS_SERIAL_BUS 0x0cu
#define SUBCLASS_USB     0x03u
#define INTERFACE_UHCI   0x00u
#define INTERFACE_OHCI   0x10u
#define INTERFACE_EHCI   0x20u
#define INTERFACE_XHCI   0x30u
#define POLL_FAST_NS     (8 * NS_PER_MS)  /* as keyboards are asked */
#define POLL_IDLE_NS     (32 * NS_PER_MS) /* who has not typed for a while won't notice */
#define POLL_SLOW_NS     (250 * NS_PER_MS)
#define IDLE_NS          (2000 * NS_PER_MS)
/* Ports of a controller that has just been reset take their time to see what is at them. */
#define PORTS_NS         (200 * NS_PER_MS)
#define ROUND_MS         20u /* the thread rests, whatever devices report */

struct spinlock usb_lock = SPINLOCK_INIT(RANK_USB);
struct xhci usb_controllers[XHCI_MAX];          /* see struct xhci */
unsigned usb_controller_count;                  /* set before the thread starts */
struct usb_device usb_devices[USB_MAX_DEVICES]; /* see struct usb_device */

static struct timer poll_timer;       /* its own lock */
static uint64_t last_key;             /* time_now(); the timer's */
static struct wait_queue work_queue;  /* where the thread waits */
static struct wait_queue sleep_queue; /* nobody ever wakes it */
static struct wait_queue settled_queue;
static bool settled; /* what was there at boot has been looked at; the thread sets it, once */

bool usb_lock_take(void) NO_LOCK_ANALYSIS
{
	if (console_in_panic())
		return false;
	spin_lock(&usb_lock);
	return true;
}

void usb_lock_release(bool locked) NO_LOCK_ANALYSIS
{
	if (locked)
		spin_unlock(&usb_lock);
}

void usb_sleep(uint64_t ms)
{
	/* -ETIMEDOUT is what it is for. */
	(void)wait_until(&sleep_queue, time_now() + ms * NS_PER_MS, false);
}

/* Is there something for the thread to do? */
static bool has_work(void)
{
	bool work = usb_keyboard_leds_differ();
	bool locked = usb_lock_take();

	for (unsigned i = 0; i < usb_controller_count; i++)
		work = work || (usb_controllers[i].running && usb_controllers[i].ports_changed);
	for (unsigned i = 0; i < USB_MAX_DEVICES; i++)
		work = work || (usb_devices[i].xhci &&
				(usb_devices[i].failed || usb_devices[i].hub_changed));
	usb_lock_release(locked);
	return work;
}

static void poll(struct timer *timer)
{
	uint64_t now = time_now();
	bool keys = false, devices = false;

	bool locked = usb_lock_take();
	for (unsigned i = 0; i < usb_controller_count; i++)
		xhci_process(&usb_controllers[i]);
	for (unsigned i = 0; i < USB_MAX_DEVICES; i++) {
		keys = keys || usb_keyboard_waits(&usb_devices[i], now);
		devices = devices || usb_devices[i].pipe_endpoint;
	}
	usb_lock_release(locked);
	if (keys) {
		last_key = now;
		keyboard_interrupt();
	}
	if (has_work())
		wait_wake_all(&work_queue);
	timer_set(timer, time_now() + (!devices                    ? POLL_SLOW_NS
				       : now - last_key >= IDLE_NS ? POLL_IDLE_NS
								   : POLL_FAST_NS));
}

static void run(void *argument)
{
	for (unsigned i = 0; i < usb_controller_count; i++)
		/* What is wrong with it is in the log, and it does not run. */
		(void)xhci_start(&usb_controllers[i]);
	uint64_t ports_ready = time_now() + PORTS_NS;
	poll_timer.expire = poll;
	timer_set(&poll_timer, time_now());
	for (;;) {
		(void)wait_until(&work_queue, WAIT_FOREVER, !settled || has_work());
		for (unsigned i = 0; i < usb_controller_count; i++)
			usb_look_at_ports(&usb_controllers[i]);
		usb_keyboard_show_leds();
		if (!settled && time_now() >= ports_ready && !has_work()) {
			__atomic_store_n(&settled, true, __ATOMIC_RELEASE);
			wait_wake_all(&settled_queue);
		}
		usb_sleep(ROUND_MS);
	}
}

/* Of what was there before xHCI: somebody may have his one keyboard there. */
static void name_others(void)
{
	const struct pci_function *function = NULL;
	unsigned uhci = 0, ohci = 0, ehci = 0;

	while ((function = pci_next(function, CLASS_SERIAL_BUS, SUBCLASS_USB))) {
		uhci += function->interface == INTERFACE_UHCI;
		ohci += function->interface == INTERFACE_OHCI;
		ehci += function->interface == INTERFACE_EHCI;
	}
	if (uhci || ohci || ehci)
		log_fact("USB: not driven: %u UHCI, %u OHCI, %u EHCI; keyboards there are not "
			 "heard",
			 uhci, ohci, ehci);
}

void usb_probe(void)
{
	const char *wanted = option("usb");
	const struct pci_function *function = NULL;

	if (wanted && !strcmp(wanted, "off"))
		return;
	while (usb_controller_count < XHCI_MAX &&
	       (function = pci_next(function, CLASS_SERIAL_BUS, SUBCLASS_USB)))
		/* What is wrong with it is in the log, and it is not there. */
		if (function->interface == INTERFACE_XHCI &&
		    !xhci_probe(&usb_controllers[usb_controller_count], function))
			usb_controller_count++;
	name_others();
}

void usb_start(void)
{
	if (!usb_controller_count)
		return;
	wait_queue_init(&work_queue);
	wait_queue_init(&sleep_queue);
	wait_queue_init(&settled_queue);
	if (kernel_thread_start(run, NULL)) {
		log_warning("USB: no memory for its thread");
		settled = true;
	}
}

void usb_settle(uint64_t limit_ns)
{
	if (!usb_controller_count)
		return;
	/* After the limit it goes on without: what is slow is found later. */
	(void)wait_until(&settled_queue, time_now() + limit_ns,
			 __atomic_load_n(&settled, __ATOMIC_ACQUIRE));
}
