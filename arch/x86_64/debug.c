/* debug.c: backtraces, control registers, and the end of the machine. */
#include <arch/debug.h>

#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/port.h>
#include <arch/thread.h>

#include "dev/acpi.h"
#include "dev/console.h"
#include "dev/uart.h"
#include "lib/format.h"
#include "mm/frame.h"
#include "mm/image.h"
#include "mm/kmap.h"
#include "mm/layout.h"
#include "x86.h"

#define DEBUG_EXIT_PORT        0xf4 /* QEMU: -device isa-debug-exit,iobase=0xf4,iosize=0x04 */
#define RESET_CONTROL_PORT     0xcf9
#define RESET_FULL             0x02 /* processor and devices */
#define RESET_NOW              0x04 /* at its change from 0 to 1 */
#define KEYBOARD_COMMAND_PORT  0x64
#define KEYBOARD_PULSE_RESET   0xfe
#define RESET_TRIES            100000u /* reads of a port, 1 us each: it takes a while */
#define LEAF_FEATURES          1u
#define FEATURE_ECX_HYPERVISOR (1u << 31)

/* What CALL and the function's first two instructions leave on the stack. */
struct stack_frame {
	vaddr_t caller_fp;
	vaddr_t return_address;
};

/* The boot stack is looked at before there are tables to ask. */
static bool is_readable_frame(vaddr_t fp)
{
	vaddr_t boot_stack = (vaddr_t)boot_stack_guard + PAGE_SIZE;

	if (!IS_ALIGNED(fp, sizeof(vaddr_t)))
		return false;
	return fp - boot_stack <= KERNEL_STACK_BYTES - sizeof(struct stack_frame) ||
	       kmap_is_mapped(fp, sizeof(struct stack_frame));
}

static bool is_kernel_text(vaddr_t pc)
{
	return pc >= (vaddr_t)kernel_text_start && pc <= (vaddr_t)kernel_text_end;
}

void arch_backtrace(vaddr_t pc, vaddr_t fp, void (*frame)(vaddr_t pc))
{
	if (pc)
		frame(pc);
	else
		fp = (vaddr_t)__builtin_frame_address(0);
	/* Frames lie one above the other in one stack, or the chain is broken. */
	vaddr_t end = fp + KERNEL_STACK_BYTES;
	while (is_readable_frame(fp)) {
		const struct stack_frame *at = (const struct stack_frame *)fp;
		if (!is_kernel_text(at->return_address))
			break;
		frame(at->return_address);
		if (at->caller_fp <= fp || at->caller_fp >= end)
			break;
		fp = at->caller_fp;
	}
}

/* Not cpu_features: the end may come before cpu_init(). */
static bool is_virtual(void)
{
	return cpuid(LEAF_FEATURES, 0).ecx & FEATURE_ECX_HYPERVISOR;
}

/* A fault without a table to find its handler in, and so on: the third shuts the processor down,
 * which every PC answers with a reset. (SDM 3A, 6.15, "#DF".) */
_Noreturn static void triple_fault(void)
{
	static const struct __attribute__((packed)) {
		uint16_t limit;
		uint64_t base;
	} no_table = {.limit = 0};

	__asm__ volatile("lidt %0; int3" : : "m"(no_table));
	cpu_halt();
}

/* The register that ACPI names, the firmware's own way, the chipset's reset control register
 * (Intel's I/O controller hubs, "RST_CNT"), the keyboard controller's pulse on the reset line, and
 * what no PC survives. */
_Noreturn static void reset(void)
{
	acpi_reset();
	efi_reset(EFI_RESET_COLD);
	port_out8(RESET_CONTROL_PORT, RESET_FULL);
	port_out8(RESET_CONTROL_PORT, RESET_FULL | RESET_NOW);
	for (unsigned i = 0; i < RESET_TRIES; i++)
		(void)port_in8(KEYBOARD_COMMAND_PORT);
	port_out8(KEYBOARD_COMMAND_PORT, KEYBOARD_PULSE_RESET);
	for (unsigned i = 0; i < RESET_TRIES; i++)
		(void)port_in8(KEYBOARD_COMMAND_PORT);
	triple_fault();
}

/* Whoever still stands in front of it is told what to do. */
static void power_off(void)
{
	static const char by_hand[] = "\nThis machine does not switch itself off: do it by hand.\n";

	acpi_power_off();
	efi_reset(EFI_RESET_SHUTDOWN);
	console_write(by_hand, sizeof(by_hand) - 1);
}

void arch_machine_end(enum machine_end how)
{
	static const uint8_t values[] = {
		[MACHINE_DONE] = DEBUG_EXIT_DONE,
		[MACHINE_PANIC] = DEBUG_EXIT_PANIC,
		[MACHINE_TESTS_FAILED] = DEBUG_EXIT_TESTS_FAILED,
		[MACHINE_RESTART] = DEBUG_EXIT_RESTART,
	};

	irq_disable();
	if (how == MACHINE_HALT)
		cpu_halt();
	uart_drain();
	/* On a real machine something else may be at this port. */
	if (is_virtual())
		port_out8(DEBUG_EXIT_PORT, values[how]);
	if (how == MACHINE_RESTART)
		reset();
	else if (how != MACHINE_PANIC)
		power_off();
	cpu_halt();
}

void arch_dump_control(void (*line)(const char *text))
{
	uint64_t cr0, cr2, cr3, cr4;
	char text[120];

	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	__asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
	__asm__ volatile("mov %%cr3, %0" : "=r"(cr3));
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	format(text, sizeof(text), "  cr0 %08llx cr2 %016llx cr3 %012llx cr4 %08llx efer %04llx",
	       (unsigned long long)cr0, (unsigned long long)cr2, (unsigned long long)cr3,
	       (unsigned long long)cr4, (unsigned long long)msr_read(MSR_EFER));
	line(text);
	format(text, sizeof(text), "  fs %016llx gs %016llx user gs %016llx",
	       (unsigned long long)msr_read(MSR_FS_BASE), (unsigned long long)msr_read(MSR_GS_BASE),
	       (unsigned long long)msr_read(MSR_KERNEL_GS_BASE));
	line(text);
}
