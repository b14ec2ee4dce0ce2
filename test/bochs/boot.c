/*
 * boot.c: loads Quire's kernel from the disk and starts it by PVH, for emulators that have neither
 * UEFI nor PVH but only a BIOS of the old kind. For tests. 32-bit protected mode, paging off,
 * interrupts off, all of memory below 4 GiB in reach.
 *
 * The disk is the first ATA controller's first one, read sector by sector by the processor (ATA-4,
 * 8.27, READ SECTORS). PVH: Xen's public/arch-x86/hvm/start_info.h, version 1.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot.h"

#define COM1             0x3f8
#define COM1_LINE        0x3fb
#define LINE_8N1         0x03
#define ATA              0x1f0
#define ATA_COUNT        (ATA + 2)
#define ATA_LBA0         (ATA + 3)
#define ATA_LBA1         (ATA + 4)
#define ATA_LBA2         (ATA + 5)
#define ATA_DRIVE        (ATA + 6)
#define ATA_COMMAND      (ATA + 7) /* read: the status */
#define ATA_CONTROL      0x3f6
#define ATA_NO_INTERRUPT 0x02
#define ATA_LBA          0xe0
#define ATA_READ         0x20
#define ATA_BUSY         0x80
#define ATA_WANTS_DATA   0x08
#define ATA_ERROR        0x01
#define ATA_SECTORS_MAX  256u /* of one command; written as 0 */

#define INITRD_START 0x1000000u /* 16 MiB: the kernel is far below */
#define PAGE         4096u

/* The mode that some firmware leaves the APIC in (SDM 3A, 10.12.1). */
#define CPUID_FEATURES   1u
#define CPUID_ECX_X2APIC (1u << 21)
#define MSR_APIC_BASE    0x1bu
#define APIC_BASE_X2APIC (1u << 10)

#define START_MAGIC     0x336ec578u
#define NOTE_PHYS32     18u /* XEN_ELFNOTE_PHYS32_ENTRY */
#define SEGMENT_LOAD    1u
#define SEGMENT_NOTE    4u
#define NOTE_NAME_BYTES 4u       /* "Xen" */
#define RSDP_START      0xe0000u /* of the BIOS's area (ACPI 6.5, 5.2.5.1) */
#define RSDP_END        0x100000u

/* What the disk has behind this program; test/harness/bochs.py writes it. */
struct cargo {
	uint32_t kernel_sector, kernel_bytes, initrd_sector, initrd_bytes;
	uint32_t x2apic; /* not 0: leave this processor's APIC in x2APIC mode */
	char cmdline[SECTOR_BYTES - 20];
};
_Static_assert(sizeof(struct cargo) == SECTOR_BYTES, "one sector");

struct start_info {
	uint32_t magic, version, flags, module_count;
	uint64_t modules, cmdline, rsdp, memmap;
	uint32_t memmap_count, reserved;
};

struct module {
	uint64_t start, bytes, cmdline, reserved;
};

struct range {
	uint64_t start, bytes;
	uint32_t type, reserved;
};
_Static_assert(sizeof(struct range) == E820_BYTES, "as the BIOS gives them");

struct elf64 {
	uint8_t ident[16];
	uint16_t type, machine;
	uint32_t version;
	uint64_t entry, segments, sections;
	uint32_t flags;
	uint16_t header_bytes, segment_bytes, segment_count, section_bytes, section_count, names;
};

struct segment {
	uint32_t type, flags;
	uint64_t offset, virtual, physical, file_bytes, memory_bytes, align;
};

/* boot.S writes these two, in real mode. */
struct range memory_map[E820_MAX] = {{0}};
uint32_t memory_map_count = 0;

static struct cargo cargo __attribute__((section(".data"))) = {0};
static struct start_info info __attribute__((section(".data"))) = {0};
static struct module initrd __attribute__((section(".data"))) = {0};

void boot(void);
_Noreturn void enter(uint32_t entry, const struct start_info *start);

static uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

/* Emulators need no waiting for the port. */
static _Noreturn void die(const char *sentence)
{
	static const char *const parts[] = {"PANIC: test boot: ", NULL, "\r\n"};

	out8(COM1_LINE, LINE_8N1);
	for (unsigned i = 0; i < 3; i++)
		for (const char *c = parts[i] ? parts[i] : sentence; *c; c++)
			out8(COM1, (uint8_t)*c);
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* ---- the disk ---- */

static void wait_for_data(void)
{
	uint8_t status;

	do
		status = in8(ATA_COMMAND);
	while (status & ATA_BUSY);
	if ((status & ATA_ERROR) || !(status & ATA_WANTS_DATA))
		die("the disk gives no data");
}

/* `bytes`, rounded up to sectors, from `sector` on. */
static void read_disk(void *to, uint32_t sector, uint32_t bytes)
{
	uint32_t left = (bytes + SECTOR_BYTES - 1) / SECTOR_BYTES;

	while (left) {
		uint32_t count = left < ATA_SECTORS_MAX ? left : ATA_SECTORS_MAX;
		out8(ATA_DRIVE, (uint8_t)(ATA_LBA | sector >> 24));
		out8(ATA_COUNT, (uint8_t)count);
		out8(ATA_LBA0, (uint8_t)sector);
		out8(ATA_LBA1, (uint8_t)(sector >> 8));
		out8(ATA_LBA2, (uint8_t)(sector >> 16));
		out8(ATA_COMMAND, ATA_READ);
		for (uint32_t i = 0; i < count; i++) {
			uint32_t words = SECTOR_BYTES / 2;
			wait_for_data();
			__asm__ volatile("rep insw"
					 : "+D"(to), "+c"(words)
					 : "d"((uint16_t)ATA)
					 : "memory");
		}
		sector += count;
		left -= count;
	}
}

/* ---- the kernel's image ---- */

static void fill(uint32_t to, uint64_t bytes)
{
	__asm__ volatile("rep stosb" : "+D"(to) : "c"((uint32_t)bytes), "a"(0) : "memory");
}

static void copy(uint32_t to, uint32_t from, uint64_t bytes)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from) : "c"((uint32_t)bytes) : "memory");
}

/* The PVH entry, if this segment of notes has it; else 0. */
static uint32_t find_entry(uint32_t notes, uint64_t bytes)
{
	for (uint32_t at = 0; at + 12 < bytes;) {
		const uint32_t *note = (const uint32_t *)(notes + at);
		uint32_t name_words = (note[0] + 3) / 4, data_words = (note[1] + 3) / 4;
		if (note[2] == NOTE_PHYS32 && note[0] == NOTE_NAME_BYTES)
			return note[3 + name_words];
		at += 4 * (3 + name_words + data_words);
	}
	return 0;
}

/* Put the segments of the image at `file` where they belong. Returns the PVH entry. */
static uint32_t load_kernel(uint32_t file)
{
	const struct elf64 *elf = (const struct elf64 *)file;
	uint32_t entry = 0;

	if (*(const uint32_t *)elf->ident != 0x464c457f)
		die("the kernel is no ELF file");
	for (unsigned i = 0; i < elf->segment_count; i++) {
		const struct segment *s =
			(const struct segment *)(file + (uint32_t)elf->segments) + i;
		uint32_t from = file + (uint32_t)s->offset, to = (uint32_t)s->physical;
		if (s->type == SEGMENT_NOTE && !entry)
			entry = find_entry(from, s->file_bytes);
		if (s->type != SEGMENT_LOAD)
			continue;
		if (s->physical + s->memory_bytes > INITRD_START)
			die("the kernel is too large");
		copy(to, from, s->file_bytes);
		fill(to + (uint32_t)s->file_bytes, s->memory_bytes - s->file_bytes);
	}
	if (!entry)
		die("the kernel has no PVH entry");
	return entry;
}

/* ---- what the kernel is told ---- */

static uint32_t find_rsdp(void)
{
	static const char signature[] = "RSD PTR ";

	for (uint32_t at = RSDP_START; at < RSDP_END; at += 16) {
		unsigned same = 0;
		while (same < 8 && ((const char *)at)[same] == signature[same])
			same++;
		if (same == 8)
			return at;
	}
	return 0;
}

static void enable_x2apic(void)
{
	uint32_t a = CPUID_FEATURES, b, c, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	if (!(c & CPUID_ECX_X2APIC))
		die("the processor has no x2APIC");
	__asm__ volatile("rdmsr" : "=a"(a), "=d"(d) : "c"(MSR_APIC_BASE));
	__asm__ volatile("wrmsr" : : "a"(a | APIC_BASE_X2APIC), "d"(d), "c"(MSR_APIC_BASE));
}

/* Called by boot.S. */
void boot(void)
{
	out8(ATA_CONTROL, ATA_NO_INTERRUPT);
	read_disk(&cargo, BOOT_SECTORS, sizeof(cargo));
	read_disk((void *)INITRD_START, cargo.initrd_sector, cargo.initrd_bytes);
	uint32_t file = (INITRD_START + cargo.initrd_bytes + PAGE - 1) & ~(PAGE - 1);
	read_disk((void *)file, cargo.kernel_sector, cargo.kernel_bytes);
	uint32_t entry = load_kernel(file);

	if (cargo.x2apic)
		enable_x2apic();
	initrd = (struct module){INITRD_START, cargo.initrd_bytes, 0, 0};
	info = (struct start_info){
		.magic = START_MAGIC,
		.version = 1,
		.module_count = 1,
		.modules = (uint32_t)&initrd,
		.cmdline = (uint32_t)cargo.cmdline,
		.rsdp = find_rsdp(),
		.memmap = (uint32_t)memory_map,
		.memmap_count = memory_map_count,
	};
	enter(entry, &info);
}
