# needs: tcc cut cat ls echo rm
# add: /usr/lib/x86_64-linux-gnu/tcc /usr/include/stdio.h /usr/include/stdlib.h /usr/include/string.h
# add: /usr/include/errno.h /usr/include/features.h /usr/include/alloca.h /usr/include/endian.h /usr/include/strings.h
# add: /usr/include/stdc-predef.h /usr/include/features-time64.h
# add: /usr/include/x86_64-linux-gnu/bits /usr/include/x86_64-linux-gnu/sys /usr/include/x86_64-linux-gnu/gnu
# add: /usr/include/x86_64-linux-gnu/asm /usr/include/asm-generic /usr/include/linux/errno.h
# add: /usr/lib/x86_64-linux-gnu/crt1.o /usr/lib/x86_64-linux-gnu/crti.o /usr/lib/x86_64-linux-gnu/crtn.o
# add: /usr/lib/x86_64-linux-gnu/libc.so /usr/lib/x86_64-linux-gnu/libc.a
# add: /usr/lib/x86_64-linux-gnu/libc_nonshared.a /usr/lib/x86_64-linux-gnu/libc.so.6
tcc -v | cut -d' ' -f1-3
cat >hello.c <<'X'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

int main(int argc, char **argv)
{
	int numbers[] = {3, 1, 2};
	char *copy = malloc(100);

	qsort(numbers, 3, sizeof(int), compare);
	printf("hello, world: %d %d %d\n", numbers[0], numbers[1], numbers[2]);
	strcpy(copy, argc > 1 ? argv[1] : "nothing");
	puts(copy);
	fprintf(stderr, "%.3f\n", strtod("2.5", NULL) * 2);
	return argc;
}
X
tcc -o hello hello.c && ./hello && echo no; echo $?; ./hello one; echo $?
tcc -run hello.c two three; echo $?
tcc -static -o hello.static hello.c 2>/dev/null && ./hello.static static; echo $?
tcc -c hello.c && tcc -o linked hello.o && ./linked linked; echo $?; ls
echo 'int main(void) { return undeclared; }' >bad.c; tcc bad.c; echo $?; tcc nope.c; echo $?; ls
