/* shim.h: parts of the fault-injecting shim (shim.c says what it is). */
#ifndef TEST_BOOT_SHIM_H
#define TEST_BOOT_SHIM_H

#include <efi.h>
#include <stdbool.h>
#include <stddef.h>

/* ---- shim_hooks.c: what can be made to go wrong, by its word in inject.txt ---- */

/* Put the hooks in; until something is injected they only pass calls on. */
void shim_install(EFI_SYSTEM_TABLE *system);
/* Do what `word` (NAME or NAME=VALUE) says. False: no such injection. */
bool shim_inject(EFI_SYSTEM_TABLE *system, const char *word);
/* The loader's AllocatePages calls fail from call number `calls` on. */
void shim_fail_allocations_after(UINTN calls);
/* Undo what only holds for one start of the loader. */
void shim_stop_failing(void);
/* Called with the loader's image before it starts. */
void shim_prepare_image(EFI_LOADED_IMAGE *image);

/* ---- shim_la57.S ---- */

/* Switch this CPU to 5-level paging with the PML5 at `pml5` (below 4 GiB, as this code and the
 * stack must be). */
void shim_enable_5_levels(uint64_t pml5);

#endif
