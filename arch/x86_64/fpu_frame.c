/*
 * fpu_frame.c: floating-point and vector registers in a signal's frame: an XSAVE area in standard
 * form. In bytes that the processor leaves alone, struct _fpx_sw_bytes of <asm/sigcontext.h> says
 * how large it is, and a magic word follows it. A program may hand back a smaller area, or one of
 * FXSAVE alone, and anything else too.
 */
#include <arch/irq.h>
#include <arch/thread.h>
#include <arch/user.h>
#include <asm/sigcontext.h>

#include "lib/errno.h"
#include "lib/string.h"
#include "x86.h"

#define SOFTWARE_BYTES_AT 464u /* SDM 1, table 10-2: available */
#define HEADER_BYTES      64u
#define HEADER_WORDS      (HEADER_BYTES / sizeof(uint64_t))
#define FXSAVE_ALIGN      16u
#define FEATURES_FXSAVE   3u /* x87 and SSE */

static uint32_t state_bytes(void)
{
	return (uint32_t)fpu_area_bytes();
}

size_t fpu_user_bytes(void)
{
	return state_bytes() + (cpu_features.xsave ? FP_XSTATE_MAGIC2_SIZE : 0);
}

/* While the thread runs its own area is free, but a switch writes the same registers to it. */
int fpu_push(struct arch_thread *current, vaddr_t to)
{
	const uint32_t magic = FP_XSTATE_MAGIC2;
	char *area = current->registers;
	struct _fpx_sw_bytes software = {0};

	if (cpu_features.xsave)
		software = (struct _fpx_sw_bytes){
			.magic1 = FP_XSTATE_MAGIC1,
			.extended_size = (uint32_t)fpu_user_bytes(),
			.xfeatures = fpu_features(),
			.xstate_size = state_bytes(),
		};
	bool were_on = irq_save();
	/* The processor leaves gaps, in which the program must not find what is the kernel's. */
	memset(area, 0, state_bytes());
	fpu_save(area);
	memcpy(area + SOFTWARE_BYTES_AT, &software, sizeof(software));
	/* Legacy programs change these without looking at the header. */
	if (cpu_features.xsave)
		*(uint64_t *)(area + FXSAVE_BYTES) |= FEATURES_FXSAVE;
	irq_restore(were_on);
	if (arch_copy_to_user(to, area, state_bytes()))
		return -EFAULT;
	if (cpu_features.xsave && arch_copy_to_user(to + state_bytes(), &magic, sizeof(magic)))
		return -EFAULT;
	return 0;
}

/* How much of a whole XSAVE area there is at `from`: all or, if anything is odd, FXSAVE's part. */
static int find_size(vaddr_t from, size_t *bytes, uint64_t *features)
{
	struct _fpx_sw_bytes software;
	uint32_t magic;

	*bytes = FXSAVE_BYTES;
	*features = FEATURES_FXSAVE;
	if (!cpu_features.xsave)
		return 0;
	if (arch_copy_from_user(&software, from + SOFTWARE_BYTES_AT, sizeof(software)))
		return -EFAULT;
	if (software.magic1 != FP_XSTATE_MAGIC1 ||
	    software.xstate_size < FXSAVE_BYTES + HEADER_BYTES ||
	    software.xstate_size > state_bytes() || software.xstate_size > software.extended_size)
		return 0;
	if (arch_copy_from_user(&magic, from + software.xstate_size, sizeof(magic)))
		return -EFAULT;
	if (magic != FP_XSTATE_MAGIC2)
		return 0;
	*bytes = software.xstate_size;
	*features = software.xfeatures;
	return 0;
}

/*
 * The header comes apart: XSAVE does not write all of it, XRSTOR refuses what it does not know, and
 * a copy may sleep, after which the switch loads the area. So what a program says is in the area
 * with interrupts off, once it is known to be good.
 */
static int copy_area(char *area, uint64_t header[HEADER_WORDS], vaddr_t from, size_t bytes)
{
	size_t after = FXSAVE_BYTES + HEADER_BYTES;

	if (arch_copy_from_user(area, from, FXSAVE_BYTES))
		return -EFAULT;
	if (bytes == FXSAVE_BYTES)
		return 0;
	if (arch_copy_from_user(header, from + FXSAVE_BYTES, HEADER_BYTES) ||
	    arch_copy_from_user(area + after, from + after, bytes - after))
		return -EFAULT;
	return 0;
}

/* What the program did not hand over, or says is not there, gets its initial state. */
static void complete(char *area, uint64_t header[HEADER_WORDS], size_t bytes, uint64_t features)
{
	if (!cpu_features.xsave)
		return;
	memset(area + bytes, 0, state_bytes() - bytes);
	if (bytes == FXSAVE_BYTES)
		header[0] = FEATURES_FXSAVE;
	/* A component that is on but beyond the end of what was handed over is all zeros. */
	header[0] &= features | ~fpu_features();
	memset(header + 3, 0, HEADER_BYTES - 3 * sizeof(header[0])); /* reserved, not checked */
}

/* Load the area with this header, if the processor will take it. Interrupts off. */
static bool load(char *area, const uint64_t header[HEADER_WORDS])
{
	if (!fpu_area_is_valid(area, header))
		return false;
	if (cpu_features.xsave)
		memcpy(area + FXSAVE_BYTES, header, HEADER_BYTES);
	fpu_load(area);
	return true;
}

int fpu_pop(struct arch_thread *current, vaddr_t from)
{
	char *area = current->registers;
	uint64_t header[HEADER_WORDS] = {0}, features, saves;
	size_t bytes;

	if (!from) {
		fpu_reset();
		return 0;
	}
	int error = find_size(from, &bytes, &features);
	if (error)
		return error;
	/* Linux loads it where it stands, so the processor wants it aligned. */
	if (!IS_ALIGNED(from, bytes == FXSAVE_BYTES ? FXSAVE_ALIGN : FPU_ALIGN))
		return -EINVAL;
	for (;;) {
		saves = current->saves;
		if (copy_area(area, header, from, bytes))
			return -EFAULT;
		bool were_on = irq_save();
		bool whole = saves == current->saves; /* no switch has written over it */
		bool valid = false;
		if (whole) {
			complete(area, header, bytes, features);
			valid = load(area, header);
		}
		irq_restore(were_on);
		if (whole)
			return valid ? 0 : -EINVAL;
	}
}
