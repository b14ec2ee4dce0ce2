/*
 * host_channel.h: a framed link to the program that started the emulator, on the second serial
 * port. docs/host-channel.md describes the frames: type (1 byte), length (2 bytes, little endian),
 * payload.
 *
 *   guest to host  'H' the greeting, once: what comes before it is the firmware's
 *                  'O' bytes for standard output   'E' for standard error
 *                  'F' page faults, with the option faults=host (proc/fault_stream.h)
 *                  'R' uint16 n: send up to n bytes of standard input
 *                  'X' kind (0 exited, 1 killed by signal), value (uint8): the job has ended
 *   host to guest  'I' bytes of standard input, the answer to 'R'; empty: end of file
 */
#ifndef DEV_HOST_CHANNEL_H
#define DEV_HOST_CHANNEL_H

#include "lib/types.h"

#define HOST_CHANNEL_MAX      4096u /* payload bytes of one frame */
#define HOST_CHANNEL_GREETING "Quire host channel 1"

/* Open the port and greet; -ENODEV if there is none. `arrived` is called (interrupts off, or from
 * host_channel_request) when there is something to take. */
NODISCARD int host_channel_init(void (*arrived)(void));
/* Splits what is longer than a frame. Waits as long as the host does not read. */
void host_channel_write(char type, const void *data, size_t bytes);
/* Ask for input, at least one byte. One request at a time: its answer is taken before the next. */
void host_channel_request(size_t bytes);
/* The answer: true and up to HOST_CHANNEL_MAX bytes, once; false while it has not come. */
NODISCARD bool host_channel_take(void *data, size_t *bytes);
void host_channel_exit(bool killed, unsigned value);

#endif
