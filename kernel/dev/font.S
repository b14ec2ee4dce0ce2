/* font.S: the console's font, one of Debian's console-setup-linux, as it was unpacked into the build directory. */
	.section .rodata.console_font, "a", @progbits
	.balign 4
	.globl console_font_start, console_font_end
console_font_start:
	.incbin "build/font.psf"
console_font_end:
