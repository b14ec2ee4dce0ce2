/* vectors.h: interrupt vectors. SDM 3A, table 6-1. */
#ifndef X86_VECTORS_H
#define X86_VECTORS_H

#define VECTOR_DIVIDE         0
#define VECTOR_DEBUG          1
#define VECTOR_NMI            2
#define VECTOR_BREAKPOINT     3
#define VECTOR_OVERFLOW       4
#define VECTOR_BOUND          5
#define VECTOR_INVALID_OPCODE 6
#define VECTOR_NO_DEVICE      7
#define VECTOR_DOUBLE_FAULT   8
#define VECTOR_INVALID_TSS    10
#define VECTOR_NO_SEGMENT     11
#define VECTOR_STACK_SEGMENT  12
#define VECTOR_PROTECTION     13
#define VECTOR_PAGE_FAULT     14
#define VECTOR_X87            16
#define VECTOR_ALIGNMENT      17
#define VECTOR_MACHINE_CHECK  18
#define VECTOR_SIMD           19
#define VECTOR_EXCEPTIONS     32 /* below: the processor's own */

#define VECTOR_LEGACY   32 /* + line: the sixteen legacy interrupts */
#define VECTOR_TIMER    48
#define VECTOR_SPURIOUS 255
#define VECTOR_COUNT    256
#define VECTOR_SYSCALL  256 /* no vector: what a frame made by SYSCALL says */

#endif
