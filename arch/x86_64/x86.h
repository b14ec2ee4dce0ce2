/* x86.h: what the files of the processor's code know of each other. */
#ifndef ARCH_X86_64_X86_H
#define ARCH_X86_64_X86_H

#include <arch/cpu.h>
#include <arch/trap.h>

#include "lib/types.h"

struct arch_thread;

/* ---- cpu.c ---- */

/* What this CPU has, of what the kernel uses; set by cpu_init(), constant after it. */
struct cpu_features {
	bool mce, pge, smep, smap, umip, fsgsbase, xsave, x2apic, tsc_deadline, tsc_invariant;
	bool rdrand, rdseed, hypervisor;
	bool pcid, invpcid; /* the first: and it is to be used */
	bool avx_pages;     /* AVX is on, AVX-512 is not: see page.c */
};
extern struct cpu_features cpu_features;

/* cpu_init() for each further CPU; false if it lacks what the first has. */
NODISCARD bool cpu_init_further(vaddr_t stack_top);

/* Kernel accesses to pages that ring 3 can access: allowed between these two. (SDM 3A, 4.6.1) */
static inline void user_access_begin(void)
{
	if (cpu_features.smap)
		__asm__ volatile("stac" : : : "memory");
}

static inline void user_access_end(void)
{
	if (cpu_features.smap)
		__asm__ volatile("clac" : : : "memory");
}

/* ---- descriptors.c ---- */

/* Once, before the first descriptors_init(). */
void descriptors_fill_idt(void);
/* Load GDT, TSS and IDT of this CPU, whose stack is `stack_top` for now. Keeps the GS base. */
void descriptors_init(struct arch_cpu *cpu, vaddr_t stack_top);

/* ---- fpu.c ---- */

/* Turn on all register state the kernel knows how to save; after CR4.OSXSAVE. */
void fpu_init(void);
/* The same on a further CPU; false if it has not the same state as the first. */
NODISCARD bool fpu_init_further(void);
/* The size of a save area. It is aligned to FPU_ALIGN. */
#define FPU_ALIGN 64u
size_t fpu_area_bytes(void);
void fpu_area_init(void *area); /* the state that a new program sees */
/* Make fresh memory fit for fpu_save(): XSAVE leaves reserved bytes of its header alone, which
 * XRSTOR wants to be zero. (SDM 1, 13.4.2) */
void fpu_area_prepare(void *area);
void fpu_save(void *area);
void fpu_load(const void *area);
void fpu_reset(void); /* the initial state */

/* ---- fpu_frame.c: the state in a signal's frame ---- */

/* Room that it needs there. */
size_t fpu_user_bytes(void);
/* Write the running thread's to the program's memory, aligned to FPU_ALIGN. -EFAULT. */
NODISCARD int fpu_push(struct arch_thread *current, vaddr_t to);
/* The running thread gets it from there; 0: the initial state. -EFAULT, -EINVAL: nothing changed.
 */
NODISCARD int fpu_pop(struct arch_thread *current, vaddr_t from);
/* What XCR0 has on; 0 without XSAVE. */
uint64_t fpu_features(void);
/* With this XSAVE header, is this an area that fpu_load() can't fault on? */
bool fpu_area_is_valid(const void *area, const uint64_t *header);
#define FXSAVE_BYTES 512u

/* ---- trap.S, switch.S, pvh.S, user.S ---- */

#define TRAP_STUB_BYTES 16
extern const char trap_stubs[]; /* VECTORS of TRAP_STUB_BYTES each */
void syscall_entry(void);
NORETURN void trap_user_return_to(struct trap_frame *frame);
void pvh_start(void);

/* ---- trap.c: called by trap.S ---- */

void trap_dispatch(struct trap_frame *frame);
bool trap_dispatch_user(struct trap_frame *frame);
NORETURN void trap_fatal(struct trap_frame *frame);
bool trap_dispatch_syscall(struct trap_frame *frame);
bool trap_leave(struct trap_frame *frame);

/* ---- apic.c ---- */

/* Find and enable this CPU's local APIC, everything masked but NMI; false if there is none. */
NODISCARD bool apic_init(void);
/* The same for each further CPU. */
void apic_init_further(void);
uint32_t apic_id(void);
void apic_end_of_interrupt(void);
/* Interrupt the CPU with that id: ICR_* of apic_icr.h. False: it can't be reached. Any context. */
bool apic_send(uint32_t id, uint32_t command);
/* Is `vector` being served, so that it wants apic_end_of_interrupt()? */
bool apic_in_service(unsigned vector);

/* The timer counts down at its input clock divided by APIC_TIMER_DIVISOR, once. 0 stops it. */
#define APIC_TIMER_DIVISOR 16
void apic_timer_start(uint32_t count);
uint32_t apic_timer_left(void);
/* Fire when the time-stamp counter reaches a value that apic_timer_deadline() gives; 0 stops it. */
void apic_timer_use_deadline(void);
void apic_timer_deadline(uint64_t tsc);

/* ---- irq.c ---- */

/* Silence the two 8259s for ever. */
void pic_disable(void);
/* The I/O APIC's interrupt `vector` has come. */
void irq_dispatch(unsigned vector);

/* ---- time.c, rtc.c ---- */

void time_interrupt(void);
/* This CPU's timer, for each further CPU. Interrupts off. */
void time_init_further(void);
/* Seconds since 1970 by the real-time clock; 0 if it gives no valid date. */
uint64_t rtc_read_epoch(uint8_t century_register);

/* ---- efi.c ---- */

/* As the firmware counts them (UEFI 2.10, 8.5.1). */
enum efi_reset { EFI_RESET_COLD = 0, EFI_RESET_SHUTDOWN = 2 };

/* Have the firmware reset the machine, or switch it off; returns if there is none, or it does not.
 * Interrupts off; afterwards the low half of the address space is the identity. */
void efi_reset(enum efi_reset kind);

/* ---- tsc.c ---- */

/* On the first CPU, before others run. */
void tsc_init(void);
/* Make this further CPU's counter one with the first one's, which has to call tsc_answer() all the
 * time. Interrupts off. */
void tsc_join(void);
void tsc_answer(void);
/* The counter as the first CPU has it, but for a little, which tsc_clamp() takes away: it gives
 * back `now`, or what another CPU got before, if that is more. */
uint64_t tsc_shared(void);
uint64_t tsc_clamp(uint64_t now);
/* Do the CPUs' clocks differ? For tests that make them so. */
void tsc_set_clamped(bool clamp);

/* Ticks of the time-stamp counter in a second; once time_init() has found out. */
uint64_t tsc_frequency(void);

#endif
