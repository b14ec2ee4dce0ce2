/* ioapic.c: legacy interrupt lines through the I/O APIC. Intel 82093AA data sheet; MADT overrides:
 * ACPI 6.5, 5.2.12.5. */
#include <arch/irq.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "dev/acpi.h"
#include "interrupts.h"
#include "lib/errno.h"
#include "mm/kmap.h"
#include "mm/layout.h"
#include "registers.h"
#include "vectors.h"

#define LEGACY_LINES      16u
#define IOAPIC_BYTES      0x20
#define IOAPIC_SELECT     0 /* 32-bit word index */
#define IOAPIC_WINDOW     4
#define IOAPIC_VERSION    0x01 /* bits 16-23: the last redirection entry */
#define IOAPIC_ENTRY(n)   (0x10 + 2 * (n))
#define ENTRY_ACTIVE_LOW  (1u << 13)
#define ENTRY_LEVEL       (1u << 15)
#define ENTRY_MASKED      (1u << 16)
#define DESTINATION_SHIFT 24

static volatile uint32_t *registers; /* NULL: none found yet */
static bool looked;
static struct {
	void (*handler)(void *);
	void *argument;
} lines[LEGACY_LINES]; /* written with interrupts off, before the line is unmasked */

bool irq_enabled(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags));
	return flags & RFLAGS_IF;
}

bool irq_save(void)
{
	bool were_on = irq_enabled();

	__asm__ volatile("cli" : : : "memory");
	return were_on;
}

void irq_restore(bool were_on)
{
	if (were_on)
		__asm__ volatile("sti" : : : "memory");
}

static uint32_t ioapic_read(unsigned index)
{
	registers[IOAPIC_SELECT] = index;
	return registers[IOAPIC_WINDOW];
}

static void ioapic_write(unsigned index, uint32_t value)
{
	registers[IOAPIC_SELECT] = index;
	registers[IOAPIC_WINDOW] = value;
}

static unsigned entry_count(void)
{
	return (ioapic_read(IOAPIC_VERSION) >> 16 & 0xff) + 1;
}

/* Once: map it and mask what the firmware left. */
static bool find_ioapic(void)
{
	const struct acpi_info *info = acpi_info();

	if (!looked && info->ioapic) {
		registers = kmap_device(info->ioapic, IOAPIC_BYTES, VM_UNCACHED);
		for (unsigned i = 0; registers && i < entry_count(); i++)
			ioapic_write(IOAPIC_ENTRY(i), ENTRY_MASKED);
	}
	looked = true;
	return registers;
}

int irq_register(unsigned line, void (*handler)(void *), void *argument)
{
	const struct acpi_info *info = acpi_info();
	uint32_t gsi = line, flags = 0;

	assert(line < LEGACY_LINES);
	if (!find_ioapic())
		return -ENODEV;
	for (unsigned i = 0; i < info->override_count; i++)
		if (info->overrides[i].source == line) {
			gsi = info->overrides[i].gsi;
			flags = (info->overrides[i].active_low ? ENTRY_ACTIVE_LOW : 0) |
				(info->overrides[i].level ? ENTRY_LEVEL : 0);
		}
	if (gsi < info->ioapic_gsi_base || gsi - info->ioapic_gsi_base >= entry_count())
		return -ENODEV;
	bool were_on = irq_save();
	lines[line].argument = argument;
	lines[line].handler = handler;
	unsigned entry = gsi - info->ioapic_gsi_base;
	ioapic_write(IOAPIC_ENTRY(entry) + 1, apic_id() << DESTINATION_SHIFT);
	ioapic_write(IOAPIC_ENTRY(entry), (VECTOR_LEGACY + line) | flags);
	irq_restore(were_on);
	return 0;
}

void irq_dispatch(unsigned line)
{
	if (lines[line].handler)
		lines[line].handler(lines[line].argument);
}
