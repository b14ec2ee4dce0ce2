/* test_uart.c: the serial driver and the host channel on it, against a 16550 in software. */
#include <stdlib.h>
#include <string.h>

#include "debug/ktest.h"
#include "dev/host_channel.h"
#include "dev/uart.h"
#include "fake_16550.h"
#include "fake_clock.h"

/* Reads of registers, of about 1 us on a real bus: a start takes a second at most, and sending is
 * given seconds. A hang would make more. */
#define START_READS 1100000u
#define SEND_READS  11000000u

KTEST(uart_absent)
{
	static const enum fake_bus empty[] = {FAKE_ALL_ONES, FAKE_ALL_ZEROS, FAKE_SCRATCH_ONLY};
	struct fake_16550 *port = fake_16550(FAKE_COM3);
	uint8_t byte;

	for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
		port->bus = empty[i];
		port->reads = 0;
		EXPECT(!uart_init(FAKE_COM3));
		EXPECT(port->reads > 0 && port->reads < START_READS);
	}
	EXPECT_EQ(uart_write(FAKE_COM3, "x", 1), 0);
	EXPECT_EQ(uart_read(FAKE_COM3, &byte, 1), 0);
}

/* COM1 as it is after it was found; what earlier tests did with it is over. */
static struct fake_16550 *open_port(void)
{
	struct fake_16550 *port = fake_16550(UART_COM1);
	char rest[16];

	port->bus = FAKE_PORT;
	EXPECT(uart_init(UART_COM1));
	while (uart_read(UART_COM1, rest, sizeof(rest)) > 0)
		;
	port->reads = port->sent_bytes = 0;
	return port;
}

KTEST(uart_nowhere)
{
	uint8_t memory[8] = {0};
	struct uart_place place = {.base = (uint64_t)memory, .registers = memory, .stride = 1};

	EXPECT(!uart_init_at(&place)); /* never ready to send */
	place = (struct uart_place){.base = 0};
	EXPECT(!uart_init_at(&place));
	place.base = 0x12340000; /* no such port */
	EXPECT(!uart_init_at(&place));
}

static unsigned received;

static void on_receive(void *argument)
{
	received += argument == &received;
}

/* Memory that is nothing else passes for a port if its line status is right: what is sent there can
 * be received there. */
static uint8_t *port_in_memory(unsigned stride, unsigned width)
{
	uint8_t *memory = calloc(8, stride);
	const struct uart_place place = {.base = (uint64_t)memory,
					 .registers = memory,
					 .stride = (uint8_t)stride,
					 .width = (uint8_t)width,
					 .divisor = 0x0201};

	memory[5 * stride] = 0x61;
	if (width > 1) /* the rest of a register may say what it wants, and is written as zero */
		memory[5 * stride + 1] = memory[1] = 0xee;
	if (EXPECT(uart_init_at(&place))) {
		EXPECT_EQ(uart_write(place.base, "x", 1), 1);
		EXPECT_EQ(memory[0], 'x');
		EXPECT_EQ(memory[3 * stride], 0x03); /* 8N1 */
		EXPECT_EQ(memory[7 * stride], 0xa5); /* the last register, of the probe */
		if (stride > 1)
			EXPECT_EQ(memory[1], 0);
	}
	/* It stays in its slot for ever, and so does its memory. */
	return memory;
}

/* Nobody knows the interrupt line of one at a place of its own. */
static void check_looked_at(uint8_t *memory)
{
	const uint64_t start = fake_now, most = 20000000;
	uint8_t *status = &memory[5], byte;

	received = 0;
	*status = 0x60; /* sent all, received nothing */
	uart_on_receive((uint64_t)memory, on_receive, &received);
	EXPECT(fake_clock_expire());
	EXPECT_EQ(received, 0);
	EXPECT_EQ(memory[1], 0); /* IER */
	*status |= 1;
	memory[0] = 'k';
	EXPECT(fake_clock_expire());
	EXPECT_EQ(received, 1);
	*status &= (uint8_t)~1u;
	EXPECT_EQ(uart_read((uint64_t)memory, &byte, 1), 1);
	EXPECT_EQ(byte, 'k');
	while (uart_read((uint64_t)memory, &byte, 1) > 0)
		;
	EXPECT(fake_clock_expire());
	EXPECT_EQ(received, 1);
	EXPECT(fake_now > start && fake_now <= start + 3 * most);
	EXPECT(fake_clock_expire()); /* and so on */
}

KTEST(uart_in_memory)
{
	check_looked_at(port_in_memory(1, 1));
	(void)port_in_memory(4, 4);
}

KTEST(uart_found)
{
	struct fake_16550 *port = fake_16550(UART_COM1);

	fake_16550_send(UART_COM1, "typed early", 11);
	open_port();
	EXPECT_EQ(port->lcr, 0x03); /* 8N1 */
	EXPECT_EQ(port->divisor, 1);
	EXPECT_EQ(port->mcr & 0x1f, 0x0b); /* DTR, RTS, OUT2; not in loopback */
}

KTEST(uart_sends_all)
{
	struct fake_16550 *port = open_port();
	uint8_t data[1000];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	EXPECT_EQ(uart_write(UART_COM1, data, sizeof(data)), sizeof(data));
	EXPECT_EQ(port->sent_bytes, sizeof(data));
	EXPECT(memcmp(port->sent, data, sizeof(data)) == 0);
	EXPECT_EQ(port->overruns, 0);
	EXPECT_EQ(port->reads, (sizeof(data) + 15) / 16); /* one look at the line status a FIFO */
}

KTEST(uart_full_pipe)
{
	struct fake_16550 *port = open_port();
	uint8_t data[100];
	size_t sent;

	memset(data, 'a', sizeof(data));
	port->blocked = true;
	sent = uart_write(UART_COM1, data, sizeof(data));
	EXPECT_EQ(sent, 16);
	EXPECT(port->reads < SEND_READS);
	port->reads = 0;
	EXPECT_EQ(uart_write(UART_COM1, data, sizeof(data)), 0);
	EXPECT_EQ(port->reads, 1); /* it is not waited for again... */
	fake_16550_unblock(UART_COM1);
	EXPECT_EQ(uart_write(UART_COM1, data, sizeof(data) - sent), sizeof(data) - sent);
	EXPECT_EQ(port->sent_bytes, sizeof(data)); /* ...until it moves */
	EXPECT_EQ(port->overruns, 0);
}

KTEST(uart_drains)
{
	struct fake_16550 *port = open_port();

	EXPECT_EQ(uart_write(UART_COM1, "the end", 7), 7);
	port->shifting = 100;
	uart_drain();
	EXPECT_EQ(port->shifting, 0);

	/* The last byte never leaves. */
	port->shifting = UINT64_MAX;
	port->reads = 0;
	uart_drain();
	EXPECT(port->reads < START_READS);
	port->shifting = 0;
}

KTEST(uart_receives_by_polling)
{
	char data[16];

	open_port();
	EXPECT_EQ(uart_read(UART_COM1, data, sizeof(data)), 0);
	fake_16550_send(UART_COM1, "hello", 5);
	EXPECT_EQ(uart_read(UART_COM1, data, 3), 3);
	EXPECT_EQ(uart_read(UART_COM1, data + 3, 13), 2);
	EXPECT(memcmp(data, "hello", 5) == 0);
}

KTEST(uart_receives_by_interrupt)
{
	struct fake_16550 *port = open_port();
	static uint8_t data[1 << 14];
	size_t total = 0, bytes;

	received = 0;
	EXPECT_EQ(port->ier, 0);
	uart_on_receive(UART_COM1, on_receive, &received);
	EXPECT_EQ(port->ier, 3); /* on trial, until the first interrupt */
	fake_16550_interrupts();
	EXPECT_EQ(port->ier, 1);
	EXPECT(fake_clock_expire());
	EXPECT(!fake_clock_expire()); /* it has been heard: nobody looks by timer */
	EXPECT_EQ(port->ier, 1);
	EXPECT_EQ(received, 0);

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i % 251);
	fake_16550_send(UART_COM1, data, sizeof(data));
	fake_16550_interrupts();
	EXPECT_EQ(received, 1);
	EXPECT_EQ(port->ier, 0); /* the ring is full: the port holds the rest back */
	EXPECT(port->arriving_taken < port->arriving_bytes);
	memset(data, 0, sizeof(data));
	while ((bytes = uart_read(UART_COM1, data + total, 1000)) > 0)
		total += bytes;
	EXPECT_EQ(total, sizeof(data));
	EXPECT_EQ(port->ier, 1);
	for (size_t i = 0; i < sizeof(data); i++) {
		if (!EXPECT_EQ(data[i], i % 251))
			break;
	}
}

/* ---- the host channel ---- */

static unsigned arrivals;

static void on_arrival(void)
{
	arrivals++;
}

/* What the guest sent since the last call. */
static struct fake_16550 *channel_port(void)
{
	return fake_16550(UART_COM2);
}

static bool sent_is(const void *expected, size_t bytes)
{
	struct fake_16550 *port = channel_port();
	bool same = port->sent_bytes == bytes && memcmp(port->sent, expected, bytes) == 0;

	port->sent_bytes = 0;
	return same;
}

static void check_output(void)
{
	static uint8_t data[HOST_CHANNEL_MAX + 5];

	channel_port()->bus = FAKE_ALL_ONES;
	EXPECT(host_channel_init(on_arrival) < 0);
	channel_port()->bus = FAKE_PORT;
	channel_port()->fifo_bytes = 0;
	EXPECT_EQ(host_channel_init(on_arrival), 0);
	EXPECT(sent_is("H\24\0" HOST_CHANNEL_GREETING, 3 + sizeof(HOST_CHANNEL_GREETING) - 1));
	host_channel_write('O', "hi\n", 3);
	EXPECT(sent_is("O\3\0hi\n", 6));
	host_channel_write('E', "", 0);
	EXPECT(sent_is("", 0));
	host_channel_exit(false, 42);
	EXPECT(sent_is("X\2\0\0\52", 5));
	host_channel_exit(true, 11);
	EXPECT(sent_is("X\2\0\1\13", 5));

	memset(data, 'z', sizeof(data));
	host_channel_write('O', data, sizeof(data));
	EXPECT(memcmp(channel_port()->sent, "O\0\20zz", 5) == 0);
	EXPECT(memcmp(channel_port()->sent + 3 + HOST_CHANNEL_MAX, "O\5\0zzzzz", 8) == 0);
	EXPECT_EQ(channel_port()->sent_bytes, 3 + HOST_CHANNEL_MAX + 8);
	channel_port()->sent_bytes = 0;
}

static bool takes(const char *expected, size_t expected_bytes)
{
	static char data[HOST_CHANNEL_MAX];
	size_t bytes;

	return host_channel_take(data, &bytes) && bytes == expected_bytes &&
	       memcmp(data, expected, bytes) == 0;
}

/* Its interrupt comes to nobody at first, and so a timer looks. */
static void check_input(void)
{
	static char data[HOST_CHANNEL_MAX];
	size_t bytes;

	EXPECT_EQ(channel_port()->ier, 3);
	for (unsigned i = 0; i < 5; i++)
		EXPECT(fake_clock_expire());
	EXPECT_EQ(channel_port()->ier, 3);
	EXPECT(fake_clock_expire());
	EXPECT_EQ(channel_port()->ier, 0);

	EXPECT(!host_channel_take(data, &bytes));
	host_channel_request(100);
	EXPECT(sent_is("R\2\0\144\0", 5));
	EXPECT(!host_channel_take(data, &bytes));
	fake_16550_send(UART_COM2, "I\5", 2);
	EXPECT(fake_clock_expire());
	fake_16550_send(UART_COM2, "\0hel", 4);
	EXPECT(fake_clock_expire());
	EXPECT_EQ(arrivals, 0);
	EXPECT(!host_channel_take(data, &bytes));
	fake_16550_send(UART_COM2, "lo", 2);
	EXPECT(fake_clock_expire());
	EXPECT_EQ(arrivals, 1);
	EXPECT(takes("hello", 5));
	EXPECT(!host_channel_take(data, &bytes));

	/* The most there can be, and the end of the file. */
	host_channel_request(1 << 20);
	EXPECT(sent_is("R\2\0\0\20", 5));
	memset(data, 'q', sizeof(data));
	fake_16550_send(UART_COM2, "I\0\20", 3);
	fake_16550_send(UART_COM2, data, sizeof(data));
	EXPECT(fake_clock_expire());
	EXPECT_EQ(arrivals, 2);
	bytes = 0;
	EXPECT(host_channel_take(data, &bytes));
	EXPECT_EQ(bytes, HOST_CHANNEL_MAX);
	host_channel_request(1);
	fake_16550_send(UART_COM2, "I\0\0", 3);
	EXPECT(fake_clock_expire());
	EXPECT_EQ(arrivals, 3);
	EXPECT(takes("", 0));
	channel_port()->sent_bytes = 0;
}

static void check_lies(void)
{
	host_channel_request(4);
	channel_port()->sent_bytes = 0;
	fake_16550_send(UART_COM2, "I\5\0abcdeI\1\0x", 12);
	EXPECT(fake_clock_expire());
	EXPECT_EQ(arrivals, 4);
	EXPECT(takes("", 0)); /* closed: the end of the file, now and ever */
	host_channel_request(4);
	EXPECT_EQ(arrivals, 5);
	EXPECT(takes("", 0));
	EXPECT(sent_is("", 0)); /* and nothing more is asked for */
	fake_16550_send(UART_COM2, "I\1\0x", 4);
	EXPECT(fake_clock_expire());
	EXPECT_EQ(arrivals, 5);
	host_channel_write('O', "still", 5);
	EXPECT(sent_is("O\5\0still", 8));
}

/* One story: a channel that was lied to stays closed. */
KTEST(host_channel)
{
	check_output();
	check_input();
	check_lies();
}
