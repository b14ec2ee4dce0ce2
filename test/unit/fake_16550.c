/* fake_16550.c: a model of the PC16550D, written from its data sheet and not from the driver. */
#include "fake_16550.h"

#include <arch/irq.h>
#include <arch/port.h>
#include <stdlib.h>
#include <string.h>

#include "dev/uart.h"
#include "sync/cpu.h"

static struct fake_16550 ports[3];
static struct {
	void (*handler)(void *);
	void *argument;
} handlers[16];

struct fake_16550 *fake_16550(uint16_t base)
{
	switch (base) {
	case UART_COM1:
		return &ports[0];
	case UART_COM2:
		return &ports[1];
	case FAKE_COM3:
		return &ports[2];
	}
	abort();
}

static struct fake_16550 *decode(uint16_t port, unsigned *reg)
{
	*reg = port & 7;
	return fake_16550((uint16_t)(port & ~7));
}

static void transmit(struct fake_16550 *port)
{
	if (port->blocked)
		return;
	memcpy(port->sent + port->sent_bytes, port->fifo, port->fifo_bytes);
	port->sent_bytes += port->fifo_bytes;
	port->fifo_bytes = 0;
}

void fake_16550_unblock(uint16_t base)
{
	fake_16550(base)->blocked = false;
	transmit(fake_16550(base));
}

void fake_16550_send(uint16_t base, const void *data, size_t bytes)
{
	struct fake_16550 *port = fake_16550(base);

	memcpy(port->arriving + port->arriving_bytes, data, bytes);
	port->arriving_bytes += bytes;
}

static bool has_data(const struct fake_16550 *port)
{
	return port->has_looped || port->arriving_taken < port->arriving_bytes;
}

static uint8_t receive(struct fake_16550 *port)
{
	if (port->arriving_taken < port->arriving_bytes)
		return port->arriving[port->arriving_taken++];
	port->has_looped = false;
	return port->looped;
}

static uint8_t line_status(struct fake_16550 *port)
{
	uint8_t status = has_data(port) ? 0x01 : 0;

	if (port->fifo_bytes == 0)
		status |= 0x20;
	if (port->fifo_bytes == 0 && port->shifting == 0)
		status |= 0x40;
	port->shifting -= port->shifting > 0;
	return status;
}

uint8_t port_in8(uint16_t number)
{
	unsigned reg;
	struct fake_16550 *port = decode(number, &reg);

	port->reads++;
	if (port->bus == FAKE_ALL_ONES)
		return 0xff;
	if (port->bus == FAKE_ALL_ZEROS)
		return 0;
	if (port->bus == FAKE_SCRATCH_ONLY)
		return reg == 7 ? port->scratch : 0;
	switch (reg) {
	case 0:
		return port->lcr & 0x80 ? port->divisor : receive(port);
	case 1:
		return port->lcr & 0x80 ? 0 : port->ier;
	case 2:
		return 0xc1;
	case 5:
		return line_status(port);
	case 7:
		return port->scratch;
	}
	return 0;
}

void port_out8(uint16_t number, uint8_t value)
{
	unsigned reg;
	struct fake_16550 *port = decode(number, &reg);

	port->writes++;
	if (reg == 7)
		port->scratch = value;
	if (reg == 3)
		port->lcr = value;
	if (reg == 4)
		port->mcr = value;
	if (reg == 1 && !(port->lcr & 0x80))
		port->ier = value;
	if (reg != 0)
		return;
	if (port->lcr & 0x80) {
		port->divisor = value;
	} else if (port->mcr & 0x10) {
		port->looped = value;
		port->has_looped = true;
	} else if (port->fifo_bytes == sizeof(port->fifo)) {
		port->overruns++;
	} else {
		port->fifo[port->fifo_bytes++] = value;
		if (port->fifo_bytes == sizeof(port->fifo) || !port->blocked)
			transmit(port);
	}
}

/* The drivers under test use bytes only. */
uint16_t port_in16(uint16_t number)
{
	abort();
}

void port_out16(uint16_t number, uint16_t value)
{
	abort();
}

/* ---- interrupts, and the one CPU ---- */

struct cpu boot_cpu;

struct cpu *cpu_local(void)
{
	return &boot_cpu;
}

void cpu_relax(void)
{
}

bool irq_enabled(void)
{
	return boot_cpu.arch.interrupts;
}

bool irq_save(void)
{
	bool were_on = boot_cpu.arch.interrupts;

	boot_cpu.arch.interrupts = false;
	return were_on;
}

void irq_restore(bool were_on)
{
	boot_cpu.arch.interrupts = were_on;
}

int irq_register(unsigned line, void (*handler)(void *), void *argument)
{
	handlers[line].handler = handler;
	handlers[line].argument = argument;
	return 0;
}

void fake_16550_interrupts(void)
{
	static const unsigned lines[] = {4, 3, 4};

	for (unsigned i = 0; i < ARRAY_SIZE(ports); i++) {
		bool pending = (has_data(&ports[i]) && (ports[i].ier & 0x01)) ||
			       (ports[i].fifo_bytes == 0 && (ports[i].ier & 0x02));
		if (pending && handlers[lines[i]].handler)
			handlers[lines[i]].handler(handlers[lines[i]].argument);
	}
}
