/* chacha20.c: see chacha20.h. */
#include "lib/chacha20.h"

#include "lib/string.h"

#define WORDS         16u
#define DOUBLE_ROUNDS 10u

static uint32_t rotate(uint32_t value, unsigned bits)
{
	return value << bits | value >> (32 - bits);
}

static void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	*a += *b;
	*d = rotate(*d ^ *a, 16);
	*c += *d;
	*b = rotate(*b ^ *c, 12);
	*a += *b;
	*d = rotate(*d ^ *a, 8);
	*c += *d;
	*b = rotate(*b ^ *c, 7);
}

static void double_round(uint32_t x[WORDS])
{
	for (unsigned i = 0; i < 4; i++) /* columns */
		quarter_round(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
	for (unsigned i = 0; i < 4; i++) /* diagonals */
		quarter_round(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4],
			      &x[12 + (i + 3) % 4]);
}

void chacha20_block(const uint8_t key[CHACHA20_KEY_BYTES], uint32_t counter,
		    const uint8_t nonce[CHACHA20_NONCE_BYTES], uint8_t out[CHACHA20_BLOCK_BYTES])
{
	/* "expand 32-byte k" */
	uint32_t state[WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, x[WORDS];

	/* Little-endian words, which is what this machine has. */
	memcpy(&state[4], key, CHACHA20_KEY_BYTES);
	state[12] = counter;
	memcpy(&state[13], nonce, CHACHA20_NONCE_BYTES);
	memcpy(x, state, sizeof(x));
	for (unsigned i = 0; i < DOUBLE_ROUNDS; i++)
		double_round(x);
	for (unsigned i = 0; i < WORDS; i++)
		x[i] += state[i];
	memcpy(out, x, CHACHA20_BLOCK_BYTES);
}
