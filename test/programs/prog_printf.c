/* prog_printf.c: the C library's formatting, with floating point: it needs SSE and x87 to work. */
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void integers(void)
{
	printf("[%d] [%5d] [%-5d] [%05d] [%+d] [% d]\n", 42, 42, 42, 42, 42, 42);
	printf("[%d] [%d] [%u] [%u]\n", INT_MIN, INT_MAX, 0u, UINT_MAX);
	printf("[%x] [%X] [%#x] [%o] [%#o]\n", 0xbeefu, 0xbeefu, 0xbeefu, 0755u, 0755u);
	printf("[%hhd] [%hd] [%ld] [%lld]\n", (signed char)-1, (short)-2, LONG_MIN, LLONG_MAX);
	printf("[%zu] [%jd] [%td]\n", (size_t)-1, INTMAX_MIN, (ptrdiff_t)-3);
	printf("[%" PRIu64 "] [%" PRIx64 "]\n", UINT64_MAX, UINT64_C(0x0123456789abcdef));
	printf("[%.0d] [%.5d] [%8.3d] [%-8.3d]\n", 0, 7, 7, 7);
}

static void strings(void)
{
	printf("[%s] [%10s] [%-10s] [%.2s] [%*.*s]\n", "quire", "quire", "quire", "quire", 6, 3,
	       "quire");
	printf("[%c] [%3c] [%-3c] [%%]\n", 'a', 'b', 'c');
	printf("[%p] [%20p]\n", (void *)0x1234, (void *)0xffff800000000000ul);
	int count;
	printf("twelve bytes%n", &count);
	printf(" = %d\n", count);
}

static void floats(void)
{
	static const double values[] = {0.0,  -0.0,  1.0,           -1.5,    0.1,      1.0 / 3.0,
					1e10, 1e-10, DBL_MAX,       DBL_MIN, 4.9e-324, M_PI,
					1e22, 1e23,  123456789.125, 0.5,     2.5,      3.5};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		printf("%f %.3e %g %a %.0f\n", values[i], values[i], values[i], values[i],
		       values[i]);
	printf("%f %F %e %g\n", INFINITY, -INFINITY, INFINITY, -INFINITY);
	printf("%f %E\n", fabs(NAN), fabs(NAN));
	printf("%.17g %.40f\n", 0.1, 0.1);
	printf("%Lf %.20Lg %La\n", 1.0L / 3.0L, LDBL_MAX, LDBL_EPSILON);
	printf("%.10f %.10f %.10f %.10f\n", sqrt(2.0), exp(1.0), log(10.0), sin(1.0));
}

static void scanning(void)
{
	int number = 0;
	double real = 0;
	char word[16] = "";
	int fields = sscanf("17 2.75 pages", "%d %lf %15s", &number, &real, word);

	printf("%d fields: %d %g %s\n", fields, number, real, word);
	printf("%g %ld %lx\n", strtod("1.25e3", NULL), strtol("-77", NULL, 8),
	       strtoul("0xfeed", NULL, 0));
	char text[8];
	const char *volatile long_text = "longer than eight";
	int length = snprintf(text, sizeof(text), "%s", long_text);
	printf("%d %s %zu\n", length, text, strlen(text));
}

int main(void)
{
	integers();
	strings();
	floats();
	scanning();
	fprintf(stderr, "this line goes to standard error: %d\n", 2);
	return 0;
}
