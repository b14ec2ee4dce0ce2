/*
 * uart.c: 16550 serial ports, after the PC16550D data sheet (register names are its own).
 *
 * Sending is polled: an empty transmit FIFO takes UART_FIFO bytes for one look at the line status.
 * Receiving is by interrupt into a ring; where there is none, or none comes though the transmitter
 * is ready to cause one, a timer looks at the port. When the ring is full the port's interrupt is
 * turned off until somebody reads, so that an emulated port holds the rest back instead of losing
 * it.
 */
#include "dev/uart.h"
#include <arch/irq.h>
#include <arch/port.h>
#include <arch/time.h>
#include "debug/assert.h"
#include "debug/log.h"
#include "dev/console.h"
#include "dev/look.h"
#include "lib/string.h"
#include "sync/spinlock.h"

/* Registers, relative to the base. */
#define UART_RBR 0 /* read: receiver buffer */
#define UART_THR 0 /* write: transmitter holding */
#define UART_DLL 0 /* divisor, while LCR_DLAB is set */
#define UART_IER 1
#define UART_DLM 1
#define UART_IIR 2 /* read */
#define UART_FCR 2 /* write */
#define UART_LCR 3
#define UART_MCR 4
#define UART_LSR 5
#define UART_SCR 7

#define IER_RECEIVE    0x01 /* ERBFI: data available, or a character timeout */
#define IER_TRANSMIT   0x02 /* ETBEI: the transmit FIFO is empty */
#define IIR_FIFOS      0xc0 /* both set: working FIFOs, as the 16450 and the first 16550 have not */
#define FCR_ENABLE     0x01
#define FCR_CLEAR      0x06 /* both FIFOs */
#define FCR_TRIGGER_8  0x80
#define LCR_8N1        0x03
#define LCR_DLAB       0x80
#define MCR_DTR        0x01
#define MCR_RTS        0x02
#define MCR_OUT2       0x08 /* on a PC: lets the interrupt out */
#define MCR_LOOP       0x10
#define LSR_DR         0x01 /* data ready */
#define LSR_THRE       0x20 /* transmit FIFO empty */
#define LSR_TEMT       0x40 /* and the shift register too */
#define DIVISOR_115200 1
#define UART_FIFO      16
#define NO_IRQ         0
#define LAST_BASE      0xfff8u /* of ports */

/*
 * Reads of LSR before giving up. One takes about 1 us on an ISA or LPC bus, 16 characters 1.4 ms.
 * Sending is given seconds: a busy host may let an emulated port stand still for long, and no line
 * may be lost for that.
 */
#define SEND_TRIES     10000000u
#define LOOPBACK_TRIES 10000u
/* For what was sent last, by the firmware or in the end, at however few bauds: a port that never
 * gets there is none. */
#define LAST_TRIES     1000000u

/* A second, for a host that is busy, too. */
#define TRIALS   4u
#define TRIAL_NS 200000000ull

#define RECEIVE_RING 8192u /* a power of two; nearly two frames of the host channel */

struct uart {
	uint64_t base;               /* 0: free slot */
	volatile uint8_t *registers; /* NULL: they are in ports */
	uint8_t stride, width;       /* bytes from one to the next, and of an access */
	uint8_t fifo;                /* bytes that an empty transmitter takes */
	uint16_t found_divisor;      /* what the firmware had set; 0: not looked at yet */
	bool stalled;                /* the last wait for room was in vain; its user's lock */
	void (*handler)(void *);
	void *argument;
	struct timer trial;   /* of its interrupt */
	unsigned trials_left; /* the timer's */
	struct look look;     /* if it has no interrupt */

	struct spinlock lock; /* of what follows */
	uint8_t interrupt;    /* IER_*, as long as there is room */
	uint32_t head, tail;  /* bytes ever put in, taken out */
	uint8_t ring[RECEIVE_RING];

	struct console console; /* linked under the consoles' lock */
};

/* Slots are filled at boot and stay. */
static struct uart uarts[4];

static struct uart *find(uint64_t base)
{
	for (size_t i = 0; i < ARRAY_SIZE(uarts); i++) {
		if (uarts[i].base == base)
			return &uarts[i];
	}
	return NULL;
}

static uint8_t get(const struct uart *uart, unsigned reg)
{
	if (!uart->registers)
		return port_in8((uint16_t)(uart->base + reg));
	volatile uint8_t *at = uart->registers + (size_t)reg * uart->stride;
	switch (uart->width) {
	case 4:
		return (uint8_t) * (volatile uint32_t *)at;
	case 2:
		return (uint8_t) * (volatile uint16_t *)at;
	default:
		return *at;
	}
}

static void put(const struct uart *uart, unsigned reg, uint8_t value)
{
	if (!uart->registers) {
		port_out8((uint16_t)(uart->base + reg), value);
		return;
	}
	volatile uint8_t *at = uart->registers + (size_t)reg * uart->stride;
	switch (uart->width) {
	case 4:
		*(volatile uint32_t *)at = value;
		return;
	case 2:
		*(volatile uint16_t *)at = value;
		return;
	default:
		*at = value;
		return;
	}
}

static bool wait_for(const struct uart *uart, uint8_t bit, unsigned tries)
{
	while (!(get(uart, UART_LSR) & bit)) {
		if (tries-- == 0)
			return false;
	}
	return true;
}

/* Does the scratch register keep what it is given? An empty bus reads all ones. */
static bool has_scratch(const struct uart *uart)
{
	put(uart, UART_SCR, 0x5a);
	if (get(uart, UART_SCR) != 0x5a)
		return false;
	put(uart, UART_SCR, 0xa5);
	return get(uart, UART_SCR) == 0xa5;
}

/* Does a byte sent in loopback mode come back? Characters that came from outside just before may
 * precede it. */
static bool loops_back(const struct uart *uart)
{
	const uint8_t probe = 0xae;
	bool found = false;

	put(uart, UART_MCR, MCR_LOOP | MCR_OUT2 | MCR_RTS | MCR_DTR);
	put(uart, UART_THR, probe);
	for (unsigned i = 0; i <= UART_FIFO && !found; i++) {
		if (!wait_for(uart, LSR_DR, LOOPBACK_TRIES))
			break;
		found = get(uart, UART_RBR) == probe;
	}
	put(uart, UART_MCR, MCR_OUT2 | MCR_RTS | MCR_DTR);
	return found;
}

/* 0: the rate at which the firmware left it. */
static void set_rate(struct uart *uart, unsigned divisor)
{
	put(uart, UART_LCR, LCR_DLAB);
	if (!uart->found_divisor)
		uart->found_divisor =
			(uint16_t)(get(uart, UART_DLL) | (unsigned)get(uart, UART_DLM) << 8);
	if (!divisor)
		divisor = uart->found_divisor;
	put(uart, UART_DLL, (uint8_t)divisor);
	put(uart, UART_DLM, (uint8_t)(divisor >> 8));
	put(uart, UART_LCR, LCR_8N1);
}

/* Is a port there? Then it is set up. */
static bool probe(struct uart *uart, unsigned divisor)
{
	if (!has_scratch(uart) || !wait_for(uart, LSR_TEMT, LAST_TRIES))
		return false;
	put(uart, UART_IER, 0);
	set_rate(uart, divisor);
	put(uart, UART_FCR, FCR_ENABLE | FCR_CLEAR | FCR_TRIGGER_8);
	if (!loops_back(uart))
		return false;
	uart->fifo = (get(uart, UART_IIR) & IIR_FIFOS) == IIR_FIFOS ? UART_FIFO : 1;
	uart->lock = (struct spinlock)SPINLOCK_INIT(RANK_CONSOLE);
	return true;
}

bool uart_init_at(const struct uart_place *place)
{
	if (!place->base || (!place->registers && place->base > LAST_BASE))
		return false;
	if (find(place->base))
		return true;
	struct uart *uart = find(0);
	if (!uart)
		return false;
	uart->registers = place->registers;
	uart->stride = place->stride;
	uart->width = place->width;
	uart->base = place->base;
	if (probe(uart, place->divisor))
		return true;
	uart->base = uart->found_divisor = 0;
	return false;
}

bool uart_init(uint16_t base)
{
	const struct uart_place place = {.base = base, .divisor = DIVISOR_115200};

	return uart_init_at(&place);
}

size_t uart_write(uint64_t base, const void *data, size_t bytes)
{
	struct uart *uart = find(base);
	const uint8_t *next = data;
	size_t left = bytes;

	if (!uart)
		return 0;
	while (left > 0) {
		/* A port that stood still is not waited for again until it has moved. */
		uart->stalled = !wait_for(uart, LSR_THRE, uart->stalled ? 0 : SEND_TRIES);
		if (uart->stalled)
			break;
		for (unsigned room = uart->fifo; room > 0 && left > 0; room--, left--)
			put(uart, UART_THR, *next++);
	}
	return bytes - left;
}

void uart_drain(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(uarts); i++) {
		if (uarts[i].base && !uarts[i].stalled)
			(void)wait_for(&uarts[i], LSR_TEMT, LAST_TRIES);
	}
}

/* Move what the port has into the ring. uart->lock. */
static void receive_locked(struct uart *uart)
{
	while (uart->head - uart->tail < RECEIVE_RING) {
		if (!(get(uart, UART_LSR) & LSR_DR)) {
			put(uart, UART_IER, uart->interrupt);
			return;
		}
		uart->ring[uart->head++ % RECEIVE_RING] = get(uart, UART_RBR);
	}
	put(uart, UART_IER, 0);
}

/* In a panic the lock may be held by who will never give it back. */
static bool lock_uart(struct uart *uart) NO_LOCK_ANALYSIS
{
	if (console_in_panic())
		return false;
	spin_lock(&uart->lock);
	return true;
}

static void unlock_uart(struct uart *uart, bool locked) NO_LOCK_ANALYSIS
{
	if (locked)
		spin_unlock(&uart->lock);
}

size_t uart_read(uint64_t base, void *data, size_t bytes)
{
	struct uart *uart = find(base);
	uint8_t *to = data;
	size_t done = 0;

	if (!uart)
		return 0;
	bool locked = lock_uart(uart);
	if (uart->head == uart->tail || !uart->interrupt)
		receive_locked(uart);
	bool was_full = uart->head - uart->tail == RECEIVE_RING;
	while (done < bytes && uart->tail != uart->head)
		to[done++] = uart->ring[uart->tail++ % RECEIVE_RING];
	if (was_full && done > 0)
		receive_locked(uart);
	unlock_uart(uart, locked);
	return done;
}

static void uart_interrupt(void *argument)
{
	struct uart *uart = argument;

	spin_lock(&uart->lock);
	uart->interrupt &= IER_RECEIVE;
	(void)get(uart, UART_IIR); /* the transmitter has said that it is empty */
	receive_locked(uart);
	bool any = uart->head != uart->tail;
	spin_unlock(&uart->lock);
	if (any)
		uart->handler(uart->argument);
}

static void look_by_timer(struct uart *uart, const char *why)
{
	log_info("serial port at %#llx: %s; looked at by a timer", (unsigned long long)uart->base,
		 why);
	look_start(&uart->look, uart_interrupt, uart);
}

/* Has an interrupt come? That of the timer goes before others that wait, so it is given time. */
static void end_trial(struct timer *timer)
{
	struct uart *uart = container_of(timer, struct uart, trial);

	spin_lock(&uart->lock);
	bool heard = !(uart->interrupt & IER_TRANSMIT);
	if (!heard && !uart->trials_left)
		uart->interrupt = 0;
	spin_unlock(&uart->lock);
	if (heard)
		return;
	if (uart->trials_left--)
		timer_set(timer, time_now() + TRIAL_NS);
	else
		look_by_timer(uart, "no interrupt comes");
}

/* The interrupt lines that every PC gives its first two serial ports. */
static unsigned irq_line(uint64_t base)
{
	return base == UART_COM1 ? 4 : base == UART_COM2 ? 3 : NO_IRQ;
}

void uart_on_receive(uint64_t base, void (*handler)(void *), void *argument)
{
	struct uart *uart = find(base);
	unsigned line = irq_line(base);

	assert(uart);
	uart->handler = handler;
	uart->argument = argument;
	if (line == NO_IRQ || irq_register(line, uart_interrupt, uart)) {
		look_by_timer(uart, "no interrupt");
		return;
	}
	spin_lock(&uart->lock);
	uart->interrupt = IER_RECEIVE | IER_TRANSMIT;
	put(uart, UART_IER, uart->interrupt);
	spin_unlock(&uart->lock);
	uart->trial.expire = end_trial;
	uart->trials_left = TRIALS;
	timer_set(&uart->trial, time_now() + TRIAL_NS);
}

/* Its port is the console; NULL: none. Set at boot. */
static struct uart *console_uart;

/* "\r\n" for each '\n', whole runs between them at once. */
static void console_output(struct console *console, const char *text, size_t bytes)
{
	struct uart *uart = container_of(console, struct uart, console);
	const char *end = text + bytes;

	if (uart != console_uart)
		return;
	while (text < end) {
		const char *run = text;
		while (text < end && *text != '\n')
			text++;
		uart_write(uart->base, run, (size_t)(text - run));
		if (text < end) {
			uart_write(uart->base, "\r\n", 2);
			text++;
		}
	}
}

static void console_output_as_is(struct console *console, const char *text, size_t bytes)
{
	struct uart *uart = container_of(console, struct uart, console);

	if (uart == console_uart)
		uart_write(uart->base, text, bytes);
}

static size_t console_input(struct console *console, char *to, size_t bytes)
{
	struct uart *uart = container_of(console, struct uart, console);

	return uart == console_uart ? uart_read(uart->base, to, bytes) : 0;
}

bool uart_console_use(const struct uart_place *place)
{
	if (console_uart && console_uart->base == place->base) {
		/* What was sent already still goes out at the rate of then. */
		(void)wait_for(console_uart, LSR_TEMT, LAST_TRIES);
		set_rate(console_uart, place->divisor);
		return true;
	}
	if (!uart_init_at(place))
		return false;
	struct uart *uart = find(place->base);
	uart->console = (struct console){.name = "serial",
					 .write = console_output,
					 .write_as_is = console_output_as_is,
					 .read = console_input};
	console_uart = uart;
	console_register(&uart->console);
	return true;
}

uint64_t uart_console_port(void)
{
	return console_uart ? console_uart->base : 0;
}
