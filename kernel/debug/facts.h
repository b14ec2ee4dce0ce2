/*
 * facts.h: what the boot found out about the machine, kept as text: the hardware report, which a
 * person sends when something does not work. Sentences that log_fact() logged, and the warnings and
 * errors of the boot.
 */
#ifndef DEBUG_FACTS_H
#define DEBUG_FACTS_H

#include "lib/text.h"

/* The size that the report fits: a terminal's, and a photo's. What does not is only counted. */
#define FACTS_COLUMNS 80u
#define FACTS_ROWS    24u

/* Keep a line of `bytes`, as far as there is room. Any context. log.c calls it. */
void facts_add(const char *line, size_t bytes, bool is_complaint);
/* From now on warnings are about programs, not about the machine, and are not kept. */
void facts_end_of_boot(void);

/* The report. */
void facts_print(struct text_sink *sink);

/* The option `report`: print it on the consoles, alone, and wait for a key; or for a minute, as
 * there may be no keyboard that works yet. */
void facts_show(void);

#endif
