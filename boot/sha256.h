/* sha256.h: the hash that a signed loader knows its files by (FIPS 180-4). Calls no firmware. */
#ifndef BOOT_SHA256_H
#define BOOT_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

/* The hash of `bytes` bytes. `data` may be NULL if there are none. */
void sha256(const void *data, uint64_t bytes, uint8_t out[SHA256_BYTES]);

#endif
