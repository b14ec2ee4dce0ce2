/* prog_sysv_sem.c: System V's semaphores and message queues. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KEY 0x51534d32

union semun {
	int val;
	struct semid_ds *buf;
	unsigned short *array;
	struct seminfo *info;
};

struct letter {
	long type;
	char text[64];
};

static void show(const char *what, long result)
{
	if (result < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld\n", what, result);
	fflush(stdout);
}

static int operate(int id, int number, int by, int flags)
{
	struct sembuf op = {(unsigned short)number, (short)by, (short)flags};

	return semop(id, &op, 1);
}

static void values(const char *what, int id)
{
	unsigned short all[4] = {0};
	union semun argument = {.array = all};

	if (semctl(id, 0, GETALL, argument))
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %d %d %d\n", what, all[0], all[1], all[2]);
	fflush(stdout);
}

static void semaphores(void)
{
	union semun argument;
	struct semid_ds data;

	show("none", semget(KEY, 1, 0));
	show("of nothing", semget(KEY, 0, IPC_CREAT | 0600));
	show("of too many", semget(KEY, 32001, IPC_CREAT | 0600));
	int id = semget(KEY, 3, IPC_CREAT | 0640);
	printf("made: %d\n", id >= 0);
	printf("again: %d\n", semget(KEY, 0, 0) == id);
	show("more of them", semget(KEY, 4, 0));
	show("exclusively", semget(KEY, 3, IPC_CREAT | IPC_EXCL));
	values("at first", id);
	argument.buf = &data;
	show("stat", semctl(id, 0, IPC_STAT, argument));
	show("stat by a whole number", semctl(id, 0, SEM_STAT, argument) == id);
	printf("%lu, mode %o, times %d %d\n", (unsigned long)data.sem_nsems, data.sem_perm.mode,
	       data.sem_otime != 0, data.sem_ctime != 0);
	unsigned short set[3] = {5, 0, 7};
	argument.array = set;
	show("set all", semctl(id, 0, SETALL, argument));
	values("set", id);
	argument.val = 2;
	show("set one", semctl(id, 1, SETVAL, argument));
	show("get it", semctl(id, 1, GETVAL));
	argument.val = 40000;
	show("too much", semctl(id, 1, SETVAL, argument));
	argument.val = -1;
	show("too little", semctl(id, 1, SETVAL, argument));
	show("no such one", semctl(id, 3, GETVAL));
	show("add", operate(id, 1, 3, 0));
	show("subtract", operate(id, 1, -4, 0));
	values("then", id);
	show("who did it", semctl(id, 1, GETPID) == getpid());
	show("too many", operate(id, 0, 32767, 0));
	show("not now", operate(id, 1, -2, IPC_NOWAIT));
	show("not zero now", operate(id, 1, 0, IPC_NOWAIT));
	show("beyond", operate(id, 3, 1, 0));
	show("no set", operate(-1, 0, 1, 0));
	show("another set", operate(id + 1, 0, 1, 0));
	struct sembuf two[2] = {{0, -1, 0}, {1, -9, IPC_NOWAIT}};
	show("all or nothing", semop(id, two, 2));
	values("nothing", id);
	two[1].sem_op = -1;
	show("both", semop(id, two, 2));
	values("both", id);
	show("none at all", semop(id, two, 0));
	static struct sembuf many[600];
	show("too many at once", semop(id, many, 501));
	struct timespec soon = {.tv_nsec = 30000000}, bad = {.tv_nsec = -1};
	two[0] = (struct sembuf){1, -1, 0};
	show("for a while", semtimedop(id, two, 1, &soon));
	show("a bad time", semtimedop(id, two, 1, &bad));
	show("remove", semctl(id, 0, IPC_RMID));
	show("remove again", semctl(id, 0, IPC_RMID));
	show("use it", operate(id, 0, 1, 0));
}

static void undoing(void)
{
	int id = semget(IPC_PRIVATE, 3, 0600), status;
	union semun argument = {.val = 10};

	semctl(id, 0, SETVAL, argument);
	fflush(stdout);
	if (!fork()) {
		operate(id, 0, -4, SEM_UNDO);
		operate(id, 1, 3, SEM_UNDO);
		operate(id, 2, 3, 0);
		values("in the child", id);
		_exit(0);
	}
	wait(&status);
	values("after it", id);
	fflush(stdout);
	if (!fork()) {
		operate(id, 0, 5, SEM_UNDO);
		operate(id, 0, -2, 0);
		argument.val = 1;
		operate(id, 2, 1, SEM_UNDO);
		semctl(id, 2, SETVAL, argument);
		raise(SIGKILL);
	}
	wait(&status);
	values("after a kill", id);
	operate(id, 0, 4, SEM_UNDO);
	values("to be undone", id);
	show("unshare", unshare(CLONE_SYSVSEM));
	values("undone", id);
	semctl(id, 0, IPC_RMID);
}

static void on_alarm(int signal)
{
	(void)signal;
}

static void waiting(void)
{
	int id = semget(IPC_PRIVATE, 3, 0600), status;

	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		if (operate(id, 0, -1, 0) || operate(id, 1, 1, 0))
			_exit(1);
		_exit(operate(id, 0, -5, 0) < 0 && errno == EIDRM ? 0 : 2);
	}
	while (semctl(id, 0, GETNCNT) != 1)
		;
	show("one waits", semctl(id, 0, GETNCNT));
	show("none for zero", semctl(id, 0, GETZCNT));
	show("wake it", operate(id, 0, 1, 0));
	show("it woke", operate(id, 1, -1, 0));
	while (semctl(id, 0, GETNCNT) != 1)
		;
	show("remove", semctl(id, 0, IPC_RMID));
	waitpid(child, &status, 0);
	printf("the child: %d\n", WEXITSTATUS(status));
	id = semget(IPC_PRIVATE, 1, 0600);
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	sigaction(SIGALRM, &action, NULL);
	alarm(1);
	show("interrupted", operate(id, 0, -1, 0));
	semctl(id, 0, IPC_RMID);
}

/* Who has waited longest has it at once: whoever gave it away can't take it back. */
static void hand_over(void)
{
	int id = semget(IPC_PRIVATE, 4, 0600), status;
	pid_t children[3];

	fflush(stdout);
	for (int i = 0; i < 3; i++) {
		children[i] = fork();
		if (!children[i]) {
			struct sembuf ops[2] = {{0, -1, 0}, {1, (short)(i == 1 ? -1 : 0), 0}};
			_exit(semop(id, ops, i == 1 ? 2 : 1) ? 1 : 0);
		}
		while (semctl(id, 0, GETNCNT) != i + 1)
			;
	}
	show("give", operate(id, 0, 1, 0));
	show("take it back", operate(id, 0, -1, IPC_NOWAIT));
	show("who waits", semctl(id, 0, GETNCNT));
	waitpid(children[0], &status, 0);
	show("the first has it", WEXITSTATUS(status));
	show("give", operate(id, 0, 1, 0));
	show("the last has it", semctl(id, 0, GETPID) == children[2]);
	waitpid(children[2], &status, 0);
	show("give", operate(id, 1, 1, 0));
	show("one waits for both", semctl(id, 0, GETNCNT));
	union semun argument = {.val = 1};
	show("set", semctl(id, 0, SETVAL, argument));
	values("taken", id);
	waitpid(children[1], &status, 0);
	show("the second has it", WEXITSTATUS(status));
	semctl(id, 0, IPC_RMID);
}

static void receive(const char *what, int id, size_t max, long type, int flags)
{
	struct letter letter = {0};
	ssize_t bytes = msgrcv(id, &letter, max, type, flags);

	if (bytes < 0)
		printf("%s: %s\n", what, strerror(errno));
	else
		printf("%s: %ld '%s', %zd bytes\n", what, letter.type, letter.text, bytes);
	fflush(stdout);
}

static int post(int id, long type, const char *text)
{
	struct letter letter = {.type = type};

	strcpy(letter.text, text);
	return msgsnd(id, &letter, strlen(text), IPC_NOWAIT);
}

static void hand_over_letters(void)
{
	int id = msgget(IPC_PRIVATE, 0600), status;
	struct msqid_ds data;
	pid_t children[2];

	fflush(stdout);
	for (int i = 0; i < 2; i++) {
		children[i] = fork();
		if (!children[i]) {
			struct letter letter = {0};
			ssize_t bytes = msgrcv(id, &letter, i ? 60 : 3, 0, 0);
			_exit(bytes < 0 ? errno : (int)bytes);
		}
		/* It sleeps: there is no other way to see it. */
		char path[64], text[256] = "";
		snprintf(path, sizeof(path), "/proc/%d/stat", children[i]);
		do {
			FILE *file = fopen(path, "r");
			if (!file || !fgets(text, sizeof(text), file))
				_exit(1);
			fclose(file);
		} while (!strstr(text, ") S "));
	}
	show("send", post(id, 1, "seven b"));
	receive("take it back", id, 60, 0, IPC_NOWAIT);
	msgctl(id, IPC_STAT, &data);
	printf("%lu messages, received by the second %d\n", (unsigned long)data.msg_qnum,
	       data.msg_lrpid == children[1]);
	waitpid(children[0], &status, 0);
	printf("the first: %s\n", strerror(WEXITSTATUS(status)));
	waitpid(children[1], &status, 0);
	printf("the second: %d bytes\n", WEXITSTATUS(status));
	msgctl(id, IPC_RMID, NULL);
}

static void queues(void)
{
	struct msqid_ds data;
	static char large[8300];

	show("none", msgget(KEY, 0));
	int id = msgget(KEY, IPC_CREAT | 0640), status;
	printf("made: %d\n", id >= 0);
	printf("again: %d\n", msgget(KEY, 0) == id);
	show("exclusively", msgget(KEY, IPC_CREAT | IPC_EXCL));
	show("send", post(id, 1, "one"));
	show("send", post(id, 5, "five"));
	show("send", post(id, 3, "three"));
	show("send", post(id, 3, "three again"));
	show("send", post(id, 2, ""));
	show("type 0", post(id, 0, "none"));
	show("stat", msgctl(id, IPC_STAT, &data));
	printf("%lu messages, %lu bytes of %lu, mode %o, sender %d, receiver %d\n",
	       (unsigned long)data.msg_qnum, (unsigned long)data.__msg_cbytes,
	       (unsigned long)data.msg_qbytes, data.msg_perm.mode, data.msg_lspid == getpid(),
	       data.msg_lrpid);
	receive("type 3", id, 60, 3, 0);
	receive("too short", id, 3, 5, 0);
	receive("cut off", id, 3, 5, MSG_NOERROR);
	receive("up to 3", id, 60, -3, 0);
	receive("up to 3", id, 60, -3, 0);
	receive("not 9", id, 60, 9, MSG_EXCEPT);
	receive("none of 9", id, 60, 9, IPC_NOWAIT);
	receive("none", id, 60, 0, IPC_NOWAIT);
	receive("no queue", -1, 60, 0, IPC_NOWAIT);
	show("a negative size", msgrcv(id, large, (size_t)-1, 0, IPC_NOWAIT));
	*(long *)large = 1;
	show("too large", msgsnd(id, large, 8193, 0));
	show("large", msgsnd(id, large, 8192, 0));
	show("large", msgsnd(id, large, 8192, IPC_NOWAIT));
	show("full", msgsnd(id, large, 1, IPC_NOWAIT));
	show("nothing fits", msgsnd(id, large, 0, IPC_NOWAIT));
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		if (msgsnd(id, large, 100, 0))
			_exit(1);
		_exit(msgrcv(id, large, 100, 77, 0) < 0 && (errno == EIDRM || errno == EINVAL) ? 0
											       : 2);
	}
	for (int i = 0; i < 4; i++)
		show("receive", msgrcv(id, large, 8192, i == 1 ? 0 : 0, 0));
	show("remove", msgctl(id, IPC_RMID, NULL));
	waitpid(child, &status, 0);
	printf("the child: %d\n", WEXITSTATUS(status));
	show("use it", post(id, 1, "late"));
}

int main(void)
{
	semaphores();
	undoing();
	waiting();
	hand_over();
	hand_over_letters();
	queues();
	return 0;
}
