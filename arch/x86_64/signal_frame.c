/*
 * signal_frame.c: Linux's struct rt_sigframe, from high addresses to low:
 *
 *	the program's stack pointer, or the end of the alternate stack
 *	128 bytes	red zone (System V ABI, AMD64 supplement, 3.2.2)
 *	fpstate		XSAVE area in its standard form, and a magic word; aligned to 64
 *	siginfo_t	128 bytes
 *	ucontext_t	registers, mask, alternate stack
 *	restorer	where the handler returns to; sp is here, and 8 below a multiple of 16
 *
 * The layouts are those of Linux's <asm/sigcontext.h> and <asm/ucontext.h>.
 */
#include <arch/signal.h>

#include <asm/sigcontext.h>
#include <linux/signal.h>

#include <asm/ucontext.h>

#include <arch/irq.h>
#include <arch/thread.h>
#include <arch/user.h>

#include "lib/errno.h"
#include "lib/string.h"
#include "x86.h"

#define RED_ZONE      128u
#define SIGINFO_BYTES 128u
#define FRAME_ALIGN   16u

/* What a program may change in rflags. */
#define RFLAGS_STATUS  0x8d5u /* CF PF AF ZF SF and OF */
#define RFLAGS_PROGRAM (RFLAGS_STATUS | RFLAGS_AC | RFLAGS_DF | RFLAGS_TF | RFLAGS_RF)

#define PAGE_FAULT_PRESENT 1u /* of the error code */

struct stack {
	uint64_t sp;
	int32_t flags, padding;
	uint64_t bytes;
};

/* struct sigcontext_64 of <asm/sigcontext.h> */
struct machine_context {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
	uint16_t cs, gs, fs, ss;
	uint64_t error, vector, old_mask, cr2;
	uint64_t fpstate;
	uint64_t reserved[8];
};
_Static_assert(sizeof(struct machine_context) == 256, "Linux's sigcontext_64");

struct user_context {
	uint64_t flags; /* UC_* */
	uint64_t link;
	struct stack stack;
	struct machine_context machine;
	uint64_t mask;
};
_Static_assert(sizeof(struct user_context) == 304, "Linux's ucontext, with its mask of 64 bits");

struct signal_frame {
	uint64_t restorer;
	struct user_context context;
	char info[SIGINFO_BYTES];
};

bool arch_signal_on_stack(const struct arch_signal_stack *stack, vaddr_t sp)
{
	if (stack->flags & (int)SS_AUTODISARM)
		return false;
	return sp > stack->sp && sp - stack->sp <= stack->bytes;
}

void arch_signal_note_fault(struct arch_thread *current, const struct trap_frame *frame,
			    vaddr_t address)
{
	current->fault.vector = frame->vector;
	current->fault.error = frame->error;
	if (frame->vector != VECTOR_PAGE_FAULT)
		return;
	current->fault.address = address;
	/* Whether the kernel has a page there is nobody's business. */
	if (address >= USER_END)
		current->fault.error |= PAGE_FAULT_PRESENT;
}

/* ---- push ---- */

/* As find_place() takes it, with all that aligning may skip. */
size_t arch_signal_bytes(void)
{
	size_t bytes = sizeof(struct signal_frame) + sizeof(uint64_t) + FRAME_ALIGN +
		       fpu_user_bytes() + FPU_ALIGN;

	return ALIGN_UP(bytes, FRAME_ALIGN);
}

static void save_registers(const struct trap_frame *frame, const struct arch_thread *thread,
			   struct machine_context *to)
{
	*to = (struct machine_context){
		.r8 = frame->r8,
		.r9 = frame->r9,
		.r10 = frame->r10,
		.r11 = frame->r11,
		.r12 = frame->r12,
		.r13 = frame->r13,
		.r14 = frame->r14,
		.r15 = frame->r15,
		.rdi = frame->rdi,
		.rsi = frame->rsi,
		.rbp = frame->rbp,
		.rbx = frame->rbx,
		.rdx = frame->rdx,
		.rax = frame->rax,
		.rcx = frame->rcx,
		.rsp = frame->rsp,
		.rip = frame->rip,
		.rflags = frame->rflags,
		.cs = (uint16_t)frame->cs,
		.ss = (uint16_t)frame->ss,
		.error = thread->fault.error,
		.vector = thread->fault.vector,
		.cr2 = thread->fault.address,
	};
}

/* Where the frame goes, and above it the floating-point state; 0: the alternate stack is full. */
static vaddr_t find_place(const struct arch_signal *signal, vaddr_t sp, vaddr_t *fpstate)
{
	const struct arch_signal_stack *alternate = &signal->alternate;
	bool on_alternate = arch_signal_on_stack(alternate, sp);

	sp -= RED_ZONE;
	if (signal->use_alternate && alternate->bytes && !arch_signal_on_stack(alternate, sp)) {
		sp = alternate->sp + alternate->bytes;
		on_alternate = true;
	}
	*fpstate = ALIGN_DOWN(sp - fpu_user_bytes(), FPU_ALIGN);
	sp = ALIGN_DOWN(*fpstate - sizeof(struct signal_frame), FRAME_ALIGN) - sizeof(uint64_t);
	if (on_alternate && !(sp > alternate->sp && sp - alternate->sp <= alternate->bytes))
		return 0;
	return sp;
}

static void enter_handler(struct trap_frame *frame, const struct arch_signal *signal, vaddr_t sp)
{
	frame->rdi = (uint64_t)signal->number;
	frame->rsi = sp + offsetof(struct signal_frame, info);
	frame->rdx = sp + offsetof(struct signal_frame, context);
	frame->rax = 0;
	frame->rip = signal->handler;
	frame->rsp = sp;
	frame->rflags &= ~(uint64_t)(RFLAGS_DF | RFLAGS_RF | RFLAGS_TF);
}

int arch_signal_push(struct arch_thread *current, struct trap_frame *frame,
		     const struct arch_signal *signal)
{
	struct signal_frame image = {.restorer = signal->restorer};
	struct user_context *context = &image.context;
	size_t bytes = sizeof(image);
	vaddr_t fpstate;

	vaddr_t sp = find_place(signal, frame->rsp, &fpstate);
	if (!sp || !signal->restorer || fpu_push(current, fpstate))
		return -EFAULT;
	context->flags = UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	if (cpu_features.xsave)
		context->flags |= UC_FP_XSTATE;
	context->stack = (struct stack){
		.sp = signal->alternate.sp,
		.flags = signal->alternate.flags,
		.bytes = signal->alternate.bytes,
	};
	save_registers(frame, current, &context->machine);
	context->machine.fpstate = fpstate;
	context->machine.old_mask = signal->mask;
	context->mask = signal->mask;
	if (signal->info)
		memcpy(image.info, signal->info, MIN(signal->info_bytes, sizeof(image.info)));
	else
		bytes = offsetof(struct signal_frame, info);
	if (arch_copy_to_user(sp, &image, bytes))
		return -EFAULT;
	fpu_reset();
	enter_handler(frame, signal, sp);
	return 0;
}

/* ---- pop ---- */

static void restore_registers(struct trap_frame *frame, const struct machine_context *from)
{
	frame->r8 = from->r8;
	frame->r9 = from->r9;
	frame->r10 = from->r10;
	frame->r11 = from->r11;
	frame->r12 = from->r12;
	frame->r13 = from->r13;
	frame->r14 = from->r14;
	frame->r15 = from->r15;
	frame->rdi = from->rdi;
	frame->rsi = from->rsi;
	frame->rbp = from->rbp;
	frame->rbx = from->rbx;
	frame->rdx = from->rdx;
	frame->rax = from->rax;
	frame->rcx = from->rcx;
	frame->rsp = from->rsp;
	frame->rip = from->rip;
	frame->rflags =
		(frame->rflags & ~(uint64_t)RFLAGS_PROGRAM) | (from->rflags & RFLAGS_PROGRAM);
}

/* Selectors that ring 3 can be left for with. Programs without UC_STRICT_RESTORE_SS may have
 * anything in the place of ss. */
static bool has_good_selectors(const struct user_context *context)
{
	if ((context->machine.cs | SELECTOR_RPL) != USER_CS)
		return false;
	return !(context->flags & UC_STRICT_RESTORE_SS) ||
	       (context->machine.ss | SELECTOR_RPL) == USER_SS;
}

int arch_signal_pop(struct arch_thread *current, struct trap_frame *frame,
		    struct arch_signal *signal)
{
	struct user_context context;

	/* The handler's RET has taken the restorer. */
	if (arch_copy_from_user(&context, frame->rsp, sizeof(context)))
		return -EFAULT;
	signal->mask = context.mask;
	signal->alternate = (struct arch_signal_stack){
		.sp = context.stack.sp,
		.bytes = context.stack.bytes,
		.flags = context.stack.flags,
	};
	restore_registers(frame, &context.machine);
	if (!has_good_selectors(&context))
		return -EINVAL;
	return fpu_pop(current, context.machine.fpstate);
}
