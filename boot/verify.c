/*
 * verify.c: a signed loader starts the files that it was signed with, and no others.
 *
 * Secure Boot ends with the loader: the firmware checks its signature and then runs it. What the
 * loader reads it must check by itself. So whoever signs it first writes the hashes of the kernel,
 * the initial RAM disk and the command line into its section .hashes (tools/quirelib/sign.py),
 * which the signature covers. The command line is among them because it can start any program of
 * the RAM disk, or a debug shell.
 */
#include "loader.h"
#include "sha256.h"

#define HASHES_MAGIC   0x48534148u /* "HASH" */
#define HASHES_VERSION 1u

/* The section, as the build leaves it and as sign.py fills it. */
struct hashes {
	uint32_t magic;
	uint32_t version;
	uint32_t filled; /* 0: there are no hashes, nothing is checked */
	uint32_t reserved;
	uint8_t hashes[HASHED_FILES][SHA256_BYTES];
};
_Static_assert(sizeof(struct hashes) == 16 + 3 * SHA256_BYTES, "sign.py knows this layout");

/* Volatile: its value is not the one that the compiler sees here. */
__attribute__((section(".hashes"), used)) static const volatile struct hashes hashes = {
	.magic = HASHES_MAGIC,
	.version = HASHES_VERSION,
};

static EFI_GUID global_variable_guid = EFI_GLOBAL_VARIABLE;

/* UEFI 2.10, 3.3: SecureBoot is 1 while the firmware checks signatures. No variable: it can't. */
static bool secure_boot_is_on(struct loader *loader)
{
	static CHAR16 name[] = L"SecureBoot";
	UINT8 value = 0;
	UINTN bytes = sizeof value;
	const EFI_STATUS status = loader->system->RuntimeServices->GetVariable(
		name, &global_variable_guid, NULL, &bytes, &value);

	return !EFI_ERROR(status) && value == 1;
}

EFI_STATUS verify_begin(struct loader *loader)
{
	if (!hashes.filled && secure_boot_is_on(loader))
		return fail(loader, EFI_SECURITY_VIOLATION,
			    "Secure Boot is on, and this loader was signed without the hashes of "
			    "its files: it would start any kernel; sign with ./quire image --sign");
	return EFI_SUCCESS;
}

EFI_STATUS verify_file(struct loader *loader, enum hashed_file which, const char *path,
		       const struct block *contents)
{
	uint8_t found[SHA256_BYTES];
	uint8_t difference = 0;

	if (!hashes.filled)
		return EFI_SUCCESS;
	sha256(block_pointer(contents), contents->bytes, found);
	for (unsigned i = 0; i < SHA256_BYTES; i++)
		difference |= found[i] ^ hashes.hashes[which][i];
	if (difference)
		return fail(loader, EFI_SECURITY_VIOLATION,
			    "%s: not the file that this loader was signed with (its SHA-256 is "
			    "another)",
			    path);
	return EFI_SUCCESS;
}
