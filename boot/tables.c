/* tables.c: the roots of the firmware's tables (UEFI 2.10, 4.6). Only addresses: the kernel checks
 * them. */
#include "loader.h"

static EFI_GUID acpi_20_guid = ACPI_20_TABLE_GUID;
static EFI_GUID acpi_10_guid = ACPI_TABLE_GUID;
static EFI_GUID smbios_3_guid = SMBIOS3_TABLE_GUID;
static EFI_GUID smbios_guid = SMBIOS_TABLE_GUID;

static uint64_t configuration_table(const EFI_SYSTEM_TABLE *system, const EFI_GUID *guid)
{
	for (UINTN i = 0; i < system->NumberOfTableEntries; i++) {
		const EFI_CONFIGURATION_TABLE *table = &system->ConfigurationTable[i];

		if (__builtin_memcmp(&table->VendorGuid, guid, sizeof *guid) == 0)
			return (uintptr_t)table->VendorTable;
	}
	return 0;
}

/* The newer table may say more than the older one of the same firmware, so it is asked for first.
 */
static uint64_t newest_table(const EFI_SYSTEM_TABLE *system, const EFI_GUID *newer,
			     const EFI_GUID *older)
{
	const uint64_t table = configuration_table(system, newer);

	return table ? table : configuration_table(system, older);
}

static size_t copy_ascii(char *to, size_t capacity, const CHAR16 *from)
{
	size_t i = 0;

	for (; from && from[i] && i < capacity; i++)
		to[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	return i;
}

void tables_find(struct loader *loader, struct boot_info *info, char *vendor, size_t vendor_bytes)
{
	const EFI_SYSTEM_TABLE *system = loader->system;

	info->acpi_rsdp = newest_table(system, &acpi_20_guid, &acpi_10_guid);
	info->smbios = newest_table(system, &smbios_3_guid, &smbios_guid);
	info->efi_system_table = (uintptr_t)system;
	info->firmware_vendor_bytes = copy_ascii(vendor, vendor_bytes, system->FirmwareVendor);
	info->firmware_vendor = info->firmware_vendor_bytes ? (uintptr_t)vendor : 0;
}
