/*
 * exec_stack.c: what a program finds on its stack.
 *
 *	USER_END	8 zero bytes
 *			the path it was started by
 *			the environment's strings, the arguments' strings
 *			"x86_64", 16 random bytes
 *			padding to 16 bytes
 *			auxiliary vector, ends with AT_NULL
 *			envp[], NULL
 *			argv[], NULL
 *	rsp ->		argc
 *
 * Strings are copied from the last to the first, each straight to its place in the new space: a
 * string is measured first, and what of it changes meanwhile is the program's own affair.
 */
#include <arch/cpu.h>
#include <arch/signal.h>
#include <arch/user.h>
#include <asm/param.h>
#include <linux/auxvec.h>
#include <linux/binfmts.h>

#include "fs/random.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "mm/slab.h"
#include "proc/elf.h"
#include "proc/exec.h"
#include "vm/space.h"
#include "vm/user_copy.h"

#define RANDOM_BYTES      16u
#define ELF64_PHDR_BYTES  56u
#define STACK_ALIGNMENT   16u
#define AUXILIARY_MAX     24u
/* Linux: strings and their pointers take at most a quarter of the stack, within these bounds. */
#define ARGUMENTS_SHARE   4u
#define ARGUMENTS_MINIMUM (128 * KIB)
#define ARGUMENTS_MAXIMUM (6 * MIB)

struct stack {
	struct vm_space *space;
	vaddr_t sp;
	uint64_t left; /* bytes that strings and pointers may still take */
	char *page;    /* PAGE_SIZE, on the way from the old space to the new */
};

struct vector {
	const struct exec_strings *strings;
	unsigned count;
	vaddr_t *addresses; /* in the new space */
};

static int take(struct stack *stack, uint64_t bytes)
{
	if (bytes > stack->left)
		return -E2BIG;
	stack->left -= bytes;
	return 0;
}

static int push(struct stack *stack, const void *from, size_t bytes)
{
	stack->sp -= bytes;
	return vm_write_remote(stack->space, stack->sp, from, bytes);
}

/* ---- strings ---- */

/* One string, of the kernel's or of the program's; address 0 behind the last one. */
struct string {
	vaddr_t address;
	bool kernel;
};

static int list_at(const struct exec_strings *strings, unsigned index, struct string *string)
{
	*string = (struct string){.kernel = strings->kernel};
	if (strings->kernel) {
		string->address = (vaddr_t)strings->kernel[index];
		return 0;
	}
	if (!strings->user)
		return 0;
	return copy_from_user(&string->address, strings->user + index * sizeof(vaddr_t),
			      sizeof(vaddr_t));
}

static int string_at(const struct exec_strings *strings, unsigned index, struct string *string)
{
	unsigned prefix = strings->prefix_count;

	if (!prefix)
		return list_at(strings, index, string);
	if (index < prefix) {
		*string = (struct string){(vaddr_t)strings->prefix[index], true};
		return 0;
	}
	/* The prefix replaces argv[0], if there is one. */
	int error = list_at(strings, 0, string);
	if (error || !string->address)
		return error;
	return list_at(strings, index - prefix + 1, string);
}

static int count(const struct exec_strings *strings, struct stack *stack, unsigned *out)
{
	struct string string;

	for (*out = 0;; ++*out) {
		int error = string_at(strings, *out, &string);
		if (!error && string.address)
			error = take(stack, sizeof(vaddr_t));
		if (error || !string.address)
			return error;
	}
}

/* Bytes of the string, its NUL included; -E2BIG past MAX_ARG_STRLEN. */
static ssize_t measure(struct stack *stack, bool kernel, vaddr_t string)
{
	size_t length = 0;

	if (kernel) {
		length = strlen((const char *)string) + 1;
		return length <= MAX_ARG_STRLEN ? (ssize_t)length : -E2BIG;
	}
	while (length < MAX_ARG_STRLEN) {
		ssize_t part = copy_string_from_user(stack->page, string + length, PAGE_SIZE);
		if (part >= 0)
			length += (size_t)part + 1;
		if (part != -ENAMETOOLONG)
			return part < 0 ? part : (ssize_t)MIN(length, (size_t)MAX_ARG_STRLEN + 1);
		length += PAGE_SIZE;
	}
	return -E2BIG;
}

/* Copy `bytes`, the last of which becomes NUL whatever it is by now. */
static int copy_across(struct stack *stack, vaddr_t to, bool kernel, vaddr_t from, size_t bytes)
{
	if (kernel)
		return vm_write_remote(stack->space, to, (const char *)from, bytes);
	while (bytes) {
		size_t part = MIN(bytes, PAGE_SIZE);
		int error = copy_from_user(stack->page, from, part);
		if (error)
			return error;
		if (part == bytes)
			stack->page[part - 1] = 0;
		error = vm_write_remote(stack->space, to, stack->page, part);
		if (error)
			return error;
		from += part;
		to += part;
		bytes -= part;
	}
	return 0;
}

static int push_string(struct stack *stack, bool kernel, vaddr_t string)
{
	ssize_t bytes = measure(stack, kernel, string);

	if (bytes < 0)
		return (int)bytes;
	if ((size_t)bytes > MAX_ARG_STRLEN)
		return -E2BIG;
	int error = take(stack, (uint64_t)bytes);
	if (error)
		return error;
	stack->sp -= (uint64_t)bytes;
	return copy_across(stack, stack->sp, kernel, string, (size_t)bytes);
}

/* Last to first, so that the first lies lowest. */
static int push_strings(struct stack *stack, struct vector *vector)
{
	struct string string;

	for (unsigned i = vector->count; i-- > 0;) {
		int error = string_at(vector->strings, i, &string);
		if (!error && !string.address)
			error = -EFAULT; /* it was there a moment ago */
		if (!error)
			error = push_string(stack, string.kernel, string.address);
		if (error)
			return error;
		vector->addresses[i] = stack->sp;
	}
	return 0;
}

/* ---- the vectors ---- */

struct auxiliary {
	uint64_t pairs[AUXILIARY_MAX][2];
	unsigned count;
};

static void add(struct auxiliary *vector, uint64_t type, uint64_t value)
{
	vector->pairs[vector->count][0] = type;
	vector->pairs[vector->count][1] = value;
	vector->count++;
}

static void fill_auxiliary(struct auxiliary *vector, const struct exec_auxiliary *about,
			   vaddr_t name, vaddr_t platform, vaddr_t random)
{
	*vector = (struct auxiliary){.count = 0};
	add(vector, AT_MINSIGSTKSZ, arch_signal_bytes());
	add(vector, AT_HWCAP, cpu_hwcap());
	add(vector, AT_PAGESZ, PAGE_SIZE);
	add(vector, AT_CLKTCK, HZ);
	add(vector, AT_PHDR, about->phdr);
	add(vector, AT_PHENT, ELF64_PHDR_BYTES);
	add(vector, AT_PHNUM, about->phdr_count);
	add(vector, AT_BASE, about->base);
	add(vector, AT_FLAGS, 0);
	add(vector, AT_ENTRY, about->entry);
	add(vector, AT_UID, about->credentials->user.real);
	add(vector, AT_EUID, about->credentials->user.effective);
	add(vector, AT_GID, about->credentials->group.real);
	add(vector, AT_EGID, about->credentials->group.effective);
	add(vector, AT_SECURE, 0);
	add(vector, AT_RANDOM, random);
	add(vector, AT_HWCAP2, 0);
	add(vector, AT_EXECFN, name);
	add(vector, AT_PLATFORM, platform);
	add(vector, AT_NULL, 0);
}

/* argc, the pointers, the auxiliary vector, so that argc is aligned. */
static int push_vectors(struct stack *stack, const struct vector *arguments,
			const struct vector *environment, const struct auxiliary *auxiliary)
{
	const vaddr_t null = 0;
	uint64_t argc = arguments->count;
	size_t auxiliary_bytes = auxiliary->count * sizeof(auxiliary->pairs[0]);
	size_t argument_bytes = arguments->count * sizeof(vaddr_t);
	size_t environment_bytes = environment->count * sizeof(vaddr_t);
	size_t all = sizeof(argc) + argument_bytes + environment_bytes + 2 * sizeof(null) +
		     auxiliary_bytes;

	stack->sp = ALIGN_DOWN(stack->sp - all, STACK_ALIGNMENT) + all;
	int error = push(stack, auxiliary->pairs, auxiliary_bytes);
	if (!error)
		error = push(stack, &null, sizeof(null));
	if (!error)
		error = push(stack, environment->addresses, environment_bytes);
	if (!error)
		error = push(stack, &null, sizeof(null));
	if (!error)
		error = push(stack, arguments->addresses, argument_bytes);
	if (!error)
		error = push(stack, &argc, sizeof(argc));
	return error;
}

static int push_all(struct stack *stack, const struct exec_request *request,
		    const struct exec_auxiliary *about, struct vector *arguments,
		    struct vector *environment, struct process_layout *layout)
{
	const uint64_t zero = 0;
	uint8_t random[RANDOM_BYTES];
	struct auxiliary auxiliary;

	int error = push(stack, &zero, sizeof(zero));
	if (!error)
		error = push_string(stack, true, (vaddr_t)request->name);
	vaddr_t name = stack->sp;
	layout->environment_end = stack->sp;
	if (!error)
		error = push_strings(stack, environment);
	layout->environment_start = layout->arguments_end = stack->sp;
	if (!error)
		error = push_strings(stack, arguments);
	layout->arguments_start = stack->sp;
	if (!error)
		error = push(stack, CPU_PLATFORM, sizeof(CPU_PLATFORM));
	vaddr_t platform = stack->sp;
	random_fill(random, sizeof(random));
	if (!error)
		error = push(stack, random, sizeof(random));
	if (error)
		return error;
	fill_auxiliary(&auxiliary, about, name, platform, stack->sp);
	return push_vectors(stack, arguments, environment, &auxiliary);
}

int exec_build_stack(struct vm_space *space, uint64_t stack_limit,
		     const struct exec_request *request, const struct exec_auxiliary *about,
		     struct process_layout *layout, vaddr_t *sp)
{
	static const char *const no_name[] = {"", NULL};
	static const struct exec_strings empty_name = {.kernel = no_name};
	struct stack stack = {
		.space = space,
		.sp = USER_END,
		.left = MIN(MAX(stack_limit / ARGUMENTS_SHARE, ARGUMENTS_MINIMUM),
			    ARGUMENTS_MAXIMUM),
	};
	struct vector arguments = {.strings = &request->arguments};
	struct vector environment = {.strings = &request->environment};

	int error = count(arguments.strings, &stack, &arguments.count);
	if (!error)
		error = count(environment.strings, &stack, &environment.count);
	if (error)
		return error;
	/* Linux, too, gives a program that was started without any argument an empty argv[0]. */
	if (!arguments.count)
		arguments = (struct vector){.strings = &empty_name, .count = 1};
	stack.page = kmalloc(PAGE_SIZE);
	arguments.addresses = kmalloc(arguments.count * sizeof(vaddr_t));
	environment.addresses = kmalloc(MAX(environment.count, 1u) * sizeof(vaddr_t));
	if (stack.page && arguments.addresses && environment.addresses)
		error = push_all(&stack, request, about, &arguments, &environment, layout);
	else
		error = -ENOMEM;
	kfree(environment.addresses);
	kfree(arguments.addresses);
	kfree(stack.page);
	*sp = layout->stack_start = stack.sp;
	return error;
}
