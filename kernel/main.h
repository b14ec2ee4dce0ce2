/* main.h: where the processor's entry code hands over. */
#ifndef KERNEL_MAIN_H
#define KERNEL_MAIN_H

#include "lib/types.h"

/* On the boot stack, interrupts off; boot_info: the physical address of struct boot_info. */
NORETURN void kernel_main(paddr_t boot_info);

#endif
