/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who stands behind a uid. /etc/subuid lends a person 65,536 more of them, and /etc/subgid as many groups: what
 * they do is that person's doing. And a process may have left groups that its person is in.
 */
#ifndef BPFGATE_DAEMON_PEOPLE_H
#define BPFGATE_DAEMON_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PEOPLE_OWNERS_MAX 8	/* lent ids may be lent on; deeper nobody does, and the kernel stops at 32 */

struct people;

/* The two paths are borrowed and need not exist. 0 or -errno. */
int people_new(const char *subuid, const char *subgid, struct people **ret_people);
void people_free(struct people *people);

/*
 * Reads again what has changed. A file that cannot be read now counts as it was; one that is gone lends
 * nothing. Lines that are not NAME:FIRST:COUNT, and names that nobody has, lend nothing either.
 */
void people_refresh(struct people *people);

/* The user to whom all that uid does is charged: itself, or whoever was lent it. */
uid_t people_account_of(const struct people *people, uid_t uid);

/* The users to whom uid or gid were lent, at most PEOPLE_OWNERS_MAX; how many. */
size_t people_owners_of(const struct people *people, uid_t uid, gid_t gid, uid_t *ret_owners);

/*
 * The groups in which the user database has uid; remembered for a minute (now_ns is monotonic). A user that
 * it does not have is in none. They stay valid until the next call of any function here. -errno when the
 * database cannot be asked.
 */
int people_groups_of(struct people *people, uid_t uid, uint64_t now_ns, const gid_t **ret_groups,
		     size_t *ret_cnt);

#endif
