/*
 * uart.h: 16550 serial ports (National Semiconductor PC16550D data sheet).
 * A port has at most one user: the console (COM1), or the host channel (COM2).
 */
#ifndef DEV_UART_H
#define DEV_UART_H

#include "lib/types.h"

#define UART_COM1 0x3f8
#define UART_COM2 0x2f8

/* Where a port is, and how its registers are reached. */
struct uart_place {
	uint64_t base; /* names it from then on: its first port, or its physical address */
	volatile void *registers; /* where that address is mapped; NULL: it is in ports */
	uint8_t stride, width;    /* in memory: bytes from one register to the next, of an access */
	uint16_t divisor;         /* of 115200 bauds; 0: the rate is as the firmware left it */
};

/* Is a 16550 there (scratch register and loopback)? If so set 115200 8N1, FIFO on. Never waits
 * without a bound. */
NODISCARD bool uart_init(uint16_t base);
/* The same for one anywhere, at the rate that is asked for. */
NODISCARD bool uart_init_at(const struct uart_place *place);
/* Waits, within a bound, for room. Returns the bytes sent: fewer when the bound passed, as when a
 * pipe behind an emulated port is full. */
size_t uart_write(uint64_t base, const void *data, size_t bytes);
/* Wait, at most a second for each port, until all that was written has left: a machine that
 * switches itself off before loses it. Any context. */
void uart_drain(void);
/* Up to `bytes` that have arrived; 0 if none. Never waits. */
NODISCARD size_t uart_read(uint64_t base, void *data, size_t bytes);
/* Call handler(argument) when bytes arrive, interrupts off, no locks: by interrupt, or from a
 * timer. The port is there; once, after sched_init(). */
void uart_on_receive(uint64_t base, void (*handler)(void *), void *argument);

/* If a 16550 is there it is the console from now on, in place of an earlier one, which falls
 * silent; is it? At boot, by one CPU, before anybody reads from a console. */
NODISCARD bool uart_console_use(const struct uart_place *place);
/* The port that is a console, by its base; 0: none. */
uint64_t uart_console_port(void);

#endif
