/* test_rwlock.c: what one thread can see of a reader-writer lock. Several: test/race/. */
#include "debug/ktest.h"
#include "dies.h"
#include "sync/rwlock.h"

KTEST(rwlock_many_share)
{
	struct rwlock lock = {0};

	rw_lock_shared(&lock);
	rw_lock_shared(&lock); /* as another thread would */
	EXPECT(rw_held_shared(&lock) && !rw_held_exclusive(&lock));
	EXPECT(!rw_try_lock_exclusive(&lock));
	rw_unlock_shared(&lock);
	EXPECT(!rw_try_lock_exclusive(&lock));
	rw_unlock_shared(&lock);
	EXPECT(!rw_held_shared(&lock));
	EXPECT(rw_try_lock_exclusive(&lock));
	rw_unlock_exclusive(&lock);
}

KTEST(rwlock_one_has_it_alone)
{
	struct rwlock lock = {0};

	rw_lock_exclusive(&lock);
	EXPECT(rw_held_exclusive(&lock) && !rw_held_shared(&lock));
	EXPECT(!rw_try_lock_exclusive(&lock));
	rw_unlock_exclusive(&lock);
	EXPECT(!rw_held_exclusive(&lock));
	rw_lock_shared(&lock);
	rw_unlock_shared(&lock);
}

KTEST(rwlock_only_who_is_alone_upgrades)
{
	struct rwlock lock = {0};

	rw_lock_shared(&lock);
	rw_lock_shared(&lock);
	EXPECT(!rw_try_upgrade(&lock));
	rw_unlock_shared(&lock);
	EXPECT(rw_try_upgrade(&lock));
	EXPECT(rw_held_exclusive(&lock) && !rw_held_shared(&lock));
	rw_unlock_exclusive(&lock);
	EXPECT(rw_try_lock_exclusive(&lock));
	rw_unlock_exclusive(&lock);
}

static void take_twice(void)
{
	struct rwlock lock = {0};

	rw_lock_exclusive(&lock);
	rw_lock_shared(&lock);
}

static void release_what_is_free(void)
{
	struct rwlock lock = {0};

	rw_unlock_shared(&lock);
}

KTEST(rwlock_misuse_is_caught)
{
	EXPECT(dies(take_twice));
	EXPECT(dies(release_what_is_free));
}
