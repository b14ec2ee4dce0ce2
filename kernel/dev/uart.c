/*
 * uart.c: 16550 serial ports, after the PC16550D data sheet (register names are its own).
 *
 * Sending is polled: an empty transmit FIFO takes UART_FIFO bytes for one look at the line status.
 * Receiving is by interrupt into a ring, or by polling where there is no interrupt. When the ring
 * is full the port's interrupt is turned off until somebody reads, so that an emulated port holds
 * the rest back instead of losing it.
 */
#include "dev/uart.h"
#include <arch/irq.h>
#include <arch/port.h>
#include "dev/console.h"
#include "lib/errno.h"
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

/*
 * Reads of LSR before giving up. One takes about 1 us on an ISA or LPC bus, 16 characters 1.4 ms.
 * Sending is given seconds: a busy host may let an emulated port stand still for long, and no line
 * may be lost for that.
 */
#define SEND_TRIES     10000000u
#define LOOPBACK_TRIES 10000u

#define RECEIVE_RING 8192u /* a power of two; nearly two frames of the host channel */

struct uart {
	uint16_t base;     /* 0: free slot */
	uint8_t fifo;      /* bytes that an empty transmitter takes */
	uint8_t interrupt; /* IER_RECEIVE once a handler is there */
	bool stalled;      /* the last wait for room was in vain; its user's lock */
	void (*handler)(void *);
	void *argument;

	struct spinlock lock; /* of what follows */
	uint32_t head, tail;  /* bytes ever put in, taken out */
	uint8_t ring[RECEIVE_RING];
};

/* Slots are filled at boot and stay. */
static struct uart uarts[4];

static struct uart *find(uint16_t base)
{
	for (size_t i = 0; i < ARRAY_SIZE(uarts); i++) {
		if (uarts[i].base == base)
			return &uarts[i];
	}
	return NULL;
}

static uint8_t get(uint16_t base, unsigned reg)
{
	return port_in8((uint16_t)(base + reg));
}

static void put(uint16_t base, unsigned reg, uint8_t value)
{
	port_out8((uint16_t)(base + reg), value);
}

static bool wait_for(uint16_t base, uint8_t bit, unsigned tries)
{
	while (!(get(base, UART_LSR) & bit)) {
		if (tries-- == 0)
			return false;
	}
	return true;
}

/* Does the scratch register keep what it is given? An empty bus reads all ones. */
static bool has_scratch(uint16_t base)
{
	put(base, UART_SCR, 0x5a);
	if (get(base, UART_SCR) != 0x5a)
		return false;
	put(base, UART_SCR, 0xa5);
	return get(base, UART_SCR) == 0xa5;
}

/* Does a byte sent in loopback mode come back? Characters that came from outside just before may
 * precede it. */
static bool loops_back(uint16_t base)
{
	const uint8_t probe = 0xae;
	bool found = false;

	put(base, UART_MCR, MCR_LOOP | MCR_OUT2 | MCR_RTS | MCR_DTR);
	put(base, UART_THR, probe);
	for (unsigned i = 0; i <= UART_FIFO && !found; i++) {
		if (!wait_for(base, LSR_DR, LOOPBACK_TRIES))
			break;
		found = get(base, UART_RBR) == probe;
	}
	put(base, UART_MCR, MCR_OUT2 | MCR_RTS | MCR_DTR);
	return found;
}

bool uart_init(uint16_t base)
{
	if (find(base))
		return true;
	struct uart *uart = find(0);
	if (!uart || !has_scratch(base))
		return false;
	/* What the firmware sent last may still be on its way; a port that never gets there is not
	 * there. */
	if (!wait_for(base, LSR_TEMT, SEND_TRIES))
		return false;
	put(base, UART_IER, 0);
	put(base, UART_LCR, LCR_DLAB);
	put(base, UART_DLL, DIVISOR_115200);
	put(base, UART_DLM, 0);
	put(base, UART_LCR, LCR_8N1);
	put(base, UART_FCR, FCR_ENABLE | FCR_CLEAR | FCR_TRIGGER_8);
	if (!loops_back(base))
		return false;
	uart->fifo = (get(base, UART_IIR) & IIR_FIFOS) == IIR_FIFOS ? UART_FIFO : 1;
	uart->lock = (struct spinlock)SPINLOCK_INIT(RANK_CONSOLE);
	uart->base = base;
	return true;
}

size_t uart_write(uint16_t base, const void *data, size_t bytes)
{
	struct uart *uart = find(base);
	const uint8_t *next = data;
	size_t left = bytes;

	if (!uart)
		return 0;
	while (left > 0) {
		/* A port that stood still is not waited for again until it has moved. */
		uart->stalled = !wait_for(base, LSR_THRE, uart->stalled ? 0 : SEND_TRIES);
		if (uart->stalled)
			break;
		for (unsigned room = uart->fifo; room > 0 && left > 0; room--, left--)
			put(base, UART_THR, *next++);
	}
	return bytes - left;
}

/* Move what the port has into the ring. uart->lock. */
static void receive_locked(struct uart *uart)
{
	while (uart->head - uart->tail < RECEIVE_RING) {
		if (!(get(uart->base, UART_LSR) & LSR_DR)) {
			put(uart->base, UART_IER, uart->interrupt);
			return;
		}
		uart->ring[uart->head++ % RECEIVE_RING] = get(uart->base, UART_RBR);
	}
	put(uart->base, UART_IER, 0);
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

size_t uart_read(uint16_t base, void *data, size_t bytes)
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
	receive_locked(uart);
	bool any = uart->head != uart->tail;
	spin_unlock(&uart->lock);
	if (any)
		uart->handler(uart->argument);
}

/* The interrupt lines that every PC gives its first two serial ports. */
static unsigned irq_line(uint16_t base)
{
	return base == UART_COM1 ? 4 : base == UART_COM2 ? 3 : NO_IRQ;
}

int uart_on_receive(uint16_t base, void (*handler)(void *), void *argument)
{
	struct uart *uart = find(base);
	unsigned line = irq_line(base);

	if (!uart || line == NO_IRQ)
		return -ENODEV;
	uart->handler = handler;
	uart->argument = argument;
	int error = irq_register(line, uart_interrupt, uart);
	if (error)
		return error;
	spin_lock(&uart->lock);
	uart->interrupt = IER_RECEIVE;
	put(base, UART_IER, uart->interrupt);
	spin_unlock(&uart->lock);
	return 0;
}

/* Set once, before the console is registered. */
static uint16_t console_port;

/* "\r\n" for each '\n', whole runs between them at once. */
static void console_output(struct console *console, const char *text, size_t bytes)
{
	const char *end = text + bytes;

	while (text < end) {
		const char *run = text;
		while (text < end && *text != '\n')
			text++;
		uart_write(console_port, run, (size_t)(text - run));
		if (text < end) {
			uart_write(console_port, "\r\n", 2);
			text++;
		}
	}
}

static void console_output_as_is(struct console *console, const char *text, size_t bytes)
{
	uart_write(console_port, text, bytes);
}

static size_t console_input(struct console *console, char *to, size_t bytes)
{
	return uart_read(console_port, to, bytes);
}

/* Linked into the list of consoles, under their lock. */
static struct console serial_console = {
	.name = "serial",
	.write = console_output,
	.write_as_is = console_output_as_is,
	.read = console_input,
};

bool uart_console_use(uint16_t base)
{
	if (console_port || !uart_init(base))
		return false;
	console_port = base;
	console_register(&serial_console);
	return true;
}

uint16_t uart_console_port(void)
{
	return console_port;
}

void uart_console_init(void)
{
	(void)uart_console_use(UART_COM1);
}
