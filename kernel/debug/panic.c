/*
 * panic.c: the end of the machine, told so that a person and a test harness both understand it:
 *
 *	PANIC: reason
 *	  registers...
 *	backtrace:
 *	  #0 0xffffffff80201234 function+0x12
 *
 * and then the last page faults, if they were traced, and the debug shell, if panic=shell asks for
 * it.
 *
 * Lines carry no time: time may be what is broken. Nothing here allocates or locks.
 */
#include "debug/panic.h"
#include <arch/cpu.h>
#include <arch/debug.h>
#include <arch/irq.h>
#include <arch/smp.h>
#include <arch/trap.h>
#include "debug/assert.h"
#include "debug/shell.h"
#include "debug/symbols.h"
#include "dev/console.h"
#include "lib/format.h"
#include "lib/options.h"
#include "lib/string.h"
#include "sync/cpu.h"

#define PANIC_LINE_MAX     400
#define BACKTRACE_LINE_MAX 160
#define BACKTRACE_MAX      32 /* frames; more are most likely a recursion that tells nothing new */

static unsigned panic_depth;  /* the CPU that panics first */
static struct cpu *panic_cpu; /* atomic; who that is */

/* The backtrace being printed; only the CPU that panics first uses it. */
static unsigned backtrace_depth;
static vaddr_t backtrace_from;        /* frames before this pc are panic()'s own; 0: show all */
static bool backtrace_first_is_exact; /* #0 is an interrupted pc, not a return address */

static void write_line(const char *text)
{
	console_write(text, strlen(text));
	console_write("\n", 1);
}

static void console_put(struct text_sink *sink, const char *text, size_t bytes)
{
	console_write(text, bytes);
}

/* Set at boot, then only read. */
static void (*more_to_report)(struct text_sink *sink);

void panic_set_report(void (*report)(struct text_sink *sink))
{
	more_to_report = report;
}

NORETURN static void end_panic(void)
{
	struct text_sink console = {console_put};
	const char *then = option("panic");

	if (more_to_report)
		more_to_report(&console);
	if (then && !strcmp(then, "shell"))
		shell_run("after a panic");
	arch_machine_end(MACHINE_PANIC);
}

bool panic_is_elsewhere(void)
{
	const struct cpu *cpu = __atomic_load_n(&panic_cpu, __ATOMIC_ACQUIRE);

	return cpu && cpu != cpu_local();
}

static void print_frame(vaddr_t pc)
{
	char line[BACKTRACE_LINE_MAX];
	const char *name;
	uint64_t offset;

	if (backtrace_from != 0 && pc != backtrace_from)
		return;
	backtrace_from = 0;
	unsigned index = backtrace_depth++;
	if (index >= BACKTRACE_MAX)
		return;
	/* The call of a function that does not return may be its caller's last instruction: the
	 * address after it belongs to somebody else. */
	unsigned back = index == 0 && backtrace_first_is_exact ? 0 : 1;
	if (symbol_find(pc - back, &name, &offset))
		format(line, sizeof(line), "  #%u 0x%016llx %s+0x%llx", index,
		       (unsigned long long)pc, name, (unsigned long long)offset + back);
	else
		format(line, sizeof(line), "  #%u 0x%016llx ?", index, (unsigned long long)pc);
	write_line(line);
}

static void print_backtrace(vaddr_t pc, vaddr_t fp, bool first_is_exact)
{
	backtrace_depth = 0;
	backtrace_first_is_exact = first_is_exact;
	write_line("backtrace:");
	arch_backtrace(pc, fp, print_frame);
	/* A walk that misses it is broken; all of it is better than nothing. */
	if (backtrace_from != 0) {
		backtrace_from = 0;
		arch_backtrace(pc, fp, print_frame);
	}
	if (backtrace_depth > BACKTRACE_MAX)
		write_line("  ...");
}

/*
 * The first panic returns from here. A panic while panicking means that the reporting itself is
 * broken: say what there is to say in one line and end. A third one means that even that is broken.
 */
static void begin_panic(const char *format_text, va_list arguments)
{
	char line[PANIC_LINE_MAX];

	irq_disable();
	struct cpu *nobody = NULL, *me = cpu_local();
	bool first = __atomic_compare_exchange_n(&panic_cpu, &nobody, me, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE);
	if (panic_is_elsewhere())
		cpu_halt();
	if (first)
		smp_stop_others();
	unsigned depth = panic_depth++;
	if (depth > 1)
		cpu_halt();
	console_panic();
	size_t start = format(line, sizeof(line), depth == 0 ? "PANIC: " : "PANIC in a panic: ");
	format_list(line + start, sizeof(line) - start, format_text, arguments);
	write_line(line);
	if (depth == 1)
		arch_machine_end(MACHINE_PANIC);
}

void panic(const char *format_text, ...)
{
	va_list arguments;

	va_start(arguments, format_text);
	begin_panic(format_text, arguments);
	va_end(arguments);
	arch_dump_control(write_line);
	backtrace_from = (vaddr_t)__builtin_return_address(0);
	print_backtrace(0, 0, false);
	end_panic();
}

void panic_trap(const struct trap_frame *frame, const char *format_text, ...)
{
	va_list arguments;

	va_start(arguments, format_text);
	begin_panic(format_text, arguments);
	va_end(arguments);
	trap_dump(frame, write_line);
	arch_dump_control(write_line);
	print_backtrace(trap_pc(frame), trap_fp(frame), true);
	end_panic();
}
