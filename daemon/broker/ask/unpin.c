/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking a pin's name away, as unlink(2) would. Promises that bpfgated lets go of an object only with
 * its last name; another user's pin is as unknown as none.
 */
#include "daemon/broker/ask/unpin.h"

#include <errno.h>
#include <string.h>

#include "daemon/broker/store/ledger.h"
#include "daemon/broker/store/owner.h"
#include "daemon/broker/ask/pinnames.h"
#include "daemon/broker/ask/places.h"
#include "daemon/broker/peers/to_parent.h"

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

	if (!keep_id || unpin_still_pinned(broker->ledger, keep_id))
		return 0;
	return to_parent_ask(broker->to_parent, &ask, NULL, NULL, 0, NULL, NULL);
}

int unpin_record(struct broker *broker, const struct ledger_rec *pin)
{
	struct ledger_rec was = *pin;

	ledger_remove(broker->ledger, LEDGER_PIN, was.id);
	places_look_after(broker->places, &was);
	return unpin_let_go(broker, was.pin.keep_id);
}

static bool unpin_is_meant(const struct ledger_pin *pin, const struct ledger_pin *name)
{
	if (name->place.state == LEDGER_PLACE_NONE || pin->place.state == LEDGER_PLACE_OLD)
		return strncmp(pin->path, name->path, sizeof(pin->path)) == 0;
	return places_name_same(pin, name);
}

/* Root may take others' away; its own come first. */
static const struct ledger_rec *unpin_find(struct broker *broker, const struct ident *ident,
					   const struct ledger_pin *name, unsigned int *ret_cnt)
{
	const struct ledger_rec *rec, *found = NULL;
	uint32_t cursor = 0;

	*ret_cnt = 0;
	while ((rec = ledger_walk(broker->ledger, LEDGER_PIN, &cursor))) {
		if (!unpin_is_meant(&rec->pin, name) || !owner_or_root(ident, rec->uid, rec->unit))
			continue;
		++*ret_cnt;
		if (!found || owner_has(ident, rec))
			found = rec;
	}
	return found;
}

/* Somebody's directory in which it has something. */
static bool unpin_is_full(const struct ledger *ledger, const struct ledger_rec *dir)
{
	const struct ledger_rec *rec;
	uint32_t cursor = 0;

	while ((rec = ledger_walk(ledger, LEDGER_PIN, &cursor)))
		if (rec->uid == dir->uid && strncmp(rec->unit, dir->unit, sizeof(rec->unit)) == 0 &&
		    pinnames_below(&rec->pin, &dir->pin.place, places_rest(&dir->pin)))
			return true;
	return false;
}

int unpin_name(struct broker *broker, const struct ident *ident, const struct ledger_pin *name)
{
	unsigned int cnt;
	const struct ledger_rec *rec = unpin_find(broker, ident, name, &cnt);

	if (!rec)
		return -ENOENT;
	if (cnt > 1 && (name->place.state == LEDGER_PLACE_NONE || !owner_has(ident, rec)))
		return -ENOTUNIQ;
	if (rec->pin.obj_kind == LEDGER_PIN_DIR && unpin_is_full(broker->ledger, rec))
		return -ENOTEMPTY;
	return unpin_record(broker, rec);
}
