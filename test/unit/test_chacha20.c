/* test_chacha20.c: the published vectors: RFC 8439, 2.3.2 and appendix A.1. */
#include "debug/ktest.h"
#include "lib/chacha20.h"
#include "lib/string.h"

static const uint8_t no_nonce[CHACHA20_NONCE_BYTES];

static bool gives(const uint8_t *key, uint32_t counter, const uint8_t *nonce, const char *wanted)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t block[CHACHA20_BLOCK_BYTES];
	char text[2 * CHACHA20_BLOCK_BYTES + 1] = "";

	chacha20_block(key, counter, nonce, block);
	for (unsigned i = 0; i < sizeof(block); i++) {
		text[2 * i] = digits[block[i] >> 4];
		text[2 * i + 1] = digits[block[i] & 15];
	}
	return !strcmp(text, wanted);
}

KTEST(chacha20_block_function)
{
	const uint8_t nonce[CHACHA20_NONCE_BYTES] = {0, 0, 0, 9, 0, 0, 0, 0x4a};
	uint8_t key[CHACHA20_KEY_BYTES];

	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	EXPECT(gives(key, 1, nonce,
		     "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e"
		     "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e"));
}

KTEST(chacha20_zero_key)
{
	const uint8_t key[CHACHA20_KEY_BYTES] = {0};

	EXPECT(gives(key, 0, no_nonce,
		     "76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7"
		     "da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"));
	EXPECT(gives(key, 1, no_nonce,
		     "9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed"
		     "29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f"));
}

KTEST(chacha20_key_and_counter)
{
	uint8_t key[CHACHA20_KEY_BYTES] = {0};

	key[31] = 1;
	EXPECT(gives(key, 1, no_nonce,
		     "3aeb5224ecf849929b9d828db1ced4dd832025e8018b8160b82284f3c949aa5a"
		     "8eca00bbb4a73bdad192b5c42f73f2fd4e273644c8b36125a64addeb006c13a0"));
	memset(key, 0, sizeof(key));
	key[1] = 0xff;
	EXPECT(gives(key, 2, no_nonce,
		     "72d54dfbf12ec44b362692df94137f328fea8da73990265ec1bbbea1ae9af0ca"
		     "13b25aa26cb4a648cb9b9d1be65b2c0924a66c54d545ec1b7374f4872e99f096"));
}
