/* trampoline.h: what trampoline.S and smp.c agree upon: the layout of the trampoline's page. */
#ifndef ARCH_X86_64_TRAMPOLINE_H
#define ARCH_X86_64_TRAMPOLINE_H

/* Where struct trampoline lies in the page; the code is before it. */
#define TRAMPOLINE_DATA 0xf00

/* Of its fields, in the page. */
#define TRAMPOLINE_GDT_POINTER (TRAMPOLINE_DATA + 0)
#define TRAMPOLINE_JUMP32      (TRAMPOLINE_DATA + 8)
#define TRAMPOLINE_JUMP64      (TRAMPOLINE_DATA + 16)
#define TRAMPOLINE_ROOT        (TRAMPOLINE_DATA + 24)
#define TRAMPOLINE_CPU         (TRAMPOLINE_DATA + 32)
#define TRAMPOLINE_STACK       (TRAMPOLINE_DATA + 40)
#define TRAMPOLINE_ENTRY       (TRAMPOLINE_DATA + 48)

/* Selectors of its descriptor table. */
#define TRAMPOLINE_CS32 0x08
#define TRAMPOLINE_CS64 0x10
#define TRAMPOLINE_DS   0x18

#ifndef __ASSEMBLER__
#include "lib/types.h"

struct far_pointer {
	uint32_t offset;
	uint16_t selector, reserved;
};

/* As the page's end; all addresses are physical but for the last three. */
struct trampoline {
	uint16_t gdt_limit;
	uint32_t gdt_base;
	uint16_t reserved;
	struct far_pointer jump32, jump64;
	uint32_t root; /* of the tables that it turns paging on with */
	uint32_t reserved2;
	uint64_t cpu; /* struct cpu; taken, and 0 then, by the processor that starts */
	uint64_t stack, entry;
	uint64_t gdt[4];
} PACKED;

#define TRAMPOLINE_FIELD(field, at) \
	_Static_assert(TRAMPOLINE_DATA + offsetof(struct trampoline, field) == (at), "assembly")
TRAMPOLINE_FIELD(jump32, TRAMPOLINE_JUMP32);
TRAMPOLINE_FIELD(jump64, TRAMPOLINE_JUMP64);
TRAMPOLINE_FIELD(root, TRAMPOLINE_ROOT);
TRAMPOLINE_FIELD(cpu, TRAMPOLINE_CPU);
TRAMPOLINE_FIELD(stack, TRAMPOLINE_STACK);
TRAMPOLINE_FIELD(entry, TRAMPOLINE_ENTRY);
#undef TRAMPOLINE_FIELD

/* trampoline.S: position-independent code, and two places in it. */
extern const char trampoline_code[], trampoline_code_end[], trampoline32[], trampoline64[];

#endif
#endif
