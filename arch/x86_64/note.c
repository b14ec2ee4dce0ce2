/* note.c: the note by which a loader knows which boot_info this kernel wants (boot_info.h). */
#include "boot_info.h"
#include "lib/types.h"

static const struct {
	uint32_t name_bytes, value_bytes, type;
	char name[ALIGN_UP(sizeof(BOOT_NOTE_NAME), 4)];
	uint32_t version;
} note SECTION(".note.Quire") ALIGNED(4) = {
	.name_bytes = sizeof(BOOT_NOTE_NAME),
	.value_bytes = sizeof(uint32_t),
	.type = BOOT_NOTE_INFO_VERSION,
	.name = BOOT_NOTE_NAME,
	.version = BOOT_INFO_VERSION,
};
