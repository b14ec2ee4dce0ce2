/* test_xhci_firmware.c: a controller out of the hands of a firmware that lets it go, or does not.
 */
#include <string.h>

#include "debug/ktest.h"
#include "dev/xhci.h"

#define WORDS     256u
#define EXTENDED  0x80u
#define LEGACY_AT 0xa0u

static uint32_t registers[WORDS];
static bool lets_go;
static unsigned reads;

uint32_t xhci_read(struct xhci *xhci, uint32_t offset)
{
	reads++;
	if (!EXPECT(offset % 4 == 0 && offset + 4 <= xhci->register_bytes))
		return 0;
	return registers[offset / 4];
}

void xhci_write(struct xhci *xhci, uint32_t offset, uint32_t value)
{
	if (EXPECT(offset % 4 == 0 && offset + 4 <= xhci->register_bytes))
		registers[offset / 4] = value;
}

bool xhci_wait(struct xhci *xhci, uint32_t offset, uint32_t bits, uint32_t value, uint64_t limit)
{
	EXPECT(limit <= 2000000000);
	if (lets_go && (registers[offset / 4] & LEGACY_SYSTEM_OWNS))
		registers[offset / 4] &= ~LEGACY_FIRMWARE_OWNS;
	return (registers[offset / 4] & bits) == value;
}

/* Another capability first, then the one of ownership. */
static struct xhci make(void)
{
	memset(registers, 0, sizeof(registers));
	reads = 0;
	registers[XHCI_HCCPARAMS1 / 4] = EXTENDED / 4 << 16;
	registers[EXTENDED / 4] = (LEGACY_AT - EXTENDED) / 4 << 8 | 2;
	registers[LEGACY_AT / 4] = LEGACY_FIRMWARE_OWNS | EXTENDED_LEGACY;
	registers[LEGACY_AT / 4 + 1] = 0x001fe011; /* all SMIs on; the rest is kept */
	return (struct xhci){.register_bytes = sizeof(registers)};
}

static void expect_ours(void)
{
	EXPECT_EQ(registers[LEGACY_AT / 4] & (LEGACY_FIRMWARE_OWNS | LEGACY_SYSTEM_OWNS),
		  LEGACY_SYSTEM_OWNS);
	EXPECT_EQ(registers[LEGACY_AT / 4 + 1], 0xe01f0000);
}

KTEST(xhci_firmware_lets_go)
{
	struct xhci xhci = make();

	lets_go = true;
	xhci_take_from_firmware(&xhci);
	expect_ours();
	EXPECT_EQ(registers[LEGACY_AT / 4] & 0xff, EXTENDED_LEGACY);
}

KTEST(xhci_firmware_does_not_let_go)
{
	struct xhci xhci = make();

	lets_go = false;
	xhci_take_from_firmware(&xhci);
	expect_ours();
}

KTEST(xhci_firmware_has_nothing)
{
	struct xhci xhci = make();

	registers[EXTENDED / 4] = 2; /* the last one */
	xhci_take_from_firmware(&xhci);
	EXPECT_EQ(registers[LEGACY_AT / 4], LEGACY_FIRMWARE_OWNS | EXTENDED_LEGACY);
	registers[XHCI_HCCPARAMS1 / 4] = 0;
	xhci_take_from_firmware(&xhci);
	EXPECT(reads < 10);
}

/* Capabilities that lead beyond the registers, each in its own way; and more than there may be. */
KTEST(xhci_firmware_capabilities_that_lie)
{
	struct xhci xhci = make();

	registers[EXTENDED / 4] = 0xff << 8 | 2;
	xhci_take_from_firmware(&xhci);
	registers[XHCI_HCCPARAMS1 / 4] = 0xffffu << 16;
	xhci_take_from_firmware(&xhci);
	registers[XHCI_HCCPARAMS1 / 4] = (sizeof(registers) - 4) / 4 << 16;
	registers[WORDS - 1] = EXTENDED_LEGACY; /* its second half is not there */
	xhci_take_from_firmware(&xhci);
	for (unsigned i = 0; i < WORDS; i++)
		registers[i] = 1 << 8 | 2;
	registers[XHCI_HCCPARAMS1 / 4] = EXTENDED / 4 << 16;
	reads = 0;
	xhci_take_from_firmware(&xhci);
	EXPECT(reads <= 1 + 256);
}
