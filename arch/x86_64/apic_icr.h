/*
 * apic_icr.h: the interrupt command register, by which one processor interrupts another. Pure, so
 * that both of its forms are tested on any machine. (SDM 3A, 10.6.1 and 10.12.9.)
 */
#ifndef ARCH_X86_64_APIC_ICR_H
#define ARCH_X86_64_APIC_ICR_H

#include "lib/types.h"

/* The low half: vector, delivery mode, level. */
#define ICR_FIXED   (0u << 8)
#define ICR_NMI     (4u << 8)
#define ICR_INIT    (5u << 8)
#define ICR_STARTUP (6u << 8)  /* the vector is the number of the page that it starts at */
#define ICR_PENDING (1u << 12) /* xAPIC: not sent yet */
#define ICR_ASSERT  (1u << 14)
#define ICR_LEVEL   (1u << 15)

/* An xAPIC has 8 bits for the destination, and 255 means everybody. */
#define XAPIC_ID_MAX 254u

/* Can an APIC in this mode name the processor `id`? */
static inline bool icr_can_reach(bool x2, uint32_t id)
{
	return x2 ? id != UINT32_MAX : id <= XAPIC_ID_MAX;
}

/* The whole register for destination `id`, which icr_can_reach(). */
static inline uint64_t icr_encode(bool x2, uint32_t id, uint32_t command)
{
	return (uint64_t)id << (x2 ? 32 : 56) | command;
}

#endif
