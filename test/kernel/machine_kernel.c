/* machine_kernel.c: see machine.h: the kernel has its memory, and nobody else runs now. */
#include "machine.h"

void machine_reset(void)
{
}
