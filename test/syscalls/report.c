/* report.c: calls in words. Without the C library: who traces itself may have lost it. */
#include <asm/unistd_64.h>
#include <string.h>

#include "fuzz.h"

static char *put_text(char *to, const char *text)
{
	while (*text)
		*to++ = *text++;
	return to;
}

static char *put_hex(char *to, uint64_t value)
{
	to = put_text(to, value < 10 ? "" : "0x");
	for (int shift = 60, seen = 0; shift >= 0; shift -= 4) {
		unsigned digit = value >> shift & 15;
		seen |= digit || !shift;
		if (seen)
			*to++ = "0123456789abcdef"[digit];
	}
	return to;
}

static const char *name_of(uint64_t number)
{
	for (unsigned i = 0; i < calls_count; i++)
		if (calls[i].number == number)
			return calls[i].name;
	return NULL;
}

/* "read(3, 0x10000000, 0x40) = 0", with the number where there is no name. Its length. */
size_t describe_call(char *to, const struct record *record)
{
	const char *name = name_of(record->number);
	char *at = put_text(to, name ? name : "call ");

	if (!name)
		at = put_hex(at, record->number);
	for (unsigned i = 0; i < ARGUMENTS; i++)
		at = put_hex(put_text(at, i ? ", " : "("), record->a[i]);
	at = put_text(at, ")");
	if (record->result != INT64_MIN) {
		at = put_text(at, record->result < 0 ? " = -" : " = ");
		at = put_hex(at, record->result < 0 ? 0 - (uint64_t)record->result
						    : (uint64_t)record->result);
	}
	*at = 0;
	return (size_t)(at - to);
}

/* On standard error, before the call is made. */
void trace_call(const struct slot *slot, const struct record *record)
{
	char line[256], *at = put_hex(line, (uint64_t)(slot - SHARED->slots));

	at = put_hex(put_text(at, ":"), slot->made);
	at = put_text(at, " ");
	at += describe_call(at, record);
	*at++ = '\n';
	plain_call(__NR_write, 2, (uint64_t)line, (uint64_t)(at - line), 0);
}
