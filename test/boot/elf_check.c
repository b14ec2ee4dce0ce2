/*
 * elf_check.c: `elf_check FILE...` puts files through the loader's ELF check, on the host and under
 * AddressSanitizer. A line for each: "FILE: ok", or the end of the loader's sentence.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf.h"

#define FILE_MAX (16u << 20)

/* The whole file in memory of exactly its size, so that a read past its end is caught. */
static void *read_whole(const char *path, size_t *bytes)
{
	static unsigned char buffer[FILE_MAX];
	FILE *file = fopen(path, "rb");
	void *exact;

	if (!file) {
		fprintf(stderr, "elf_check: %s: %s\n", path, strerror(errno));
		exit(2);
	}
	*bytes = fread(buffer, 1, sizeof buffer, file);
	fclose(file);
	exact = malloc(*bytes ? *bytes : 1);
	if (exact)
		memcpy(exact, buffer, *bytes);
	return exact;
}

int main(int count, char **paths)
{
	for (int i = 1; i < count; i++) {
		struct elf_kernel kernel;
		size_t bytes;
		void *file = read_whole(paths[i], &bytes);
		const char *error = elf_parse(file, bytes, &kernel);

		printf("%s: %s\n", paths[i], error ? error : "ok");
		if (!error) {
			void *image = calloc(1, kernel.bytes);

			elf_load(&kernel, file, image);
			free(image);
		}
		free(file);
	}
	return 0;
}
