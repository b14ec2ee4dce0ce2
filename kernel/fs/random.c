/*
 * random.c: see random.h. A key and ChaCha20. Each request makes one block from the key: half of it
 * is the next key, half the key of this request's own stream, which is forgotten at its end ("fast
 * key erasure": Bernstein 2017). So who reads the kernel's memory later learns nothing of what was
 * given out before.
 *
 * The key is seeded before its first use and again every minute, from the processor's generator if
 * there is one, from how long steps of work take (which caches, buses, interrupts and, in an
 * emulator, the host make vary), and from the time. None of them is trusted alone: each is absorbed
 * into what was there.
 *
 * Lock letters: (r) random_lock.
 */
#include "fs/random.h"

#include <arch/cpu.h>
#include <arch/time.h>

#include "lib/chacha20.h"
#include "lib/string.h"
#include "sync/spinlock.h"

#define RESEED_NS      60000000000ull
#define JITTER_SAMPLES 256u
#define HARDWARE_WORDS 8u
#define JITTER_BYTES   4096u

/* Innermost but for the log's: anybody may want random numbers. */
static struct spinlock random_lock = SPINLOCK_INIT(RANK_CONSOLE);
/* (r) */
static uint8_t generator_key[CHACHA20_KEY_BYTES];
/* (r) time_now() of the next seeding; 0: there was none */
static uint64_t next_seeding;
/* (r) memory to walk through */
static uint8_t playground[JITTER_BYTES];

static const uint8_t no_nonce[CHACHA20_NONCE_BYTES];

/* The compiler must not find out that nobody reads it any more. */
static void wipe(void *secret, size_t bytes)
{
	memset(secret, 0, bytes);
	__asm__ volatile("" : : "r"(secret) : "memory");
}

/* The key becomes a function of itself and all these bytes, which can't be computed backwards. */
static void absorb_locked(const void *from, size_t bytes)
{
	uint8_t block[CHACHA20_BLOCK_BYTES];
	const uint8_t *next = from;

	while (bytes) {
		size_t part = MIN(bytes, sizeof(generator_key));
		for (size_t i = 0; i < part; i++)
			generator_key[i] ^= next[i];
		chacha20_block(generator_key, (uint32_t)part, no_nonce, block);
		memcpy(generator_key, block, sizeof(generator_key));
		next += part;
		bytes -= part;
	}
	wipe(block, sizeof(block));
}

/* How long small pieces of work took. */
static void absorb_jitter_locked(void)
{
	uint64_t samples[JITTER_SAMPLES], before = time_ticks();
	unsigned at = 0;

	for (unsigned i = 0; i < JITTER_SAMPLES; i++) {
		for (unsigned j = 0; j < 8; j++) {
			at = (at * 5 + (unsigned)before + 1) % JITTER_BYTES;
			playground[at] = (uint8_t)(playground[at] + before);
		}
		uint64_t now = time_ticks();
		samples[i] = now - before;
		before = now;
	}
	absorb_locked(samples, sizeof(samples));
	wipe(samples, sizeof(samples));
}

static void seed_locked(uint64_t now)
{
	const uint64_t times[] = {now, time_ticks(), time_boot_epoch()};
	uint64_t word;

	absorb_locked(times, sizeof(times));
	for (unsigned i = 0; i < HARDWARE_WORDS; i++)
		if (cpu_random(&word))
			absorb_locked(&word, sizeof(word));
	absorb_jitter_locked();
	next_seeding = now + RESEED_NS;
}

/* The key of one request's stream. */
static void take_key(uint8_t key[CHACHA20_KEY_BYTES])
{
	uint8_t block[CHACHA20_BLOCK_BYTES];
	uint64_t now = time_now();

	spin_lock(&random_lock);
	if (now >= next_seeding)
		seed_locked(now);
	chacha20_block(generator_key, 0, no_nonce, block);
	memcpy(generator_key, block, CHACHA20_KEY_BYTES);
	spin_unlock(&random_lock);
	memcpy(key, block + CHACHA20_KEY_BYTES, CHACHA20_KEY_BYTES);
	wipe(block, sizeof(block));
}

void random_fill(void *to, size_t bytes)
{
	uint8_t key[CHACHA20_KEY_BYTES], block[CHACHA20_BLOCK_BYTES], *next = to;

	take_key(key);
	for (uint32_t counter = 0; bytes; counter++) {
		size_t part = MIN(bytes, sizeof(block));
		chacha20_block(key, counter, no_nonce, block);
		memcpy(next, block, part);
		next += part;
		bytes -= part;
	}
	wipe(key, sizeof(key));
	wipe(block, sizeof(block));
}

void random_add(const void *from, size_t bytes)
{
	spin_lock(&random_lock);
	absorb_locked(from, bytes);
	spin_unlock(&random_lock);
}
