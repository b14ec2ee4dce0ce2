/* look.c: see look.h. */
#include "dev/look.h"

#include <arch/time.h>

#include "debug/assert.h"

#define LOOK_NS 10000000ull /* a typist does not notice; a UART's 16 bytes take 1.4 ms */

static void expire(struct timer *timer)
{
	struct look *look = container_of(timer, struct look, timer);

	look->function(look->argument);
	timer_set(timer, time_now() + LOOK_NS);
}

void look_start(struct look *look, void (*function)(void *), void *argument)
{
	assert(!look->function);
	*look = (struct look){
		.timer = {.expire = expire}, .function = function, .argument = argument};
	timer_set(&look->timer, time_now() + LOOK_NS);
}
