/* acpi_tables.h: reading ACPI's tables. Pure: memory comes through a callback. Warnings go to the
 * log. */
#ifndef DEV_ACPI_TABLES_H
#define DEV_ACPI_TABLES_H

#include "dev/acpi.h"

/* `bytes` bytes of physical memory at `start`, readable, for ever; NULL if there is no such memory.
 * Any alignment. */
typedef const void *acpi_map_function(paddr_t start, size_t bytes);

/* Fill in `info` from the tables under the root pointer at `rsdp`. */
void acpi_parse(paddr_t rsdp, acpi_map_function *map, struct acpi_info *info);

/* MADT's entries, after its header: into info->lapic, ioapic, cpus, overrides. */
void acpi_parse_madt(const uint8_t *entries, size_t bytes, struct acpi_info *info);

/* Serial ports that the tables SPCR and DBG2, with their headers, name: into info->serial, behind
 * those that are there. */
void acpi_parse_spcr(const uint8_t *table, size_t bytes, struct acpi_info *info);
void acpi_parse_dbg2(const uint8_t *table, size_t bytes, struct acpi_info *info);

/* Look for \_S5_ in a definition block's AML and take the first two elements of its package. */
NODISCARD bool acpi_find_s5(const uint8_t *aml, size_t bytes, uint8_t *s5_a, uint8_t *s5_b);

#endif
