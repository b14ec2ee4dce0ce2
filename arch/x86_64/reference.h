/*
 * reference.h: counters of known frequency, to measure the time-stamp counter and the APIC's timer
 * against.
 */
#ifndef ARCH_X86_64_REFERENCE_H
#define ARCH_X86_64_REFERENCE_H

#include "lib/types.h"

struct reference {
	const char *name;
	uint64_t frequency; /* Hz */
	uint64_t mask;      /* it wraps after this value */
	uint64_t (*read)(void);
};

/* The best one that this machine has and that counts. false: none does. */
NODISCARD bool reference_find(struct reference *out);

#endif
