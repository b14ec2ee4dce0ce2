/* test_sha256.c: the loader's hash: the vectors of FIPS 180 and of NIST's CAVP (SHA256ShortMsg). */
#include "debug/ktest.h"
#include "lib/string.h"
#include "sha256.h"

#define MANY 1000000u

static bool gives(const void *data, uint64_t bytes, const char *wanted)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * SHA256_BYTES + 1] = "";
	uint8_t hash[SHA256_BYTES];

	sha256(data, bytes, hash);
	for (unsigned i = 0; i < sizeof(hash); i++) {
		text[2 * i] = digits[hash[i] >> 4];
		text[2 * i + 1] = digits[hash[i] & 15];
	}
	return !strcmp(text, wanted);
}

static bool text_gives(const char *text, const char *wanted)
{
	return gives(text, strlen(text), wanted);
}

KTEST(sha256_of_texts)
{
	EXPECT(gives(NULL, 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
	EXPECT(text_gives("abc",
			  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	/* 56 bytes: with the mark and the length one more than a block holds. */
	EXPECT(text_gives("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
	EXPECT(text_gives("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
			  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
			  "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"));
}

KTEST(sha256_of_bytes)
{
	const uint8_t one[] = {0xd3};
	const uint8_t four[] = {0x74, 0xba, 0x25, 0x21};

	EXPECT(gives(one, sizeof(one),
		     "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"));
	EXPECT(gives(four, sizeof(four),
		     "b16aa56be3880d18cd41e68384cf1ec8c17680c45a02b1575dc1518923ae8b0e"));
}

/* Lengths on both sides of each limit of the padding, as another implementation hashes them. */
KTEST(sha256_of_lengths)
{
	static const struct {
		unsigned count;
		const char *wanted;
	} cases[] = {
		{55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
		{56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
		{63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
		{64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
		{65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
		{119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
		{120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
		{128, "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e"},
		{MANY, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
	};
	static uint8_t letters[MANY];

	memset(letters, 'a', sizeof(letters));
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		EXPECT(gives(letters, cases[i].count, cases[i].wanted));
}
