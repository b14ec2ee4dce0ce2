/* terminals.c: what terminals ask of processes (fs/tty.h). */
#include "fs/tty.h"
#include "proc/process.h"

static int own_session(void)
{
	return 0;
}

static bool leads_session(void)
{
	return false;
}

static bool disregards(int signal)
{
	return true;
}

static bool is_orphaned(int group)
{
	return false;
}

static int session_of(int group)
{
	return 0;
}

static void send(int to, int signal)
{
}

static const struct tty_processes processes = {
	.own_session = own_session,
	.own_group = own_session,
	.leads_session = leads_session,
	.disregards = disregards,
	.is_orphaned = is_orphaned,
	.session_of = session_of,
	.signal_group = send,
	.signal_process = send,
};

void process_terminals_init(void)
{
	tty_set_processes(&processes);
}
