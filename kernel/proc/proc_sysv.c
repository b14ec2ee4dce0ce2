/* proc_sysv.c: /proc/sysvipc (proc(5)), as Linux formats it. */
#include <asm/msgbuf.h>
#include <asm/sembuf.h>
#include <asm/shmbuf.h>
#include <linux/stat.h>

#include <arch/mmu.h>

#include "lib/errno.h"
#include "proc/proc_files.h"
#include "proc/sysv.h"

typedef unsigned long long ull; /* what format()'s ll takes */

static int print_shm(const struct proc_id *who, struct text_sink *sink)
{
	struct shmid64_ds segment;
	uint64_t resident;

	text_put(sink,
		 "       key      shmid perms                  size  cpid  lpid nattch   uid   gid"
		 "  cuid  cgid      atime      dtime      ctime                   rss"
		 "                  swap\n");
	for (int id = 0; !shm_next(&id, &segment, &resident); id = sysv_index(id) + 1) {
		const struct ipc64_perm *perm = &segment.shm_perm;
		text_print(sink,
			   "%10d %10d  %4o %21llu %5u %5u  %5llu %5u %5u %5u %5u %10llu %10llu "
			   "%10llu %21llu %21llu\n",
			   perm->key, id, (unsigned)perm->mode, (ull)segment.shm_segsz,
			   (unsigned)segment.shm_cpid, (unsigned)segment.shm_lpid,
			   (ull)segment.shm_nattch, perm->uid, perm->gid, perm->cuid, perm->cgid,
			   (ull)segment.shm_atime, (ull)segment.shm_dtime, (ull)segment.shm_ctime,
			   (ull)(resident * PAGE_SIZE), 0ull);
	}
	return 0;
}

static int print_sem(const struct proc_id *who, struct text_sink *sink)
{
	struct semid64_ds set;

	text_put(sink, "       key      semid perms      nsems   uid   gid  cuid  cgid      otime"
		       "      ctime\n");
	for (int id = 0; !sem_next(&id, &set); id = sysv_index(id) + 1) {
		const struct ipc64_perm *perm = &set.sem_perm;
		text_print(sink, "%10d %10d  %4o %10u %5u %5u %5u %5u %10llu %10llu\n", perm->key,
			   id, (unsigned)perm->mode, (unsigned)set.sem_nsems, perm->uid, perm->gid,
			   perm->cuid, perm->cgid, (ull)set.sem_otime, (ull)set.sem_ctime);
	}
	return 0;
}

static int print_msg(const struct proc_id *who, struct text_sink *sink)
{
	struct msqid64_ds queue;

	text_put(sink, "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid"
		       "  cuid  cgid      stime      rtime      ctime\n");
	for (int id = 0; !msg_next(&id, &queue); id = sysv_index(id) + 1) {
		const struct ipc64_perm *perm = &queue.msg_perm;
		text_print(sink,
			   "%10d %10d  %4o  %10llu %10llu %5u %5u %5u %5u %5u %5u %10llu %10llu "
			   "%10llu\n",
			   perm->key, id, (unsigned)perm->mode, (ull)queue.msg_cbytes,
			   (ull)queue.msg_qnum, (unsigned)queue.msg_lspid,
			   (unsigned)queue.msg_lrpid, perm->uid, perm->gid, perm->cuid, perm->cgid,
			   (ull)queue.msg_stime, (ull)queue.msg_rtime, (ull)queue.msg_ctime);
	}
	return 0;
}

#define FILE_MODE (S_IFREG | 0444)

static const struct proc_file sysv_files[] = {
	{.name = "msg", .mode = FILE_MODE, .print = print_msg},
	{.name = "sem", .mode = FILE_MODE, .print = print_sem},
	{.name = "shm", .mode = FILE_MODE, .print = print_shm},
};

static const struct proc_file files[] = {
	{.name = "sysvipc",
	 .mode = S_IFDIR | 0555,
	 .files = sysv_files,
	 .count = ARRAY_SIZE(sysv_files)},
};

/* Linked once, at boot. */
static struct proc_table table = {files, ARRAY_SIZE(files), NULL};

void sysv_proc_init(void)
{
	procfs_add(&table);
}
