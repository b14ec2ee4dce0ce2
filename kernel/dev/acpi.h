/*
 * acpi.h: the ACPI tables the kernel uses. (ACPI 6.5, chapter 5.) Every length is checked; a bad
 * table is logged and skipped. Nothing is written to them.
 */
#ifndef DEV_ACPI_H
#define DEV_ACPI_H

#include "lib/types.h"

#define ACPI_MAX_CPUS      256
#define ACPI_MAX_OVERRIDES 16
#define ACPI_MAX_SERIALS   4

struct acpi_cpu {
	uint32_t apic_id;
	bool enabled; /* or online-capable */
};
struct acpi_override { /* a legacy interrupt that is not wired one to one */
	uint8_t source;
	uint32_t gsi;
	bool active_low, level;
};
struct acpi_serial { /* a 16550 that a table names for a console, or for debugging */
	uint64_t address;
	bool in_memory;        /* else a port */
	uint8_t stride, width; /* bytes: from register to register, of an access */
	uint32_t baud;         /* 0: as the firmware left it */
};
/* What the tables say. Zero where they say nothing. */
struct acpi_info {
	paddr_t lapic;
	paddr_t ioapic;
	uint32_t ioapic_gsi_base;
	unsigned cpu_count, override_count;
	struct acpi_cpu cpus[ACPI_MAX_CPUS];
	struct acpi_override overrides[ACPI_MAX_OVERRIDES];
	uint32_t pm_timer_port; /* I/O port; 0: none */
	bool pm_timer_32bit;
	paddr_t hpet;
	bool has_pm1a;
	uint32_t pm1a_control, pm1b_control; /* I/O ports */
	uint8_t s5_a, s5_b;                  /* SLP_TYP for power-off, from \_S5_ */
	bool s5_found;
	paddr_t sleep_control; /* a register of 8 bits, in place of those; 0: none */
	bool sleep_in_memory;  /* else an I/O port */
	uint32_t smi_command;
	uint8_t acpi_enable;
	uint8_t century_register; /* of the real-time clock; 0: none */
	bool has_i8042;
	paddr_t ecam; /* of bus 0 of PCI segment 0, even where the first bus is another */
	uint8_t ecam_first_bus, ecam_last_bus;
	/* Ports for a console, the best first; those after the last have no address. */
	struct acpi_serial serial[ACPI_MAX_SERIALS];
	uint32_t reset_port; /* I/O port; 0: none that can be written to */
	uint8_t reset_value;
};

/* rsdp: physical, from boot_info; 0: there are no tables. */
void acpi_init(paddr_t rsdp);
const struct acpi_info *acpi_info(void);

/* Enter S5; returns if it did not work. */
void acpi_power_off(void);
/* Write to the reset register; returns if there is none or it did not work. */
void acpi_reset(void);

#endif
