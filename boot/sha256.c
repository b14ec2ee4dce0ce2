/* sha256.c: see sha256.h. The names are those of FIPS 180-4, sections 4 to 6. */
#include "sha256.h"

#define BLOCK_BYTES  64
#define BLOCK_WORDS  16
#define ROUNDS       64
#define STATE_WORDS  8
#define LENGTH_BYTES 8
#define END_MARK     0x80

/* 4.2.2: of the first 64 primes' cube roots, the first 32 bits behind the point. */
static const uint32_t round_constants[ROUNDS] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

/* 5.3.3: of the first eight primes' square roots. */
static const uint32_t first_state[STATE_WORDS] = {
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static uint32_t rotate_right(uint32_t word, unsigned bits)
{
	return word >> bits | word << (32 - bits);
}

static uint32_t load_big_endian(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

/* 6.2.2, step 1: the block's sixteen words, and 48 more made of them. */
static void make_schedule(const uint8_t *block, uint32_t schedule[ROUNDS])
{
	for (unsigned t = 0; t < BLOCK_WORDS; t++)
		schedule[t] = load_big_endian(block + 4 * t);
	for (unsigned t = BLOCK_WORDS; t < ROUNDS; t++) {
		const uint32_t two = schedule[t - 2], fifteen = schedule[t - 15];
		const uint32_t sigma1 = rotate_right(two, 17) ^ rotate_right(two, 19) ^ two >> 10;
		const uint32_t sigma0 =
			rotate_right(fifteen, 7) ^ rotate_right(fifteen, 18) ^ fifteen >> 3;

		schedule[t] = sigma1 + schedule[t - 7] + sigma0 + schedule[t - 16];
	}
}

/* 6.2.2, steps 2 to 4. s[0] to s[7] are the standard's a to h. */
static void add_block(uint32_t state[STATE_WORDS], const uint8_t *block)
{
	uint32_t schedule[ROUNDS], s[STATE_WORDS];

	make_schedule(block, schedule);
	for (unsigned i = 0; i < STATE_WORDS; i++)
		s[i] = state[i];
	for (unsigned t = 0; t < ROUNDS; t++) {
		const uint32_t sum1 =
			rotate_right(s[4], 6) ^ rotate_right(s[4], 11) ^ rotate_right(s[4], 25);
		const uint32_t sum0 =
			rotate_right(s[0], 2) ^ rotate_right(s[0], 13) ^ rotate_right(s[0], 22);
		const uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
		const uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
		const uint32_t t1 = s[7] + sum1 + choice + round_constants[t] + schedule[t];

		for (unsigned i = STATE_WORDS - 1; i > 0; i--)
			s[i] = s[i - 1];
		s[4] += t1;
		s[0] = t1 + sum0 + majority;
	}
	for (unsigned i = 0; i < STATE_WORDS; i++)
		state[i] += s[i];
}

/* 5.1.1: what is left, a one bit, zeros, and the length in bits: one block more, or two. */
static void add_end(uint32_t state[STATE_WORDS], const uint8_t *rest, size_t count, uint64_t bytes)
{
	uint8_t last[2 * BLOCK_BYTES] = {0};
	const size_t used = count + 1 + LENGTH_BYTES <= BLOCK_BYTES ? BLOCK_BYTES : sizeof last;

	for (size_t i = 0; i < count; i++)
		last[i] = rest[i];
	last[count] = END_MARK;
	for (unsigned i = 0; i < LENGTH_BYTES; i++)
		last[used - 1 - i] = (uint8_t)(bytes * 8 >> 8 * i);
	for (size_t at = 0; at < used; at += BLOCK_BYTES)
		add_block(state, last + at);
}

void sha256(const void *data, uint64_t bytes, uint8_t out[SHA256_BYTES])
{
	uint32_t state[STATE_WORDS];
	const uint8_t *at = data;
	uint64_t left = bytes;

	for (unsigned i = 0; i < STATE_WORDS; i++)
		state[i] = first_state[i];
	for (; left >= BLOCK_BYTES; left -= BLOCK_BYTES, at += BLOCK_BYTES)
		add_block(state, at);
	add_end(state, at, left, bytes);
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}
