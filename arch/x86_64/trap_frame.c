/* trap_frame.c: what the portable side asks of a trap frame. */
#include <arch/trap.h>

#include "debug/assert.h"
#include "lib/format.h"
#include "lib/string.h"

vaddr_t trap_pc(const struct trap_frame *frame)
{
	return frame->rip;
}

vaddr_t trap_sp(const struct trap_frame *frame)
{
	return frame->rsp;
}

vaddr_t trap_fp(const struct trap_frame *frame)
{
	return frame->rbp;
}

bool trap_is_user(const struct trap_frame *frame)
{
	return (frame->cs & SELECTOR_RPL) == SELECTOR_RPL;
}

bool trap_is_syscall(const struct trap_frame *frame)
{
	return frame->vector == VECTOR_SYSCALL;
}

uint64_t trap_syscall_number(const struct trap_frame *frame)
{
	return frame->rax;
}

const uint64_t *trap_syscall_arguments(const struct trap_frame *frame)
{
	return &frame->rdi;
}

void trap_set_sp(struct trap_frame *frame, vaddr_t sp)
{
	frame->rsp = sp;
}

void trap_set_result(struct trap_frame *frame, int64_t result)
{
	frame->rax = (uint64_t)result;
}

int64_t trap_result(const struct trap_frame *frame)
{
	return (int64_t)frame->rax;
}

void trap_restart(struct trap_frame *frame, unsigned number)
{
	const unsigned syscall_bytes = 2; /* 0f 05 */

	assert(frame->vector == VECTOR_SYSCALL);
	frame->rax = number;
	frame->rip -= syscall_bytes;
}

void trap_set_pc(struct trap_frame *frame, vaddr_t pc)
{
	frame->rip = pc;
}

void trap_set_start(struct trap_frame *frame, vaddr_t pc, vaddr_t sp)
{
	*frame = (struct trap_frame){
		.rip = pc,
		.cs = USER_CS,
		.rflags = RFLAGS_FIXED | RFLAGS_IF,
		.rsp = sp,
		.ss = USER_SS,
	};
}

void trap_dump(const struct trap_frame *frame, void (*line)(const char *text))
{
	const struct {
		const char *name;
		uint64_t value;
	} registers[] = {
		{"rax", frame->rax},    {"rbx", frame->rbx}, {"rcx", frame->rcx},
		{"rdx", frame->rdx},    {"rsi", frame->rsi}, {"rdi", frame->rdi},
		{"rbp", frame->rbp},    {"rsp", frame->rsp}, {"r8 ", frame->r8},
		{"r9 ", frame->r9},     {"r10", frame->r10}, {"r11", frame->r11},
		{"r12", frame->r12},    {"r13", frame->r13}, {"r14", frame->r14},
		{"r15", frame->r15},    {"rip", frame->rip}, {"cs ", frame->cs},
		{"flg", frame->rflags}, {"ss ", frame->ss},
	};
	const unsigned per_line = 4;
	char text[120];

	for (unsigned i = 0; i < ARRAY_SIZE(registers); i += per_line) {
		size_t length = string_copy(text, " ", sizeof(text));
		for (unsigned j = i; j < i + per_line; j++)
			length += format(text + length, sizeof(text) - length, " %s %016llx",
					 registers[j].name, (unsigned long long)registers[j].value);
		line(text);
	}
	format(text, sizeof(text), "  vector %llu, error code %#llx, %s",
	       (unsigned long long)frame->vector, (unsigned long long)frame->error,
	       trap_is_user(frame) ? "ring 3" : "ring 0");
	line(text);
}
