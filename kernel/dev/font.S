/* font.S: the console's fonts, Terminus in two sizes (8 x 16 and 16 x 32 pixels), from Debian's
 * console-setup-linux, unpacked by the build. */
	.section .rodata.console_font, "a", @progbits
	.balign 4
	.globl console_font_start, console_font_end
console_font_start:
	.incbin "build/font.psf"
console_font_end:
	.balign 4
	.globl console_font_large_start, console_font_large_end
console_font_large_start:
	.incbin "build/font-large.psf"
console_font_large_end:
	.section .note.GNU-stack, "", @progbits
