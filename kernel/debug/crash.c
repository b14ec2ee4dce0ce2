/* crash.c: see crash.h. Everything goes through volatile, or the compiler would take it out. */
#include "debug/crash.h"

#include <arch/debug.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "lib/string.h"
#include "sync/spinlock.h"

#define WILD_ADDRESS 0xffffc0debadc0de0ull /* canonical, and in no area of the kernel's */
#define STACK_BITE   512

static const uint64_t constant = 1;
static volatile uint64_t variable = 1; /* crash_exec_data() runs it, once; nobody else */

static void write_to(vaddr_t address)
{
	*(volatile uint64_t *)address = 0;
}

static void call(vaddr_t address)
{
	((void (*)(void))address)();
}

static void crash_panic(void)
{
	panic("provoked by the boot option crash=panic");
}

static void crash_locked(void)
{
	static struct spinlock lock = SPINLOCK_INIT(RANK_PROCESS); /* guards nothing */

	spin_lock(&lock);
	panic("provoked by the boot option crash=locked");
}

static void crash_assert(void)
{
	volatile int one = 1;

	assert(one == 2);
}

static void crash_null(void)
{
	volatile vaddr_t null = 0;

	(void)*(volatile uint8_t *)null; /* NOLINT(clang-analyzer-core.NullDereference): wanted */
}

static void crash_wild(void)
{
	write_to(WILD_ADDRESS);
}

static void crash_divide(void)
{
	volatile int zero = 0, one = 1;

	one = one / zero; /* NOLINT(clang-analyzer-core.DivideZero): wanted */
}

/* Not a tail call: the buffer is used after it. */
static unsigned consume_stack(unsigned depth)
{
	volatile uint8_t bite[STACK_BITE];

	bite[depth % STACK_BITE] = (uint8_t)depth;
	return depth == UINT32_MAX ? 0 : consume_stack(depth + 1) + bite[depth % STACK_BITE];
}

static void crash_stack_overflow(void)
{
	volatile unsigned sum = consume_stack(0);

	(void)sum;
}

static void crash_double_fault(void)
{
	arch_provoke_double_fault();
}

static void crash_single_step(void)
{
	arch_provoke_debug();
}

static void crash_text_write(void)
{
	write_to((vaddr_t)crash_panic);
}

static void crash_rodata_write(void)
{
	write_to((vaddr_t)&constant);
}

static void crash_exec_data(void)
{
	variable = 2; /* or the compiler makes it a constant */
	call((vaddr_t)&variable);
}

static void crash_user_exec(void)
{
	call(arch_provoke_user_page());
}

static void crash_user_read(void)
{
	(void)*(volatile uint8_t *)arch_provoke_user_page();
}

static const struct {
	const char *name;
	void (*provoke)(void);
} crashes[] = {
	{"panic", crash_panic},
	{"locked", crash_locked},
	{"assert", crash_assert},
	{"null", crash_null},
	{"wild", crash_wild},
	{"divide", crash_divide},
	{"stack-overflow", crash_stack_overflow},
	{"double-fault", crash_double_fault},
	{"single-step", crash_single_step},
	{"text-write", crash_text_write},
	{"rodata-write", crash_rodata_write},
	{"exec-data", crash_exec_data},
	{"user-exec", crash_user_exec},
	{"user-read", crash_user_read},
};

void crash_provoke_early(const char *name)
{
	if (!strcmp(name, "early"))
		panic("provoked by the boot option crash=early");
}

void crash_provoke(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(crashes); i++) {
		if (strcmp(name, crashes[i].name) != 0)
			continue;
		crashes[i].provoke();
		log_error("crash=%s: the machine did not stop it", name);
		return;
	}
	log_error("crash=%s: there is no such death", name);
}
