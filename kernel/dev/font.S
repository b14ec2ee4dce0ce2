/* font.S: the console's font, from Debian's console-setup-linux, unpacked by the build. */
	.section .rodata.console_font, "a", @progbits
	.balign 4
	.globl console_font_start, console_font_end
console_font_start:
	.incbin "build/font.psf"
console_font_end:
	.section .note.GNU-stack, "", @progbits
