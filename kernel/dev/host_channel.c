/*
 * host_channel.c: frames over COM2, to and from the program that started the emulator.
 *
 * What comes from the host is not trusted. The only frame it may send is an answer that was asked
 * for, no longer than was asked for. After anything else there is no telling where the next frame
 * begins, so the input side closes: it is reported once, and from then on standard input is at its
 * end. Output goes on.
 */
#include "dev/host_channel.h"
#include <arch/cpu.h>
#include "debug/assert.h"
#include "debug/log.h"
#include "dev/uart.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "sync/spinlock.h"

#define FRAME_HEADER 3u /* type, length low, length high */
#define RECEIVE_STEP 256u

enum frame_type { FRAME_INPUT = 'I', FRAME_REQUEST = 'R', FRAME_EXIT = 'X' };
enum exit_kind { EXIT_STATUS = 0, EXIT_SIGNAL = 1 };

/* S: send_lock, held for a whole frame: frames of different CPUs must not mix.
 * I: input.lock. Neither is taken under the other. */
static struct spinlock send_lock = SPINLOCK_INIT(RANK_CONSOLE);

enum input_state {
	INPUT_IDLE,    /* nothing asked for */
	INPUT_WAITING, /* a request was sent */
	INPUT_COMPLETE /* its answer is in payload[] */
};

/* Standard input, on its way from the host. */
static struct {
	struct spinlock lock;
	enum input_state state;       /* I */
	bool closed;                  /* I; for ever */
	size_t requested;             /* I; payload bytes that the answer may have */
	size_t received;              /* I; bytes of the frame so far, header included */
	size_t length;                /* I; of the payload; known once the header is complete */
	uint8_t header[FRAME_HEADER]; /* I */
	uint8_t payload[HOST_CHANNEL_MAX]; /* I */
	void (*arrived)(void);             /* set at init */
} input = {.lock = SPINLOCK_INIT(RANK_CHANNEL)};

/*
 * The receiving program may stop reading for as long as it likes (its own output may go to a
 * pager), and nothing may be lost: so this waits without a bound.
 */
static void send_bytes(const void *data, size_t bytes)
{
	const uint8_t *next = data;

	while (bytes > 0) {
		size_t sent = uart_write(UART_COM2, next, bytes);
		next += sent;
		bytes -= sent;
		if (bytes > 0)
			cpu_relax();
	}
}

static void send_frame(char type, const void *payload, size_t bytes)
{
	const uint8_t header[FRAME_HEADER] = {(uint8_t)type, (uint8_t)bytes, (uint8_t)(bytes >> 8)};

	spin_lock(&send_lock);
	send_bytes(header, sizeof(header));
	send_bytes(payload, bytes);
	spin_unlock(&send_lock);
}

void host_channel_write(char type, const void *data, size_t bytes)
{
	const uint8_t *next = data;

	while (bytes > 0) {
		size_t part = MIN(bytes, HOST_CHANNEL_MAX);
		send_frame(type, next, part);
		next += part;
		bytes -= part;
	}
}

/* Why the header is not that of the frame that is due; NULL if it is. input.lock. */
static const char *check_header_locked(void)
{
	input.length = input.header[1] | (size_t)input.header[2] << 8;
	if (input.header[0] != FRAME_INPUT)
		return "a frame of unknown type";
	if (input.state != INPUT_WAITING)
		return "input that was not asked for";
	if (input.length > input.requested)
		return "more input than was asked for";
	return NULL;
}

static void complete_locked(size_t length)
{
	input.length = length;
	input.received = 0;
	input.state = INPUT_COMPLETE;
}

/* Take one byte. Returns what is wrong with it, or NULL. input.lock. */
static const char *take_byte_locked(uint8_t byte)
{
	if (input.received < FRAME_HEADER) {
		input.header[input.received++] = byte;
		if (input.received < FRAME_HEADER)
			return NULL;
		const char *wrong = check_header_locked();
		if (wrong)
			return wrong;
	} else {
		input.payload[input.received++ - FRAME_HEADER] = byte;
	}
	if (input.received == FRAME_HEADER + input.length)
		complete_locked(input.length);
	return NULL;
}

/* No input any more: a request that waits is answered by end of file. input.lock. */
static void close_locked(void)
{
	input.closed = true;
	if (input.state == INPUT_WAITING)
		complete_locked(0);
}

static const char *take_bytes_locked(const uint8_t *data, size_t bytes)
{
	for (size_t i = 0; i < bytes && !input.closed; i++) {
		const char *wrong = take_byte_locked(data[i]);
		if (wrong) {
			close_locked();
			return wrong;
		}
	}
	return NULL;
}

static void receive(void *argument)
{
	uint8_t data[RECEIVE_STEP];
	const char *wrong = NULL;
	size_t bytes;

	/* Taken out of the port and into the answer under one lock: an interrupt between the two
	 * would bring the next bytes first. */
	spin_lock(&input.lock);
	bool was_complete = input.state == INPUT_COMPLETE;
	while (!wrong && (bytes = uart_read(UART_COM2, data, sizeof(data))) > 0)
		wrong = take_bytes_locked(data, bytes);
	bool complete = !was_complete && input.state == INPUT_COMPLETE;
	spin_unlock(&input.lock);
	if (wrong)
		log_error("host channel: the host sent %s; standard input is closed", wrong);
	if (complete)
		input.arrived();
}

int host_channel_init(void (*arrived)(void))
{
	if (!uart_init(UART_COM2))
		return -ENODEV;
	send_frame('H', HOST_CHANNEL_GREETING, sizeof(HOST_CHANNEL_GREETING) - 1);
	input.arrived = arrived;
	uart_on_receive(UART_COM2, receive, NULL);
	return 0;
}

void host_channel_request(size_t bytes)
{
	size_t wanted = MIN(bytes, HOST_CHANNEL_MAX);
	const uint8_t count[2] = {(uint8_t)wanted, (uint8_t)(wanted >> 8)};

	assert(wanted > 0);
	spin_lock(&input.lock);
	assert(input.state == INPUT_IDLE);
	bool closed = input.closed;
	input.requested = wanted;
	input.state = INPUT_WAITING;
	if (closed)
		close_locked();
	spin_unlock(&input.lock);
	if (closed)
		input.arrived();
	else
		send_frame(FRAME_REQUEST, count, sizeof(count));
}

bool host_channel_take(void *data, size_t *bytes)
{
	spin_lock(&input.lock);
	bool complete = input.state == INPUT_COMPLETE;
	if (complete) {
		memcpy(data, input.payload, input.length);
		*bytes = input.length;
		input.state = INPUT_IDLE;
	}
	spin_unlock(&input.lock);
	return complete;
}

void host_channel_exit(bool killed, unsigned value)
{
	const uint8_t ending[2] = {killed ? EXIT_SIGNAL : EXIT_STATUS, (uint8_t)value};

	send_frame(FRAME_EXIT, ending, sizeof(ending));
}
