/*
 * options.h: the boot command line: words separated by white space, each "name" or "name=value"; a
 * value may be in double quotes. The last of several with one name counts.
 */
#ifndef LIB_OPTIONS_H
#define LIB_OPTIONS_H

#include "lib/types.h"

/* Once, at boot: copy the line (OPTIONS_MAX bytes count); control characters become spaces. */
#define OPTIONS_MAX 2048
void options_init(const char *line, size_t bytes);
/* The value of `name`, "" for a bare name, NULL if it is not given. Valid for ever. */
const char *option(const char *name);
/* option() as a number; `otherwise` if it is absent or no number. */
uint64_t option_u64(const char *name, uint64_t otherwise);
/* Tell of each word that is none of the options that there are, or whose value can't be meant: what
 * is wrong with it. docs/boot-options.md has a row for each option. */
void options_check(void (*tell)(const char *word, const char *wrong, const char *values));
/* The whole line as understood, for the log. */
const char *options_line(void);

#endif
