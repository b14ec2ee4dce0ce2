/*
 * trap.c: what the processor reports, sorted: faults of the user, of the kernel's guarded copies,
 * of the kernel itself (which end it), interrupts, and system calls. Entered from trap.S with
 * interrupts off. (SDM 3A, chapter 6.)
 */
#include <asm-generic/siginfo.h>
#include <asm-generic/signal.h>

#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/user.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "debug/panic.h"
#include "mm/kmap.h"
#include "sync/cpu.h"
#include "x86.h"

/* Page-fault error code (SDM 3A, figure 4-12). */
#define FAULT_PRESENT  (1u << 0)
#define FAULT_WRITE    (1u << 1)
#define FAULT_USER     (1u << 2)
#define FAULT_RESERVED (1u << 3)
#define FAULT_FETCH    (1u << 4)
#define FAULT_KEY      (1u << 5)

#define SPURIOUS_LOGGED 8u /* after so many the log has had its say */

/* What a program gets for an exception, as Linux gives it; no signal: only the kernel can cause it.
 */
static const struct exception {
	const char *name;
	int signal, code;
	bool at_pc; /* si_addr is the instruction */
} exceptions[VECTOR_EXCEPTIONS] = {
	[VECTOR_DIVIDE] = {"divide error", SIGFPE, FPE_INTDIV, true},
	[VECTOR_DEBUG] = {"debug exception", SIGTRAP, TRAP_BRKPT, true},
	[VECTOR_NMI] = {"non-maskable interrupt", 0, 0, false},
	[VECTOR_BREAKPOINT] = {"breakpoint", SIGTRAP, SI_KERNEL, false},
	[VECTOR_OVERFLOW] = {"overflow", SIGSEGV, SI_KERNEL, false},
	[VECTOR_BOUND] = {"bound range exceeded", SIGSEGV, SI_KERNEL, false},
	[VECTOR_INVALID_OPCODE] = {"invalid opcode", SIGILL, ILL_ILLOPN, true},
	[VECTOR_NO_FPU] = {"device not available", SIGSEGV, SI_KERNEL, false},
	[VECTOR_DOUBLE_FAULT] = {"double fault", 0, 0, false},
	[VECTOR_INVALID_TSS] = {"invalid TSS", SIGSEGV, SI_KERNEL, false},
	[VECTOR_NOT_PRESENT] = {"segment not present", SIGBUS, SI_KERNEL, false},
	[VECTOR_STACK] = {"stack-segment fault", SIGBUS, SI_KERNEL, false},
	[VECTOR_PROTECTION] = {"general protection fault", SIGSEGV, SI_KERNEL, false},
	[VECTOR_PAGE_FAULT] = {"page fault", SIGSEGV, SEGV_MAPERR, false},
	[VECTOR_X87] = {"x87 floating-point error", SIGFPE, FPE_FLTINV, true},
	[VECTOR_ALIGNMENT] = {"alignment check", SIGBUS, BUS_ADRALN, false},
	[VECTOR_MACHINE_CHECK] = {"machine check", 0, 0, false},
	[VECTOR_SIMD] = {"SIMD floating-point exception", SIGFPE, FPE_FLTINV, true},
	[VECTOR_VIRTUALIZATION] = {"virtualization exception", SIGSEGV, SI_KERNEL, false},
	[VECTOR_CONTROL] = {"control protection exception", SIGSEGV, SI_KERNEL, false},
	[VECTOR_VMM] = {"VMM communication exception", SIGSEGV, SI_KERNEL, false},
	[VECTOR_SECURITY] = {"security exception", SIGSEGV, SI_KERNEL, false},
};
static const struct exception reserved_exception = {"reserved exception", SIGSEGV, SI_KERNEL,
						    false};

static const struct exception *exception_of(unsigned vector)
{
	return exceptions[vector].name ? &exceptions[vector] : &reserved_exception;
}

static uint64_t fault_address(void)
{
	uint64_t cr2;

	__asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
	return cr2;
}

/* The exception bits of x87 and of MXCSR stand in the same order (SDM 1, 8.1.3.3 and 10.2.3). */
static int float_code(unsigned raised)
{
	static const int codes[] = {FPE_FLTINV, FPE_FLTUND, FPE_FLTDIV,
				    FPE_FLTOVF, FPE_FLTUND, FPE_FLTRES};

	for (unsigned bit = 0; bit < ARRAY_SIZE(codes); bit++)
		if (raised & 1u << bit)
			return codes[bit];
	return FPE_FLTINV;
}

static int x87_code(void)
{
	uint16_t status, control;

	__asm__ volatile("fnstsw %0; fnstcw %1" : "=m"(status), "=m"(control));
	return float_code(status & ~(unsigned)control);
}

static int simd_code(void)
{
	uint32_t mxcsr;

	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	return float_code(mxcsr & ~(mxcsr >> 7));
}

/* DR6 is never cleared by the processor. */
static int debug_code(void)
{
	uint64_t dr6;

	__asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
	__asm__ volatile("mov %0, %%dr6" : : "r"((uint64_t)DR6_NONE));
	if (dr6 & DR6_STEP)
		return TRAP_TRACE;
	return dr6 & DR6_BREAKPOINTS ? TRAP_HWBKPT : TRAP_BRKPT;
}

static void user_exception(struct trap_frame *frame)
{
	const struct exception *exception = exception_of((unsigned)frame->vector);
	int code = exception->code;

	if (frame->vector == VECTOR_X87)
		code = x87_code();
	else if (frame->vector == VECTOR_SIMD)
		code = simd_code();
	else if (frame->vector == VECTOR_DEBUG)
		code = debug_code();
	trap_user_exception(frame, exception->signal, code, exception->at_pc ? frame->rip : 0,
			    exception->name);
}

static NORETURN void kernel_exception(struct trap_frame *frame)
{
	const char *name = exception_of((unsigned)frame->vector)->name;

	/* The error code is a selector: index, LDT, IDT, and whether the cause was outside. (SDM
	 * 3A, 6.13) */
	if (frame->error)
		panic_trap(frame, "%s in the kernel: error code %#llx (%s entry %llu)", name,
			   (unsigned long long)frame->error,
			   frame->error & 2   ? "IDT"
			   : frame->error & 4 ? "LDT"
					      : "GDT",
			   (unsigned long long)frame->error >> 3);
	panic_trap(frame, "%s in the kernel", name);
}

/* Why the tables refused, in words. */
static const char *fault_reason(uint64_t error, vaddr_t va)
{
	if (error & FAULT_RESERVED)
		return "a reserved bit is set in the page tables";
	if (error & FAULT_KEY)
		return "protection key";
	if (!(error & FAULT_PRESENT))
		return va < PAGE_SIZE ? "null pointer" : "not mapped";
	if (va < USER_END && !(error & FAULT_USER))
		return error & FAULT_FETCH ? "a program's page, SMEP" : "a program's page, SMAP";
	if (error & FAULT_FETCH)
		return "no-execute";
	return error & FAULT_WRITE ? "read-only" : "protected";
}

static NORETURN void kernel_page_fault(struct trap_frame *frame, vaddr_t va)
{
	const char *verb = frame->error & FAULT_FETCH   ? "execution"
			   : frame->error & FAULT_WRITE ? "write"
							: "read";

	if (kmap_is_stack_guard(va))
		panic_trap(frame, "kernel stack overflow (page fault at %#llx)",
			   (unsigned long long)va);
	panic_trap(frame, "page fault in the kernel: %s at %#llx: %s (error code %#llx)", verb,
		   (unsigned long long)va, fault_reason(frame->error, va),
		   (unsigned long long)frame->error);
}

/*
 * An emulator's IRET and far RET may read ring 3's stack with the supervisor's rights, wherever RSP
 * points; no processor does so (SDM 3A, 4.6.1). As it can't be served, the program is told.
 */
static void refuse_far_return(struct trap_frame *frame)
{
	frame->vector = VECTOR_PROTECTION;
	user_exception(frame);
}

static void page_fault(struct trap_frame *frame)
{
	vaddr_t va = fault_address();
	uint64_t error = frame->error;
	unsigned access = 0;

	if (trap_is_user(frame) && !(error & FAULT_USER)) {
		refuse_far_return(frame);
		return;
	}
	bool user = trap_is_user(frame) && (error & FAULT_USER);
	bool guarded = !trap_is_user(frame) && va < USER_END && arch_user_fixup(frame);
	if ((error & FAULT_RESERVED) || !(user || guarded))
		kernel_page_fault(frame, va);
	access |= error & FAULT_WRITE ? VM_WRITE : 0;
	access |= error & FAULT_FETCH ? VM_EXEC : 0;
	access |= access ? 0 : VM_READ;
	access |= error & FAULT_USER ? VM_USER : 0;
	trap_page_fault(frame, va, access);
}

static void interrupt(struct trap_frame *frame)
{
	unsigned vector = (unsigned)frame->vector;

	cpu_local()->in_interrupt = true;
	if (vector == VECTOR_TIMER) {
		apic_end_of_interrupt();
		time_interrupt();
	} else if (vector == VECTOR_CALL) {
		apic_end_of_interrupt();
		trap_call();
	} else if (vector >= VECTOR_LINE && vector < VECTOR_LINE + 16) {
		irq_dispatch(vector);
		apic_end_of_interrupt();
	} else {
		if (cpu_local()->arch.spurious++ < SPURIOUS_LOGGED)
			log_warning("spurious interrupt, vector %u", vector);
		/* The 8259s' and the APIC's spurious vectors are not acknowledged. */
		if (vector >= VECTOR_LINE && vector != VECTOR_SPURIOUS && apic_in_service(vector))
			apic_end_of_interrupt();
	}
	cpu_local()->in_interrupt = false;
}

/* With interrupts off, and so it returns. */
static void dispatch(struct trap_frame *frame)
{
	/* Nobody but a guarded copy may reach the user's pages: the program's own AC says nothing.
	 */
	user_access_end();
	if (frame->vector == VECTOR_PAGE_FAULT)
		page_fault(frame);
	else if (frame->vector >= VECTOR_EXCEPTIONS)
		interrupt(frame);
	else if (trap_is_user(frame))
		user_exception(frame);
	else
		kernel_exception(frame);
	irq_disable();
}

void trap_dispatch(struct trap_frame *frame)
{
	dispatch(frame);
}

bool trap_dispatch_user(struct trap_frame *frame)
{
	cpu_local()->kernel_since = cpu_ticks();
	dispatch(frame);
	return trap_leave(frame);
}

/* Double fault, NMI, machine check: on a stack of their own, and the end. */
void trap_fatal(struct trap_frame *frame)
{
	vaddr_t va = fault_address();

	user_access_end();
	if (frame->vector == VECTOR_NMI && panic_is_elsewhere())
		cpu_halt(); /* smp_stop_others() */
	if (frame->vector == VECTOR_DOUBLE_FAULT && kmap_is_stack_guard(va))
		panic_trap(frame, "kernel stack overflow (double fault at %#llx)",
			   (unsigned long long)va);
	if (frame->vector == VECTOR_DOUBLE_FAULT)
		panic_trap(frame, "double fault (CR2 %#llx)", (unsigned long long)va);
	panic_trap(frame, "%s in %s", exception_of((unsigned)frame->vector)->name,
		   trap_is_user(frame) ? "a program" : "the kernel");
}

bool trap_dispatch_syscall(struct trap_frame *frame)
{
	cpu_local()->kernel_since = cpu_ticks();
	trap_syscall(frame);
	return trap_leave(frame);
}

/* SYSRET with a non-canonical rip faults in ring 0 on the user's stack (Intel), and it cannot give
 * back RF. What it gives back as RCX and R11 is rip and rflags. */
static bool can_sysret(const struct trap_frame *frame)
{
	return frame->vector == VECTOR_SYSCALL && frame->rcx == frame->rip &&
	       frame->r11 == frame->rflags && !(frame->rflags & (RFLAGS_RF | RFLAGS_TF));
}

/* Bits 63 to 47 are all equal. */
static bool is_canonical(vaddr_t va)
{
	return (vaddr_t)((int64_t)(va << 16) >> 16) == va;
}

/* rip is outside the user's half. IRET to a non-canonical one would fault in the kernel: the
 * program is told instead, which changes rip or ends it. Others may be gone to, and fault in
 * ring 3.
 */
static NOINLINE bool refuse_pc(struct trap_frame *frame)
{
	if (is_canonical(frame->rip))
		return false;
	frame->vector = VECTOR_PROTECTION;
	user_exception(frame);
	irq_disable();
	return true;
}

/* Called before trap.S leaves for ring 3, interrupts off: true says by SYSRET, else by IRET. */
bool trap_leave(struct trap_frame *frame)
{
	bool outside;

	do {
		trap_return_to_user(frame);
		assert(frame->cs == USER_CS && frame->ss == USER_SS);
		outside = frame->rip >= USER_END;
	} while (UNLIKELY(outside) && refuse_pc(frame));
	return !outside && can_sysret(frame);
}
