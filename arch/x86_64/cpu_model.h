/*
 * cpu_model.h: which processor this is, by CPUID leaf 1, EAX (SDM 2A, CPUID, figure 3-6), and what
 * follows from that where CPUID's features say too much. Pure, so that all are tested on any.
 */
#ifndef ARCH_X86_64_CPU_MODEL_H
#define ARCH_X86_64_CPU_MODEL_H

#include "lib/types.h"

#define FAMILY_EXTENDED    15u
#define FAMILY_WITH_MODELS 6u

static inline uint32_t cpu_family(uint32_t signature)
{
	uint32_t family = signature >> 8 & 15;

	return family == FAMILY_EXTENDED ? family + (signature >> 20 & 0xff) : family;
}

static inline uint32_t cpu_model(uint32_t signature)
{
	uint32_t family = signature >> 8 & 15, model = signature >> 4 & 15;

	if (family == FAMILY_EXTENDED || family == FAMILY_WITH_MODELS)
		model |= signature >> 12 & 0xf0;
	return model;
}

/*
 * Does INVLPG leave global translations where PCIDs are on? The Gracemont cores of these may, until
 * new microcode has been loaded (Intel, "12th Generation Core Processor Specification Update",
 * ADL063 and its likes).
 */
static inline bool cpu_invlpg_keeps_globals(bool intel, uint32_t signature)
{
	if (!intel || cpu_family(signature) != 6)
		return false;
	switch (cpu_model(signature)) {
	case 0x97: /* Alder Lake, and its L and N */
	case 0x9a:
	case 0xbe:
	case 0xb7: /* Raptor Lake, and its P and S */
	case 0xba:
	case 0xbf:
		return true;
	}
	return false;
}

#endif
