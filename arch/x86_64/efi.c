/*
 * efi.c: the firmware's own way to switch off and to reset: ResetSystem() of UEFI's runtime
 * services (UEFI 2.10, 8.5.1). It is the second choice, where ACPI's registers do nothing.
 *
 * The services were never told of other addresses (SetVirtualAddressMap), so they run in physical
 * mode: in a space of its own whose low 4 GiB are the identity, with the kernel's half above. Their
 * code and data are where they were: the memory map names them, and the kernel leaves them alone.
 */
#include <arch/debug.h>
#include <arch/mmu.h>

#include "dev/console.h"
#include "mm/frame.h"
#include "mm/kmap.h"
#include "mm/layout.h"
#include "x86.h"

#define TABLE_WORDS 512u
#define GIB         (1ull << 30)
#define GIBS        4u /* that firmware can use, as some of it is of 32 bits */
#define ROOT_HALF   256u
/* Present, writable, the kernel's, executable; and large. (SDM 3A, table 4-19.) */
#define ENTRY_TABLE 0x3ull
#define ENTRY_LARGE 0x83ull
#define LARGE_BYTES (2ull << 20)

/* A root, a table of its GiBs, one of each GiB's large pages; and a stack above. (UEFI 2.10,
 * 2.3.4: 128 KiB while boot services run; ResetSystem() is made for less.) */
#define TABLES       (2 + GIBS)
#define MEMORY_ORDER 5u
#define MEMORY_BYTES (PAGE_SIZE << MEMORY_ORDER)

/* Offsets in the system table and in that of the runtime services. */
#define SYSTEM_SIGNATURE  0x5453595320494249ull /* "IBI SYST" */
#define SYSTEM_RUNTIME    88u
#define SYSTEM_BYTES      96u
#define RUNTIME_SIGNATURE 0x56524553544e5552ull /* "RUNTSERV" */
#define RUNTIME_RESET     104u
#define RUNTIME_BYTES     112u

static paddr_t system_table; /* set once at boot; 0: there is no UEFI */

void arch_firmware_init(paddr_t efi_system_table)
{
	system_table = efi_system_table;
}

/* The kernel's half of the running root, and the identity below. */
static void fill_tables(uint64_t *tables, paddr_t start)
{
	const uint64_t *kernel = phys_to_virt(kmap_root());

	for (unsigned i = 0; i < TABLE_WORDS; i++)
		tables[i] = i < ROOT_HALF ? 0 : kernel[i];
	tables[0] = (start + PAGE_SIZE) | ENTRY_TABLE;
	uint64_t *gibs = tables + TABLE_WORDS;
	for (unsigned i = 0; i < TABLE_WORDS; i++)
		gibs[i] = i < GIBS ? (start + (2 + i) * PAGE_SIZE) | ENTRY_TABLE : 0;
	for (unsigned i = 0; i < GIBS * TABLE_WORDS; i++)
		gibs[TABLE_WORDS + i] = i * LARGE_BYTES | ENTRY_LARGE;
}

static uint64_t word_at(paddr_t at)
{
	return *(const volatile uint64_t *)at; /* NOLINT(performance-no-int-to-ptr): identity */
}

static bool is_table(paddr_t at, uint64_t signature, size_t bytes)
{
	return at >= PAGE_SIZE && at + bytes <= GIBS * GIB && word_at(at) == signature;
}

/* With the caller's stack in the kernel's half; only rsp is another during the call. */
static void call_reset(uint64_t function, unsigned kind, vaddr_t stack)
{
	/* Its convention is Microsoft's: rcx, rdx, r8, r9, and 32 bytes for the callee. */
	register uint64_t status __asm__("rdx") = 0;
	register uint64_t bytes __asm__("r8") = 0;
	register uint64_t data __asm__("r9") = 0;
	uint64_t rcx = kind;

	__asm__ volatile("mov %%rsp, %%rbx; mov %[stack], %%rsp; sub $32, %%rsp; call *%%rax; "
			 "mov %%rbx, %%rsp"
			 : "+a"(function), "+c"(rcx), "+r"(status), "+r"(bytes), "+r"(data)
			 : [stack] "r"(stack)
			 : "rbx", "r10", "r11", "memory", "cc");
}

void efi_reset(enum efi_reset kind)
{
	struct frame *block;

	/* In a panic nobody knows who holds the allocator. */
	if (!system_table || console_in_panic())
		return;
	block = frame_alloc(FRAME_WIRED, MEMORY_ORDER);
	if (!block)
		return;
	fill_tables(frame_data(block), frame_pa(block));
	mmu_activate(frame_pa(block));
	if (is_table(system_table, SYSTEM_SIGNATURE, SYSTEM_BYTES)) {
		paddr_t runtime = word_at(system_table + SYSTEM_RUNTIME);
		if (is_table(runtime, RUNTIME_SIGNATURE, RUNTIME_BYTES))
			call_reset(word_at(runtime + RUNTIME_RESET), kind,
				   (vaddr_t)frame_data(block) + MEMORY_BYTES);
	}
}
