/*
 * cpu.c: what this processor can do, and the control registers. Whatever the firmware left is
 * overwritten; a bit is set only if CPUID has its feature, since some emulators do not fault on a
 * reserved bit but hang.
 */
#include <arch/cpu.h>

#include "cpu_model.h"
#include "debug/assert.h"
#include "debug/log.h"
#include "lib/format.h"
#include "lib/options.h"
#include "lib/string.h"
#include <arch/mmu.h>
#include <arch/thread.h>
#include "mm/image.h"
#include "sync/cpu.h"
#include "x86.h"

/* CPUID leaves and bits (SDM 2A, CPUID; AMD APM 3, appendix E). */
#define LEAF_VENDOR            0u
#define LEAF_FEATURES          1u
#define LEAF_STRUCTURED        7u
#define LEAF_EXTENDED_MAX      0x80000000u
#define LEAF_EXTENDED_FEATURES 0x80000001u
#define LEAF_BRAND             0x80000002u
#define LEAF_POWER             0x80000007u
#define LEAF_ADDRESS_SIZES     0x80000008u

#define FEATURE_ECX_PCID         (1u << 17)
#define FEATURE_ECX_X2APIC       (1u << 21)
#define FEATURE_ECX_TSC_DEADLINE (1u << 24)
#define FEATURE_ECX_XSAVE        (1u << 26)
#define FEATURE_ECX_RDRAND       (1u << 30)
#define FEATURE_ECX_HYPERVISOR   (1u << 31)
#define FEATURE_EDX_MCE          (1u << 7)
#define FEATURE_EDX_PGE          (1u << 13)
#define FEATURE_EDX_MCA          (1u << 14)
#define STRUCTURED_EBX_FSGSBASE  (1u << 0)
#define STRUCTURED_EBX_SMEP      (1u << 7)
#define STRUCTURED_EBX_INVPCID   (1u << 10)
#define STRUCTURED_EBX_RDSEED    (1u << 18)
#define STRUCTURED_EBX_SMAP      (1u << 20)
#define STRUCTURED_ECX_UMIP      (1u << 2)
#define EXTENDED_EDX_NX          (1u << 20)
#define POWER_EDX_TSC_INVARIANT  (1u << 8)

#define PHYSICAL_BITS_DEFAULT 36u /* where the CPU does not say (SDM 3A, 4.1.4) */
#define RANDOM_TRIES          10u /* SDM 1, 7.3.17: more failures mean that it is broken */
#define DR6_RESET             0xffff0ff0ul
#define DR7_RESET             0x400ul
#define MCG_COUNT             0xffu
#define BRAND_BYTES           48u
#define VENDOR_INTEL_EBX      0x756e6547u /* "Genu" */

struct cpu_features cpu_features;

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid out = {0};
	uint32_t max;

	__asm__ volatile("cpuid"
			 : "=a"(max), "+b"(out.ebx), "+c"(out.ecx), "=d"(out.edx)
			 : "a"(leaf & LEAF_EXTENDED_MAX));
	if (leaf > max)
		return (struct cpuid){0};
	__asm__ volatile("cpuid"
			 : "=a"(out.eax), "=b"(out.ebx), "=c"(out.ecx), "=d"(out.edx)
			 : "a"(leaf), "c"(subleaf));
	return out;
}

void cpu_set_local(struct cpu *cpu)
{
	cpu->arch.self = cpu;
	msr_write(MSR_GS_BASE, (vaddr_t)cpu);
}

/* Has it PCIDs, and why are they not used then? NULL: they are. */
static bool has_pcids(void)
{
	return cpuid(LEAF_FEATURES, 0).ecx & FEATURE_ECX_PCID;
}

static const char *why_no_pcids(void)
{
	bool intel = cpuid(LEAF_VENDOR, 0).ebx == VENDOR_INTEL_EBX;
	struct cpuid features = cpuid(LEAF_FEATURES, 0);
	const char *wanted = option("pcid");

	if (wanted && !strcmp(wanted, "off"))
		return "the option pcid=off says so";
	/* The kernel's half must be global: nothing flushes it under the tags of other spaces. */
	if (!(features.edx & FEATURE_EDX_PGE))
		return "it has no global pages";
	if (cpu_invlpg_keeps_globals(intel, features.eax))
		return "its INVLPG may leave global translations then";
	return NULL;
}

static struct cpu_features detect(void)
{
	struct cpuid features = cpuid(LEAF_FEATURES, 0);
	struct cpuid structured = cpuid(LEAF_STRUCTURED, 0);
	const uint32_t machine_check = FEATURE_EDX_MCE | FEATURE_EDX_MCA;

	return (struct cpu_features){
		.mce = (features.edx & machine_check) == machine_check,
		.pge = features.edx & FEATURE_EDX_PGE,
		.smep = structured.ebx & STRUCTURED_EBX_SMEP,
		.smap = structured.ebx & STRUCTURED_EBX_SMAP,
		.umip = structured.ecx & STRUCTURED_ECX_UMIP,
		.fsgsbase = structured.ebx & STRUCTURED_EBX_FSGSBASE,
		.xsave = features.ecx & FEATURE_ECX_XSAVE,
		.x2apic = features.ecx & FEATURE_ECX_X2APIC,
		.tsc_deadline = features.ecx & FEATURE_ECX_TSC_DEADLINE,
		.tsc_invariant = cpuid(LEAF_POWER, 0).edx & POWER_EDX_TSC_INVARIANT,
		.pcid = has_pcids() && !why_no_pcids(),
		.invpcid = structured.ebx & STRUCTURED_EBX_INVPCID,
		.rdrand = features.ecx & FEATURE_ECX_RDRAND,
		.rdseed = structured.ebx & STRUCTURED_EBX_RDSEED,
		.hypervisor = features.ecx & FEATURE_ECX_HYPERVISOR,
	};
}

/* What the firmware left in the banks would be taken for a new machine check. (SDM 3B, 15.6) */
static void clear_machine_checks(void)
{
	if (!cpu_features.mce)
		return;
	unsigned banks = msr_read(MSR_MCG_CAP) & MCG_COUNT;
	for (unsigned i = 0; i < banks; i++)
		msr_write(MSR_MC0_STATUS + 4 * i, 0);
}

static uint64_t wanted_cr4(void)
{
	const struct cpu_features *f = &cpu_features;

	return CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT | (f->mce ? CR4_MCE : 0) |
	       (f->pge ? CR4_PGE : 0) | (f->smep ? CR4_SMEP : 0) | (f->smap ? CR4_SMAP : 0) |
	       (f->umip ? CR4_UMIP : 0) | (f->fsgsbase ? CR4_FSGSBASE : 0) |
	       (f->pcid ? CR4_PCIDE : 0) | (f->xsave ? CR4_OSXSAVE : 0);
}

static void write_control_registers(void)
{
	uint64_t cr4;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	/* Without PGE first: that drops what the firmware marked as global. PCIDs can be turned on
	 * only while CR3 names number 0: it does, as PCD and PWT are clear in our roots. (SDM 3A,
	 * 4.10.1) */
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4 & (CR4_PAE | CR4_MCE)) : "memory");
	__asm__ volatile("mov %0, %%cr4" : : "r"(wanted_cr4()) : "memory");
	__asm__ volatile(
		"mov %0, %%cr0"
		:
		: "r"((uint64_t)(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG))
		: "memory");
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SCE | EFER_NXE);
	/* No mapping uses the entry that changes, so caches have nothing to forget. */
	msr_write(MSR_PAT, X86_PAT_VALUE);
	mmu_flush_all();
}

static void clear_debug_registers(void)
{
	__asm__ volatile("mov %0, %%dr7" : : "r"(DR7_RESET));
	__asm__ volatile("mov %0, %%dr6" : : "r"(DR6_RESET));
	__asm__ volatile("mov %0, %%dr0; mov %0, %%dr1; mov %0, %%dr2; mov %0, %%dr3" : : "r"(0ul));
}

/* SDM 3A, 5.8.8. What SFMASK names is clear after SYSCALL; the user's RSP is still in use then. */
static void init_syscall(void)
{
	msr_write(MSR_STAR, (uint64_t)(USER_CS32 | SELECTOR_RPL) << 48 | (uint64_t)KERNEL_CS << 32);
	msr_write(MSR_LSTAR, (vaddr_t)syscall_entry);
	msr_write(MSR_CSTAR, 0);
	msr_write(MSR_SFMASK, RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT |
				      RFLAGS_RF | RFLAGS_AC);
	/* SYSENTER faults. */
	msr_write(MSR_SYSENTER_CS, 0);
}

static void init_registers(vaddr_t stack_top)
{
	descriptors_init(&cpu_local()->arch, stack_top);
	clear_machine_checks();
	write_control_registers();
	clear_debug_registers();
	init_syscall();
}

void cpu_init(void)
{
	if (!(cpuid(LEAF_EXTENDED_FEATURES, 0).edx & EXTENDED_EDX_NX))
		panic("this processor has no no-execute pages");
	cpu_features = detect();
	mmu_pcids = cpu_features.pcid;
	descriptors_fill_idt();
	init_registers((vaddr_t)boot_stack_guard + PAGE_SIZE + KERNEL_STACK_BYTES);
	fpu_init();
	pic_disable();
}

bool cpu_init_further(vaddr_t stack_top)
{
	struct cpu_features mine = detect();

	mine.avx_pages = cpu_features.avx_pages; /* not of the CPU itself */
	if (memcmp(&mine, &cpu_features, sizeof(mine)) != 0)
		return false;
	init_registers(stack_top);
	return fpu_init_further();
}

static void brand(char *text)
{
	text[0] = '\0';
	for (uint32_t i = 0; i < BRAND_BYTES / sizeof(struct cpuid); i++) {
		struct cpuid part = cpuid(LEAF_BRAND + i, 0);
		memcpy(text + i * sizeof(part), &part, sizeof(part));
	}
	text[BRAND_BYTES] = '\0';
	/* Some have spaces before it, others behind it. */
	for (size_t end = strlen(text); end > 0 && text[end - 1] == ' '; end--)
		text[end - 1] = '\0';
}

void cpu_log_features(void)
{
	const struct cpu_features *f = &cpu_features;
	const struct {
		const char *name;
		bool on;
	} features[] = {
		{"NX", true},
		{"WP", true},
		{"SMEP", f->smep},
		{"SMAP", f->smap},
		{"UMIP", f->umip},
		{"FSGSBASE", f->fsgsbase},
		{"XSAVE", f->xsave},
		{"PGE", f->pge},
		{"MCE", f->mce},
		{"PCID", f->pcid},
		{"INVPCID", f->invpcid},
	};
	char name[BRAND_BYTES + 1], on[80] = "", off[80] = "";
	size_t on_length = 0, off_length = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(features); i++)
		if (features[i].on)
			on_length += format(on + on_length, sizeof(on) - on_length, " %s",
					    features[i].name);
		else
			off_length += format(off + off_length, sizeof(off) - off_length, " %s",
					     features[i].name);
	brand(name);
	const char *shown = name;
	while (*shown == ' ')
		shown++;
	log_fact("CPU: %s; on:%s; lacks:%s; %zu bytes of vector registers%s",
		 *shown ? shown : "unnamed", on, off_length ? off : " nothing", fpu_area_bytes(),
		 f->hypervisor ? "; virtual" : "");
	if (has_pcids() && !f->pcid)
		log_fact("CPU: PCID is not used, as %s", why_no_pcids());
}

bool cpu_random(uint64_t *value)
{
	/* What the other's numbers are made of; slower, and it may have none at the moment. */
	for (unsigned i = 0; cpu_features.rdseed && i < RANDOM_TRIES; i++) {
		bool ok;
		__asm__ volatile("rdseed %0" : "=r"(*value), "=@ccc"(ok));
		if (ok && *value != UINT64_MAX)
			return true;
		cpu_relax();
	}
	if (!cpu_features.rdrand)
		return false;
	for (unsigned i = 0; i < RANDOM_TRIES; i++) {
		bool ok;
		__asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(ok));
		/* Some AMD processors say success and give all ones after sleep. */
		if (ok && *value != UINT64_MAX)
			return true;
	}
	return false;
}

paddr_t cpu_physical_limit(void)
{
	unsigned bits = cpuid(LEAF_ADDRESS_SIZES, 0).eax & 0xff;

	return 1ull << (bits ? MIN(bits, 52u) : PHYSICAL_BITS_DEFAULT);
}

uint64_t cpu_hwcap(void)
{
	return cpuid(LEAF_FEATURES, 0).edx;
}

/* STI takes effect after the next instruction, so no interrupt slips in before the HLT. */
void cpu_idle(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

void cpu_halt(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}
