/* credentials.c: see credentials.h. The rules are those of setreuid(2) and its like. */
#include "proc/credentials.h"

#include <linux/capability.h>

#include "lib/errno.h"
#include "mm/slab.h"

#define ALL_CAPABILITIES ((1ull << (CAP_LAST_CAP + 1)) - 1)
/* What comes and goes with the file system's user, apart from the rest: capabilities(7). */
#define FILE_CAPABILITIES                                                                   \
	((1ull << CAP_CHOWN) | (1ull << CAP_DAC_OVERRIDE) | (1ull << CAP_DAC_READ_SEARCH) | \
	 (1ull << CAP_FOWNER) | (1ull << CAP_FSETID) | (1ull << CAP_LINUX_IMMUTABLE) |      \
	 (1ull << CAP_MAC_OVERRIDE) | (1ull << CAP_MKNOD))

void credentials_init(struct credentials *credentials)
{
	credentials->capabilities.effective = ALL_CAPABILITIES;
	credentials->capabilities.permitted = ALL_CAPABILITIES;
}

void credentials_inherit(struct credentials *to, const struct credentials *from)
{
	*to = *from;
	(void)group_list_get(to->groups);
}

struct group_list *group_list_get(struct group_list *groups)
{
	if (groups)
		__atomic_fetch_add(&groups->references, 1, __ATOMIC_RELAXED);
	return groups;
}

void group_list_put(struct group_list *groups)
{
	if (groups && __atomic_fetch_sub(&groups->references, 1, __ATOMIC_ACQ_REL) == 1)
		kfree(groups);
}

void credentials_destroy(struct credentials *credentials)
{
	group_list_put(credentials->groups);
	credentials->groups = NULL;
}

void credentials_exec(struct credentials *credentials)
{
	struct id_set *user = &credentials->user, *group = &credentials->group;
	struct capabilities *have = &credentials->capabilities;
	bool is_root = !user->real || !user->effective;

	user->saved = user->filesystem = user->effective;
	group->saved = group->filesystem = group->effective;
	have->permitted = is_root ? ALL_CAPABILITIES : 0;
	have->effective = user->effective ? 0 : have->permitted;
	credentials->keep_capabilities = false;
}

bool credentials_have(const struct credentials *credentials, unsigned capability)
{
	return credentials->capabilities.effective & (1ull << capability);
}

/* ---- numbers ---- */

static struct id_set *ids_of(struct credentials *credentials, enum id_kind kind)
{
	return kind == ID_USER ? &credentials->user : &credentials->group;
}

static bool may_set(const struct credentials *credentials, enum id_kind kind)
{
	return credentials_have(credentials, kind == ID_USER ? CAP_SETUID : CAP_SETGID);
}

/* Capabilities follow when the user changes ("Effect of user ID changes" in capabilities(7)). */
static void follow_user(struct credentials *credentials, const struct id_set *old)
{
	const struct id_set *user = &credentials->user;
	struct capabilities *have = &credentials->capabilities;
	bool was_root = !old->real || !old->effective || !old->saved;

	if (was_root && user->real && user->effective && user->saved &&
	    !credentials->keep_capabilities)
		have->permitted = have->effective = 0;
	if (!old->effective && user->effective)
		have->effective = 0;
	if (old->effective && !user->effective)
		have->effective = have->permitted;
}

static void commit(struct credentials *credentials, enum id_kind kind, struct id_set next)
{
	struct id_set *ids = ids_of(credentials, kind), old = *ids;

	next.filesystem = next.effective;
	*ids = next;
	if (kind == ID_USER)
		follow_user(credentials, &old);
}

int credentials_set(struct credentials *credentials, enum id_kind kind, uint32_t id)
{
	struct id_set next = *ids_of(credentials, kind);

	if (id == ID_UNCHANGED)
		return -EINVAL;
	if (may_set(credentials, kind))
		next.real = next.saved = id;
	else if (id != next.real && id != next.saved)
		return -EPERM;
	next.effective = id;
	commit(credentials, kind, next);
	return 0;
}

int credentials_set_two(struct credentials *credentials, enum id_kind kind, uint32_t real,
			uint32_t effective)
{
	const struct id_set old = *ids_of(credentials, kind);
	bool privileged = may_set(credentials, kind);
	struct id_set next = old;

	if (real != ID_UNCHANGED) {
		if (!privileged && real != old.real && real != old.effective)
			return -EPERM;
		next.real = real;
	}
	if (effective != ID_UNCHANGED) {
		if (!privileged && effective != old.real && effective != old.effective &&
		    effective != old.saved)
			return -EPERM;
		next.effective = effective;
	}
	if (real != ID_UNCHANGED || (effective != ID_UNCHANGED && effective != old.real))
		next.saved = next.effective;
	commit(credentials, kind, next);
	return 0;
}

int credentials_set_three(struct credentials *credentials, enum id_kind kind, uint32_t real,
			  uint32_t effective, uint32_t saved)
{
	const struct id_set old = *ids_of(credentials, kind);
	const uint32_t wanted[] = {real, effective, saved};
	bool privileged = may_set(credentials, kind);
	struct id_set next = old;

	for (unsigned i = 0; i < ARRAY_SIZE(wanted); i++)
		if (wanted[i] != ID_UNCHANGED && !privileged && wanted[i] != old.real &&
		    wanted[i] != old.effective && wanted[i] != old.saved)
			return -EPERM;
	next.real = real == ID_UNCHANGED ? old.real : real;
	next.effective = effective == ID_UNCHANGED ? old.effective : effective;
	next.saved = saved == ID_UNCHANGED ? old.saved : saved;
	commit(credentials, kind, next);
	return 0;
}

uint32_t credentials_set_filesystem(struct credentials *credentials, enum id_kind kind, uint32_t id)
{
	struct id_set *ids = ids_of(credentials, kind);
	struct capabilities *have = &credentials->capabilities;
	uint32_t old = ids->filesystem;

	if (id == ID_UNCHANGED)
		return old;
	if (!may_set(credentials, kind) && id != ids->real && id != ids->effective &&
	    id != ids->saved && id != old)
		return old;
	ids->filesystem = id;
	if (kind == ID_USER && !old && id)
		have->effective &= ~FILE_CAPABILITIES;
	if (kind == ID_USER && old && !id)
		have->effective |= have->permitted & FILE_CAPABILITIES;
	return old;
}

/* ---- groups and capabilities ---- */

struct group_list *group_list_create(uint32_t count)
{
	struct group_list *groups = kmalloc(sizeof(*groups) + count * sizeof(groups->ids[0]));

	if (groups) {
		groups->references = 1;
		groups->count = count;
	}
	return groups;
}

struct group_list *credentials_set_groups(struct credentials *credentials,
					  struct group_list *groups)
{
	struct group_list *old = credentials->groups;

	credentials->groups = groups;
	return old;
}

int credentials_set_capabilities(struct credentials *credentials, const struct capabilities *wanted)
{
	struct capabilities *have = &credentials->capabilities;

	if ((wanted->permitted & ~have->permitted) || (wanted->effective & ~wanted->permitted))
		return -EPERM;
	if (!credentials_have(credentials, CAP_SETPCAP) &&
	    (wanted->inheritable & ~(have->inheritable | have->permitted)))
		return -EPERM;
	*have = *wanted;
	have->inheritable &= ALL_CAPABILITIES;
	return 0;
}
