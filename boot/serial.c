/* serial.c: just enough of a 16550 to say why nothing started. */
#include "serial.h"

#include <stdint.h>
#include <linux/serial_reg.h>

#define COM1            0x3f8
#define DIVISOR_115200  1
#define SPINS_MAX       100000u /* of one register read each: about 0.1 s on a PC's port bus */
#define LOOPBACK_OUT    0x0f    /* all outputs of the modem control register ... */
#define LOOPBACK_IN     0xf0    /* ... arrive at all inputs of the modem status register */
#define SCRATCH_PATTERN 0x5a

static uint8_t read_register(unsigned offset)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"((uint16_t)(COM1 + offset)));
	return value;
}

static void write_register(unsigned offset, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"((uint16_t)(COM1 + offset)));
}

static bool present(void)
{
	bool answers;

	write_register(UART_SCR, SCRATCH_PATTERN);
	if (read_register(UART_SCR) != SCRATCH_PATTERN)
		return false;
	write_register(UART_MCR, UART_MCR_LOOP | LOOPBACK_OUT);
	answers = (read_register(UART_MSR) & 0xf0) == LOOPBACK_IN;
	write_register(UART_MCR, UART_MCR_DTR | UART_MCR_RTS);
	return answers;
}

bool serial_init(void)
{
	if (!present())
		return false;
	write_register(UART_IER, 0);
	write_register(UART_LCR, UART_LCR_DLAB);
	write_register(UART_DLL, DIVISOR_115200);
	write_register(UART_DLM, 0);
	write_register(UART_LCR, UART_LCR_WLEN8);
	write_register(UART_FCR, UART_FCR_ENABLE_FIFO);
	return true;
}

static void write_byte(char c)
{
	for (unsigned i = 0; i < SPINS_MAX; i++) {
		if (read_register(UART_LSR) & UART_LSR_THRE)
			break;
	}
	write_register(UART_TX, c);
}

void serial_write(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			write_byte('\r');
		write_byte(*text);
	}
}
