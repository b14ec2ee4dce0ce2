/* thread.c: switching between threads, and the vector registers (SDM 1, chapter 13: XSAVE). */
#include <arch/thread.h>

#include <arch/trap.h>
#include <arch/user.h>
#include <asm/prctl.h>
#include <cpuid.h>

#include "debug/assert.h"
#include "interrupts.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "registers.h"
#include "sync/cpu.h"

#define LEAF_XSAVE             0xdu
#define FXSAVE_BYTES           512u
#define VECTOR_ALIGNMENT_BYTES 64u /* of an XSAVE area */
/* State components: SDM 1, 13.1. x87, SSE, AVX; the three of AVX-512. */
#define XCR0_X87               (1u << 0)
#define XCR0_SSE               (1u << 1)
#define XCR0_AVX               (1u << 2)
#define XCR0_AVX512            (7u << 5)
/* Initial values: SDM 1, 13.6. Offsets in the legacy area: table 10-2. */
#define FCW_OFFSET             0
#define FCW_INITIAL            0x37f
#define MXCSR_OFFSET           24
#define MXCSR_INITIAL          0x1f80

/* The same on every CPU; set by the first. */
static uint64_t components; /* 0: no XSAVE, FXSAVE it is */
static uint32_t area_bytes = FXSAVE_BYTES;

extern void thread_start(void), thread_start_fork(void);
void thread_switch_stack(uint64_t *save_sp, uint64_t load_sp);
NORETURN void return_to_user(struct trap_frame *frame);

/* What thread_switch_stack pops. */
struct switch_frame {
	uint64_t r15, r14, r13, r12, rbx, rbp, rip;
	uint64_t zero; /* the return address of the first function: ends backtraces, and aligns the
			  stack */
};

void vector_init(void)
{
	unsigned a, b, c, d;

	if (!(read_cr4() & CR4_OSXSAVE) || !__get_cpuid_count(LEAF_XSAVE, 0, &a, &b, &c, &d))
		return;
	uint32_t wanted = XCR0_X87 | XCR0_SSE | (a & XCR0_AVX);
	/* The AVX-512 components come together, and need AVX. */
	if ((a & XCR0_AVX) && (a & XCR0_AVX512) == XCR0_AVX512)
		wanted |= XCR0_AVX512;
	__asm__ volatile("xsetbv" : : "c"(0), "a"(wanted), "d"(0));
	/* EBX: bytes for what XCR0 enables now. */
	if (__get_cpuid_count(LEAF_XSAVE, 0, &a, &b, &c, &d)) {
		components = wanted;
		area_bytes = b;
	}
}

static void vector_save(void *area)
{
	if (components)
		__asm__ volatile("xsave64 (%0)"
				 :
				 : "r"(area), "a"((uint32_t)components), "d"(0)
				 : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

static void vector_load(const void *area)
{
	if (components)
		__asm__ volatile("xrstor64 (%0)"
				 :
				 : "r"(area), "a"((uint32_t)components), "d"(0)
				 : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

/* An XSAVE area whose header is zero means initial state, but for MXCSR, which is always loaded. */
static void vector_reset(char *area)
{
	memset(area, 0, area_bytes);
	*(uint16_t *)(area + FCW_OFFSET) = FCW_INITIAL;
	*(uint32_t *)(area + MXCSR_OFFSET) = MXCSR_INITIAL;
}

static int vector_alloc(struct arch_thread *thread)
{
	thread->vector_memory = kmalloc(area_bytes + VECTOR_ALIGNMENT_BYTES);
	if (!thread->vector_memory)
		return -ENOMEM;
	thread->vector_state =
		(void *)ALIGN_UP((vaddr_t)thread->vector_memory, VECTOR_ALIGNMENT_BYTES);
	vector_reset(thread->vector_state);
	return 0;
}

static void prepare_switch(struct arch_thread *thread, vaddr_t sp, void (*start)(void),
			   void (*function)(void *), void *argument)
{
	struct switch_frame *frame = (struct switch_frame *)(sp - sizeof(*frame));

	*frame = (struct switch_frame){
		.r12 = (uint64_t)function,
		.r13 = (uint64_t)argument,
		.rip = (uint64_t)start,
	};
	thread->sp = (uint64_t)frame;
}

int arch_thread_init(struct arch_thread *thread, vaddr_t stack_top, void (*entry)(void *),
		     void *argument)
{
	*thread = (struct arch_thread){.stack_top = stack_top};
	int error = vector_alloc(thread);
	if (error)
		return error;
	prepare_switch(thread, stack_top - sizeof(struct trap_frame), thread_start, entry,
		       argument);
	return 0;
}

int arch_thread_fork(struct arch_thread *child, vaddr_t stack_top, const struct trap_frame *frame,
		     void (*first)(void *), void *argument)
{
	*child = (struct arch_thread){.stack_top = stack_top};
	int error = vector_alloc(child);
	if (error)
		return error;
	/* The caller is the parent, so its registers are still in the processor. */
	vector_save(child->vector_state);
	child->fs_base = read_msr(MSR_FS_BASE);
	child->user_gs_base = read_msr(MSR_KERNEL_GS_BASE);
	struct trap_frame *copy = arch_thread_user_frame(child);
	*copy = *frame;
	copy->rax = 0;
	/* `zero` of the switch frame is not wanted here: after it pops, the stack pointer must be
	 * at the frame. */
	prepare_switch(child, (vaddr_t)copy + sizeof(uint64_t), thread_start_fork, first, argument);
	*copy = *frame;
	copy->rax = 0;
	return 0;
}

void arch_thread_destroy(struct arch_thread *thread)
{
	kfree(thread->vector_memory);
	thread->vector_memory = thread->vector_state = NULL;
}

void arch_thread_switch(struct arch_thread *from, struct arch_thread *to)
{
	struct arch_cpu *cpu = &cpu_local()->arch;

	assert(from != to);
	if (from->vector_state) {
		vector_save(from->vector_state);
		from->fs_base = read_msr(MSR_FS_BASE);
		from->user_gs_base = read_msr(MSR_KERNEL_GS_BASE);
	}
	if (to->vector_state) {
		vector_load(to->vector_state);
		write_msr(MSR_FS_BASE, to->fs_base);
		write_msr(MSR_KERNEL_GS_BASE, to->user_gs_base);
	}
	cpu->kernel_stack = to->stack_top;
	cpu->tss.rsp[0] = to->stack_top;
	thread_switch_stack(&from->sp, to->sp);
}

struct trap_frame *arch_thread_user_frame(struct arch_thread *thread)
{
	return (struct trap_frame *)thread->stack_top - 1;
}

void arch_thread_reset(struct arch_thread *current)
{
	vector_reset(current->vector_state);
	vector_load(current->vector_state);
	write_msr(MSR_FS_BASE, 0);
	write_msr(MSR_KERNEL_GS_BASE, 0);
}

void arch_enter_user(struct arch_thread *current, vaddr_t pc, vaddr_t sp)
{
	struct trap_frame *frame = arch_thread_user_frame(current);

	arch_thread_reset(current);
	trap_set_start(frame, pc, sp);
	return_to_user(frame);
}

int arch_prctl(struct arch_thread *current, int code, uint64_t address, uint64_t *value)
{
	switch (code) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (address >= USER_END)
			return -EPERM;
		write_msr(code == ARCH_SET_FS ? MSR_FS_BASE : MSR_KERNEL_GS_BASE, address);
		return 0;
	case ARCH_GET_FS:
		*value = read_msr(MSR_FS_BASE);
		return 0;
	case ARCH_GET_GS:
		*value = read_msr(MSR_KERNEL_GS_BASE);
		return 0;
	default:
		return -EINVAL;
	}
}
