/*
 * prog_pie.c: pointers in data, which a position independent program relocates itself before main,
 * and which a program at a fixed address has as they are. Both must see one consistent image.
 */
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

static int add(int a, int b)
{
	return a + b;
}

static int multiply(int a, int b)
{
	return a * b;
}

static int counter = 5;

/* Each line needs two or three relocations, and lies in memory made read-only after them. */
static const struct operation {
	const char *name;
	int (*apply)(int a, int b);
	int *object;
} operations[] = {
	{"add", add, &counter},
	{"multiply", multiply, &counter},
};

static int *const *volatile indirect = &(int *const){&counter};

/* The address range that the program's own headers claim. */
static int inside_image(const void *address)
{
	const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)headers - 1;
	uint64_t bias = getauxval(AT_ENTRY) - header->e_entry;

	for (unsigned i = 0; i < getauxval(AT_PHNUM); i++) {
		uint64_t start = headers[i].p_vaddr + bias;
		if (headers[i].p_type == PT_LOAD && (uint64_t)address >= start &&
		    (uint64_t)address < start + headers[i].p_memsz)
			return 1;
	}
	return 0;
}

int main(void)
{
	for (unsigned i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		const struct operation *one = &operations[i];
		*one->object += 1;
		printf("%s(6, 7) = %d, counter %d\n", one->name, one->apply(6, 7), counter);
	}
	printf("through two pointers: %d\n", **indirect);
	printf("in the image: main %d, data %d, table %d, string %d, stack %d\n",
	       inside_image((const void *)(uintptr_t)&main), inside_image(&counter),
	       inside_image(operations), inside_image(operations[0].name), inside_image(&(int){0}));
	return 0;
}
