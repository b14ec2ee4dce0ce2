/* debug.h: the ways out that work when nothing else does. */
#ifndef ARCH_DEBUG_H
#define ARCH_DEBUG_H

#include "lib/types.h"

struct trap_frame;

/* Walk frame pointers from (pc, fp), calling frame(pc) for each return address. Reads only memory
 * that is mapped and inside a kernel stack, so it never faults. pc 0: from the caller. */
void arch_backtrace(vaddr_t pc, vaddr_t fp, void (*frame)(vaddr_t pc));

/* How the machine ends. But for MACHINE_HALT it tries the emulator's debug-exit device when the CPU
 * says it is virtual, then a reset for MACHINE_RESTART and power-off for those that are not in a
 * panic, by ACPI (dev/acpi.h), then by UEFI. Else, and in the end, it halts. */
enum machine_end {
	MACHINE_DONE,
	MACHINE_PANIC,
	MACHINE_TESTS_FAILED,
	MACHINE_RESTART,
	MACHINE_HALT
};
NORETURN void arch_machine_end(enum machine_end how);
/* Where UEFI's system table is, for the end; 0: there is none. Boot only. */
void arch_firmware_init(paddr_t efi_system_table);

/* QEMU's exit status is (value << 1) | 1 for these values written to isa-debug-exit at port 0xf4.
 */
#define DEBUG_EXIT_DONE         0x10 /* status 33 */
#define DEBUG_EXIT_RESTART      0x11 /* status 35 */
#define DEBUG_EXIT_PANIC        0x31 /* status 99 */
#define DEBUG_EXIT_TESTS_FAILED 0x32 /* status 101 */

/* For deaths on purpose (debug/crash.h): a fault whose own delivery faults; a single step in the
 * kernel; and a page that ring 3 may read, write and execute, full of instructions that return,
 * mapped in the active tables from now on. */
NORETURN void arch_provoke_double_fault(void);
NORETURN void arch_provoke_debug(void);
vaddr_t arch_provoke_user_page(void);

/* Registers of the running CPU, for a panic without a trap frame. */
void arch_dump_control(void (*line)(const char *text));

#endif
