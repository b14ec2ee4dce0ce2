/* cpu_info.c: what a CPU says of itself, in the words of Linux's /proc/cpuinfo. */
#include <arch/cpu.h>
#include <arch/time.h>

#include "cpu_model.h"
#include "lib/string.h"
#include "lib/text.h"
#include "x86.h"

/* CPUID leaves (SDM 2A, CPUID). */
#define LEAF_VENDOR            0u
#define LEAF_FEATURES          1u
#define LEAF_STRUCTURED        7u
#define LEAF_EXTENDED_FEATURES 0x80000001u
#define LEAF_BRAND             0x80000002u
#define LEAF_ADDRESS_SIZES     0x80000008u
#define BRAND_PARTS            3u

static const char *const features_edx[32] = {
	"fpu",  "vme",  "de",   "pse", "tsc",  "msr", "pae",   "mce", "cx8",     "apic", NULL,
	"sep",  "mtrr", "pge",  "mca", "cmov", "pat", "pse36", "pn",  "clflush", NULL,   "dts",
	"acpi", "mmx",  "fxsr", "sse", "sse2", "ss",  "ht",    "tm",  "ia64",    "pbe",
};
static const char *const extended_edx[32] = {
	NULL, NULL,       NULL,      NULL,      NULL, NULL, NULL,       NULL,
	NULL, NULL,       NULL,      "syscall", NULL, NULL, NULL,       NULL,
	NULL, NULL,       NULL,      NULL,      "nx", NULL, "mmxext",   NULL,
	NULL, "fxsr_opt", "pdpe1gb", "rdtscp",  NULL, "lm", "3dnowext", "3dnow",
};
static const char *const features_ecx[32] = {
	"pni",    "pclmulqdq",  "dtes64", "monitor", "ds_cpl",
	"vmx",    "smx",        "est",    "tm2",     "ssse3",
	"cid",    "sdbg",       "fma",    "cx16",    "xtpr",
	"pdcm",   NULL,         "pcid",   "dca",     "sse4_1",
	"sse4_2", "x2apic",     "movbe",  "popcnt",  "tsc_deadline_timer",
	"aes",    "xsave",      NULL,     "avx",     "f16c",
	"rdrand", "hypervisor",
};
static const char *const extended_ecx[32] = {
	"lahf_lm",    "cmp_legacy",  "svm",
	"extapic",    "cr8_legacy",  "abm",
	"sse4a",      "misalignsse", "3dnowprefetch",
	"osvw",       "ibs",         "xop",
	"skinit",     "wdt",         NULL,
	"lwp",        "fma4",        "tce",
	NULL,         "nodeid_msr",  NULL,
	"tbm",        "topoext",     "perfctr_core",
	"perfctr_nb", NULL,          "bpext",
	"ptsc",       "perfctr_llc", "mwaitx",
	NULL,         NULL,
};
static const char *const structured_ebx[32] = {
	"fsgsbase",   "tsc_adjust", "sgx",        "bmi1",     "hle",      "avx2",     NULL,
	"smep",       "bmi2",       "erms",       "invpcid",  "rtm",      "cqm",      NULL,
	"mpx",        "rdt_a",      "avx512f",    "avx512dq", "rdseed",   "adx",      "smap",
	"avx512ifma", NULL,         "clflushopt", "clwb",     "intel_pt", "avx512pf", "avx512er",
	"avx512cd",   "sha_ni",     "avx512bw",   "avx512vl",
};

static void print_flags(uint32_t bits, const char *const names[32], struct text_sink *sink)
{
	for (unsigned i = 0; i < 32; i++)
		if ((bits & 1u << i) && names[i])
			text_print(sink, "%s ", names[i]);
}

static void print_name(struct text_sink *sink)
{
	uint32_t vendor[4] = {0};
	struct cpuid id = cpuid(LEAF_VENDOR, 0), brand[BRAND_PARTS + 1] = {0};
	const char *name = (const char *)brand;

	vendor[0] = id.ebx;
	vendor[1] = id.edx;
	vendor[2] = id.ecx;
	for (unsigned i = 0; i < BRAND_PARTS; i++)
		brand[i] = cpuid(LEAF_BRAND + i, 0);
	while (*name == ' ')
		name++;
	id = cpuid(LEAF_FEATURES, 0);
	text_print(sink, "vendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n", (const char *)vendor,
		   cpu_family(id.eax), cpu_model(id.eax));
	text_print(sink, "model name\t: %s\nstepping\t: %u\n", name, id.eax & 15);
}

void cpu_print_info(unsigned number, struct text_sink *sink)
{
	struct cpuid features = cpuid(LEAF_FEATURES, 0);
	struct cpuid extended = cpuid(LEAF_EXTENDED_FEATURES, 0);
	struct cpuid sizes = cpuid(LEAF_ADDRESS_SIZES, 0);
	uint64_t khz = tsc_frequency() / 1000;

	text_print(sink, "processor\t: %u\n", number);
	print_name(sink);
	text_print(sink, "cpu MHz\t\t: %u.%03u\n", (unsigned)(khz / 1000), (unsigned)(khz % 1000));
	text_put(sink, "physical id\t: 0\nsiblings\t: 1\n");
	text_print(sink, "core id\t\t: %u\ncpu cores\t: 1\n", number);
	text_put(sink, "fpu\t\t: yes\nfpu_exception\t: yes\nwp\t\t: yes\nflags\t\t: ");
	print_flags(features.edx, features_edx, sink);
	print_flags(extended.edx, extended_edx, sink);
	print_flags(features.ecx, features_ecx, sink);
	print_flags(extended.ecx, extended_ecx, sink);
	print_flags(cpuid(LEAF_STRUCTURED, 0).ebx, structured_ebx, sink);
	text_print(sink, "\nbogomips\t: %u.%02u\nclflush size\t: %u\n", (unsigned)(khz / 500),
		   (unsigned)(khz / 5 % 100), (features.ebx >> 8 & 0xff) * 8);
	text_print(sink, "address sizes\t: %u bits physical, %u bits virtual\n\n", sizes.eax & 0xff,
		   sizes.eax >> 8 & 0xff);
}
