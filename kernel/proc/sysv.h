/*
 * sysv.h: System V's shared memory, semaphores and message queues (sysvipc(7)). Each kind has a
 * table of things with a number and perhaps a key, which stay until somebody removes them. Whoever
 * knows the number may do all, as with files.
 *
 * Lock letters: (v) sysv_lock, RANK_SYSV; (i) set at creation.
 */
#ifndef PROC_SYSV_H
#define PROC_SYSV_H

#include <linux/ipc.h>

#include <arch/mmu.h>
#include "lib/list.h"
#include "lib/types.h"
#include "sync/spinlock.h"

struct ipc64_perm;
struct process;

/* How many of each kind: Linux's SHMMNI, SEMMNI and MSGMNI. */
#define SHM_ENTRIES_MAX 4096u
#define SEM_ENTRIES_MAX 32000u
#define MSG_ENTRIES_MAX 32000u
#define SYSV_INDEX_BITS 15u /* of a number; above it is how often the index was used */

struct sysv_entry {
	struct list_node link;         /* (v) by index */
	int id, key;                   /* (v) the key becomes IPC_PRIVATE before a late end */
	uint32_t uid, gid, cuid, cgid; /* (v) */
	uint32_t mode;                 /* (v) permissions */
	int64_t changed;               /* (v) seconds since 1970 */
};

struct sysv_table {
	struct list_node entries; /* (v) */
	unsigned count;           /* (v) */
	unsigned max;             /* (i) */
	int last_index;           /* (v) */
	int serial;               /* (v) */
};

/* Guards all three tables, and all that is in them. */
extern struct spinlock sysv_lock;

/* /proc/sysvipc. Once, at boot. */
void sysv_proc_init(void);

#define SYSV_TABLE_INIT(table, most)                                                             \
	{                                                                                        \
		.entries = {&(table).entries, &(table).entries}, .max = (most), .last_index = -1 \
	}
/* Index of an id. */
static inline int sysv_index(int id)
{
	return id & ((1 << SYSV_INDEX_BITS) - 1);
}
/* By number; NULL. */
struct sysv_entry *sysv_find_locked(const struct sysv_table *table, int id);
/* The same for IPC_STAT, or, `by_index`, for SHM_STAT and the like; *result is what the call
 * returns: 0, the entry's number, or -EINVAL. */
struct sysv_entry *sysv_find_to_stat_locked(const struct sysv_table *table, int number,
					    bool by_index, int *result);
/* The first whose index is at least that; NULL. */
struct sysv_entry *sysv_next_locked(const struct sysv_table *table, int index);
/* The greatest index in use; 0: none. */
int sysv_last_index_locked(const struct sysv_table *table);
/*
 * What shmget(2) and the like find: 0, and *out is it; 1: a new one is to be made; -ENOENT,
 * -EEXIST.
 */
NODISCARD int sysv_choose_locked(const struct sysv_table *table, int key, int flags,
				 struct sysv_entry **out);
/* It belongs to the calling process, and has a number. -ENOSPC. */
NODISCARD int sysv_add_locked(struct sysv_table *table, struct sysv_entry *entry, int key,
			      int flags);
void sysv_remove_locked(struct sysv_table *table, struct sysv_entry *entry);
void sysv_get_permissions_locked(const struct sysv_entry *entry, struct ipc64_perm *out);
/* IPC_SET. */
void sysv_set_permissions_locked(struct sysv_entry *entry, const struct ipc64_perm *perm);
int64_t sysv_now(void); /* seconds since 1970 */

/* ---- shared memory (sysv_shm.c) ---- */

/* Linux's numbers: its header for these can't be had without the C library's. */
#define SHMMIN        1u
#define SHMMAX        (UINT64_MAX - (1u << 24))
#define SHMLBA        PAGE_SIZE
#define SHM_DEST      01000u /* in the mode: it goes with its last mapping */
#define SHM_LOCKED    02000u
#define SHM_HUGETLB   04000
#define SHM_NORESERVE 010000
#define SHM_RDONLY    010000
#define SHM_RND       020000
#define SHM_REMAP     040000
#define SHM_EXEC      0100000
enum { SHM_LOCK = 11, SHM_UNLOCK, SHM_STAT, SHM_INFO, SHM_STAT_ANY };

struct shm_info {
	int used_ids;
	uint64_t shm_tot, shm_rss, shm_swp; /* pages */
	uint64_t swap_attempts, swap_successes;
};

struct shmid64_ds;

/* shmget(2), shmat(2), shmdt(2), shmctl(2) in the calling process. */
NODISCARD int shm_get(int key, uint64_t bytes, int flags);
NODISCARD int64_t shm_attach(int id, vaddr_t address, int flags);
NODISCARD int shm_detach(vaddr_t address);
NODISCARD int shm_remove(int id);
NODISCARD int shm_lock(int id, bool lock);
NODISCARD int shm_set(int id, const struct ipc64_perm *perm);
/* by_index: SHM_STAT. The number, or -EINVAL. */
NODISCARD int shm_stat(int id, bool by_index, struct shmid64_ds *out);
/* SHM_INFO; the greatest index. */
int shm_info(struct shm_info *out);

/* ---- semaphores (sysv_sem.c) ---- */

struct sembuf;
struct semid64_ds;

#define SEM_VALUE_MAX 32767 /* SEMVMX */
#define SEM_COUNT_MAX 32000 /* SEMMSL: of one set */
#define SEM_OPS_MAX   500   /* SEMOPM: in one call */

NODISCARD int sem_get(int key, int count, int flags);
/* semtimedop(2). */
NODISCARD int sem_operate(int id, const struct sembuf *ops, unsigned count, uint64_t deadline);
NODISCARD int sem_remove(int id);
NODISCARD int sem_set_permissions(int id, const struct ipc64_perm *perm);
NODISCARD int sem_stat(int id, bool by_index, struct semid64_ds *out);
/* GETVAL, GETPID, GETNCNT, GETZCNT of one. */
NODISCARD int sem_read(int id, int number, int command);
/* SETVAL; SETALL and GETALL: of all of the set's. */
NODISCARD int sem_write(int id, int number, int value);
NODISCARD int sem_count(int id);
NODISCARD int sem_read_all(int id, uint16_t *values, unsigned count);
NODISCARD int sem_write_all(int id, const uint16_t *values, unsigned count);
/* Sets, semaphores; the greatest index. */
int sem_usage(unsigned *sets, unsigned *semaphores);
/* The process ends: what it did with SEM_UNDO is taken back. */
void sem_exit(struct process *process);

/* ---- message queues (sysv_msg.c) ---- */

struct msqid64_ds;

#define MSG_BYTES_MAX       8192u  /* MSGMAX: one message */
#define MSG_QUEUE_BYTES_MAX 16384u /* MSGMNB: one queue, at first */

NODISCARD int msg_get(int key, int flags);
/* `text`: bytes of kernel memory. */
NODISCARD int msg_send(int id, int64_t type, const void *text, size_t bytes, int flags);
/* Bytes of the message; *text is it, freed by kfree(), with *type. */
NODISCARD ssize_t msg_receive(int id, int64_t wanted, size_t max, int flags, int64_t *type,
			      void **text);
NODISCARD int msg_remove(int id);
NODISCARD int msg_set(int id, const struct ipc64_perm *perm, uint64_t queue_bytes);
NODISCARD int msg_stat(int id, bool by_index, struct msqid64_ds *out);
/* Queues, messages, bytes; the greatest index. */
int msg_usage(unsigned *queues, unsigned *messages, uint64_t *bytes);

/* The first entry of each table at or above *index, as the calls above tell them; *index is its own
 * then. -EINVAL: there are no more. */
NODISCARD int shm_next(int *index, struct shmid64_ds *out, uint64_t *resident);
NODISCARD int sem_next(int *index, struct semid64_ds *out);
NODISCARD int msg_next(int *index, struct msqid64_ds *out);

#endif
