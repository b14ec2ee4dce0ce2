/* cpu.c: what this CPU has, what of it is turned on, its segments and its task state. SDM volume
 * 3A, chapters 2, 3, 8. */
#include <arch/cpu.h>
#include <arch/port.h>
#include <cpuid.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "interrupts.h"
#include "lib/string.h"
#include "mm/layout.h"
#include "registers.h"
#include "sync/cpu.h"

_Static_assert(offsetof(struct arch_cpu, self) == ARCH_CPU_SELF, "entry.S knows it");
_Static_assert(offsetof(struct arch_cpu, kernel_stack) == ARCH_CPU_KERNEL_STACK,
	       "entry.S knows it");
_Static_assert(offsetof(struct arch_cpu, user_rsp) == ARCH_CPU_USER_RSP, "entry.S knows it");
_Static_assert(offsetof(struct cpu, arch) == 0, "the GS base is both");
_Static_assert(sizeof(struct tss) == 104, "SDM 3A, 8.7");

/* CPUID leaves and bits: SDM 2A, CPUID. */
#define LEAF_FEATURES          1u
#define LEAF_STRUCTURED        7u
#define LEAF_EXTENDED_FEATURES 0x80000001u
#define LEAF_ADDRESS_SIZES     0x80000008u
#define ECX1_RDRAND            (1u << 30)
#define ECX1_XSAVE             (1u << 26)
#define ECX1_HYPERVISOR        (1u << 31)
#define EBX7_FSGSBASE          (1u << 0)
#define EBX7_SMEP              (1u << 7)
#define EBX7_SMAP              (1u << 20)
#define ECX7_UMIP              (1u << 2)
#define EDX81_NX               (1u << 20)
#define EDX81_1GIB             (1u << 26)

#define IST_STACK_BYTES   8192
#define IST_COUNT         3
#define DEFAULT_PHYS_BITS 36
#define RANDOM_TRIES      10 /* SDM 1, 7.3.17.1 */

/* 8259 interrupt controllers: all lines off; the APIC serves instead. */
#define PIC_MASTER_DATA 0x21
#define PIC_SLAVE_DATA  0xa1
#define PIC_ALL_MASKED  0xff

bool cpu_smap; /* the same on every CPU; written by cpu_init */

static uint8_t ist_stacks[IST_COUNT][IST_STACK_BYTES] ALIGNED(16); /* the boot CPU's */

struct features {
	uint32_t ecx1, edx1, ebx7, ecx7, edx81;
};

extern void syscall_entry(void);

static struct features detect(void)
{
	struct features f = {0};
	unsigned a, b, c, d;

	if (__get_cpuid(LEAF_FEATURES, &a, &b, &c, &d)) {
		f.ecx1 = c;
		f.edx1 = d;
	}
	if (__get_cpuid_count(LEAF_STRUCTURED, 0, &a, &b, &c, &d)) {
		f.ebx7 = b;
		f.ecx7 = c;
	}
	if (__get_cpuid(LEAF_EXTENDED_FEATURES, &a, &b, &c, &d))
		f.edx81 = d;
	return f;
}

void cpu_set_local(struct cpu *cpu)
{
	cpu->arch.self = cpu;
	write_msr(MSR_GS_BASE, (uint64_t)cpu);
	write_msr(MSR_KERNEL_GS_BASE, 0);
}

/* Descriptors: SDM 3A, 3.4.5 and 8.2.3. Flat; long mode ignores base and limit. */
#define DESCRIPTOR_KERNEL_CODE 0x00af9b000000ffffull
#define DESCRIPTOR_KERNEL_DATA 0x00cf93000000ffffull
#define DESCRIPTOR_USER_DATA   0x00cff3000000ffffull
#define DESCRIPTOR_USER_CODE   0x00affb000000ffffull
#define DESCRIPTOR_TSS         (0x89ull << 40)

static void load_segments(struct arch_cpu *arch)
{
	uint64_t tss = (uint64_t)&arch->tss;
	struct PACKED {
		uint16_t limit;
		uint64_t base;
	} pointer = {sizeof(arch->gdt) - 1, (uint64_t)arch->gdt};

	arch->gdt[KERNEL_CS / 8] = DESCRIPTOR_KERNEL_CODE;
	arch->gdt[KERNEL_SS / 8] = DESCRIPTOR_KERNEL_DATA;
	arch->gdt[USER_SS / 8] = DESCRIPTOR_USER_DATA;
	arch->gdt[USER_CS / 8] = DESCRIPTOR_USER_CODE;
	arch->gdt[TSS_SEL / 8] = DESCRIPTOR_TSS | (sizeof(arch->tss) - 1) | (tss & 0xffffff) << 16 |
				 (tss >> 24 & 0xff) << 56;
	arch->gdt[TSS_SEL / 8 + 1] = tss >> 32;
	arch->tss.iomap_base = sizeof(arch->tss);
	for (unsigned i = 0; i < IST_COUNT; i++)
		arch->tss.ist[i] = (uint64_t)(ist_stacks[i] + IST_STACK_BYTES);
	/* A far return reloads CS. Null FS and GS selectors clear the bases on some CPUs: ours is
	 * put back. */
	__asm__ volatile("lgdt %0\n\t"
			 "pushq %1\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "movw %w2, %%ss\n\t"
			 "movw %w2, %%ds\n\t"
			 "movw %w2, %%es\n\t"
			 "movw %w3, %%fs\n\t"
			 "movw %w3, %%gs\n\t"
			 "ltr %w4"
			 :
			 : "m"(pointer), "i"(KERNEL_CS), "r"(KERNEL_SS), "r"(0), "r"(TSS_SEL)
			 : "rax", "memory");
	write_msr(MSR_FS_BASE, 0);
	cpu_set_local(container_of(arch, struct cpu, arch));
}

static void set_control_registers(const struct features *f)
{
	uint64_t cr4 = (read_cr4() & (CR4_PAE | CR4_MCE)) | CR4_PAE | CR4_MCE | CR4_PGE |
		       CR4_OSFXSR | CR4_OSXMMEXCPT;

	/* Setting a bit that the CPU does not have is a fault at best. */
	cr4 |= f->ecx1 & ECX1_XSAVE ? CR4_OSXSAVE : 0;
	cr4 |= f->ebx7 & EBX7_FSGSBASE ? CR4_FSGSBASE : 0;
	cr4 |= f->ebx7 & EBX7_SMEP ? CR4_SMEP : 0;
	cr4 |= f->ebx7 & EBX7_SMAP ? CR4_SMAP : 0;
	cr4 |= f->ecx7 & ECX7_UMIP ? CR4_UMIP : 0;
	write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | (uint32_t)CR0_PG);
	write_cr4(cr4);
	write_msr(MSR_EFER, EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE);
	write_msr(MSR_PAT, X86_PAT_VALUE);
	__asm__ volatile("mov %0, %%dr7" : : "r"(0ull));
	cpu_smap = cr4 & CR4_SMAP;
}

static void set_syscall_registers(void)
{
	/* SYSRET's base is such that +8 is USER_SS and +16 USER_CS. */
	write_msr(MSR_STAR, (uint64_t)(USER_SS - 8) << 48 | (uint64_t)KERNEL_CS << 32);
	write_msr(MSR_LSTAR, (uint64_t)syscall_entry);
	write_msr(MSR_SFMASK,
		  RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT | RFLAGS_AC);
}

void cpu_init(void)
{
	struct features f = detect();

	if (!(f.edx81 & EDX81_NX))
		panic("this CPU has no no-execute pages; Quire needs them");
	load_segments(&cpu_local()->arch);
	idt_init();
	set_control_registers(&f);
	set_syscall_registers();
	vector_init();
	port_out8(PIC_MASTER_DATA, PIC_ALL_MASKED);
	port_out8(PIC_SLAVE_DATA, PIC_ALL_MASKED);
}

void cpu_log_features(void)
{
	struct features f = detect();
	uint32_t name[13] = {0};
	uint64_t cr4 = read_cr4();

	for (unsigned i = 0; i < 3; i++)
		(void)__get_cpuid(0x80000002u + i, &name[i * 4], &name[i * 4 + 1], &name[i * 4 + 2],
				  &name[i * 4 + 3]);
	log_info("CPU: %s; on: NX WP%s%s%s%s%s%s; 1 GiB pages: %s", (const char *)name,
		 cr4 & CR4_SMEP ? " SMEP" : "", cr4 & CR4_SMAP ? " SMAP" : "",
		 cr4 & CR4_UMIP ? " UMIP" : "", cr4 & CR4_FSGSBASE ? " FSGSBASE" : "",
		 cr4 & CR4_OSXSAVE ? " XSAVE" : "", cr4 & CR4_PGE ? " PGE" : "",
		 f.edx81 & EDX81_1GIB ? "yes" : "no");
}

bool cpu_random(uint64_t *value)
{
	if (!(detect().ecx1 & ECX1_RDRAND))
		return false;
	for (unsigned tries = 0; tries < RANDOM_TRIES; tries++) {
		bool ok;
		__asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(ok));
		if (ok)
			return true;
	}
	return false;
}

paddr_t cpu_physical_limit(void)
{
	unsigned a, b, c, d;
	unsigned bits = DEFAULT_PHYS_BITS;

	if (__get_cpuid(LEAF_ADDRESS_SIZES, &a, &b, &c, &d))
		bits = a & 0xff;
	/* What the direct map has room for. */
	return MIN(1ull << MIN(bits, 52u), DIRECT_MAP_BYTES);
}

uint64_t cpu_hwcap(void)
{
	return detect().edx1;
}

void cpu_idle(void)
{
	/* STI holds interrupts off for one more instruction, so none is lost before HLT. */
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

void cpu_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}
