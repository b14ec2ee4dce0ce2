/* machine_host.c: see machine.h. */
#include "machine.h"

#include "host.h"

#define FRAMES 20000u

void machine_reset(void)
{
	host_memory_init(FRAMES);
}
