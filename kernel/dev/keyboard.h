/*
 * keyboard.h: what is typed at keyboards, as the bytes of a terminal, whichever controller they
 * hang on. Lock: keyboard_lock (RANK_KEYBOARD), inside; in a panic nothing is locked.
 */
#ifndef DEV_KEYBOARD_H
#define DEV_KEYBOARD_H

#include "lib/types.h"

/* A controller. It stays for ever. */
struct keyboard_source {
	/* The next key event that waits; false: none. Never waits. Under keyboard_lock. */
	bool (*next)(struct keyboard_source *source, unsigned *key, bool *pressed);
	bool has_interrupt; /* it calls keyboard_interrupt(); or a timer does */
	bool is_silent;     /* a controller at which no keyboard has answered */
	struct keyboard_source *link;
};

/* Look for keyboards, once, after ACPI's tables and the interrupts. The option keyboard= names the
 * layout. */
void keyboard_init(void);
/* Has a keyboard been found? It may be gone again. */
NODISCARD bool keyboard_found(void);
/* From now on its keys count. Its interrupt comes only later. */
void keyboard_add(struct keyboard_source *source);
/* A source has events. Interrupts off, no locks. */
void keyboard_interrupt(void);

/* Up to `bytes` that were typed; 0: none. Never waits. */
NODISCARD size_t keyboard_read(char *to, size_t bytes);
/* Pages that somebody wants to look back at since the last call, negative: forward again. */
NODISCARD int keyboard_take_pages(void);
/* Was Ctrl-Alt-Del pressed since the last call? */
NODISCARD bool keyboard_take_restart(void);
/* DECCKM: programs want cursor keys as in application mode, from the next key on. No lock. */
void keyboard_set_application_cursor(bool on);
/* Which locks are on, as a keyboard's LEDs show them: bit 0 the keypad's, bit 1 that of capitals.
 * (HID usage tables 1.3, page 8.) No lock. */
uint8_t keyboard_leds(void);
/* Call handler(argument) when there are bytes, interrupts off, no locks. Once, after sched_init().
 */
void keyboard_on_input(void (*handler)(void *), void *argument);

#endif
