/* kmap_check.c: walk the finished tables of the kernel's half and say what they really grant. */
#include "mm/kmap.h"

#include "debug/assert.h"
#include "debug/log.h"
#include "lib/string.h"
#include "mm/kmap_init.h"
#include "mm/layout.h"

/* What the levels walked so far allow. An upper level can only take away. */
struct grant {
	bool writable, executable, user;
};

static struct grant combine(struct grant so_far, entry_t e)
{
	unsigned prot = entry_prot(e);

	return (struct grant){
		.writable = so_far.writable && (prot & VM_WRITE),
		.executable = so_far.executable && (prot & VM_EXEC),
		.user = so_far.user && (prot & VM_USER),
	};
}

static void audit_table(const entry_t *table, unsigned level, struct grant above,
			struct kmap_audit *out)
{
	out->tables++;
	for (unsigned i = level == MMU_LEVELS ? MMU_USER_ENTRIES : 0; i < MMU_ENTRIES; i++) {
		entry_t e = entry_load(&table[i]);
		if (!entry_is_present(e))
			continue;
		struct grant grant = combine(above, e);
		if (!entry_is_leaf(e, level)) {
			audit_table(phys_to_virt(entry_pa(e)), level - 1, grant, out);
			continue;
		}
		out->leaves++;
		out->large += level > 1;
		out->writable_executable += grant.writable && grant.executable;
		out->user += grant.user;
	}
}

void kmap_audit(struct kmap_audit *out)
{
	memset(out, 0, sizeof(*out));
	audit_table(phys_to_virt(kmap_root()), MMU_LEVELS, (struct grant){true, true, true}, out);
}

void kmap_self_check(void)
{
	struct kmap_audit audit;
	const entry_t *table = phys_to_virt(kmap_root());

	kmap_audit(&audit);
	for (unsigned i = 0; i < MMU_USER_ENTRIES; i++)
		assert(entry_is_none(table[i]));
	log_info("self-check: %llu kernel mappings (%llu large) in %llu tables: %llu writable and "
		 "executable, %llu user-accessible",
		 (unsigned long long)audit.leaves, (unsigned long long)audit.large,
		 (unsigned long long)audit.tables, (unsigned long long)audit.writable_executable,
		 (unsigned long long)audit.user);
	if (audit.writable_executable || audit.user)
		panic("the kernel's page tables grant too much");
}
