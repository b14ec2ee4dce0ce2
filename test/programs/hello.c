/* hello.c: the smallest program that is of any use. */
#include <stdio.h>

int main(void)
{
	puts("hello, world");
	return 0;
}
