/* test_job_file.c: job files, and the first lines of scripts. */
#include "debug/ktest.h"
#include "lib/errno.h"
#include "lib/string.h"
#include "proc/exec_script.h"
#include "proc/job_file.h"

#define POINTERS 32u
/* The text of a literal with NULs in it, without the last one, which is C's. */
#define TEXT(literal)                          \
	(struct job_text)                      \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

static const char *pointers[POINTERS];

static const char *parse(struct job_text text, struct job_spec *job)
{
	size_t wanted = job_pointer_count(&text);

	return EXPECT(wanted <= POINTERS) ? job_parse(&text, pointers, job) : "too many";
}

KTEST(job_all_records)
{
	struct job_spec job = {0};
	struct job_text text = TEXT("P/bin/ls\0Als\0A-l\0A\0EHOME=/\0C/tmp\0T0\0T2\0W80,25\0");

	EXPECT_EQ(job_pointer_count(&text), 6);
	if (!EXPECT_STREQ(parse(text, &job), NULL) || !job.arguments)
		return;
	EXPECT_STREQ(job.path, "/bin/ls");
	EXPECT_STREQ(job.directory, "/tmp");
	EXPECT_STREQ(job.arguments[0], "ls");
	EXPECT_STREQ(job.arguments[1], "-l");
	EXPECT_STREQ(job.arguments[2], "");
	EXPECT(job.arguments[3] == NULL);
	EXPECT_STREQ(job.environment[0], "HOME=/");
	EXPECT(job.environment[1] == NULL);
	EXPECT_EQ(job.terminals, 5);
	EXPECT_EQ(job.columns, 80);
	EXPECT_EQ(job.rows, 25);
}

KTEST(job_defaults)
{
	struct job_spec job = {0};

	if (!EXPECT_STREQ(parse(TEXT("Pprog\0"), &job), NULL) || !job.arguments)
		return;
	EXPECT_STREQ(job.directory, "/");
	EXPECT(job.arguments[0] == NULL && job.environment[0] == NULL);
	EXPECT_EQ(job.terminals | job.columns | job.rows, 0);
}

KTEST(job_refuses_nonsense)
{
	struct job_spec job = {0};

	EXPECT(parse(TEXT(""), &job) != NULL);
	EXPECT(parse(TEXT("Aonly\0"), &job) != NULL);
	EXPECT(parse(TEXT("P\0"), &job) != NULL);
	EXPECT(parse(TEXT("Pa\0Pb\0"), &job) != NULL);
	EXPECT(parse(TEXT("Pa\0Crelative\0"), &job) != NULL);
	EXPECT(parse(TEXT("Pa\0T3\0"), &job) != NULL);
	EXPECT(parse(TEXT("Pa\0T\0"), &job) != NULL);
	EXPECT(parse(TEXT("Pa\0T00\0"), &job) != NULL);
	EXPECT(parse(TEXT("Pa\0W80\0"), &job) != NULL);
	EXPECT(parse(TEXT("Pa\0W80,x\0"), &job) != NULL);
	EXPECT(parse(TEXT("Pa\0W80,65536\0"), &job) != NULL);
	EXPECT(parse(TEXT("Pa\0Xb\0"), &job) != NULL);
	EXPECT(parse(TEXT("Pa\0\0"), &job) != NULL);
	EXPECT_STREQ(parse(TEXT("Pa\0Acut"), &job), "the last record is cut off");
}

static unsigned count_jobs(struct job_text left)
{
	struct job_text job;
	unsigned count = 0;

	while (job_next(&left, &job))
		count++;
	return count;
}

KTEST(job_several_in_a_file)
{
	struct job_text left = TEXT("Pa\0J\0Pb\0AJ\0J\0Pc\0"), text;
	struct job_spec job = {0};

	EXPECT(job_next(&left, &text));
	if (!EXPECT_STREQ(parse(text, &job), NULL) || !job.arguments)
		return;
	EXPECT_STREQ(job.path, "a");
	EXPECT(job_next(&left, &text));
	if (!EXPECT_STREQ(parse(text, &job), NULL) || !job.arguments)
		return;
	EXPECT_STREQ(job.path, "b");
	EXPECT_STREQ(job.arguments[0], "J");
	EXPECT(job_next(&left, &text));
	if (!EXPECT_STREQ(parse(text, &job), NULL) || !job.arguments)
		return;
	EXPECT_STREQ(job.path, "c");
	EXPECT(!job_next(&left, &text));

	EXPECT_EQ(count_jobs(TEXT("")), 0);
	EXPECT_EQ(count_jobs(TEXT("Pa\0J\0")), 1);
	EXPECT_EQ(count_jobs(TEXT("Pa\0J\0Pb")), 2);
	EXPECT_EQ(count_jobs(TEXT("J\0J\0")), 2);
}

/* ---- scripts ---- */

static int script(const char *text, struct exec_script *script, bool *is_script)
{
	size_t bytes = MIN(strlen(text), (size_t)SCRIPT_LINE_BYTES);

	memcpy(script->line, text, bytes);
	return exec_script_parse(script, bytes, is_script);
}

KTEST(script_lines)
{
	struct exec_script found;
	bool is_script;

	EXPECT_EQ(script("#!/bin/sh\necho\n", &found, &is_script), 0);
	EXPECT(is_script);
	EXPECT_STREQ(found.interpreter, "/bin/sh");
	EXPECT(found.argument == NULL);
	EXPECT_EQ(script("#! \t/usr/bin/env  perl -w \t\n", &found, &is_script), 0);
	EXPECT_STREQ(found.interpreter, "/usr/bin/env");
	EXPECT_STREQ(found.argument, "perl -w");
	EXPECT_EQ(script("#!sh", &found, &is_script), 0);
	EXPECT_STREQ(found.interpreter, "sh");
	EXPECT_EQ(script("#", &found, &is_script), 0);
	EXPECT(!is_script);
	EXPECT_EQ(script("\177ELF", &found, &is_script), 0);
	EXPECT(!is_script);
	EXPECT_EQ(script("#!", &found, &is_script), -ENOEXEC);
	EXPECT_EQ(script("#!  \n/bin/sh\n", &found, &is_script), -ENOEXEC);
}

KTEST(script_lines_that_are_cut_off)
{
	static char text[2 * SCRIPT_LINE_BYTES];
	struct exec_script found;
	bool is_script;

	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "#!/", 3);
	EXPECT_EQ(script(text, &found, &is_script), -ENOEXEC);
	/* The name is whole; its argument may be cut. */
	text[10] = ' ';
	EXPECT_EQ(script(text, &found, &is_script), 0);
	EXPECT_STREQ(found.interpreter, "/xxxxxxx");
	EXPECT_EQ(strlen(found.argument), SCRIPT_LINE_BYTES - 11);
}
