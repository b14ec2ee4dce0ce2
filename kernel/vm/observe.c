/* observe.c: what of the memory system shows itself outside of /proc: in the debug shell, and in a
 * panic. */
#include "debug/panic.h"
#include "debug/shell.h"
#include "lib/options.h"
#include "lib/string.h"
#include "mm/report.h"
#include "vm/trace.h"

static void frames(struct text_sink *out, const char *const *arguments)
{
	mm_print_frames(out);
}

static void meminfo(struct text_sink *out, const char *const *arguments)
{
	mm_print_meminfo(out);
}

static void trace(struct text_sink *out, const char *const *arguments)
{
	const char *what = arguments[0];
	uint64_t count = VM_TRACE_EVENTS;

	if (arguments[1] && !shell_number(out, arguments[1], &count))
		return;
	if (!strcmp(what, "on") || !strcmp(what, "off"))
		vm_trace_set(what[1] == 'n');
	else if (!strcmp(what, "dump"))
		vm_trace_print(out, (unsigned)MIN(count, VM_TRACE_EVENTS));
	else
		text_print(out, "\"%s\": on, off and dump are what trace knows\n", what);
}

static const struct shell_command commands[] = {
	{"frames", "", "physical memory by use", 0, 0, true, frames},
	{"meminfo", "", "the same as Linux's /proc/meminfo tells it", 0, 0, true, meminfo},
	{"trace", "on|off|dump [N]", "record page faults; show the last N", 1, 2, false, trace},
};

/* Linked once, at boot. */
static struct shell_table table = {commands, ARRAY_SIZE(commands), NULL};

static void report_panic(struct text_sink *out)
{
	if (vm_trace_is_empty())
		return;
	text_put(out, "last page faults:\n");
	vm_trace_print(out, VM_TRACE_PANIC_EVENTS);
}

void vm_observe_init(void)
{
	const char *what = option("trace");

	vm_trace_set(what && !strcmp(what, "faults"));
	panic_set_report(report_panic);
	shell_add(&table);
}
