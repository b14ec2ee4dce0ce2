/*
 * fpu.c: x87, SSE and AVX registers. The kernel does not use them, but for page.S, which puts them
 * back: they always hold the running thread's values, and change at arch_thread_switch(). (SDM 1,
 * chapter 13: XSAVE; 10.5: FXSAVE.)
 */
#include "debug/assert.h"
#include "lib/string.h"
#include "x86.h"

#define LEAF_XSAVE 0xd

/*
 * State components that may be on: x87, SSE, AVX, and AVX-512's three. Left off: MPX, which is
 * gone; PKRU, as CR4.PKE is off; AMX, whose 8 KiB a thread nobody asked for.
 */
#define XCR0_X87    (1u << 0)
#define XCR0_SSE    (1u << 1)
#define XCR0_AVX    (1u << 2)
#define XCR0_AVX512 (7u << 5)

#define AREA_BYTES_MAX     4096u /* all components of AVX-512 */
#define XSAVE_HEADER_BYTES (size_t)64
/* Offsets and initial values in the legacy region (SDM 1, table 10-2). */
#define FXSAVE_FCW         0
#define FXSAVE_MXCSR       24
#define FXSAVE_MXCSR_MASK  28
#define MXCSR_MASK_DEFAULT 0xffbfu
#define FCW_INITIAL        0x37f
#define MXCSR_INITIAL      0x1f80

/* Set by fpu_init(), constant after it. */
static size_t area_bytes;
static uint64_t features;   /* XCR0 */
static uint32_t mxcsr_mask; /* bits of MXCSR that may be set */
static char initial_area[AREA_BYTES_MAX] __attribute__((aligned(FPU_ALIGN)));

static void xcr0_write(uint64_t value)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

/* SDM 1, 11.6.6. */
static void find_mxcsr_mask(void)
{
	__asm__ volatile("fxsave64 %0" : "=m"(initial_area));
	mxcsr_mask = *(const uint32_t *)(initial_area + FXSAVE_MXCSR_MASK);
	if (!mxcsr_mask)
		mxcsr_mask = MXCSR_MASK_DEFAULT;
}

static void load_initial(void)
{
	uint32_t mxcsr = MXCSR_INITIAL;

	__asm__ volatile("fninit; ldmxcsr %0" : : "m"(mxcsr));
}

void fpu_init(void)
{
	area_bytes = FXSAVE_BYTES;
	if (cpu_features.xsave) {
		uint32_t wanted =
			cpuid(LEAF_XSAVE, 0).eax & (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512);
		/* AVX-512's components come all or none, and only with AVX. */
		if ((wanted & XCR0_AVX512) != XCR0_AVX512 || !(wanted & XCR0_AVX))
			wanted &= ~XCR0_AVX512;
		xcr0_write(wanted);
		features = wanted;
		cpu_features.avx_pages = (wanted & XCR0_AVX) && !(wanted & XCR0_AVX512);
		area_bytes = cpuid(LEAF_XSAVE, 0).ebx; /* for what is on in XCR0 now */
		assert(area_bytes > FXSAVE_BYTES);
	}
	load_initial();
	find_mxcsr_mask();
	assert(area_bytes <= sizeof(initial_area));
	fpu_area_init(initial_area);
}

bool fpu_init_further(void)
{
	if (cpu_features.xsave) {
		if (features & ~(uint64_t)cpuid(LEAF_XSAVE, 0).eax)
			return false;
		xcr0_write(features);
		if (cpuid(LEAF_XSAVE, 0).ebx != area_bytes)
			return false;
	}
	load_initial();
	return true;
}

uint64_t fpu_features(void)
{
	return features;
}

void fpu_reset(void)
{
	fpu_load(initial_area);
}

/* What XRSTOR refuses (SDM 1, 13.8.1), and LDMXCSR. */
bool fpu_area_is_valid(const void *area, const uint64_t *header)
{
	const char *bytes = area;

	if (*(const uint32_t *)(bytes + FXSAVE_MXCSR) & ~mxcsr_mask)
		return false;
	return !cpu_features.xsave || (!(header[0] & ~features) && !header[1] && !header[2]);
}

size_t fpu_area_bytes(void)
{
	return area_bytes;
}

/* All zeros says "initial state" to XRSTOR, but for MXCSR; FXRSTOR wants FCW too. */
void fpu_area_init(void *area)
{
	memset(area, 0, area_bytes);
	*(uint16_t *)((char *)area + FXSAVE_FCW) = FCW_INITIAL;
	*(uint32_t *)((char *)area + FXSAVE_MXCSR) = MXCSR_INITIAL;
}

void fpu_area_prepare(void *area)
{
	memset((char *)area + FXSAVE_BYTES, 0, MIN(area_bytes - FXSAVE_BYTES, XSAVE_HEADER_BYTES));
}

void fpu_save(void *area)
{
	if (cpu_features.xsave)
		__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

void fpu_load(const void *area)
{
	if (cpu_features.xsave)
		__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"(~0u), "d"(~0u) : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}
