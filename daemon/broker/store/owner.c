/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one answer to "is that mine". It trusts uids and units that the kernel attested when the object was
 * made and when the client connected, and the whole name of a unit, not the part of it that fits somewhere.
 */
#include "daemon/broker/store/owner.h"

#include <string.h>

/* The service whose name stays the same from one start to the next; "" for anything else. */
static const char *owner_service_of(const char *unit)
{
	static const char service[] = ".service", manager[] = "user@";
	size_t len = strlen(unit), tail = sizeof(service) - 1;

	if (len <= tail || strcmp(unit + len - tail, service) != 0 ||
	    strncmp(unit, manager, sizeof(manager) - 1) == 0)
		return "";
	return unit;
}

bool owner_is(const struct ident *ident, uid_t uid, const char *unit)
{
	if (ident->uid != uid)
		return false;
	return uid == 0 || strcmp(owner_service_of(ident->unit), owner_service_of(unit)) == 0;
}

bool owner_has(const struct ident *ident, const struct ledger_rec *rec)
{
	return owner_is(ident, rec->uid, rec->unit);
}

bool owner_or_root(const struct ident *ident, uid_t uid, const char *unit)
{
	return ident->uid == 0 || owner_is(ident, uid, unit);
}

const struct ledger_rec *owner_next(const struct ledger *ledger, enum ledger_kind kind, uint32_t after,
				    const struct ident *ident)
{
	const struct ledger_rec *best = NULL, *rec;
	uint32_t cursor = 0;

	while ((rec = ledger_walk(ledger, kind, &cursor)))
		if (rec->id > after && (!best || rec->id < best->id) && owner_has(ident, rec))
			best = rec;
	return best;
}
