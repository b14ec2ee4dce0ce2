/*
 * job_file.h: what the kernel is asked to run. Pure: bytes in, jobs out.
 *
 * A job file is a sequence of records, each ended by a NUL; the first byte is its tag:
 *
 *	P path of the program		C working directory ("/" without one)
 *	A argument, argv[0] first	T digit: that stream is a terminal
 *	E "NAME=value"			W "columns,rows" of the terminal
 *	J (empty) the next job begins
 */
#ifndef PROC_JOB_FILE_H
#define PROC_JOB_FILE_H

#include "lib/types.h"

struct job_spec {
	const char *path;         /* never NULL */
	const char *directory;    /* never NULL */
	const char **arguments;   /* NULL-terminated */
	const char **environment; /* NULL-terminated */
	unsigned terminals;       /* bit per stream */
	unsigned columns, rows;   /* 0: not known */
	bool is_init;             /* no job of a file is */
};

/* One job's records, not parsed yet. */
struct job_text {
	const char *start;
	size_t bytes;
};

/* Split off the first job of what is left; false: there is none left. */
NODISCARD bool job_next(struct job_text *left, struct job_text *job);

/* How many pointers job_parse wants at most for a job. */
size_t job_pointer_count(const struct job_text *job);

/*
 * Read a job's records. Its strings stay in the text; `pointers`, with room for
 * job_pointer_count(), holds the arrays. NULL, or a sentence about what is wrong.
 */
NODISCARD const char *job_parse(const struct job_text *text, const char **pointers,
				struct job_spec *job);

#endif
