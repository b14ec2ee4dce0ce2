/* test_cpu_model.c: signatures of processors that exist, as their makers' documents list them. */
#include "../../arch/x86_64/cpu_model.h"
#include "debug/ktest.h"

KTEST(cpu_model_of_known_processors)
{
	static const struct {
		uint32_t signature, family, model;
	} known[] = {
		{0x00000f27, 15, 2},    /* Pentium 4, Northwood */
		{0x00020fb1, 15, 0x2b}, /* Athlon 64 X2, Toledo */
		{0x00050654, 6, 0x55},  /* Skylake-X */
		{0x000306c3, 6, 0x3c},  /* Haswell */
		{0x00800f11, 23, 1},    /* Ryzen 7 1700 */
		{0x00090672, 6, 0x97},  /* Alder Lake */
		{0x00000543, 5, 4},     /* Pentium MMX: no extended model */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(known); i++) {
		EXPECT_EQ(cpu_family(known[i].signature), known[i].family);
		EXPECT_EQ(cpu_model(known[i].signature), known[i].model);
	}
}

KTEST(cpu_model_with_an_invlpg_that_keeps_globals)
{
	EXPECT(cpu_invlpg_keeps_globals(true, 0x00090672));  /* Alder Lake */
	EXPECT(cpu_invlpg_keeps_globals(true, 0x000906a3));  /* Alder Lake-P */
	EXPECT(cpu_invlpg_keeps_globals(true, 0x000b06e0));  /* Alder Lake-N */
	EXPECT(cpu_invlpg_keeps_globals(true, 0x000b0671));  /* Raptor Lake */
	EXPECT(!cpu_invlpg_keeps_globals(true, 0x00050654)); /* Skylake-X */
	EXPECT(!cpu_invlpg_keeps_globals(true, 0x000806c1)); /* Tiger Lake */
	EXPECT(!cpu_invlpg_keeps_globals(true, 0x000a06a4)); /* Meteor Lake */
	/* The same numbers by another maker are another processor. */
	EXPECT(!cpu_invlpg_keeps_globals(false, 0x00090672));
}
