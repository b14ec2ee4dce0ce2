/* fake_16550.h: serial ports in software, as far as the driver can tell. */
#ifndef TEST_UNIT_FAKE_16550_H
#define TEST_UNIT_FAKE_16550_H

#include "lib/types.h"

#define FAKE_COM3 0x3e8

enum fake_bus { FAKE_ALL_ONES, FAKE_ALL_ZEROS, FAKE_PORT, FAKE_SCRATCH_ONLY };

struct fake_16550 {
	enum fake_bus bus;
	bool blocked;           /* what is sent stays in the FIFO */
	uint64_t reads, writes; /* of any register, ever */
	uint64_t shifting;      /* so many looks at the line status until the last byte has left */
	unsigned overruns;      /* bytes sent into a full FIFO, which a real one would lose */

	uint8_t sent[1 << 16];
	size_t sent_bytes;
	uint8_t arriving[1 << 16]; /* what the other side sends */
	size_t arriving_bytes, arriving_taken;

	uint8_t ier, lcr, mcr, scratch, divisor;
	uint8_t fifo[16];
	unsigned fifo_bytes;
	uint8_t looped;
	bool has_looped;
};

/* COM1 to COM3, by base; their interrupts run from fake_16550_interrupts(). */
struct fake_16550 *fake_16550(uint16_t base);

/* Let what is blocked go on. */
void fake_16550_unblock(uint16_t base);
/* The other side sends. */
void fake_16550_send(uint16_t base, const void *data, size_t bytes);
/* Call the handlers of ports that have data and their interrupt turned on. */
void fake_16550_interrupts(void);

#endif
