/*
 * credentials.h: who a process is: user and group numbers and capabilities (credentials(7),
 * capabilities(7)). They are kept and told as on Linux, and decide who may change them. Nothing
 * else is refused for want of them: files, signals and the rest treat everybody as root.
 */
#ifndef PROC_CREDENTIALS_H
#define PROC_CREDENTIALS_H

#include "lib/types.h"

#define ID_UNCHANGED UINT32_MAX /* -1 in the calls' arguments */

/* The numbers of a user, or of a group. */
struct id_set {
	uint32_t real, effective, saved, filesystem;
};

/* Shared by those who inherited it, and never changed. */
struct group_list {
	uint32_t references; /* (c) */
	uint32_t count;
	uint32_t ids[];
};

struct capabilities {
	uint64_t effective, permitted, inheritable; /* bit n for CAP_* n */
};

/* Of one process, all its threads: changes under process_lock. */
struct credentials {
	struct id_set user, group;
	struct group_list *groups; /* with a reference; NULL: none */
	struct capabilities capabilities;
	bool keep_capabilities; /* PR_SET_KEEPCAPS */
};

/* All zeros become root's. */
void credentials_init(struct credentials *credentials);
/* fork. Puts nothing: `to` was nobody's. */
void credentials_inherit(struct credentials *to, const struct credentials *from);
/* exec: the saved numbers follow the effective ones, capabilities are those of the user. */
void credentials_exec(struct credentials *credentials);
void credentials_destroy(struct credentials *credentials);

bool credentials_have(const struct credentials *credentials, unsigned capability);

/*
 * setuid(2), setreuid(2), setresuid(2) and setfsuid(2), or setgid(2) and so on. -EPERM; -EINVAL for
 * ID_UNCHANGED where that means nothing. credentials_set_filesystem returns the old number.
 */
enum id_kind { ID_USER, ID_GROUP };
NODISCARD int credentials_set(struct credentials *credentials, enum id_kind kind, uint32_t id);
NODISCARD int credentials_set_two(struct credentials *credentials, enum id_kind kind, uint32_t real,
				  uint32_t effective);
NODISCARD int credentials_set_three(struct credentials *credentials, enum id_kind kind,
				    uint32_t real, uint32_t effective, uint32_t saved);
uint32_t credentials_set_filesystem(struct credentials *credentials, enum id_kind kind,
				    uint32_t id);

/* setgroups(2); takes over the reference, and returns the old list, with one. Under process_lock:
 * /proc looks at it. */
NODISCARD struct group_list *credentials_set_groups(struct credentials *credentials,
						    struct group_list *groups);
/* For `count` of them, with a reference; NULL: no memory. */
NODISCARD struct group_list *group_list_create(uint32_t count);
/* One more reference, one less; of NULL: nothing. */
struct group_list *group_list_get(struct group_list *groups);
void group_list_put(struct group_list *groups);

/* capset(2): -EPERM for more than there is. */
NODISCARD int credentials_set_capabilities(struct credentials *credentials,
					   const struct capabilities *wanted);

#endif
