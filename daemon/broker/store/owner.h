/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose an object is. Every question of that kind ends in owner_is(): uids of services with DynamicUser= are
 * given out again, so a service's objects are those of its unit, too.
 */
#ifndef BPFGATE_DAEMON_OWNER_H
#define BPFGATE_DAEMON_OWNER_H

#include <stdbool.h>

#include "daemon/broker/store/ident.h"
#include "daemon/broker/store/ledger.h"

/*
 * Is what uid made in this unit ("": unknown or none) the client's own? Units count when they are services of
 * the system: a login's scope and a container's is another each time, and a person's user manager is the
 * person.
 */
bool owner_is(const struct ident *ident, uid_t uid, const char *unit);

/* owner_is() of who made the object of a record. */
bool owner_has(const struct ident *ident, const struct ledger_rec *rec);

/* The same for lists and for taking names away, where root may do everything. */
bool owner_or_root(const struct ident *ident, uid_t uid, const char *unit);

/* The client's own record of that kind with the least id above `after`; NULL past the last. */
const struct ledger_rec *owner_next(const struct ledger *ledger, enum ledger_kind kind, uint32_t after,
				    const struct ident *ident);

#endif
