/* trap.c: what the processor's code calls up for, except for system calls. */
#include <arch/trap.h>

#include <arch/irq.h>
#include <arch/signal.h>
#include <arch/user.h>

#include "debug/assert.h"
#include "debug/log.h"
#include "proc/process.h"
#include "proc/sched.h"
#include "proc/thread.h"
#include "sync/cross_call.h"
#include "sync/mutex.h"
#include "vm/space.h"

static const char *access_name(unsigned access)
{
	if (access & VM_WRITE)
		return "writing";
	return access & VM_EXEC ? "executing" : "reading";
}

/* Serve the fault. */
static enum vm_result serve(struct vm_space *space, vaddr_t va, unsigned access)
{
	enum vm_result result;

	if (!space)
		return VM_BAD_ADDRESS; /* a kernel thread's copy from or to nobody */
	do {
		result = vm_fault(space, va, access);
	} while (result == VM_RETRY);
	return result;
}

static void log_out_of_memory(const struct process *process, vaddr_t va)
{
	log_warning("process %s (pid %d) is killed: out of memory, with %llu KiB mapped, at %#llx",
		    process->name, process->pid, (unsigned long long)(process->space->mapped / KIB),
		    (unsigned long long)va);
}

/* A guarded copy of the kernel's: it ends early, and the system call says so. */
static void fail_copy(struct trap_frame *frame, struct process *process, vaddr_t va,
		      enum vm_result result)
{
	vaddr_t fixup = arch_user_fixup(frame);

	assert(fixup);
	if (result == VM_NO_MEMORY) {
		log_out_of_memory(process, va);
		signal_send_self(SIGKILL);
	}
	trap_set_pc(frame, fixup);
}

static struct signal_info fault_info(vaddr_t va, enum vm_result result)
{
	struct signal_info info = {.si_signo = SIGSEGV, .si_code = SEGV_MAPERR};

	if (result == VM_BAD_ACCESS)
		info.si_code = SEGV_ACCERR;
	if (result == VM_BAD_OBJECT) {
		info.si_signo = SIGBUS;
		info.si_code = BUS_ADRERR;
	}
	info.si_addr = (void *)va;
	return info;
}

/* The program's own access. */
static void fail_program(const struct trap_frame *frame, struct process *process, vaddr_t va,
			 unsigned access, enum vm_result result)
{
	const struct signal_info info = fault_info(va, result);
	const char *why = "there is nothing";

	if (result == VM_NO_MEMORY) {
		log_out_of_memory(process, va);
		process_exit(SIGKILL);
	}
	if (result == VM_BAD_ACCESS)
		why = "it is not allowed";
	if (result == VM_BAD_OBJECT)
		why = "the file does not reach so far";
	/* A handler may be at home with it. */
	if (signal_is_fatal(info.si_signo))
		log_info("process %s (pid %d): %s at pc %#llx: %s %#llx, where %s", process->name,
			 process->pid, signal_name(info.si_signo),
			 (unsigned long long)trap_pc(frame), access_name(access),
			 (unsigned long long)va, why);
	arch_signal_note_fault(&current_thread()->arch, frame, va);
	signal_force(&info);
}

void trap_page_fault(struct trap_frame *frame, vaddr_t va, unsigned access)
{
	struct process *process = current_process();

	irq_enable();
	enum vm_result result =
		serve(cpu_local()->space, va, access & (VM_READ | VM_WRITE | VM_EXEC));
	if (result != VM_FIXED && result != VM_SPURIOUS_FAULT) {
		if (!trap_is_user(frame))
			fail_copy(frame, process, va, result);
		else
			fail_program(frame, process, va, access, result);
	}
	irq_disable(); /* the way back wants them off */
}

void trap_user_exception(struct trap_frame *frame, int signal, int code, vaddr_t address,
			 const char *name)
{
	struct process *process = current_process();
	struct signal_info info = {.si_signo = signal, .si_code = code};

	irq_enable();
	info.si_addr = (void *)address;
	if (signal_is_fatal(signal))
		log_info("process %s (pid %d): %s at pc %#llx: %s", process->name, process->pid,
			 signal_name(signal), (unsigned long long)trap_pc(frame), name);
	arch_signal_note_fault(&current_thread()->arch, frame, 0);
	signal_force(&info);
	irq_disable(); /* the way back wants them off */
}

void trap_timer(void)
{
	sched_timer();
}

void trap_call(void)
{
	cross_call_serve();
	sched_kick();
}

static bool has_work_before_user(void)
{
	return cpu_local()->need_resched ||
	       __atomic_load_n(&current_thread()->signals.attend, __ATOMIC_ACQUIRE);
}

static NOINLINE void work_before_user(struct trap_frame *frame)
{
	do {
		if (cpu_local()->need_resched) {
			thread_yield();
		} else if (!signal_wants(current_thread())) {
			signal_settle(current_thread());
		} else {
			irq_enable();
			signal_deliver(frame, RESTART_NEVER, 0);
			irq_disable();
		}
	} while (has_work_before_user());
}

void trap_return_to_user(struct trap_frame *frame)
{
	if (UNLIKELY(has_work_before_user()))
		work_before_user(frame);
	thread_leaves_kernel();
}
