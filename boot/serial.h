/*
 * serial.h: COM1 for the loader's own words (National Semiconductor PC16550D data sheet). Only used
 * where the firmware does not show its console on a serial port itself.
 */
#ifndef BOOT_SERIAL_H
#define BOOT_SERIAL_H

#include <stdbool.h>

/* Is a 16550 there? If so set 115200 8N1. Never waits without a bound. */
bool serial_init(void);
/* Waits for room, within a bound. "\n" becomes "\r\n". */
void serial_write(const char *text);

#endif
