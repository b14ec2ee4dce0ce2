/*
 * i8042.c: the keyboard controller (IBM PC AT technical reference, "Keyboard Controller"; names of
 * the bits are its own). The keyboard sends scan code set 2, which the controller translates to set
 * 1, as after every start of a PC. The second port, a mouse's, is turned off.
 */
#include "dev/i8042.h"

#include <arch/cpu.h>
#include <arch/irq.h>
#include <arch/port.h>
#include <arch/time.h>

#include "debug/log.h"
#include "dev/acpi.h"
#include "dev/keyboard.h"
#include "dev/scancode.h"

#define DATA_PORT    0x60
#define STATUS_PORT  0x64 /* read */
#define COMMAND_PORT 0x64 /* write */

#define STATUS_OUTPUT_FULL 0x01 /* there is a byte to read */
#define STATUS_INPUT_FULL  0x02 /* what was written last was not taken yet */
#define STATUS_SECOND_PORT 0x20
#define STATUS_FLOATING    0xff /* no device at all */

#define COMMAND_READ_CONFIG    0x20
#define COMMAND_WRITE_CONFIG   0x60
#define COMMAND_DISABLE_SECOND 0xa7
#define COMMAND_DISABLE_FIRST  0xad
#define COMMAND_ENABLE_FIRST   0xae

#define CONFIG_INTERRUPT       0x01
#define CONFIG_INTERRUPT_MOUSE 0x02
#define CONFIG_FIRST_OFF       0x10
#define CONFIG_SECOND_OFF      0x20
#define CONFIG_TRANSLATE       0x40

#define KEYBOARD_DEFAULTS    0xf6 /* scan code set 2, among others */
#define KEYBOARD_LEDS        0xed /* the next byte says which */
#define KEYBOARD_RATE        0xf3 /* the next byte says how keys repeat */
#define KEYBOARD_ENABLE      0xf4
#define KEYBOARD_ACKNOWLEDGE 0xfa
#define KEYBOARD_RESEND      0xfe
/* After 250 ms, 30 times a second: as USB's keys do, and Linux's. */
#define FASTEST_RATE         0x00
#define KEYBOARD_LINE        1u

/* Reads of a port of about 1 us. A keyboard answers within 20 ms. */
#define TRIES       100000u
#define FLUSH_TRIES 64u

#define LEDS_UNKNOWN 0xff
#define LED_WAIT_NS  200000000ull /* a keyboard that answers does so in 20 ms */

/* Under the keyboards' lock. */
static struct scancode_state scan;

enum led_step { LEDS_IDLE, LEDS_COMMAND_SENT, LEDS_VALUE_SENT };

/* The LEDs are set by two bytes, each of which the keyboard acknowledges: an interrupt sends the
 * next one. Under the keyboards' lock. */
static struct {
	uint8_t shown; /* what it was told last */
	enum led_step step;
	uint64_t give_up; /* time_now() */
} leds = {.shown = LEDS_UNKNOWN};

static bool wait_status(uint8_t bit, bool set)
{
	for (unsigned i = 0; i < TRIES; i++) {
		if (!(port_in8(STATUS_PORT) & bit) == !set)
			return true;
		cpu_relax();
	}
	return false;
}

static bool command(uint8_t value)
{
	if (!wait_status(STATUS_INPUT_FULL, false))
		return false;
	port_out8(COMMAND_PORT, value);
	return true;
}

static bool write_data(uint8_t value)
{
	if (!wait_status(STATUS_INPUT_FULL, false))
		return false;
	port_out8(DATA_PORT, value);
	return true;
}

static bool read_data(uint8_t *value)
{
	if (!wait_status(STATUS_OUTPUT_FULL, true))
		return false;
	*value = port_in8(DATA_PORT);
	return true;
}

/* False: it never stops having something, as where there is no device. */
static bool flush(void)
{
	for (unsigned i = 0; i < FLUSH_TRIES; i++) {
		if (!(port_in8(STATUS_PORT) & STATUS_OUTPUT_FULL))
			return true;
		(void)port_in8(DATA_PORT);
	}
	return false;
}

/* To the keyboard; keys that were pressed before may come ahead of its answer. */
static bool tell_keyboard(uint8_t value)
{
	uint8_t answer;

	if (!write_data(value))
		return false;
	for (unsigned i = 0; i < FLUSH_TRIES && read_data(&answer); i++)
		if (answer == KEYBOARD_ACKNOWLEDGE)
			return true;
	return false;
}

/* The controller as it is needed, its interrupt still off. */
static bool set_up(uint8_t *config)
{
	if (port_in8(STATUS_PORT) == STATUS_FLOATING)
		return false;
	if (!command(COMMAND_DISABLE_FIRST) || !command(COMMAND_DISABLE_SECOND) || !flush())
		return false;
	if (!command(COMMAND_READ_CONFIG) || !read_data(config))
		return false;
	*config = (uint8_t)((*config &
			     ~(CONFIG_INTERRUPT | CONFIG_INTERRUPT_MOUSE | CONFIG_FIRST_OFF)) |
			    CONFIG_SECOND_OFF | CONFIG_TRANSLATE);
	return command(COMMAND_WRITE_CONFIG) && write_data(*config) &&
	       command(COMMAND_ENABLE_FIRST);
}

/* ---- LEDs ---- */

/* As this keyboard has them: bit 1 the keypad's, bit 2 that of capitals. */
static uint8_t wanted_leds(void)
{
	return (uint8_t)(keyboard_leds() << 1);
}

/* If the byte before was not taken yet it all starts again. */
static void send_led_byte(uint8_t byte, enum led_step step)
{
	if (port_in8(STATUS_PORT) & STATUS_INPUT_FULL) {
		leds.step = LEDS_IDLE;
		leds.shown = LEDS_UNKNOWN;
		return;
	}
	port_out8(DATA_PORT, byte);
	leds.step = step;
	leds.give_up = time_now() + LED_WAIT_NS;
}

/* True: `byte` is an answer and no key. */
static bool take_led_answer(uint8_t byte)
{
	if (byte != KEYBOARD_ACKNOWLEDGE && byte != KEYBOARD_RESEND)
		return false;
	if (byte == KEYBOARD_RESEND || leds.step != LEDS_COMMAND_SENT)
		leds.step = LEDS_IDLE;
	else
		send_led_byte(leds.shown, LEDS_VALUE_SENT);
	return true;
}

/* Nothing waits to be read. A keyboard without LEDs does not answer, and is asked at the next
 * change again. */
static void show_leds(void)
{
	uint8_t wanted = wanted_leds();

	if (wanted == leds.shown || (leds.step != LEDS_IDLE && time_now() < leds.give_up))
		return;
	leds.shown = wanted;
	send_led_byte(KEYBOARD_LEDS, LEDS_COMMAND_SENT);
}

static bool next_key(struct keyboard_source *source, unsigned *key, bool *pressed)
{
	for (unsigned i = 0; i < FLUSH_TRIES; i++) {
		uint8_t status = port_in8(STATUS_PORT);
		if (!(status & STATUS_OUTPUT_FULL)) {
			show_leds();
			return false;
		}
		uint8_t byte = port_in8(DATA_PORT);
		if (status & STATUS_SECOND_PORT || take_led_answer(byte))
			continue;
		*key = scancode_key(&scan, byte, pressed);
		if (*key)
			return true;
	}
	return false;
}

static void interrupt(void *argument)
{
	keyboard_interrupt();
}

/* In the list of sources; what it is is set before. */
static struct keyboard_source i8042 = {.next = next_key};

void i8042_init(void)
{
	uint8_t config;

	if (!acpi_info()->has_i8042) {
		log_fact("keyboard controller: none, ACPI says");
		return;
	}
	if (!set_up(&config)) {
		log_fact("keyboard controller: none found");
		return;
	}
	bool answers = tell_keyboard(KEYBOARD_DEFAULTS) && tell_keyboard(KEYBOARD_ENABLE);
	/* Not all keyboards let the rate be chosen. */
	if (answers && tell_keyboard(KEYBOARD_RATE))
		(void)tell_keyboard(FASTEST_RATE);
	leds.shown = answers ? LEDS_UNKNOWN : wanted_leds();
	i8042.has_interrupt = irq_register(KEYBOARD_LINE, interrupt, NULL) == 0;
	i8042.is_silent = !answers;
	keyboard_add(&i8042);
	config |= i8042.has_interrupt ? CONFIG_INTERRUPT : 0;
	if (!command(COMMAND_WRITE_CONFIG) || !write_data(config))
		log_warning("keyboard controller: does not take its configuration any more");
	/* What came in between raised no interrupt, and nothing more comes before it is read. */
	keyboard_interrupt();
	log_fact("keyboard controller: %s%s", answers ? "a keyboard" : "no keyboard answers",
		 i8042.has_interrupt ? "" : ", no interrupt; looked at by a timer");
}
