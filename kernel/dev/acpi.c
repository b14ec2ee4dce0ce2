/* acpi.c: the tables of this machine, and turning it off. */
#include "dev/acpi.h"
#include <arch/cpu.h>
#include <arch/port.h>
#include "debug/log.h"
#include "dev/acpi_tables.h"
#include "mm/kmap.h"

/* ACPI 6.5, 4.8.3.2.1: PM1 control registers. */
#define PM1_SCI_EN        (1u << 0)
#define PM1_SLP_TYP_SHIFT 10
#define PM1_SLP_TYP       (7u << PM1_SLP_TYP_SHIFT)
#define PM1_SLP_EN        (1u << 13)

/* Port reads of about 1 us: firmware may take long to hand over, and the power supply to react. */
#define ENABLE_TRIES    3000000u
#define POWER_OFF_TRIES 1000000u
#define RESET_TRIES     100000u

static struct acpi_info acpi; /* set once at boot */

const struct acpi_info *acpi_info(void)
{
	return &acpi;
}

static unsigned enabled_cpus(void)
{
	unsigned count = 0;

	for (unsigned i = 0; i < acpi.cpu_count; i++)
		count += acpi.cpus[i].enabled;
	return count;
}

void acpi_init(paddr_t rsdp)
{
	acpi_parse(rsdp, kmap_firmware, &acpi);
	if (rsdp == 0) {
		log_fact("acpi: no tables");
		return;
	}
	log_fact("acpi: %u processors, local APIC %#llx, I/O APIC %#llx, HPET %#llx, "
		 "PM timer %#x, power-off %s",
		 enabled_cpus(), (unsigned long long)acpi.lapic, (unsigned long long)acpi.ioapic,
		 (unsigned long long)acpi.hpet, acpi.pm_timer_port,
		 acpi.has_pm1a && acpi.s5_found ? "known" : "unknown");
}

/* The firmware owns the PM registers until it is told, by an SMI, that an operating system wants
 * them. */
static void enable_acpi_mode(uint16_t port)
{
	if ((port_in16(port) & PM1_SCI_EN) || acpi.smi_command == 0 || acpi.acpi_enable == 0)
		return;
	port_out8((uint16_t)acpi.smi_command, acpi.acpi_enable);
	for (unsigned i = 0; i < ENABLE_TRIES && !(port_in16(port) & PM1_SCI_EN); i++)
		cpu_relax();
}

static void enter_sleep(uint16_t port, uint8_t type)
{
	unsigned kept = port_in16(port) & ~(PM1_SLP_TYP | PM1_SLP_EN);

	port_out16(port, (uint16_t)(kept | (unsigned)type << PM1_SLP_TYP_SHIFT | PM1_SLP_EN));
}

void acpi_reset(void)
{
	if (!acpi.reset_port)
		return;
	port_out8((uint16_t)acpi.reset_port, acpi.reset_value);
	for (unsigned i = 0; i < RESET_TRIES; i++)
		(void)port_in8((uint16_t)acpi.reset_port);
}

void acpi_power_off(void)
{
	uint16_t port_a = (uint16_t)acpi.pm1a_control, port_b = (uint16_t)acpi.pm1b_control;

	if (!acpi.has_pm1a || !acpi.s5_found)
		return;
	enable_acpi_mode(port_a);
	enter_sleep(port_a, acpi.s5_a);
	if (port_b != 0)
		enter_sleep(port_b, acpi.s5_b);
	for (unsigned i = 0; i < POWER_OFF_TRIES; i++)
		(void)port_in16(port_a);
}
