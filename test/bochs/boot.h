/* boot.h: what boot.S and boot.c know of each other, and test/harness/bochs.py of both. */
#ifndef TEST_BOCHS_BOOT_H
#define TEST_BOCHS_BOOT_H

/* The disk: BOOT_SECTORS of this program, one with struct cargo, then what that names. The BIOS
 * loads the first sector at BOOT_START, and that one the rest behind it. */
#define SECTOR_BYTES 512
#define BOOT_SECTORS 16
#define BOOT_START   0x7c00

/* Entries of the BIOS's memory map, of E820_BYTES each. */
#define E820_MAX   32
#define E820_BYTES 24

#endif
