/*
 * irq.c: the interrupt flag, and the lines of legacy devices: silent at the two 8259s, routed by
 * the I/O APIC. (Intel 8259A and 82093AA data sheets; ACPI 6.5, 5.2.12.)
 */
#include <arch/irq.h>

#include <arch/port.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "dev/acpi.h"
#include "lib/errno.h"
#include "mm/kmap.h"
#include "x86.h"

#define LINES 16u

#define PIC1_COMMAND    0x20
#define PIC1_DATA       0x21
#define PIC2_COMMAND    0xa0
#define PIC2_DATA       0xa1
#define PIC_ICW1_INIT   0x11 /* edge triggered, cascade, ICW4 follows */
#define PIC_ICW3_MASTER 0x04 /* the second one is on line 2 */
#define PIC_ICW3_SLAVE  0x02
#define PIC_ICW4_8086   0x01
#define PIC_ALL_MASKED  0xff

/* The I/O APIC: an index register and a window to the register it names. */
#define IOAPIC_BYTES      0x20
#define IOAPIC_WINDOW     0x10
#define IOAPIC_VERSION    1u
#define IOAPIC_ENTRY(pin) (0x10u + 2 * (pin)) /* low half; high half is one further */
#define ENTRY_ACTIVE_LOW  (1u << 13)
#define ENTRY_LEVEL       (1u << 15)
#define ENTRY_MASKED      (1u << 16)
#define ENTRY_DESTINATION 24 /* bit of the high half */
#define DESTINATION_MAX   0xffu

struct line {
	void (*handler)(void *argument);
	void *argument;
};

/* Boot CPU only, interrupts off. */
static struct line lines[LINES];
static volatile uint8_t *ioapic;
static unsigned ioapic_pins;

bool irq_enabled(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags) : : "memory");
	return flags & RFLAGS_IF;
}

void irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

void irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

bool irq_save(void)
{
	bool were_on = irq_enabled();

	irq_disable();
	return were_on;
}

void irq_restore(bool were_on)
{
	if (were_on)
		irq_enable();
}

/* Even masked, an 8259 may send its spurious interrupt: not on an exception's vector, then. */
void pic_disable(void)
{
	port_out8(PIC1_COMMAND, PIC_ICW1_INIT);
	port_out8(PIC2_COMMAND, PIC_ICW1_INIT);
	port_out8(PIC1_DATA, VECTOR_PIC);
	port_out8(PIC2_DATA, VECTOR_PIC + 8);
	port_out8(PIC1_DATA, PIC_ICW3_MASTER);
	port_out8(PIC2_DATA, PIC_ICW3_SLAVE);
	port_out8(PIC1_DATA, PIC_ICW4_8086);
	port_out8(PIC2_DATA, PIC_ICW4_8086);
	port_out8(PIC1_DATA, PIC_ALL_MASKED);
	port_out8(PIC2_DATA, PIC_ALL_MASKED);
}

static uint32_t ioapic_read(unsigned index)
{
	*(volatile uint32_t *)ioapic = index;
	return *(volatile uint32_t *)(ioapic + IOAPIC_WINDOW);
}

static void ioapic_write(unsigned index, uint32_t value)
{
	*(volatile uint32_t *)ioapic = index;
	*(volatile uint32_t *)(ioapic + IOAPIC_WINDOW) = value;
}

/* Map the I/O APIC at its first use, and mask what the firmware left open. */
static bool ioapic_find(void)
{
	if (ioapic)
		return true;
	if (!acpi_info()->ioapic)
		return false;
	ioapic = kmap_device(acpi_info()->ioapic, IOAPIC_BYTES, 0);
	if (!ioapic)
		return false;
	ioapic_pins = (ioapic_read(IOAPIC_VERSION) >> 16 & 0xff) + 1;
	for (unsigned pin = 0; pin < ioapic_pins; pin++)
		ioapic_write(IOAPIC_ENTRY(pin), ENTRY_MASKED);
	log_info("I/O APIC: %u pins", ioapic_pins);
	return true;
}

/* ISA lines are edge triggered and active high, and wired to the pin of the same number, unless an
 * override says otherwise. */
static struct acpi_override wiring_of(unsigned line)
{
	const struct acpi_info *acpi = acpi_info();

	for (unsigned i = 0; i < acpi->override_count; i++)
		if (acpi->overrides[i].source == line)
			return acpi->overrides[i];
	return (struct acpi_override){.source = (uint8_t)line, .gsi = line};
}

int irq_register(unsigned line, void (*handler)(void *), void *argument)
{
	assert(line < LINES);
	if (!ioapic_find() || apic_id() > DESTINATION_MAX)
		return -ENODEV;
	struct acpi_override wiring = wiring_of(line);
	uint32_t pin = wiring.gsi - acpi_info()->ioapic_gsi_base;
	if (wiring.gsi < acpi_info()->ioapic_gsi_base || pin >= ioapic_pins)
		return -ENODEV;
	bool were_on = irq_save();
	assert(!lines[line].handler);
	lines[line] = (struct line){handler, argument};
	ioapic_write(IOAPIC_ENTRY(pin) + 1, apic_id() << ENTRY_DESTINATION);
	ioapic_write(IOAPIC_ENTRY(pin), (VECTOR_LINE + line) |
						(wiring.active_low ? ENTRY_ACTIVE_LOW : 0) |
						(wiring.level ? ENTRY_LEVEL : 0));
	irq_restore(were_on);
	return 0;
}

void irq_dispatch(unsigned vector)
{
	const struct line *line = &lines[vector - VECTOR_LINE];

	if (line->handler)
		line->handler(line->argument);
}
