/* files.c: what the processes have left in the file system, the scratch folder and all, goes: else
 * its frames would count as lost. */
#define _GNU_SOURCE
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#define FILES_MAX 4096u
#define DEPTH     40

/* The supervisor's own: hashes of the names that were there first. */
static uint64_t noted[FILES_MAX];
static unsigned noted_count, removed;

static uint64_t hash_of(const char *name)
{
	uint64_t hash = 14695981039346656037ull; /* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 1099511628211ull;
	return hash;
}

static bool is_noted(const char *name)
{
	uint64_t hash = hash_of(name);

	for (unsigned i = 0; i < noted_count; i++)
		if (noted[i] == hash)
			return true;
	return false;
}

static int note(const char *name, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat, (void)type, (void)ftw;
	if (!strcmp(name, "/proc"))
		return FTW_SKIP_SUBTREE;
	if (noted_count < FILES_MAX)
		noted[noted_count++] = hash_of(name);
	return FTW_CONTINUE;
}

/* Folders before what is in them: what can be entered at all is made so. */
static int open_up(const char *name, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)ftw;
	if (!strcmp(name, "/proc"))
		return FTW_SKIP_SUBTREE;
	if (type == FTW_DNR && S_ISDIR(stat->st_mode))
		chmod(name, 0777);
	return FTW_CONTINUE;
}

static int remove_new(const char *name, const struct stat *stat, int type, struct FTW *ftw)
{
	(void)stat, (void)type, (void)ftw;
	if (strncmp(name, "/proc", 5) && !is_noted(name) && remove(name) == 0)
		removed++;
	return FTW_CONTINUE;
}

void files_note(void)
{
	noted_count = 0;
	nftw("/", note, DEPTH, FTW_PHYS | FTW_ACTIONRETVAL);
}

/* How many were removed. */
unsigned files_remove_new(void)
{
	removed = 0;
	nftw("/", open_up, DEPTH, FTW_PHYS | FTW_ACTIONRETVAL);
	nftw("/", remove_new, DEPTH, FTW_PHYS | FTW_ACTIONRETVAL | FTW_DEPTH);
	return removed;
}

/* What belongs to no process, and so does not go with one. */
void sysv_remove_all(void)
{
	struct shm_info segments;
	struct seminfo sets;
	struct msginfo queues;
	struct shmid_ds segment;
	struct semid_ds set;
	struct msqid_ds queue;
	int last = shmctl(0, SHM_INFO, (struct shmid_ds *)&segments);

	for (int i = 0; i <= last; i++)
		shmctl(shmctl(i, SHM_STAT, &segment), IPC_RMID, NULL);
	last = semctl(0, 0, SEM_INFO, &sets);
	for (int i = 0; i <= last; i++)
		semctl(semctl(i, 0, SEM_STAT, &set), 0, IPC_RMID);
	last = msgctl(0, MSG_INFO, (struct msqid_ds *)&queues);
	for (int i = 0; i <= last; i++)
		msgctl(msgctl(i, MSG_STAT, &queue), IPC_RMID, NULL);
}
