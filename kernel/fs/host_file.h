/*
 * host_file.h: standard input, output and error over the host channel. Each is a terminal if it is
 * one on the host, and looks like a pipe otherwise. The terminal is also /dev/ttyS1.
 */
#ifndef FS_HOST_FILE_H
#define FS_HOST_FILE_H

#include "lib/types.h"

struct file;

/* Open the channel; -ENODEV if there is none. Once. */
NODISCARD int host_file_init(void);

/* A job begins: input that an earlier one left is forgotten. Bit fd of `terminals`: that stream is
 * a terminal, of this size. */
void host_file_begin(unsigned terminals, unsigned columns, unsigned rows);

/* The file of stream 0, 1 or 2. -ENOMEM. */
NODISCARD int host_file_open(unsigned stream, struct file **out);

/* The terminal, if there is one, controls that session, whose leader's group is in front. */
void host_file_control(int session);

#endif
