/* prog_sysv_shm.c: System V's shared memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEY  0x51534d31
#define PAGE 4096

static void show(const char *what, long result)
{
	printf("%s: %s\n", what, result < 0 ? strerror(errno) : result ? "positive" : "0");
	fflush(stdout);
}

static void *attach(const char *what, int id, const void *at, int flags)
{
	void *memory = shmat(id, at, flags);

	printf("%s: %s\n", what, memory == (void *)-1 ? strerror(errno) : "attached");
	return memory;
}

static void stat_of(const char *what, int id)
{
	struct shmid_ds data;

	if (shmctl(id, IPC_STAT, &data)) {
		printf("%s: %s\n", what, strerror(errno));
		return;
	}
	printf("%s: %zu bytes, %d attached, mode %o, key %d, made by this one: %d, last: %d, "
	       "times %d %d %d\n",
	       what, data.shm_segsz, (int)data.shm_nattch, data.shm_perm.mode,
	       data.shm_perm.__key == KEY, data.shm_cpid == getpid(), data.shm_lpid == getpid(),
	       data.shm_atime != 0, data.shm_dtime != 0, data.shm_ctime != 0);
}

/* The line of a segment in /proc/sysvipc/shm, but for what varies. */
static void proc_line(const char *what, int id)
{
	char line[512];
	FILE *file = fopen("/proc/sysvipc/shm", "r");
	int key, found, perms, attached;
	unsigned long size;

	if (fgets(line, sizeof(line), file))
		printf("%s", line);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "%d %d %o %lu %*d %*d %d", &key, &found, (unsigned *)&perms, &size,
			   &attached) == 5 &&
		    found == id)
			printf("%s: %zu columns, key %d, %o, %lu bytes, %d attached\n", what,
			       strlen(line), key == KEY, (unsigned)perms, size, attached);
	fclose(file);
}

static int run(int (*function)(int id, char *memory), int id, char *memory)
{
	int status;

	fflush(stdout);
	pid_t child = fork();
	if (!child)
		_exit(function(id, memory));
	waitpid(child, &status, 0);
	return status;
}

static int write_inherited(int id, char *memory)
{
	struct shmid_ds data;

	shmctl(id, IPC_STAT, &data);
	strcpy(memory, "from a child");
	return (int)data.shm_nattch;
}

static int write_attached(int id, char *memory)
{
	char *own = shmat(id, NULL, 0);

	(void)memory;
	if (own == (void *)-1)
		return 1;
	strcpy(own + PAGE, "attached elsewhere");
	return shmdt(own) ? 2 : 0;
}

static int write_read_only(int id, char *memory)
{
	char *own = shmat(id, NULL, SHM_RDONLY);

	(void)memory;
	*own = 1;
	return 0;
}

static void making(void)
{
	show("none", shmget(KEY, 100, 0));
	int id = shmget(KEY, 10000, IPC_CREAT | 0640);
	printf("made: %d\n", id >= 0);
	stat_of("at first", id);
	printf("again: %d\n", shmget(KEY, 100, 0) == id);
	printf("created again: %d\n", shmget(KEY, 0, IPC_CREAT) == id);
	show("exclusively", shmget(KEY, 100, IPC_CREAT | IPC_EXCL));
	show("larger", shmget(KEY, 10001, 0));
	show("of nothing", shmget(IPC_PRIVATE, 0, 0600));
	show("too large", shmget(IPC_PRIVATE, (size_t)-1, 0600));
	int other = shmget(IPC_PRIVATE, 1, 0600);
	printf("another: %d\n", other >= 0 && other != id);
	show("remove", shmctl(other, IPC_RMID, NULL));
	show("remove again", shmctl(other, IPC_RMID, NULL));
	show("attach what is gone", (long)shmat(other, NULL, 0));
	show("no such number", shmctl(-1, IPC_RMID, NULL));
	show("no such command", shmctl(id, 99, NULL));
	struct shmid_ds data = {.shm_perm = {.mode = 0777, .uid = 5, .gid = 6}};
	show("set", shmctl(id, IPC_SET, &data));
	shmctl(id, IPC_STAT, &data);
	printf("%o, %d %d\n", data.shm_perm.mode, (int)data.shm_perm.uid, (int)data.shm_perm.gid);
	show("lock", shmctl(id, SHM_LOCK, NULL));
	stat_of("locked", id);
	show("unlock", shmctl(id, SHM_UNLOCK, NULL));
}

static void attaching(void)
{
	int id = shmget(KEY, 10000, 0);
	char *memory = attach("anywhere", id, NULL, 0);

	printf("zeros: %d\n", !memory[0] && !memory[9999] && !memory[12287]);
	stat_of("attached", id);
	proc_line("in /proc", id);
	printf("a child saw %d\n", WEXITSTATUS(run(write_inherited, id, memory)));
	puts(memory);
	printf("another: %d\n", run(write_attached, id, NULL));
	puts(memory + PAGE);
	printf("a reader was killed: %d\n", WTERMSIG(run(write_read_only, id, NULL)));
	char *twice = attach("twice", id, NULL, 0);
	strcpy(twice, "one memory");
	puts(memory);
	stat_of("twice", id);
	show("detach", shmdt(twice));
	show("again", shmdt(twice));
	show("in the middle", shmdt(memory + PAGE));
	show("not a page", shmdt(memory + 1));
	stat_of("once", id);
	char *room = mmap(NULL, 16 * PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	attach("where something is", id, room, 0);
	attach("not aligned", id, room + 5, 0);
	munmap(room, 16 * PAGE);
	char *fixed = attach("there", id, room + PAGE, 0);
	printf("there: %d\n", fixed == room + PAGE);
	show("detach", shmdt(fixed));
	fixed = attach("rounded", id, room + PAGE + 77, SHM_RND);
	printf("there: %d\n", fixed == room + PAGE);
	fixed = attach("over it", id, fixed, SHM_REMAP);
	attach("over nothing", id, NULL, SHM_REMAP);
	stat_of("still twice", id);
	show("protect the middle", mprotect(fixed + PAGE, PAGE, PROT_READ));
	show("unmap the first", munmap(fixed, PAGE));
	puts("the rest");
	show("detach the rest", shmdt(fixed));
	stat_of("once", id);
	show("detach", shmdt(memory));
	stat_of("nowhere", id);
	memory = attach("it keeps", id, NULL, SHM_RDONLY);
	puts(memory);
	show("make it writable", mprotect(memory, PAGE, PROT_READ | PROT_WRITE));
	show("remove", shmctl(id, IPC_RMID, NULL));
	stat_of("removed, attached", id);
	show("by its key", shmget(KEY, 100, 0));
	char *late = attach("attach it still", id, NULL, 0);
	puts(late);
	show("detach", shmdt(late));
	show("detach", shmdt(memory));
	stat_of("gone", id);
}

static void ending(void)
{
	int id = shmget(IPC_PRIVATE, 5 * PAGE, 0600);
	char *memory = shmat(id, NULL, 0);
	struct shm_info info;

	show("remove", shmctl(id, IPC_RMID, NULL));
	memset(memory, 1, 5 * PAGE);
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		shmdt(memory);
		execl("/proc/self/exe", "child", "child", NULL);
		_exit(1);
	}
	int status;
	waitpid(child, &status, 0);
	printf("the child: %d\n", status);
	stat_of("one left", id);
	show("resize", (long)mremap(memory, 5 * PAGE, 2 * PAGE, 0));
	munmap(memory, 5 * PAGE);
	stat_of("gone", id);
	printf("info: %d\n", shmctl(0, SHM_INFO, (struct shmid_ds *)&info) >= 0);
	id = shmget(IPC_PRIVATE, PAGE, 0600);
	struct shmid_ds data;
	int last = shmctl(0, SHM_INFO, (struct shmid_ds *)&info), found = 0;
	for (int i = 0; i <= last; i++)
		found += shmctl(i, SHM_STAT, &data) == id;
	printf("found by its index: %d\n", found);
	shmctl(id, IPC_RMID, NULL);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return 0;
	making();
	attaching();
	ending();
	return 0;
}
