/*
 * uart.h: 16550 serial ports (National Semiconductor PC16550D data sheet).
 * A port has at most one user: the console (COM1), or the host channel (COM2).
 */
#ifndef DEV_UART_H
#define DEV_UART_H

#include "lib/types.h"

#define UART_COM1 0x3f8
#define UART_COM2 0x2f8

/* Is a 16550 there (scratch register and loopback)? If so set 115200 8N1, FIFO on. Never waits
 * without a bound. */
NODISCARD bool uart_init(uint16_t base);
/* Waits, within a bound, for room. Returns the bytes sent: fewer when the bound passed, as when a
 * pipe behind an emulated port is full. */
size_t uart_write(uint16_t base, const void *data, size_t bytes);
/* Up to `bytes` that have arrived; 0 if none. Never waits. */
NODISCARD size_t uart_read(uint16_t base, void *data, size_t bytes);
/* Call handler(argument) when bytes arrive (interrupts off); -ENODEV: poll instead. */
NODISCARD int uart_on_receive(uint16_t base, void (*handler)(void *), void *argument);

/* Register COM1 as console, if it is there. The first console; callable before any other init. */
void uart_console_init(void);
/* Register the port at `base` as console, if there is none yet and it is a 16550; is it one now? */
NODISCARD bool uart_console_use(uint16_t base);
/* The port that is a console; 0: none. */
uint16_t uart_console_port(void);

#endif
