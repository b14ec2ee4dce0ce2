/* test_arch.c: the processor's code, tried from inside. */
#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/thread.h>
#include <arch/time.h>
#include <arch/trap.h>
#include <arch/user.h>

#include "../../arch/x86_64/x86.h"
#include "debug/ktest.h"
#include "lib/string.h"
#include "mm/image.h"
#include "mm/kmap.h"
#include "mm/layout.h"
#include "sync/cpu.h"
#include "sync/cross_call.h"
#include "vm/space.h"

#define TEST_VECTOR 0xe7 /* nobody's */
#define SPINS       1000000u

static bool in_image(vaddr_t va)
{
	return va >= (vaddr_t)kernel_image_start && va < (vaddr_t)kernel_image_end;
}

/* ---- features and descriptors ---- */

static uint64_t read_cr4(void)
{
	uint64_t cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	return cr4;
}

KTEST(arch_protections_are_on)
{
	uint64_t cr0;

	__asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
	EXPECT(cr0 & CR0_WP);
	EXPECT(cr0 & CR0_AM);
	EXPECT(msr_read(MSR_EFER) & EFER_NXE);
	EXPECT_EQ(!!(read_cr4() & CR4_SMEP), !!(cpuid(7, 0).ebx & 1u << 7));
	EXPECT_EQ(!!(read_cr4() & CR4_SMAP), !!(cpuid(7, 0).ebx & 1u << 20));
	EXPECT_EQ(!!(read_cr4() & CR4_UMIP), !!(cpuid(7, 0).ecx & 1u << 2));
	EXPECT_EQ(msr_read(MSR_PAT), X86_PAT_VALUE);
}

KTEST(arch_cpuid_knows_its_limits)
{
	EXPECT_EQ(cpuid(0x7fffffff, 0).eax, 0);
	EXPECT_EQ(cpuid(0xffffffff, 0).ebx, 0);
	EXPECT(cpuid(1, 0).eax != 0);
}

KTEST(arch_descriptor_tables_are_the_kernels)
{
	struct PACKED {
		uint16_t limit;
		uint64_t base;
	} gdt, idt;
	uint16_t task;

	__asm__ volatile("sgdt %0" : "=m"(gdt));
	__asm__ volatile("sidt %0" : "=m"(idt));
	__asm__ volatile("str %0" : "=r"(task));
	EXPECT_EQ(gdt.base, (vaddr_t)cpu_local()->arch.gdt);
	EXPECT(in_image(idt.base));
	EXPECT_EQ(idt.limit, VECTORS * 16 - 1);
	EXPECT_EQ(task, TSS_SELECTOR);
	/* No port is open to ring 3. */
	EXPECT(cpu_local()->arch.tss.iomap_base >= sizeof(struct task_state));
	for (unsigned i = 0; i < IST_COUNT; i++)
		EXPECT(*(struct cpu **)cpu_local()->arch.tss.ist[i] == cpu_local());
}

KTEST(arch_random_numbers_differ)
{
	uint64_t first, second;

	if (!cpu_random(&first)) {
		ktest_skip("this processor has no generator");
		return;
	}
	EXPECT(cpu_random(&second));
	EXPECT(first != second);
}

/* ---- traps ---- */

KTEST(arch_unexpected_interrupt_is_counted)
{
	uint64_t before = cpu_local()->arch.spurious;

	__asm__ volatile("int %0" : : "i"(TEST_VECTOR) : "memory");
	EXPECT_EQ(cpu_local()->arch.spurious, before + 1);
}

KTEST(arch_interrupt_keeps_all_registers)
{
	uint64_t out[8] = {0};

	__asm__ volatile("movl $0x11, %%eax; movl $0x12, %%ecx; movl $0x13, %%edx\n\t"
			 "movl $0x14, %%r8d; movl $0x15, %%r11d; movl $0x16, %%r12d\n\t"
			 "movl $0x17, %%r15d; std\n\t"
			 "int %1\n\t"
			 "movq %%rax, 0(%0); movq %%rcx, 8(%0); movq %%rdx, 16(%0)\n\t"
			 "movq %%r8, 24(%0); movq %%r11, 32(%0); movq %%r12, 40(%0)\n\t"
			 "movq %%r15, 48(%0); pushfq; popq 56(%0); cld"
			 :
			 : "b"(out), "i"(TEST_VECTOR)
			 : "rax", "rcx", "rdx", "r8", "r11", "r12", "r15", "memory", "cc");
	for (unsigned i = 0; i < 7; i++)
		EXPECT_EQ(out[i], 0x11 + i);
	EXPECT(out[7] & RFLAGS_DF);
}

KTEST(arch_interrupt_flag_nests)
{
	bool outer = irq_save();
	bool inner = irq_save();

	EXPECT(!inner);
	irq_restore(inner);
	EXPECT(!irq_enabled());
	irq_restore(outer);
	EXPECT_EQ(irq_enabled(), outer);
}

KTEST(arch_start_frame_is_clean)
{
	struct trap_frame frame;

	memset(&frame, 0xff, sizeof(frame));
	trap_set_start(&frame, 0x401000, 0x7fffffffe000);
	EXPECT_EQ(trap_pc(&frame), 0x401000);
	EXPECT_EQ(trap_sp(&frame), 0x7fffffffe000);
	EXPECT(trap_is_user(&frame));
	EXPECT_EQ(frame.rflags, RFLAGS_FIXED | RFLAGS_IF);
	EXPECT_EQ(frame.rax | frame.rbx | frame.rdx | frame.rdi | frame.r15 | frame.rbp, 0);
}

/* ---- guarded copies ---- */

KTEST(arch_copies_refuse_the_kernels_half)
{
	char buffer[16];
	vaddr_t kernel = (vaddr_t)kernel_data_start;

	EXPECT_EQ(arch_copy_from_user(buffer, kernel, 16), 16);
	EXPECT_EQ(arch_copy_to_user(kernel, buffer, 16), 16);
	EXPECT_EQ(arch_clear_user(kernel, 16), 16);
	EXPECT_EQ(arch_copy_from_user(buffer, USER_END, 1), 1);
	EXPECT_EQ(arch_copy_from_user(buffer, UINT64_MAX - 7, 16), 16);
	EXPECT_EQ(arch_copy_from_user(buffer, 0x8000000000000000, 16), 16);
}

/* One page mapped in a space of its own, with nothing behind it. */
static struct vm_space *space_with_page(vaddr_t *page)
{
	struct vm_map_request request = {
		.address = 0x10000000,
		.bytes = PAGE_SIZE,
		.prot = VM_READ | VM_WRITE,
		.flags = VM_MAP_FIXED,
	};
	struct vm_space *space;

	if (!EXPECT_EQ(vm_space_create(&space), 0))
		return NULL;
	*page = request.address;
	if (!EXPECT_EQ(vm_map(space, &request, page), 0)) {
		vm_space_destroy(space);
		return NULL;
	}
	vm_space_activate(space);
	return space;
}

KTEST(arch_copies_take_faults_and_stop_exactly_at_a_hole)
{
	static char data[PAGE_SIZE]; /* this test only */
	struct vm_space *before = cpu_local()->space;
	vaddr_t page;
	struct vm_space *space = space_with_page(&page);

	if (!space)
		return;
	memset(data, 'q', sizeof(data));
	EXPECT_EQ(arch_copy_to_user(page, data, PAGE_SIZE), 0);
	memset(data, 0, sizeof(data));
	EXPECT_EQ(arch_copy_from_user(data, page, PAGE_SIZE), 0);
	EXPECT_EQ(data[0], 'q');
	EXPECT_EQ(data[PAGE_SIZE - 1], 'q');
	/* For each way a word can straddle the end. */
	for (unsigned in_page = 0; in_page <= 17; in_page++) {
		vaddr_t at = page + PAGE_SIZE - in_page;
		EXPECT_EQ(arch_copy_from_user(data, at, 64), 64 - in_page);
		EXPECT_EQ(arch_copy_to_user(at, data, 64), 64 - in_page);
		EXPECT_EQ(arch_clear_user(at, 64), 64 - in_page);
	}
	EXPECT_EQ(arch_copy_from_user(data, page + PAGE_SIZE - 1, 1), 0);
	EXPECT_EQ(data[0], 0);
	vm_space_activate(before);
	vm_space_destroy(space);
}

/* ---- threads ---- */

/* main -> a -> b -> a -> main, by hand, interrupts off. */
static struct {
	struct arch_thread main, a, b;
	uint64_t seen[6]; /* by a, in its registers, after b has run */
} play;

/* Fill the registers that a function call keeps, and one vector register, switch, read them. */
static void switch_with(struct arch_thread *from, struct arch_thread *to, uint64_t value,
			uint64_t *seen)
{
	__asm__ volatile("pushq %%rbp\n\t"
			 "pushq %[seen]\n\t"
			 "movq %[value], %%rbx; movq %[value], %%r12; movq %[value], %%r13\n\t"
			 "movq %[value], %%r14; movq %[value], %%r15; movq %[value], %%xmm9\n\t"
			 "call arch_thread_switch\n\t"
			 "popq %%rax\n\t"
			 "movq %%rbx, 0(%%rax); movq %%r12, 8(%%rax); movq %%r13, 16(%%rax)\n\t"
			 "movq %%r14, 24(%%rax); movq %%r15, 32(%%rax); movq %%xmm9, 40(%%rax)\n\t"
			 "popq %%rbp"
			 : "+D"(from), "+S"(to), [value] "+d"(value), [seen] "+a"(seen)
			 :
			 : "rbx", "r12", "r13", "r14", "r15", "rcx", "r8", "r9", "r10", "r11",
			   "memory", "cc");
}

static void play_a(void *argument)
{
	EXPECT_EQ((vaddr_t)argument, 0xa);
	switch_with(&play.a, &play.b, 0xaaaa, play.seen);
	arch_thread_switch(&play.a, &play.main);
}

static void play_b(void *argument)
{
	uint64_t unused[6];

	EXPECT_EQ((vaddr_t)argument, 0xb);
	switch_with(&play.b, &play.a, 0xbbbb, unused);
}

static bool make_thread(struct arch_thread *thread, vaddr_t *top, void (*entry)(void *),
			uint64_t argument)
{
	return EXPECT_EQ(kmap_stack_alloc(top), 0) &&
	       EXPECT_EQ(arch_thread_init(thread, *top, entry, (void *)argument), 0);
}

KTEST(arch_switch_keeps_the_registers_of_each_thread)
{
	vaddr_t a_top, b_top;
	struct task_state tss = cpu_local()->arch.tss;
	vaddr_t syscall_stack = cpu_local()->arch.syscall_stack;

	play.main = (struct arch_thread){0};
	if (!make_thread(&play.a, &a_top, play_a, 0xa) ||
	    !make_thread(&play.b, &b_top, play_b, 0xb))
		return;
	bool were_on = irq_save();
	arch_thread_switch(&play.main, &play.a);
	cpu_local()->arch.tss = tss;
	cpu_local()->arch.syscall_stack = syscall_stack;
	irq_restore(were_on);
	for (unsigned i = 0; i < ARRAY_SIZE(play.seen); i++)
		EXPECT_EQ(play.seen[i], 0xaaaa);
	arch_thread_destroy(&play.a);
	arch_thread_destroy(&play.b);
	kmap_stack_free(a_top);
	kmap_stack_free(b_top);
}

KTEST(arch_user_bases_stay_in_the_users_half)
{
	struct arch_thread thread = {0};
	uint64_t value, fs = msr_read(MSR_FS_BASE);

	EXPECT_EQ(arch_prctl(&thread, 0x1002, 0xffff800000000000, &value), -1);
	EXPECT_EQ(arch_prctl(&thread, 0x1002, 0x8000000000000000, &value), -1);
	EXPECT_EQ(arch_prctl(&thread, 0x1234, 0, &value), -22);
	EXPECT_EQ(msr_read(MSR_FS_BASE), fs);
	EXPECT_EQ(arch_prctl(&thread, 0x1002, 0x12345000, &value), 0);
	EXPECT_EQ(arch_prctl(&thread, 0x1003, 0, &value), 0);
	EXPECT_EQ(value, 0x12345000);
	msr_write(MSR_FS_BASE, fs);
}

/* ---- time ---- */

KTEST(arch_time_goes_forward_only)
{
	uint64_t start = time_now(), last = start;
	unsigned backwards = 0;

	for (unsigned i = 0; i < SPINS && last - start < 1000000; i++) {
		uint64_t now = time_now();
		backwards += now < last;
		last = now;
	}
	EXPECT_EQ(backwards, 0);
	EXPECT(last > start);
}

/* ---- the clocks of several CPUs ---- */

#define CLOCK_ROUNDS 200u

static void set_behind(void *argument)
{
	cpu_local()->arch.tsc_behind = *(const uint64_t *)argument;
}

static void read_time(void *argument)
{
	*(uint64_t *)argument = time_now();
}

/* How often the time went back on its way to `cpu` or from it. */
static unsigned count_steps_back(unsigned cpu)
{
	unsigned back = 0;

	for (unsigned round = 0; round < CLOCK_ROUNDS; round++) {
		uint64_t before = time_now(), there;
		cross_call(1ull << cpu, read_time, &there);
		back += (there < before) + (time_now() < there);
	}
	return back;
}

KTEST(smp_clocks_that_differ_never_run_back)
{
	uint64_t others = cpus_online() & ~(1ull << cpu_local()->id), right = 0;
	/* Far more than a call takes; one way and the other. */
	uint64_t wrong[] = {tsc_frequency(), -tsc_frequency()};

	for (; others; others &= others - 1) {
		unsigned cpu = (unsigned)__builtin_ctzll(others);
		EXPECT_EQ(cpus[cpu]->arch.tsc_behind, 0); /* they do not, here */
		EXPECT_EQ(count_steps_back(cpu), 0);
		for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
			cross_call(1ull << cpu, set_behind, &wrong[i]);
			EXPECT(count_steps_back(cpu) > 0);
			tsc_set_clamped(true);
			EXPECT_EQ(count_steps_back(cpu), 0);
			tsc_set_clamped(false);
		}
		cross_call(1ull << cpu, set_behind, &right);
	}
}
