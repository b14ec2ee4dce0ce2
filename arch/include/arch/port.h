/* port.h: the I/O port space, for the portable drivers of devices that live there. */
#ifndef ARCH_PORT_H
#define ARCH_PORT_H

#include <arch_port.h> /* inline port_in8(port), port_out8(port, value), and 16 and 32 bit forms */

#endif
