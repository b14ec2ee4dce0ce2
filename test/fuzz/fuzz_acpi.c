/*
 * fuzz_acpi.c: libFuzzer target of the ACPI parser. The input is physical memory from address 0 on;
 * its first eight bytes say where the root pointer is. A root pointer's signature is put there, or
 * nearly nothing would get further.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "debug/log.h"
#include "dev/acpi_tables.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Each piece is a block of its own, so that the sanitizer sees a read beyond it. */
#define BLOCKS_MAX 4096u

static const uint8_t *memory;
static size_t memory_bytes;
static void *blocks[BLOCKS_MAX];
static unsigned block_count;

void log_line(enum log_level level, const char *format, ...)
{
}

static const void *map(paddr_t start, size_t bytes)
{
	if (start > memory_bytes || bytes > memory_bytes - start)
		return NULL;
	assert(block_count < BLOCKS_MAX);
	void *block = malloc(bytes + !bytes);
	memcpy(block, memory + start, bytes);
	blocks[block_count++] = block;
	return block;
}

static void check(const struct acpi_info *info)
{
	assert(info->cpu_count <= ACPI_MAX_CPUS && info->override_count <= ACPI_MAX_OVERRIDES);
	assert(info->pm1a_control <= 0xffff && info->pm1b_control <= 0xffff);
	assert(info->pm_timer_port <= 0xffff && info->smi_command <= 0xffff);
	assert(info->has_pm1a == (info->pm1a_control != 0));
	assert(!info->s5_found || (info->s5_a <= 7 && info->s5_b <= 7));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	static struct acpi_info info;
	uint64_t rsdp;

	if (bytes < sizeof(rsdp))
		return 0;
	memcpy(&rsdp, data, sizeof(rsdp));
	uint8_t *copy = malloc(bytes);
	memcpy(copy, data, bytes);
	if (rsdp < bytes && bytes - rsdp >= 8)
		memcpy(copy + rsdp, "RSD PTR ", 8);
	memory = copy;
	memory_bytes = bytes;
	acpi_parse(rsdp, map, &info);
	check(&info);
	while (block_count > 0)
		free(blocks[--block_count]);
	free(copy);
	return 0;
}
