/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking a pin's name away, as unlink(2) would. Promises that bpfgated lets go of an object only with
 * its last name; another user's pin is as unknown as none.
 */
#include "daemon/unpin.h"

#include <errno.h>
#include <string.h>

#include "daemon/ledger.h"
#include "daemon/owner.h"
#include "daemon/warden.h"

static bool unpin_is_named(const struct ledger_rec *rec, const char *path, size_t path_bytes)
{
	return path_bytes < sizeof(rec->pin.path) && rec->pin.path[path_bytes] == '\0' &&
	       memcmp(rec->pin.path, path, path_bytes) == 0;
}

static bool unpin_still_pinned(const struct ledger *ledger, uint64_t keep_id)
{
	const struct ledger_rec *rec;
	uint32_t cursor = 0;

	while ((rec = ledger_walk(ledger, LEDGER_PIN, &cursor)))
		if (rec->pin.keep_id == keep_id)
			return true;
	return false;
}

int unpin_let_go(struct broker *broker, uint64_t keep_id)
{
	struct keep_ask ask = { .kind = ASK_UNPIN, .cnt = 1, .keep_id = { keep_id } };

	if (unpin_still_pinned(broker->ledger, keep_id))
		return 0;
	return warden_ask(broker->warden, &ask, NULL, NULL, 0, NULL, NULL);
}

int unpin_path(struct broker *broker, const struct ident *ident, const char *path, size_t path_bytes)
{
	const struct ledger_rec *rec;
	uint32_t cursor = 0;
	uint64_t keep_id;

	while ((rec = ledger_walk(broker->ledger, LEDGER_PIN, &cursor)))
		if (unpin_is_named(rec, path, path_bytes))
			break;
	if (!rec || !owner_or_root(ident, rec->uid, rec->unit))
		return -ENOENT;
	keep_id = rec->pin.keep_id;
	ledger_remove(broker->ledger, LEDGER_PIN, rec->id);
	return unpin_let_go(broker, keep_id);
}
