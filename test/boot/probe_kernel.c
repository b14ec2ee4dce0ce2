/*
 * probe_kernel.c: a kernel that only looks at how it was entered. It holds the loader to the
 * contract in boot_info.h, prints "probe: NAME=VALUE ..." lines and "probe: FAIL ..." for what is
 * wrong on COM1, and ends QEMU through the isa-debug-exit device.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot_info.h"

#define COM1             0x3f8
#define LINE_STATUS      5
#define TRANSMIT_EMPTY   0x20
#define DEBUG_EXIT_PORT  0xf4
#define DEBUG_EXIT_GOOD  0x10 /* QEMU's status is (value << 1) | 1: 33 */
#define DEBUG_EXIT_WRONG 0x11 /* 35 */

#define CR0_WP      (1ull << 16)
#define CR4_LA57    (1ull << 12)
#define MSR_EFER    0xc0000080u
#define EFER_NXE    (1ull << 11)
#define RFLAGS_IF   (1ull << 9)
#define RFLAGS_DF   (1ull << 10)
#define PTE_PRESENT (1ull << 0)
#define PTE_WRITE   (1ull << 1)
#define PTE_LARGE   (1ull << 7)
#define PTE_NX      (1ull << 63)
#define PTE_ADDRESS 0x000ffffffffff000ull
#define IMAGE_SLOT  (511ull << 39) /* the root's last entry, without the sign extension */
#define LINK_START  0xffffffff80200000ull
#define IMAGE_ALIGN (2ull << 20)
#define FOUR_GIB    (4ull << 30)
#define STACK_BYTES 16384
#define DATA_WORD   0x1234567887654321ull

struct note {
	uint32_t name_bytes, descriptor_bytes, type;
	char name[8];
	uint32_t version;
};

__attribute__((section(".note.Quire"), used)) static const struct note version_note = {
	.name_bytes = sizeof BOOT_NOTE_NAME,
	.descriptor_bytes = sizeof(uint32_t),
	.type = BOOT_NOTE_INFO_VERSION,
	.name = BOOT_NOTE_NAME,
	.version = BOOT_INFO_VERSION,
};

extern const char probe_text_start[], probe_text_end[];

__attribute__((used)) static uint8_t stack[STACK_BYTES] __attribute__((aligned(16)));
static volatile uint64_t data_word = DATA_WORD;
static volatile uint64_t zero_words[1024];
static unsigned failures;

_Noreturn void probe_main(uint64_t boot_info, uint64_t flags);

/* The flags are taken before anything here changes them. */
__asm__(".pushsection .text\n"
	".globl probe_entry\n"
	"probe_entry:\n"
	"	lea stack + 16384(%rip), %rsp\n"
	"	pushfq\n"
	"	pop %rsi\n"
	"	cld\n"
	"	call probe_main\n"
	".popsection\n");

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void put(const char *text)
{
	for (; *text; text++) {
		while (!(in8(COM1 + LINE_STATUS) & TRANSMIT_EMPTY))
			;
		out8(COM1, *text);
	}
}

static void put_number(const char *name, uint64_t value, unsigned base)
{
	char text[24];
	unsigned at = sizeof text - 1;

	text[at] = '\0';
	do {
		text[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	put(name);
	put(base == 16 ? "=0x" : "=");
	put(&text[at]);
}

static void expect(bool good, const char *what)
{
	if (good)
		return;
	failures++;
	put("probe: FAIL ");
	put(what);
	put("\n");
}

/* The IEEE polynomial, reflected: Python's zlib.crc32(). */
static uint32_t crc32(const uint8_t *data, uint64_t bytes)
{
	uint32_t table[256], crc = ~0u;

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (unsigned bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
	}
	for (uint64_t i = 0; i < bytes; i++)
		crc = crc >> 8 ^ table[(crc ^ data[i]) & 0xff];
	return ~crc;
}

static void *direct(uint64_t physical)
{
	return (void *)(BOOT_DIRECT_MAP + physical);
}

/* ---- page tables, as the hardware walks them: W is the and, NX the or of all levels ---- */

struct walk {
	uint64_t physical;
	bool present, writable, executable;
};

static uint64_t root(void)
{
	uint64_t cr3;

	__asm__("mov %%cr3, %0" : "=r"(cr3));
	return cr3 & PTE_ADDRESS;
}

static struct walk walk(uint64_t address)
{
	struct walk result = {.present = true, .writable = true, .executable = true};
	uint64_t table = root();

	for (unsigned shift = 39;; shift -= 9) {
		const uint64_t entry = ((uint64_t *)direct(table))[address >> shift & 511];

		if (!(entry & PTE_PRESENT))
			return (struct walk){0};
		result.writable &= (entry & PTE_WRITE) != 0;
		result.executable &= !(entry & PTE_NX);
		if (shift == 12 || (entry & PTE_LARGE)) {
			const uint64_t mask = (1ull << shift) - 1;

			result.physical = (entry & PTE_ADDRESS & ~mask) | (address & mask);
			return result;
		}
		table = entry & PTE_ADDRESS;
	}
}

static unsigned writable_executable;
static unsigned executable_low, executable_high; /* pages outside and inside the kernel's image */
static uint64_t last_executable_low;

static void count_leaves(uint64_t table, uint64_t address, unsigned shift, bool writable,
			 bool executable)
{
	for (unsigned i = 0; i < 512; i++) {
		const uint64_t entry = ((uint64_t *)direct(table))[i];
		const uint64_t at = address + ((uint64_t)i << shift);
		const bool w = writable && (entry & PTE_WRITE);
		const bool x = executable && !(entry & PTE_NX);

		if (!(entry & PTE_PRESENT))
			continue;
		if (shift > 12 && !(entry & PTE_LARGE)) {
			count_leaves(entry & PTE_ADDRESS, at, shift - 9, w, x);
			continue;
		}
		writable_executable += w && x;
		if (x && at >= IMAGE_SLOT) {
			executable_high++;
		} else if (x) {
			executable_low++;
			last_executable_low = at;
		}
	}
}

/* ---- the contract, point by point ---- */

static void check_cpu(uint64_t flags)
{
	uint64_t cr0, cr4;
	uint32_t efer, high;

	__asm__("mov %%cr0, %0" : "=r"(cr0));
	__asm__("mov %%cr4, %0" : "=r"(cr4));
	__asm__("rdmsr" : "=a"(efer), "=d"(high) : "c"(MSR_EFER));
	expect(cr0 & CR0_WP, "CR0.WP is clear");
	expect(!(cr4 & CR4_LA57), "CR4.LA57 is set");
	expect(efer & EFER_NXE, "EFER.NXE is clear");
	expect(!(flags & RFLAGS_IF), "interrupts are on");
	expect(!(flags & RFLAGS_DF), "the direction flag is set");
	put("probe:");
	put_number(" cr0", cr0, 16);
	put_number(" cr4", cr4, 16);
	put_number(" efer", efer, 16);
	put("\n");
}

static void check_image(const struct boot_info *info)
{
	const uint64_t text = (uint64_t)probe_text_start;
	const uint64_t data = (uint64_t)&data_word;
	const uint64_t rodata = (uint64_t)&version_note;

	expect(data_word == DATA_WORD, "the data segment was not loaded");
	for (unsigned i = 0; i < 1024; i++) {
		if (zero_words[i] != 0) {
			expect(false, "the bss is not zero");
			break;
		}
	}
	expect(text == LINK_START, "the probe is linked elsewhere");
	expect(info->kernel_start % IMAGE_ALIGN == 0, "the kernel is not 2 MiB aligned");
	for (uint64_t at = LINK_START; at < data + sizeof data_word; at += 4096) {
		if (walk(at).physical != info->kernel_start + (at - LINK_START)) {
			expect(false, "the kernel is not contiguous in physical memory");
			break;
		}
	}
	expect(walk(text).executable && !walk(text).writable,
	       "text is not read-only and executable");
	expect(!walk(rodata).executable && !walk(rodata).writable, "rodata is not read-only");
	expect(walk(data).writable && !walk(data).executable, "data is not writable, no-execute");
	expect(__builtin_memcmp(direct(info->kernel_start), probe_text_start, 64) == 0,
	       "the direct map shows another kernel");
	put("probe:");
	put_number(" kernel_start", info->kernel_start, 16);
	put_number(" kernel_bytes", info->kernel_bytes, 10);
	put("\n");
}

static void check_map(uint64_t ram_end)
{
	const uint64_t end = ram_end > FOUR_GIB ? ram_end : FOUR_GIB;
	uint64_t not_writable = 0;

	for (uint64_t at = 0; at < end; at += 2ull << 20) {
		const struct walk identity = walk(at);
		const struct walk alias = walk(BOOT_DIRECT_MAP + at);

		if (!identity.present || !alias.present || identity.physical != at ||
		    alias.physical != at || alias.executable) {
			expect(false, "the identity map and the direct map have a hole");
			break;
		}
		not_writable += !identity.writable || !alias.writable;
	}
	/* The loader's last instructions are read-only; they take a page, or two. */
	expect(not_writable <= 2, "memory is mapped read-only");
	expect(walk(end - 4096).present, "the last page of RAM is not mapped");
	count_leaves(root(), 0, 39, true, true);
	expect(writable_executable == 0, "a page is writable and executable");
	put("probe:");
	put_number(" writable_executable", writable_executable, 10);
	put_number(" executable_low", executable_low, 10);
	put_number(" executable_high", executable_high, 10);
	put_number(" last_executable_low", last_executable_low, 16);
	put_number(" mapped_end", end, 16);
	put("\n");
}

static bool is_ram(uint32_t type)
{
	return type != BOOT_RANGE_RESERVED && type != BOOT_RANGE_MMIO;
}

static bool range_holds(const struct boot_info *info, uint64_t start, uint64_t bytes, uint32_t type)
{
	const struct boot_range *ranges = direct(info->ranges);

	for (uint32_t i = 0; i < info->range_count; i++) {
		if (ranges[i].type == type && ranges[i].start <= start &&
		    start + bytes <= ranges[i].start + ranges[i].bytes)
			return true;
	}
	return false;
}

static uint64_t check_ranges(const struct boot_info *info)
{
	const struct boot_range *ranges = direct(info->ranges);
	uint64_t by_type[16] = {0}, ram_end = 0;

	for (uint32_t i = 0; i < info->range_count; i++) {
		const uint64_t end = ranges[i].start + ranges[i].bytes;

		expect(ranges[i].type <= BOOT_RANGE_MMIO, "a range has an unknown type");
		expect(ranges[i].bytes != 0 && end > ranges[i].start, "a range is empty or wraps");
		by_type[ranges[i].type & 15] += ranges[i].bytes;
		if (is_ram(ranges[i].type) && end > ram_end)
			ram_end = end;
	}
	expect(range_holds(info, info->kernel_start, info->kernel_bytes, BOOT_RANGE_KERNEL),
	       "no range says KERNEL");
	expect(range_holds(info, info->initrd_start, info->initrd_bytes, BOOT_RANGE_INITRD),
	       "no range says INITRD");
	expect(range_holds(info, (uint64_t)info & ~BOOT_DIRECT_MAP, info->size, BOOT_RANGE_LOADER),
	       "boot_info is not in LOADER memory");
	expect(range_holds(info, info->ranges, info->range_count * sizeof *ranges,
			   BOOT_RANGE_LOADER),
	       "the ranges are not in LOADER memory");
	expect(range_holds(info, root(), 4096, BOOT_RANGE_LOADER),
	       "the page tables are not in LOADER memory");
	expect(by_type[BOOT_RANGE_USABLE] != 0, "no memory is usable");
	put("probe:");
	put_number(" ranges", info->range_count, 10);
	put_number(" usable", by_type[BOOT_RANGE_USABLE], 10);
	put_number(" boot", by_type[BOOT_RANGE_BOOT], 10);
	put_number(" loader", by_type[BOOT_RANGE_LOADER], 10);
	put_number(" ram_end", ram_end, 16);
	put("\n");
	return ram_end;
}

static void show_info(const struct boot_info *info)
{
	const char *cmdline = direct(info->cmdline), *vendor = direct(info->firmware_vendor);
	const struct boot_framebuffer *screen = &info->framebuffer;

	put("probe:");
	put_number(" map_key_tries", info->map_key_tries, 10);
	put_number(" firmware_paging_levels", info->firmware_paging_levels, 10);
	put_number(" initrd_bytes", info->initrd_bytes, 10);
	put_number(" initrd_crc32", crc32(direct(info->initrd_start), info->initrd_bytes), 16);
	put_number(" initrd_start", info->initrd_start, 16);
	put("\nprobe:");
	put_number(" framebuffer_bytes", screen->bytes, 10);
	put_number(" width", screen->width, 10);
	put_number(" height", screen->height, 10);
	put_number(" pitch", screen->pitch, 10);
	put_number(" bits_per_pixel", screen->bits_per_pixel, 10);
	put_number(" red_mask", screen->red_mask, 16);
	put_number(" green_mask", screen->green_mask, 16);
	put_number(" blue_mask", screen->blue_mask, 16);
	put_number(" framebuffer", screen->start, 16);
	put("\nprobe:");
	put_number(" smbios", info->smbios, 16);
	put_number(" system_table", info->efi_system_table, 16);
	put("\nprobe: cmdline=[");
	for (uint64_t i = 0; i < info->cmdline_bytes; i++)
		put((const char[]){cmdline[i], '\0'});
	put("]\nprobe: vendor=[");
	for (uint64_t i = 0; i < info->firmware_vendor_bytes; i++)
		put((const char[]){vendor[i], '\0'});
	put("]\n");
}

void probe_main(uint64_t boot_info, uint64_t flags)
{
	const struct boot_info *info = direct(boot_info);

	/* A line of its own, whatever stood on the firmware's. */
	put("\nprobe: started\n");
	check_cpu(flags);
	expect(info->magic == BOOT_INFO_MAGIC, "the magic is wrong");
	expect(info->version == BOOT_INFO_VERSION, "the version is wrong");
	expect(info->size == sizeof *info, "the size is wrong");
	expect(info->source == BOOT_SOURCE_UEFI, "the source is not UEFI");
	expect(__builtin_memcmp(info, (const void *)boot_info, sizeof *info) == 0,
	       "the identity map and the direct map show different memory");
	expect(__builtin_memcmp(direct(info->acpi_rsdp), "RSD PTR ", 8) == 0, "no RSDP");
	check_image(info);
	check_map(check_ranges(info));
	show_info(info);
	put(failures ? "probe: failed\n" : "probe: ok\n");
	out8(DEBUG_EXIT_PORT, failures ? DEBUG_EXIT_WRONG : DEBUG_EXIT_GOOD);
	for (;;)
		__asm__ volatile("hlt");
}
