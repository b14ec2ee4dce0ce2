/* machine.h: what a test that runs on the host and in the kernel asks of the machine it is on. */
#ifndef TEST_UNIT_MACHINE_H
#define TEST_UNIT_MACHINE_H

/* Memory to work with, if there is none yet: on the host that is made, and is as new. */
void machine_reset(void);

#endif
