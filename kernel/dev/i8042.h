/* i8042.h: the keyboard controller of PCs, and a keyboard at its first port. */
#ifndef DEV_I8042_H
#define DEV_I8042_H

/* If there is one, its keyboard becomes a source of keys. Every wait is bounded. */
void i8042_init(void);

#endif
