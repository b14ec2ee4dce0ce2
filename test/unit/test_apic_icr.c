/* test_apic_icr.c: the interrupt command register's two forms, by the figures of the manual (SDM
 * 3A, 10-12 and 10-28): most emulators have only one of them. */
#include "../../arch/x86_64/apic_icr.h"
#include "debug/ktest.h"

KTEST(apic_icr_has_the_destination_in_the_top_byte)
{
	EXPECT_EQ(icr_encode(false, 3, ICR_INIT | ICR_LEVEL | ICR_ASSERT), 0x030000000000c500ull);
	EXPECT_EQ(icr_encode(false, 0, ICR_STARTUP | 0x9b), 0x000000000000069bull);
	EXPECT_EQ(icr_encode(false, XAPIC_ID_MAX, ICR_NMI | ICR_ASSERT), 0xfe00000000004400ull);
}

KTEST(apic_icr_of_x2apic_has_it_in_the_high_half)
{
	EXPECT_EQ(icr_encode(true, 3, ICR_INIT | ICR_LEVEL | ICR_ASSERT), 0x000000030000c500ull);
	EXPECT_EQ(icr_encode(true, 0x12345678, ICR_FIXED | ICR_ASSERT | 0xf1),
		  0x12345678000040f1ull);
}

KTEST(apic_icr_broadcast_is_nobody)
{
	EXPECT(icr_can_reach(false, 0) && icr_can_reach(false, 254));
	EXPECT(!icr_can_reach(false, 255) && !icr_can_reach(false, 256));
	EXPECT(icr_can_reach(true, 255) && icr_can_reach(true, 0xfffffffe));
	EXPECT(!icr_can_reach(true, 0xffffffff));
}
