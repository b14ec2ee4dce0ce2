/* keyboard.c: see keyboard.h. */
#include "dev/keyboard.h"

#include <arch/cpu.h>
#include <arch/debug.h>

#include "debug/log.h"
#include "dev/console.h"
#include "dev/i8042.h"
#include "dev/keymap.h"
#include "dev/look.h"
#include "lib/options.h"
#include "sync/spinlock.h"

#define LED_KEYPAD   0x01u
#define LED_CAPITALS 0x02u
#define RING_BYTES   1024u /* a power of two */
/* Events taken at a time: broken hardware may claim that there is always one more. */
#define EVENTS_MAX   256u

static struct spinlock keyboard_lock = SPINLOCK_INIT(RANK_KEYBOARD);

/* Under keyboard_lock. */
static struct keymap_state state;
static struct keyboard_source *sources;
static char ring[RING_BYTES];
static uint32_t ring_head, ring_tail; /* bytes ever put in, taken out */

static bool application_cursor; /* one word, written under the lock of the consoles; no lock */

/* Set once at boot. */
static void (*input_handler)(void *);
static void *input_argument;

/* In a panic the lock may be held by who will never give it back. */
static bool lock_keyboard(void) NO_LOCK_ANALYSIS
{
	if (console_in_panic())
		return false;
	spin_lock(&keyboard_lock);
	return true;
}

static void unlock_keyboard(bool locked) NO_LOCK_ANALYSIS
{
	if (locked)
		spin_unlock(&keyboard_lock);
}

/* All of a key's bytes, or, where the ring has no room for them, none. Who types wants to see it,
 * wherever he looked before. */
static void put(const char *bytes, size_t count)
{
	if (count)
		state.pages = 0;
	if (RING_BYTES - (ring_head - ring_tail) < count)
		return;
	for (size_t i = 0; i < count; i++)
		ring[ring_head++ % RING_BYTES] = bytes[i];
}

/* Move what the sources have into the ring. keyboard_lock. */
static void collect_locked(void)
{
	char bytes[KEYMAP_BYTES];
	unsigned key;
	bool pressed;

	state.application_cursor = __atomic_load_n(&application_cursor, __ATOMIC_RELAXED);
	for (struct keyboard_source *source = sources; source; source = source->link)
		for (unsigned i = 0; i < EVENTS_MAX && source->next(source, &key, &pressed); i++)
			put(bytes, keymap_press(&state, key, pressed, bytes));
}

size_t keyboard_read(char *to, size_t bytes)
{
	size_t done = 0;
	bool locked = lock_keyboard();

	if (ring_head == ring_tail)
		collect_locked();
	while (done < bytes && ring_tail != ring_head)
		to[done++] = ring[ring_tail++ % RING_BYTES];
	unlock_keyboard(locked);
	return done;
}

int keyboard_take_pages(void)
{
	bool locked = lock_keyboard();
	int pages = state.pages;

	state.pages = 0;
	unlock_keyboard(locked);
	return pages;
}

bool keyboard_take_restart(void)
{
	bool locked = lock_keyboard();
	bool restart = state.restart;

	state.restart = false;
	unlock_keyboard(locked);
	return restart;
}

void keyboard_set_application_cursor(bool on)
{
	__atomic_store_n(&application_cursor, on, __ATOMIC_RELAXED);
}

uint8_t keyboard_leds(void)
{
	return (uint8_t)((state.num_lock_off ? 0 : LED_KEYPAD) |
			 (state.caps_lock ? LED_CAPITALS : 0));
}

void keyboard_interrupt(void)
{
	bool locked = lock_keyboard();

	collect_locked();
	bool any = ring_head != ring_tail || state.pages || state.restart;
	unlock_keyboard(locked);
	if (any && input_handler)
		input_handler(input_argument);
}

static void look_at_all(void *argument)
{
	keyboard_interrupt();
}

void keyboard_on_input(void (*handler)(void *), void *argument)
{
	/* Its own; set here alone. */
	static struct look look;
	bool all_have = true;

	input_argument = argument;
	input_handler = handler;
	for (const struct keyboard_source *source = sources; source; source = source->link)
		all_have &= source->has_interrupt;
	if (!all_have)
		look_start(&look, look_at_all, NULL);
}

/* ---- as a console: the debug shell reads there ---- */

static void write_nowhere(struct console *console, const char *text, size_t bytes)
{
}

static size_t console_input(struct console *console, char *to, size_t bytes)
{
	size_t done = keyboard_read(to, bytes);
	int pages = keyboard_take_pages();

	if (keyboard_take_restart())
		arch_machine_end(MACHINE_RESTART);
	if (done)
		console_look_back(0);
	if (pages)
		console_look_back(pages);
	/* There may be no timer that draws. Each round draws some of it. */
	while ((done || pages) && console_refresh())
		cpu_relax();
	return done;
}

/* Linked into the list of consoles, under their lock. */
static struct console keyboard_console = {
	.name = "keyboard",
	.write = write_nowhere,
	.read = console_input,
	.keys_only = true,
};

void keyboard_add(struct keyboard_source *source)
{
	bool first = !sources, locked = lock_keyboard();

	source->link = sources;
	sources = source;
	unlock_keyboard(locked);
	if (first)
		console_register(&keyboard_console);
}

bool keyboard_found(void)
{
	bool found = false, locked = lock_keyboard();

	for (const struct keyboard_source *source = sources; source; source = source->link)
		found = found || !source->is_silent;
	unlock_keyboard(locked);
	return found;
}

void keyboard_init(void)
{
	const char *wanted = option("keyboard");

	state.map = keymap_find(wanted ? wanted : "us");
	if (!state.map) {
		log_warning("keyboard=%s is not one of " KEYMAP_NAMES "; it is us", wanted);
		state.map = keymap_find("us");
	}
	i8042_init();
}
