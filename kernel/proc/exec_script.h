/* exec_script.h: programs that begin with "#!" (execve(2), interpreter scripts). Pure. */
#ifndef PROC_EXEC_SCRIPT_H
#define PROC_EXEC_SCRIPT_H

#include "lib/types.h"

#define SCRIPT_LINE_BYTES 256u /* of the file that are looked at; Linux: BINPRM_BUF_SIZE */
#define SCRIPT_DEPTH_MAX  5u   /* a script's interpreter may be a script, and so on */

struct exec_script {
	char line[SCRIPT_LINE_BYTES + 1]; /* filled by the caller; the two strings lie in it */
	const char *interpreter;
	const char *argument; /* NULL: none. There is one at most, spaces and all */
};

/* Read the first line, of which script->line holds `bytes`. True: it is a script's. -ENOEXEC for
 * one that begins with "#!" and names no interpreter, or one too long to tell. */
NODISCARD int exec_script_parse(struct exec_script *script, size_t bytes, bool *is_script);

#endif
