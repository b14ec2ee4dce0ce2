/* job.h: what the machine was started for. */
#ifndef PROC_JOB_H
#define PROC_JOB_H

/*
 * Start the thread that runs, one after the other, the jobs of the file that the option job=PATH
 * names; without it, /init on the console. stdio=host: their standard streams are those of the
 * program that started the emulator. When all have ended, so does the machine. After sched_init.
 */
void job_start(void);

#endif
