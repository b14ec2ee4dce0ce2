/* trap.c: from a vector to whom it concerns. SDM 3A, chapter 6. */
#include <arch/trap.h>
#include <asm/siginfo.h>
#include <asm/signal.h>

#include <arch/mmu.h>
#include <arch/user.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "debug/panic.h"
#include "interrupts.h"
#include "lib/format.h"
#include "mm/kmap.h"
#include "registers.h"
#include "sync/cpu.h"
#include "vectors.h"

#define DUMP_LINE 128

/* Page-fault error code: SDM 3A, 4.7. */
#define FAULT_PRESENT  (1u << 0)
#define FAULT_WRITE    (1u << 1)
#define FAULT_USER     (1u << 2)
#define FAULT_RESERVED (1u << 3)
#define FAULT_FETCH    (1u << 4)

#define RPL_USER 3u

/* Called by entry.S. */
void trap_enter(struct trap_frame *frame);
bool trap_enter_syscall(struct trap_frame *frame);
void trap_leave_to_user(struct trap_frame *frame);

static uint64_t spurious_count; /* of this CPU */

static const struct {
	const char *name;
	int signal, code;
} exceptions[VECTOR_EXCEPTIONS] = {
	[VECTOR_DIVIDE] = {"divide error", SIGFPE, FPE_INTDIV},
	[VECTOR_DEBUG] = {"debug", SIGTRAP, TRAP_TRACE},
	[VECTOR_NMI] = {"non-maskable interrupt", 0, 0},
	[VECTOR_BREAKPOINT] = {"breakpoint", SIGTRAP, SI_KERNEL},
	[VECTOR_OVERFLOW] = {"overflow", SIGSEGV, SI_KERNEL},
	[VECTOR_BOUND] = {"bound range exceeded", SIGSEGV, SI_KERNEL},
	[VECTOR_INVALID_OPCODE] = {"invalid opcode", SIGILL, ILL_ILLOPN},
	[VECTOR_NO_DEVICE] = {"device not available", SIGSEGV, SI_KERNEL},
	[VECTOR_DOUBLE_FAULT] = {"double fault", 0, 0},
	[VECTOR_INVALID_TSS] = {"invalid TSS", SIGSEGV, SI_KERNEL},
	[VECTOR_NO_SEGMENT] = {"segment not present", SIGBUS, SI_KERNEL},
	[VECTOR_STACK_SEGMENT] = {"stack-segment fault", SIGBUS, SI_KERNEL},
	[VECTOR_PROTECTION] = {"general protection fault", SIGSEGV, SI_KERNEL},
	[VECTOR_PAGE_FAULT] = {"page fault", SIGSEGV, SI_KERNEL},
	[VECTOR_X87] = {"x87 error", SIGFPE, 0},
	[VECTOR_ALIGNMENT] = {"alignment check", SIGBUS, BUS_ADRALN},
	[VECTOR_MACHINE_CHECK] = {"machine check", 0, 0},
	[VECTOR_SIMD] = {"SIMD error", SIGFPE, 0},
};

vaddr_t trap_pc(const struct trap_frame *frame)
{
	return frame->rip;
}

vaddr_t trap_sp(const struct trap_frame *frame)
{
	return frame->rsp;
}

vaddr_t trap_fp(const struct trap_frame *frame)
{
	return frame->rbp;
}

bool trap_is_user(const struct trap_frame *frame)
{
	return (frame->cs & RPL_USER) == RPL_USER;
}

uint64_t trap_syscall_number(const struct trap_frame *frame)
{
	return frame->rax;
}

uint64_t trap_syscall_argument(const struct trap_frame *frame, unsigned index)
{
	const uint64_t arguments[] = {frame->rdi, frame->rsi, frame->rdx,
				      frame->r10, frame->r8,  frame->r9};

	assert(index < ARRAY_SIZE(arguments));
	return arguments[index];
}

void trap_set_result(struct trap_frame *frame, int64_t result)
{
	frame->rax = (uint64_t)result;
}

void trap_set_start(struct trap_frame *frame, vaddr_t pc, vaddr_t sp)
{
	*frame = (struct trap_frame){
		.rip = pc,
		.cs = USER_CS,
		.rflags = RFLAGS_FIXED | RFLAGS_IF,
		.rsp = sp,
		.ss = USER_SS,
	};
}

void trap_set_pc(struct trap_frame *frame, vaddr_t pc)
{
	frame->rip = pc;
}

PRINTF(2, 3) static void dump(void (*line)(const char *), const char *text, ...)
{
	char buffer[DUMP_LINE];
	va_list arguments;

	va_start(arguments, text);
	format_list(buffer, sizeof(buffer), text, arguments);
	va_end(arguments);
	line(buffer);
}

void trap_dump(const struct trap_frame *f, void (*line)(const char *text))
{
	dump(line, "rip %016llx cs %02llx rflags %08llx rsp %016llx ss %02llx",
	     (unsigned long long)f->rip, (unsigned long long)f->cs, (unsigned long long)f->rflags,
	     (unsigned long long)f->rsp, (unsigned long long)f->ss);
	dump(line, "rax %016llx rbx %016llx rcx %016llx rdx %016llx", (unsigned long long)f->rax,
	     (unsigned long long)f->rbx, (unsigned long long)f->rcx, (unsigned long long)f->rdx);
	dump(line, "rsi %016llx rdi %016llx rbp %016llx r8  %016llx", (unsigned long long)f->rsi,
	     (unsigned long long)f->rdi, (unsigned long long)f->rbp, (unsigned long long)f->r8);
	dump(line, "r9  %016llx r10 %016llx r11 %016llx r12 %016llx", (unsigned long long)f->r9,
	     (unsigned long long)f->r10, (unsigned long long)f->r11, (unsigned long long)f->r12);
	dump(line, "r13 %016llx r14 %016llx r15 %016llx vector %llu error %#llx",
	     (unsigned long long)f->r13, (unsigned long long)f->r14, (unsigned long long)f->r15,
	     (unsigned long long)f->vector, (unsigned long long)f->error);
}

/* ---- dispatch ---- */

NORETURN static void kernel_page_fault(const struct trap_frame *frame, vaddr_t va)
{
	if (kmap_is_stack_guard(va))
		panic_trap(frame, "kernel stack overflow at %#llx", (unsigned long long)va);
	panic_trap(frame, "the kernel's %s of %#llx (%s)",
		   frame->error & FAULT_FETCH   ? "execution"
		   : frame->error & FAULT_WRITE ? "write"
						: "read",
		   (unsigned long long)va,
		   !(frame->error & FAULT_PRESENT) ? "nothing is mapped there"
		   : va < USER_END                 ? "the user's memory, unguarded"
						   : "its protection forbids it");
}

static void page_fault(struct trap_frame *frame)
{
	vaddr_t va = read_cr2();
	unsigned access = VM_READ;

	if (frame->error & FAULT_RESERVED)
		panic_trap(frame, "a page-table entry for %#llx has reserved bits set",
			   (unsigned long long)va);
	if (!trap_is_user(frame) && (va >= USER_END || !arch_user_fixup(frame)))
		kernel_page_fault(frame, va);
	if (frame->error & FAULT_FETCH)
		access = VM_EXEC;
	else if (frame->error & FAULT_WRITE)
		access = VM_WRITE;
	if (frame->error & FAULT_USER)
		access |= VM_USER;
	trap_page_fault(frame, va, access);
}

/* Which of the floating-point errors, from the status bits that are set and not masked: Linux's
 * order. */
static int fpe_code(unsigned unmasked)
{
	enum {
		INVALID = 1,
		DENORMAL = 2,
		ZERO_DIVIDE = 4,
		OVERFLOW = 8,
		UNDERFLOW = 16,
		PRECISION = 32
	};

	if (unmasked & INVALID)
		return FPE_FLTINV;
	if (unmasked & ZERO_DIVIDE)
		return FPE_FLTDIV;
	if (unmasked & OVERFLOW)
		return FPE_FLTOVF;
	if (unmasked & (DENORMAL | UNDERFLOW))
		return FPE_FLTUND;
	return unmasked & PRECISION ? FPE_FLTRES : 0;
}

static int floating_point_code(unsigned vector)
{
	if (vector == VECTOR_X87) {
		uint16_t control, status;
		__asm__ volatile("fnstcw %0; fnstsw %1" : "=m"(control), "=m"(status));
		return fpe_code(status & ~control & 0x3f);
	}
	uint32_t mxcsr;
	__asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
	return fpe_code(mxcsr & ~(mxcsr >> 7) & 0x3f);
}

static void exception(struct trap_frame *frame)
{
	unsigned vector = (unsigned)frame->vector;
	const char *name = exceptions[vector].name ? exceptions[vector].name : "reserved exception";
	int code = exceptions[vector].code;

	if (vector == VECTOR_DOUBLE_FAULT && kmap_is_stack_guard(read_cr2()))
		panic_trap(frame, "kernel stack overflow at %#llx", (unsigned long long)read_cr2());
	if (!trap_is_user(frame) || !exceptions[vector].signal)
		panic_trap(frame, "%s in %s mode, error code %#llx", name,
			   trap_is_user(frame) ? "user" : "kernel",
			   (unsigned long long)frame->error);
	if (vector == VECTOR_X87 || vector == VECTOR_SIMD)
		code = floating_point_code(vector);
	if (vector == VECTOR_DEBUG)
		__asm__ volatile("mov %0, %%dr6" : : "r"(0ull));
	vaddr_t address = exceptions[vector].code == SI_KERNEL ? 0 : frame->rip;
	trap_user_exception(frame, exceptions[vector].signal, code, address, name);
}

void trap_enter(struct trap_frame *frame)
{
	unsigned vector = (unsigned)frame->vector;

	if (vector == VECTOR_PAGE_FAULT) {
		page_fault(frame);
	} else if (vector < VECTOR_EXCEPTIONS) {
		exception(frame);
	} else if (vector == VECTOR_TIMER) {
		apic_end_of_interrupt();
		trap_timer();
	} else if (vector >= VECTOR_LEGACY && vector < VECTOR_TIMER) {
		irq_dispatch(vector - VECTOR_LEGACY);
		apic_end_of_interrupt();
	} else {
		/* A spurious interrupt is not acknowledged (SDM 3A, 10.9); the others have no
		 * source. */
		spurious_count++;
	}
}

/* Interrupts off, last thing before user mode. */
void trap_leave_to_user(struct trap_frame *frame)
{
	__asm__ volatile("cli");
	trap_return_to_user(frame);
	assert(trap_is_user(frame) && frame->rip < USER_END && cpu_local()->held_ranks == 0);
}

bool trap_enter_syscall(struct trap_frame *frame)
{
	uint64_t rip = frame->rip, rflags = frame->rflags;

	/* The processor took them; SYSRET needs them there, and Linux shows them so. */
	frame->rcx = rip;
	frame->r11 = rflags;
	trap_syscall(frame);
	trap_leave_to_user(frame);
	return frame->rip == frame->rcx && frame->rflags == frame->r11 && frame->cs == USER_CS &&
	       frame->ss == USER_SS && !(frame->rflags & RFLAGS_TF);
}
