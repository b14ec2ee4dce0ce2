/* debug.c: the ways out that work when nothing else does. */
#include <arch/debug.h>

#include <arch/cpu.h>
#include <arch/port.h>
#include <cpuid.h>

#include "dev/acpi.h"
#include "lib/format.h"
#include "mm/kmap.h"
#include "registers.h"

#define BACKTRACE_MAX   40
#define DUMP_LINE       128
#define DEBUG_EXIT_PORT 0xf4
#define ECX1_HYPERVISOR (1u << 31) /* CPUID.1: a hypervisor or an emulator is there */

/* What `push %rbp; mov %rsp, %rbp` leaves at each frame pointer. */
struct call_frame {
	vaddr_t fp;
	vaddr_t return_address;
};

void arch_backtrace(vaddr_t pc, vaddr_t fp, void (*frame)(vaddr_t pc))
{
	if (!fp)
		fp = (vaddr_t)__builtin_frame_address(0);
	else
		frame(pc);
	for (unsigned i = 0; i < BACKTRACE_MAX; i++) {
		const struct call_frame *call = (const struct call_frame *)fp;
		if (!IS_ALIGNED(fp, sizeof(fp)) || !kmap_is_mapped(fp, sizeof(*call)) ||
		    !call->return_address)
			return;
		frame(call->return_address);
		/* Callers are further up the same stack. */
		if (call->fp <= fp)
			return;
		fp = call->fp;
	}
}

void arch_dump_control(void (*line)(const char *text))
{
	char buffer[DUMP_LINE];

	format(buffer, sizeof(buffer), "cr0 %08llx cr2 %016llx cr3 %016llx cr4 %08llx efer %03llx",
	       (unsigned long long)read_cr0(), (unsigned long long)read_cr2(),
	       (unsigned long long)read_cr3(), (unsigned long long)read_cr4(),
	       (unsigned long long)read_msr(MSR_EFER));
	line(buffer);
}

static bool is_virtual(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(1, &a, &b, &c, &d) && (c & ECX1_HYPERVISOR);
}

void arch_machine_end(enum machine_end how)
{
	static const uint8_t values[] = {
		[MACHINE_DONE] = DEBUG_EXIT_DONE,
		[MACHINE_PANIC] = DEBUG_EXIT_PANIC,
		[MACHINE_TESTS_FAILED] = DEBUG_EXIT_TESTS_FAILED,
	};

	/* On a real machine somebody else may listen at this port. */
	if (is_virtual())
		port_out8(DEBUG_EXIT_PORT, values[how]);
	if (how != MACHINE_PANIC)
		acpi_power_off();
	cpu_halt();
}
