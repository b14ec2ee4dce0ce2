/* dies.h: what must panic is tried in a process of its own. */
#ifndef TEST_UNIT_DIES_H
#define TEST_UNIT_DIES_H

#include "lib/types.h"

/* Does run() end its process with anything but success? Its report is not shown. */
bool dies(void (*run)(void));

#endif
