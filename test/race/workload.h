/*
 * workload.h: several processors that fault in one space at the same time, while each now and then
 * changes it: fork, exit, munmap, mprotect, madvise, truncation. race.c runs it on the host, where
 * processors are threads, and test/kernel/test_parallel.c on the machine.
 *
 * In each page each CPU has a word of its own, in which it counts up. So without any lock:
 *
 *     its own word         is what it wrote last; or 0 where pages may be dropped
 *     another CPU's        is at least what that has announced before: else this one uses a
 *                          translation of a page that the other has exchanged
 *     a child of fork      has what the parent had, whatever the parent does from then on
 */
#ifndef TEST_RACE_WORKLOAD_H
#define TEST_RACE_WORKLOAD_H

#include "vm/space.h"

#define RACE_CPUS_MAX 8u

/* ---- what the machine does ---- */

/* Run on `space` from now on, NULL: on none. The calling CPU. */
void race_enter(struct vm_space *space);
/* As a program on the space that was entered: false if the access is refused. */
NODISCARD bool race_store(vaddr_t va, uint64_t value);
NODISCARD bool race_load(vaddr_t va, uint64_t *value);
/* Between two steps: others may want this CPU. */
void race_pause(void);
/* Let time pass, and serve nobody. */
void race_look_away(void);

/* ---- what the workload does ---- */

/* One after the other: make the space; work() on each CPU, with its number; when all are through,
 * take all counts again, print how often each kind of fault happened, and drop everything. */
void race_begin(unsigned cpus, unsigned rounds, uint64_t seed);
void race_work(unsigned number);
/* The same, in place of race_work, on RACE_EXCHANGE_CPUS: two write to a page that a third one has
 * cached the translation of, and is about to be exchanged. */
void race_exchange(unsigned number);
#define RACE_EXCHANGE_CPUS 3u
void race_end(void (*print)(const char *kind, uint64_t count));

#endif
