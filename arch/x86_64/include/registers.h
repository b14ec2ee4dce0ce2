/*
 * registers.h: the names of control registers' bits, model-specific registers, selectors and
 * vectors, for C and assembly alike. Intel SDM volume 3A, 2.5 (control registers) and volume 4
 * (MSRs).
 */
#ifndef ARCH_X86_64_REGISTERS_H
#define ARCH_X86_64_REGISTERS_H

#define CR0_PE (1 << 0)
#define CR0_MP (1 << 1)
#define CR0_ET (1 << 4)
#define CR0_NE (1 << 5)
#define CR0_WP (1 << 16)
#define CR0_AM (1 << 18)
#define CR0_PG 0x80000000

#define CR4_PAE        (1 << 5)
#define CR4_MCE        (1 << 6)
#define CR4_PGE        (1 << 7)
#define CR4_OSFXSR     (1 << 9)
#define CR4_OSXMMEXCPT (1 << 10)
#define CR4_UMIP       (1 << 11)
#define CR4_FSGSBASE   (1 << 16)
#define CR4_PCIDE      (1 << 17)
#define CR4_OSXSAVE    (1 << 18)
#define CR4_SMEP       (1 << 20)
#define CR4_SMAP       (1 << 21)

#define MSR_APIC_BASE      0x1b
#define MSR_TSC_ADJUST     0x3b
#define MSR_SYSENTER_CS    0x174
#define MSR_PAT            0x277
#define MSR_MCG_CAP        0x179
#define MSR_MC0_STATUS     0x401 /* one in four: MCi_STATUS is at 0x401 + 4i */
#define MSR_TSC_DEADLINE   0x6e0
#define MSR_X2APIC         0x800 /* register at MMIO offset r is at 0x800 + r / 16 */
#define MSR_EFER           0xc0000080
#define MSR_STAR           0xc0000081
#define MSR_LSTAR          0xc0000082
#define MSR_CSTAR          0xc0000083
#define MSR_SFMASK         0xc0000084
#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102

#define EFER_SCE (1 << 0)
#define EFER_LME (1 << 8)
#define EFER_NXE (1 << 11)

#define APIC_BASE_X2APIC (1 << 10)
#define APIC_BASE_ENABLE (1 << 11)

#define RFLAGS_FIXED (1 << 1) /* always one */
#define RFLAGS_TF    (1 << 8)
#define RFLAGS_IF    (1 << 9)
#define RFLAGS_DF    (1 << 10)
#define RFLAGS_IOPL  (3 << 12)
#define RFLAGS_NT    (1 << 14)
#define RFLAGS_RF    (1 << 16)
#define RFLAGS_AC    (1 << 18)

/* DR6 (SDM 3B, 17.2.3): nothing; a breakpoint of DR0 to DR3; a single step. */
#define DR6_NONE        0xffff0ff0
#define DR6_BREAKPOINTS 0xf
#define DR6_STEP        (1 << 14)

/*
 * Selectors. SYSCALL and SYSRET dictate the order: SYSCALL loads CS and SS from STAR[47:32] and
 * that + 8, SYSRET from STAR[63:48] + 16 and + 8. (SDM 2B, SYSRET.)
 * The user's are Linux's: programs find them in signal frames, and put them there.
 */
#define KERNEL_CS    0x08
#define KERNEL_SS    0x10
#define USER_CS32    0x20 /* no descriptor: 32-bit programs do not exist */
#define USER_SS      (0x28 | 3)
#define USER_CS      (0x30 | 3)
#define TSS_SELECTOR 0x38 /* two slots */
#define GDT_ENTRIES  9
#define SELECTOR_RPL 3

/* Vectors. 0 to 31 are the processor's exceptions (SDM 3A, table 6-1). */
#define VECTOR_DIVIDE         0
#define VECTOR_DEBUG          1
#define VECTOR_NMI            2
#define VECTOR_BREAKPOINT     3
#define VECTOR_OVERFLOW       4
#define VECTOR_BOUND          5
#define VECTOR_INVALID_OPCODE 6
#define VECTOR_NO_FPU         7
#define VECTOR_DOUBLE_FAULT   8
#define VECTOR_INVALID_TSS    10
#define VECTOR_NOT_PRESENT    11
#define VECTOR_STACK          12
#define VECTOR_PROTECTION     13
#define VECTOR_PAGE_FAULT     14
#define VECTOR_X87            16
#define VECTOR_ALIGNMENT      17
#define VECTOR_MACHINE_CHECK  18
#define VECTOR_SIMD           19
#define VECTOR_VIRTUALIZATION 20
#define VECTOR_CONTROL        21
#define VECTOR_VMM            29
#define VECTOR_SECURITY       30
#define VECTOR_EXCEPTIONS     32
#define VECTOR_PIC            0x20 /* 16: where the 8259s are told to put what they must not send */
#define VECTOR_LINE           0x30 /* 16: the legacy lines, by the I/O APIC */
#define VECTOR_TIMER          0xf0
#define VECTOR_CALL           0xf1 /* another CPU wants something */
#define VECTOR_SPURIOUS       0xff
#define VECTORS               256
/* trap_frame.vector of a system call, which comes by no vector. */
#define VECTOR_SYSCALL        256

/* Offsets that assembly uses; the headers of the structures assert them. */
#define CPU_SELF          0
#define CPU_SYSCALL_STACK 8
#define CPU_USER_SP       16
#define TRAP_FRAME_BYTES  176
#define TRAP_FRAME_VECTOR 120
#define TRAP_FRAME_CS     144
#define TRAP_STUB_CS      24 /* from vector on: what a stub finds */
#define TRAP_STUB_RFLAGS  32

#ifndef __ASSEMBLER__
#include "lib/types.h"

static inline uint64_t msr_read(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t msr, uint64_t value)
{
	uint32_t low = (uint32_t)value, high = (uint32_t)(value >> 32);

	__asm__ volatile("wrmsr" : : "c"(msr), "a"(low), "d"(high) : "memory");
}

static inline uint64_t tsc_read(void)
{
	uint32_t low, high;

	/* LFENCE keeps the read from moving up before earlier loads. (SDM 3B, 17.17) */
	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* All zeros for a leaf that this CPU has not: the instruction itself would answer with another
 * leaf's numbers. */
struct cpuid cpuid(uint32_t leaf, uint32_t subleaf);

#endif
#endif
