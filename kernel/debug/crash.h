/* crash.h: deaths on purpose, for the tests of how the kernel reports them. */
#ifndef DEBUG_CRASH_H
#define DEBUG_CRASH_H

/*
 * Die as the boot option crash=NAME says. Each must end in a panic that names its cause; where the
 * machine cannot stop it (no SMAP, say) the log says so and this returns, as it does for a name
 * that is none of: panic assert null wild divide stack-overflow double-fault text-write
 * rodata-write exec-data user-exec user-read.
 */
void crash_provoke(const char *name);

/* The same for crash=early: before there is any memory to speak of. */
void crash_provoke_early(const char *name);

#endif
