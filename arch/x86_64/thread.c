/*
 * thread.c: a thread's processor state. Everything general is on its kernel stack:
 *
 *	stack_top ->  struct trap_frame		how the thread left ring 3
 *		      frames of C functions
 *	sp ------->   struct switch_frame	while the thread waits
 *
 * The vector registers and the TLS bases are kept in struct arch_thread while it waits.
 */
#include <arch/thread.h>

#include <asm/prctl.h>

#include <arch/irq.h>
#include <arch/user.h>

#include "debug/assert.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "sync/cpu.h"
#include "x86.h"

/* What switch_stacks() in switch.S pops. */
struct switch_frame {
	uint64_t r15, r14, r13, r12, rbx, rbp;
	void (*return_to)(void);
};

void switch_stacks(vaddr_t *save_sp, vaddr_t sp);
void thread_trampoline(void);
NORETURN void thread_begin(void (*entry)(void *), void *argument, struct trap_frame *frame);

/* First C function of a new thread; frame is NULL for a kernel thread. */
void thread_begin(void (*entry)(void *), void *argument, struct trap_frame *frame)
{
	entry(argument);
	if (!frame)
		panic("a kernel thread returned from its entry function");
	trap_user_return_to(frame);
}

/* `below` is the lowest address in use on the new stack. */
static void prepare_stack(struct arch_thread *thread, vaddr_t below, void (*entry)(void *),
			  void *argument, struct trap_frame *frame)
{
	struct switch_frame *first = (struct switch_frame *)below - 1;

	assert(IS_ALIGNED(below, 16));
	*first = (struct switch_frame){
		.r12 = (uint64_t)entry,
		.r13 = (uint64_t)argument,
		.r14 = (uint64_t)frame,
		.return_to = thread_trampoline,
	};
	thread->sp = (vaddr_t)first;
}

/* kmalloc() aligns to 16. */
static int allocate_registers(struct arch_thread *thread)
{
	thread->allocation = kmalloc(fpu_area_bytes() + FPU_ALIGN);
	if (!thread->allocation)
		return -ENOMEM;
	thread->registers = (void *)ALIGN_UP((vaddr_t)thread->allocation, FPU_ALIGN);
	return 0;
}

int arch_thread_init(struct arch_thread *thread, vaddr_t stack_top, void (*entry)(void *),
		     void *argument)
{
	*thread = (struct arch_thread){.stack_top = stack_top};
	int error = allocate_registers(thread);
	if (error)
		return error;
	fpu_area_init(thread->registers);
	/* The place of the user's frame stays free: arch_enter_user() fills it from this stack. */
	prepare_stack(thread, (vaddr_t)arch_thread_user_frame(thread), entry, argument, NULL);
	return 0;
}

int arch_thread_fork(struct arch_thread *child, vaddr_t stack_top, const struct trap_frame *frame,
		     void (*first)(void *), void *argument)
{
	struct trap_frame *copy = (struct trap_frame *)stack_top - 1;

	*child = (struct arch_thread){.stack_top = stack_top};
	int error = allocate_registers(child);
	if (error)
		return error;
	fpu_area_prepare(child->registers);
	fpu_save(child->registers);
	child->fs_base = msr_read(MSR_FS_BASE);
	child->gs_base = msr_read(MSR_KERNEL_GS_BASE);
	*copy = *frame;
	trap_set_result(copy, 0);
	prepare_stack(child, (vaddr_t)copy, first, argument, copy);
	return 0;
}

int arch_thread_set_tls(struct arch_thread *child, vaddr_t base)
{
	if (base >= USER_END)
		return -EPERM;
	child->fs_base = base;
	return 0;
}

void arch_thread_destroy(struct arch_thread *thread)
{
	kfree(thread->allocation);
	thread->allocation = thread->registers = NULL;
}

/* The program may have changed the bases by itself (WRFSBASE), so they are read, not remembered. */
static void save_user_state(struct arch_thread *from)
{
	if (!from->registers)
		return;
	fpu_save(from->registers);
	from->saves++;
	from->fs_base = msr_read(MSR_FS_BASE);
	from->gs_base = msr_read(MSR_KERNEL_GS_BASE);
}

static void load_user_state(const struct arch_thread *to)
{
	struct arch_cpu *cpu = &cpu_local()->arch;

	cpu->tss.rsp[0] = to->stack_top;
	cpu->syscall_stack = to->stack_top;
	if (!to->registers)
		return;
	fpu_load(to->registers);
	msr_write(MSR_FS_BASE, to->fs_base);
	msr_write(MSR_KERNEL_GS_BASE, to->gs_base);
}

void arch_thread_switch(struct arch_thread *from, struct arch_thread *to)
{
	assert(!irq_enabled());
	assert(from != to);
	save_user_state(from);
	load_user_state(to);
	switch_stacks(&from->sp, to->sp);
}

void arch_thread_reset(struct arch_thread *current)
{
	bool were_on = irq_save();

	fpu_area_init(current->registers);
	fpu_load(current->registers);
	msr_write(MSR_FS_BASE, 0);
	msr_write(MSR_KERNEL_GS_BASE, 0);
	irq_restore(were_on);
}

struct trap_frame *arch_thread_user_frame(struct arch_thread *thread)
{
	return (struct trap_frame *)thread->stack_top - 1;
}

void arch_enter_user(struct arch_thread *current, vaddr_t pc, vaddr_t sp)
{
	struct trap_frame *frame = arch_thread_user_frame(current);

	irq_disable();
	assert(cpu_local()->arch.syscall_stack == current->stack_top);
	arch_thread_reset(current);
	trap_set_start(frame, pc, sp);
	trap_user_return_to(frame);
}

int arch_prctl(struct arch_thread *current, int code, uint64_t address, uint64_t *value)
{
	switch (code) {
	case ARCH_SET_FS:
	case ARCH_SET_GS:
		if (address >= USER_END)
			return -EPERM;
		msr_write(code == ARCH_SET_FS ? MSR_FS_BASE : MSR_KERNEL_GS_BASE, address);
		return 0;
	case ARCH_GET_FS:
		*value = msr_read(MSR_FS_BASE);
		return 0;
	case ARCH_GET_GS:
		*value = msr_read(MSR_KERNEL_GS_BASE);
		return 0;
	default:
		return -EINVAL;
	}
}
