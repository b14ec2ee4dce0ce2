/* test_elf.c: ELF headers, right and wrong in every way. test/elf holds whole files, and compares
 * with Linux. */
#include <linux/elf.h>
#include <string.h>

#include "debug/ktest.h"
#include "elf_promises.h"
#include "lib/errno.h"
#include "proc/elf.h"
#include "random.h"

#define LIMIT     0x7ffffffff000ull
#define FILE_SIZE 0x4000u
#define TEXT      0x400000ull
#define DATA      0x403000ull

/*
 * A file in memory, zero from FILE_SIZE to its size. The reader notes any request that is not
 * inside the file.
 */
struct file {
	union {
		char bytes[FILE_SIZE];
		struct {
			Elf64_Ehdr header;
			Elf64_Phdr phdrs[80];
		};
	};
	uint64_t size;
	bool read_outside;
	int read_error;
};

static struct file file;
static struct elf_image image;

static int read_file(void *handle, uint64_t offset, void *to, size_t bytes)
{
	struct file *from = handle;

	if (offset > from->size || bytes > from->size - offset) {
		from->read_outside = true;
		return -EIO;
	}
	if (from->read_error != 0 && offset >= sizeof(Elf64_Ehdr))
		return from->read_error;
	size_t stored = offset < FILE_SIZE ? MIN(bytes, FILE_SIZE - offset) : 0;
	if (stored > 0)
		memcpy(to, &from->bytes[offset], stored);
	memset((char *)to + stored, 0, bytes - stored);
	return 0;
}

static int parse(void)
{
	int error = elf_parse(read_file, &file, file.size, LIMIT, &image);

	EXPECT(!file.read_outside);
	if (error == 0)
		EXPECT_STREQ(elf_broken_promise(&image, file.size, LIMIT), NULL);
	return error;
}

/* A static program: headers and text, data with BSS, a stack note. */
static void make_program(void)
{
	memset(&file, 0, sizeof(file));
	file.size = FILE_SIZE;
	file.header = (Elf64_Ehdr){
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = TEXT + 0x1000,
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 4,
	};
	file.phdrs[0] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0, TEXT, TEXT, 0x2345, 0x2345, 0x1000};
	file.phdrs[1] =
		(Elf64_Phdr){PT_LOAD, PF_R | PF_W, 0x3010, DATA + 0x10, 0, 0x20, 0x5000, 0x1000};
	file.phdrs[2] = (Elf64_Phdr){PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 0, 0, 0x10};
	file.phdrs[3] = (Elf64_Phdr){PT_NOTE, PF_R, 0x100, TEXT + 0x100, 0, 0x20, 0x20, 4};
}

#define EXPECT_ERROR(error, change)        \
	do {                               \
		make_program();            \
		change;                    \
		EXPECT_EQ(parse(), error); \
	} while (0)

KTEST(elf_program)
{
	make_program();
	EXPECT_EQ(parse(), 0);
	EXPECT(!image.position_independent);
	EXPECT(!image.has_interpreter);
	EXPECT(!image.executable_stack);
	EXPECT_EQ(image.entry, TEXT + 0x1000);
	EXPECT_EQ(image.low, TEXT);
	EXPECT_EQ(image.high, DATA + 0x6000);
	EXPECT_EQ(image.max_alignment, PAGE_SIZE);
	EXPECT_EQ(image.phdr, TEXT + sizeof(Elf64_Ehdr));
	EXPECT_EQ(image.phdr_count, 4);
	EXPECT_EQ(image.segment_count, 2);
	EXPECT_EQ(image.segments[0].prot, VM_READ | VM_EXEC);
	EXPECT_EQ(image.segments[1].start, DATA + 0x10);
	EXPECT_EQ(image.segments[1].memory_bytes, 0x5000);
	EXPECT_EQ(image.segments[1].file_bytes, 0x20);
	EXPECT_EQ(image.segments[1].file_offset, 0x3010);
	EXPECT_EQ(image.segments[1].prot, VM_READ | VM_WRITE);
}

KTEST(elf_position_independent)
{
	make_program();
	file.header.e_type = ET_DYN;
	file.header.e_entry -= TEXT;
	file.phdrs[0].p_vaddr -= TEXT;
	file.phdrs[1].p_vaddr -= TEXT;
	file.phdrs[1].p_align = 0x200000;
	EXPECT_EQ(parse(), 0);
	EXPECT(image.position_independent);
	EXPECT_EQ(image.low, 0);
	EXPECT_EQ(image.max_alignment, 0x200000);
	EXPECT_EQ(image.phdr, sizeof(Elf64_Ehdr));
}

KTEST(elf_variations_accepted)
{
	EXPECT_ERROR(0, file.phdrs[0].p_align = 0);
	EXPECT_ERROR(0, file.phdrs[0].p_align = 1);
	EXPECT_ERROR(0, file.phdrs[2].p_flags = PF_R | PF_W | PF_X);
	EXPECT(image.executable_stack);
	EXPECT_ERROR(0, file.phdrs[1].p_memsz = LIMIT - DATA - 0x10);
	EXPECT_ERROR(0, file.phdrs[2].p_type = 0x12345678);
	EXPECT_ERROR(0, file.phdrs[3].p_filesz = ~0ull); /* only what is loaded counts */
	EXPECT_ERROR(0, (file.phdrs[3] = (Elf64_Phdr){.p_type = PT_LOAD}));
	EXPECT_EQ(image.segment_count, 2);
	/* Nothing from the file: its offset is of no account. */
	EXPECT_ERROR(0, (file.phdrs[1].p_filesz = 0, file.phdrs[1].p_offset = ~0ull));
	EXPECT_EQ(image.segments[1].file_bytes, 0);
}

KTEST(elf_segments_are_sorted)
{
	Elf64_Phdr first;

	make_program();
	first = file.phdrs[0];
	file.phdrs[0] = file.phdrs[1];
	file.phdrs[1] = first;
	EXPECT_EQ(parse(), 0);
	EXPECT_EQ(image.segments[0].start, TEXT);
	EXPECT_EQ(image.segments[1].start, DATA + 0x10);
}

KTEST(elf_phdr_outside_segments)
{
	make_program();
	file.header.e_phoff = 0x2400;
	memcpy(file.bytes + 0x2400, file.phdrs, 4 * sizeof(Elf64_Phdr));
	EXPECT_EQ(parse(), 0);
	EXPECT_EQ(image.phdr, 0);
}

KTEST(elf_bad_header)
{
	for (unsigned i = 0; i <= EI_VERSION; i++)
		EXPECT_ERROR(-ENOEXEC, file.header.e_ident[i] ^= 3);
	EXPECT_ERROR(-ENOEXEC, file.header.e_version = 0);
	EXPECT_ERROR(-ENOEXEC, file.header.e_machine = EM_386);
	EXPECT_ERROR(-ENOEXEC, file.header.e_machine = 0);
	for (unsigned type = 0; type < 6; type++)
		EXPECT_ERROR(type == ET_EXEC || type == ET_DYN ? 0 : -ENOEXEC,
			     file.header.e_type = (uint16_t)type);
	EXPECT_ERROR(-ENOEXEC, file.header.e_phentsize = 55);
	EXPECT_ERROR(-ENOEXEC, file.header.e_phentsize = 32);
	EXPECT_ERROR(-ENOEXEC, file.header.e_phentsize = 0);
	EXPECT_ERROR(-ENOEXEC, file.header.e_phnum = 0);
	EXPECT_ERROR(-ENOEXEC, file.header.e_phnum = 0xffff);
	EXPECT_ERROR(-ENOEXEC, file.header.e_phnum = 1171);
	EXPECT_ERROR(-ENOEXEC, file.header.e_phoff = FILE_SIZE);
	EXPECT_ERROR(-ENOEXEC, file.header.e_phoff = FILE_SIZE - 4 * 56 + 1);
	EXPECT_ERROR(-ENOEXEC, file.header.e_phoff = ~0ull - 7);
	EXPECT_ERROR(-ENOEXEC, file.header.e_phoff = 1ull << 63);
}

KTEST(elf_most_segments)
{
	make_program();
	/* 64 segments of one page each are the most. */
	for (unsigned i = 0; i < 65; i++)
		file.phdrs[i] = (Elf64_Phdr){PT_LOAD, PF_R | PF_X, 0,      TEXT + i * 0x1000,
					     0,       0x1000,      0x1000, 0x1000};
	file.header.e_phnum = 64;
	EXPECT_EQ(parse(), 0);
	EXPECT_EQ(image.segment_count, 64);
	file.header.e_phnum = 65;
	EXPECT_EQ(parse(), -ENOEXEC);
}

/* 64 KiB of program headers, most of them PT_NULL; Linux has the same limit. */
KTEST(elf_most_program_headers)
{
	make_program();
	file.size = MIB;
	file.header.e_phnum = 65536 / sizeof(Elf64_Phdr);
	EXPECT_EQ(parse(), 0);
	EXPECT_EQ(image.phdr_count, 1170);
	EXPECT_EQ(image.phdr, 0); /* the text holds only a part of them */
	file.header.e_phnum++;
	EXPECT_EQ(parse(), -ENOEXEC);
}

KTEST(elf_bad_segments)
{
	Elf64_Phdr *text = &file.phdrs[0], *data = &file.phdrs[1];

	EXPECT_ERROR(-EINVAL, data->p_filesz = data->p_memsz + 1);
	EXPECT_ERROR(-EINVAL, data->p_filesz = ~0ull);
	EXPECT_ERROR(-EINVAL, data->p_memsz = ~0ull);
	EXPECT_ERROR(-EINVAL, data->p_memsz = LIMIT - DATA);
	EXPECT_ERROR(-EINVAL, data->p_memsz = -DATA); /* wraps to 0x10 */
	EXPECT_ERROR(-EINVAL, data->p_vaddr = LIMIT + 0x10);
	EXPECT_ERROR(-EINVAL, data->p_vaddr = 0xffffffff80000010);
	EXPECT_ERROR(-EINVAL, data->p_vaddr = ~0xfull);
	EXPECT_ERROR(-EINVAL, data->p_vaddr += 1);
	EXPECT_ERROR(-EINVAL, data->p_offset -= 1);
	EXPECT_ERROR(-ENOEXEC, data->p_offset += FILE_SIZE);
	EXPECT_ERROR(-ENOEXEC, data->p_offset = 0x10 - 0x1000ull);
	EXPECT_ERROR(-ENOEXEC, file.size = 0x3010 + 0x1f);
	EXPECT_ERROR(0, file.size = 0x3010 + 0x20);
	EXPECT_ERROR(-ENOEXEC, data->p_align = 3);
	EXPECT_ERROR(-ENOEXEC, data->p_align = 0x1800);
	EXPECT_ERROR(-ENOEXEC, data->p_align = 1ull << 63);
	EXPECT_ERROR(-ENOEXEC, data->p_flags = PF_R | PF_W | PF_X);
	EXPECT_ERROR(-ENOEXEC, text->p_flags = PF_W | PF_X);
	EXPECT_ERROR(-ENOEXEC, (data->p_vaddr = TEXT + 0x1010));
	EXPECT_ERROR(-ENOEXEC,
		     (data->p_vaddr = TEXT + 0x2010, text->p_filesz = text->p_memsz = 0x2001));
	EXPECT_ERROR(-ENOEXEC, (data->p_vaddr = TEXT - 0x1000 + 0x10));
	EXPECT_ERROR(-ENOEXEC, *data = *text);
	/* The later one in the file is the lower one in memory. */
	EXPECT_ERROR(-ENOEXEC, data->p_vaddr = TEXT - 0x5000 + 0x10);
	EXPECT_ERROR(0, data->p_vaddr = TEXT - 0x6000 + 0x10);
	EXPECT_ERROR(-EPERM, (data->p_vaddr = 0x10));
	EXPECT_ERROR(-EPERM, (data->p_vaddr = ELF_LOWEST_ADDRESS - 0x1000 + 0x10));
	EXPECT_ERROR(0, (data->p_vaddr = ELF_LOWEST_ADDRESS + 0x10));
	EXPECT_ERROR(-ENOEXEC, (text->p_type = data->p_type = PT_NULL));
	EXPECT_ERROR(-ENOEXEC, (text->p_memsz = text->p_filesz = 0));
}

KTEST(elf_bad_entry)
{
	EXPECT_ERROR(-ENOEXEC, file.header.e_entry = 0);
	EXPECT_ERROR(-ENOEXEC, file.header.e_entry = TEXT - 1);
	EXPECT_ERROR(0, file.header.e_entry = TEXT + 0x2344);
	EXPECT_ERROR(-ENOEXEC, file.header.e_entry = TEXT + 0x2345);
	EXPECT_ERROR(-ENOEXEC, file.header.e_entry = DATA + 0x10);
	EXPECT_ERROR(-ENOEXEC, file.header.e_entry = ~0ull);
}

static void set_interpreter(uint64_t offset, uint64_t bytes)
{
	file.phdrs[3] = (Elf64_Phdr){PT_INTERP, PF_R, offset, 0, 0, bytes, bytes, 1};
	memcpy(file.bytes + 0x3800, "/lib/ld.so", 11);
}

KTEST(elf_interpreter)
{
	EXPECT_ERROR(0, set_interpreter(0x3800, 11));
	EXPECT(image.has_interpreter);
	EXPECT_EQ(image.interp_offset, 0x3800);
	EXPECT_EQ(image.interp_bytes, 11);
	EXPECT_ERROR(-ENOEXEC, set_interpreter(0x3800, 10));
	EXPECT_ERROR(-ENOEXEC, set_interpreter(0x3800, 1));
	EXPECT_ERROR(-ENOEXEC, set_interpreter(0x3800, 0));
	EXPECT_ERROR(-ENOEXEC, set_interpreter(0x3800, 4097));
	EXPECT_ERROR(-ENOEXEC, set_interpreter(0x3800, ~0ull));
	EXPECT_ERROR(-EIO, set_interpreter(FILE_SIZE - 4, 11));
	EXPECT_ERROR(-EIO, set_interpreter(1ull << 62, 11));
	EXPECT_ERROR(-EINVAL, set_interpreter(1ull << 63, 11));
	/* The interpreter is looked at before the segments, as on Linux. */
	EXPECT_ERROR(-ENOEXEC, (set_interpreter(0x3800, 1), file.phdrs[1].p_memsz = 0));
	/* The first one counts. */
	EXPECT_ERROR(0, (set_interpreter(0x3800, 11), file.phdrs[2] = file.phdrs[3],
			 file.phdrs[3].p_filesz = 0));
}

/* A program cut anywhere within its headers is no program. */
KTEST(elf_truncated)
{
	make_program();
	for (uint64_t size = 0; size < sizeof(Elf64_Ehdr) + 4 * sizeof(Elf64_Phdr); size++) {
		file.size = size;
		EXPECT_EQ(parse(), -ENOEXEC);
	}
}

KTEST(elf_read_error)
{
	EXPECT_ERROR(-EIO, file.read_error = -EIO);
	EXPECT_ERROR(-EINTR, file.read_error = -EINTR);
}

/* Header fields replaced by interesting numbers: whatever is accepted keeps every promise. */
KTEST(elf_random_fields)
{
	static const uint64_t interesting[] = {
		0,
		1,
		2,
		7,
		0x10,
		0x38,
		0x40,
		0xfff,
		0x1000,
		0x1010,
		0x3010,
		0x4000,
		TEXT,
		DATA,
		LIMIT - 1,
		LIMIT,
		0x800000000000,
		INT64_MAX,
		0x8000000000000000,
		UINT64_MAX - 0xfff,
		UINT64_MAX,
	};
	unsigned accepted = 0;
	uint64_t state = 1;

	for (unsigned round = 0; round < 50000; round++) {
		make_program();
		for (uint64_t changes = 1 + random_below(&state, 3); changes > 0; changes--) {
			uint64_t value = interesting[random_below(&state, ARRAY_SIZE(interesting))];
			size_t width = random_below(&state, 2) ? 8 : 4;
			size_t at = 24 + 4 * random_below(&state, (40 + 3 * 56) / 4);
			memcpy(file.bytes + at, &value, width);
		}
		accepted += parse() == 0;
	}
	EXPECT(accepted > 1000); /* the numbers reach deep enough */
	EXPECT(accepted < 49000);
}
