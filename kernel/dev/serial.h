/*
 * serial.h: which serial port is the console. The option serial= says so; otherwise the firmware's
 * tables, the first port that every PC had, and cards on PCI are tried in this order. There may be
 * none.
 */
#ifndef DEV_SERIAL_H
#define DEV_SERIAL_H

/* With nothing but the options: the port that they name, or the first one of a PC, if it is there.
 */
void serial_early_init(void);
/* The choice, after ACPI's tables and PCI. */
void serial_init(void);

#endif
