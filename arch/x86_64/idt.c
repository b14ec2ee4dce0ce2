/* idt.c: the 256 vectors. SDM 3A, 6.10 and 6.14. */
#include "debug/assert.h"
#include "interrupts.h"
#include "registers.h"
#include "vectors.h"

#define STUB_BYTES     16 /* entry.S aligns each to it */
#define GATE_INTERRUPT 0x8e
#define GATE_USER      0x60 /* DPL 3: INT3 and INTO may be used by programs */

struct PACKED gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};
_Static_assert(sizeof(struct gate) == 16, "SDM 3A, 6.14.1");

extern const char vector_stubs[];

static struct gate idt[VECTOR_COUNT]; /* written once, by the boot CPU */

static uint8_t stack_for(unsigned vector)
{
	switch (vector) {
	case VECTOR_DOUBLE_FAULT:
		return IST_DOUBLE_FAULT;
	case VECTOR_NMI:
		return IST_NMI;
	case VECTOR_MACHINE_CHECK:
		return IST_MACHINE_CHECK;
	default:
		return 0;
	}
}

void idt_init(void)
{
	struct PACKED {
		uint16_t limit;
		uint64_t base;
	} pointer = {sizeof(idt) - 1, (uint64_t)idt};

	for (unsigned i = 0; i < VECTOR_COUNT; i++) {
		uint64_t stub = (uint64_t)(vector_stubs + i * STUB_BYTES);
		bool user = i == VECTOR_BREAKPOINT || i == VECTOR_OVERFLOW;
		idt[i] = (struct gate){
			.offset_low = (uint16_t)stub,
			.selector = KERNEL_CS,
			.ist = stack_for(i),
			.type = GATE_INTERRUPT | (user ? GATE_USER : 0),
			.offset_middle = (uint16_t)(stub >> 16),
			.offset_high = (uint32_t)(stub >> 32),
		};
	}
	__asm__ volatile("lidt %0" : : "m"(pointer));
}
