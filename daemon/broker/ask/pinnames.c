/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Promises that a caller finds nothing but names of its own, by the directory that its path leads to and by what the path
 * says below it. Trusts policy with the question whether a directory is one that a rule names.
 */
#include "daemon/broker/ask/pinnames.h"

#include <errno.h>
#include <string.h>

#include "daemon/broker/ask/decide.h"
#include "daemon/broker/store/owner.h"
#include "daemon/broker/ask/places.h"
#include "proto/path.h"

int pinnames_take_path(const struct request_ptr *path, char *ret_path, size_t path_bytes)
{
	const char *text = (const char *)path->data;

	if (path->state != WIRE_PTR_PRESENT || path->bytes == 0)
		return -EFAULT;
	if (path->bytes > path_bytes)
		return -ENAMETOOLONG;
	if (!path_is_plain(text))
		return -EINVAL;
	memcpy(ret_path, text, path->bytes);
	return 0;
}

int pinnames_take(struct work *work, const struct request_ptr *path, struct ledger_pin *ret_name)
{
	int r = pinnames_take_path(path, ret_name->path, sizeof(ret_name->path));

	if (r >= 0)
		r = places_of_work(work, &ret_name->place);
	/* More parts than the path has: not what our library sends. */
	if (r >= 0 && ret_name->place.below && !path_last_parts(ret_name->path, ret_name->place.below))
		r = -EINVAL;
	if (r >= 0)
		places_look(work->broker->places, &ret_name->place);
	return r;
}

bool pinnames_is_same(const struct ledger_rec *rec, const struct ledger_pin *name)
{
	if (rec->pin.place.state == LEDGER_PLACE_OLD)
		return strncmp(rec->pin.path, name->path, sizeof(rec->pin.path)) == 0;
	return places_name_same(&rec->pin, name);
}

const struct ledger_rec *pinnames_find(struct work *work, const struct ledger_pin *name)
{
	const struct ledger_rec *rec;
	uint32_t cursor = 0;

	while ((rec = ledger_walk(work->broker->ledger, LEDGER_PIN, &cursor)))
		if (owner_has(work->ident, rec) && pinnames_is_same(rec, name))
			return rec;
	return NULL;
}

bool pinnames_is_dir_rec(const struct ledger_rec *rec)
{
	return rec->pin.obj_kind == LEDGER_PIN_DIR;
}

const char *pinnames_below(const struct ledger_pin *name, const struct ledger_place *place, const char *dir)
{
	const char *rest = places_rest(name);
	size_t len = strlen(dir);

	if (!places_are_same(&name->place, place))
		return NULL;
	if (len == 0)
		return rest;
	return strncmp(rest, dir, len) == 0 && rest[len] == '/' ? rest + len + 1 : NULL;
}

const struct ledger_rec *pinnames_next_below(struct work *work, const struct ledger_pin *dir, uint32_t *cursor)
{
	const struct ledger_rec *rec;

	while ((rec = ledger_walk(work->broker->ledger, LEDGER_PIN, cursor)))
		if (owner_has(work->ident, rec) && pinnames_below(&rec->pin, &dir->place, places_rest(dir)))
			return rec;
	return NULL;
}

/* Cuts the last part off. false: nothing is left of it that is below the place. */
static bool pinnames_cut(struct ledger_pin *name)
{
	char *slash = strrchr(name->path, '/');

	if (!slash || slash == name->path || name->place.below <= 1)
		return false;
	*slash = '\0';
	name->place.below--;
	return true;
}

static bool pinnames_may_pin(struct work *work, const char *path)
{
	struct policy_request request = { .verb = POLICY_PIN, .pin_path = path, .opens_pin = true };

	return decide_allows(work, &request);
}

/* A rule grants it and not what it lies in: then it is the rule's own. */
static bool pinnames_is_granted(struct work *work, const struct ledger_pin *name)
{
	struct ledger_pin above = *name;
	char *slash = strrchr(above.path, '/');

	if (!slash || slash == above.path || !pinnames_may_pin(work, name->path))
		return false;
	*slash = '\0';
	return !pinnames_may_pin(work, above.path);
}

bool pinnames_is_dir(struct work *work, const struct ledger_pin *name)
{
	const struct ledger_rec *rec = pinnames_find(work, name);
	uint32_t cursor = 0;

	if (rec)
		return pinnames_is_dir_rec(rec);
	return pinnames_next_below(work, name, &cursor) || pinnames_is_granted(work, name);
}

bool pinnames_has_parent(struct work *work, const struct ledger_pin *name)
{
	struct ledger_pin above = *name;

	/* The place itself is a directory; of one that is not known nobody can say. */
	if (name->place.state != LEDGER_PLACE_KNOWN || !pinnames_cut(&above))
		return true;
	return pinnames_is_dir(work, &above);
}

uint32_t pinnames_number(const struct ledger *ledger)
{
	uint32_t number = 1;

	while (ledger_find(ledger, LEDGER_PIN, number))
		number++;
	return number;
}
