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

/* 4.8.3.7, the sleep control register. */
#define SLEEP_TYPE_SHIFT 2
#define SLEEP_ENABLE     (1u << 5)

static struct acpi_info acpi;                   /* set once at boot */
static volatile uint8_t *sleep_control_mapping; /* the same; NULL: it is none in memory */

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

/* One that is memory of somebody else's is none. */
static void map_sleep_control(void)
{
	if (!acpi.sleep_control || !acpi.sleep_in_memory)
		return;
	if (!kmap_is_memory(acpi.sleep_control, 1))
		sleep_control_mapping = kmap_device(acpi.sleep_control, 1, 0);
	if (!sleep_control_mapping)
		acpi.sleep_control = 0;
}

static bool can_power_off(void)
{
	return acpi.s5_found && (acpi.has_pm1a || acpi.sleep_control);
}

void acpi_init(paddr_t rsdp)
{
	acpi_parse(rsdp, kmap_firmware, &acpi);
	map_sleep_control();
	if (rsdp == 0) {
		log_fact("acpi: no tables");
		return;
	}
	log_fact("acpi: %u processors, local APIC %#llx, I/O APIC %#llx, HPET %#llx, "
		 "PM timer %#x, power-off %s",
		 enabled_cpus(), (unsigned long long)acpi.lapic, (unsigned long long)acpi.ioapic,
		 (unsigned long long)acpi.hpet, acpi.pm_timer_port,
		 can_power_off() ? "known" : "unknown");
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

/* Machines of "reduced hardware" have one register of their own for it. */
static void power_off_reduced(void)
{
	uint8_t value = (uint8_t)(acpi.s5_a << SLEEP_TYPE_SHIFT | SLEEP_ENABLE);

	if (sleep_control_mapping)
		*sleep_control_mapping = value;
	else
		port_out8((uint16_t)acpi.sleep_control, value);
}

void acpi_power_off(void)
{
	uint16_t port_a = (uint16_t)acpi.pm1a_control, port_b = (uint16_t)acpi.pm1b_control;

	if (!can_power_off())
		return;
	if (!acpi.has_pm1a) {
		power_off_reduced();
		return;
	}
	enable_acpi_mode(port_a);
	enter_sleep(port_a, acpi.s5_a);
	if (port_b != 0)
		enter_sleep(port_b, acpi.s5_b);
	for (unsigned i = 0; i < POWER_OFF_TRIES; i++)
		(void)port_in16(port_a);
}
