/* image.h: the kernel's own image, by the linker script's symbols. All page-aligned. */
#ifndef MM_IMAGE_H
#define MM_IMAGE_H

extern const char kernel_image_start[], kernel_image_end[];
extern const char kernel_text_start[], kernel_text_end[];
extern const char kernel_rodata_start[], kernel_rodata_end[];
extern const char kernel_data_start[], kernel_data_end[];       /* .data and .bss */
extern const char kernel_symbols_start[], kernel_symbols_end[]; /* read-only, after .bss */
extern const char boot_stack_guard[]; /* one page inside .bss, left unmapped */

#endif
