/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OBJ_PIN and OBJ_GET. A pin is a name in the ledger for an object that bpfgated keeps: no file exists
 * that somebody could open natively, where the kernel would hand out a program's real descriptor.
 * Which names a user may use is the rules' to say (pin_under); what it gets back is what it was granted
 * at first: a handle for a handle. A name belongs to its owner and to the directory that the client's own
 * path led to (places.h): others may have the same, and are not told.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "daemon/broker/cmd/commands.h"
#include "daemon/broker/ask/decide.h"
#include "daemon/broker/ask/forward.h"
#include "daemon/broker/ask/client_obj.h"
#include "daemon/broker/cmd/pin.h"
#include "daemon/broker/ask/pinnames.h"
#include "daemon/broker/ask/places.h"
#include "daemon/broker/ask/new_record.h"
#include "daemon/broker/ask/unpin.h"
#include "proto/refusal.h"

struct pin {
	struct ledger_rec rec;		/* LEDGER_PIN */
	struct ledger_rec of;		/* the object's, when it has one */
	bool has_of;
};

/*
 * Another's that a rule shares: of the same name, and by the very path that its owner was allowed to pin at. The
 * oldest, where there are several.
 */
static const struct ledger_rec *pin_find_shared(struct work *work, const struct pin *pin)
{
	const struct ledger_rec *rec, *oldest = NULL;
	uint32_t cursor = 0;

	while ((rec = ledger_walk(work->broker->ledger, LEDGER_PIN, &cursor)))
		if (pinnames_is_same(rec, &pin->rec.pin) && (!oldest || rec->made_ns < oldest->made_ns) &&
		    strncmp(rec->pin.path, pin->rec.pin.path, sizeof(rec->pin.path)) == 0 &&
		    forward_may_see(work, rec))
			oldest = rec;
	return oldest;
}

static enum ledger_kind pin_ledger_kind(uint32_t obj_kind)
{
	static const enum ledger_kind kinds[] = { [KEEP_PROG] = LEDGER_PROG, [KEEP_MAP] = LEDGER_MAP,
						  [KEEP_LINK] = LEDGER_LINK, [KEEP_BTF] = LEDGER_BTF };

	return obj_kind < ARRAY_CNT(kinds) ? kinds[obj_kind] : LEDGER_FREE;
}

const struct ledger_rec *pin_find_object(const struct ledger *ledger, const struct ledger_pin *pin)
{
	return ledger_find(ledger, pin_ledger_kind(pin->obj_kind), pin->obj_id);
}

bool pin_decide(struct work *work, const struct ledger_pin *name, const struct ledger_rec *of, bool makes)
{
	struct policy_request request = { .verb = POLICY_PIN, .pin_path = name->path, .opens_pin = !makes };
	struct policy_map_facts map;
	struct facts *facts = NULL;
	bool granted;

	if (of && of->kind == LEDGER_MAP) {
		facts_of_map(of, &map);
		request.map = &map;
	} else if (of && of->kind == LEDGER_PROG) {
		facts = malloc(sizeof(*facts));
		if (!facts) {
			work_reply(work, -ENOMEM);
			return false;
		}
		facts_of_record(work->broker->ledger, work->broker->vmbtf, of, facts);
		request.prog = &facts->prog;
	}
	granted = decide(work, &request, NULL);
	free(facts);
	return granted;
}

static bool pin_decide_own(struct work *work, const struct pin *pin, bool makes)
{
	return pin_decide(work, &pin->rec.pin, pin->has_of ? &pin->of : NULL, makes);
}

static struct pin *pin_begin(struct work *work)
{
	struct pin *pin = calloc(1, sizeof(*pin));
	int r;

	if (!pin) {
		work_reply(work, -ENOMEM);
		return NULL;
	}
	work->state = pin;
	work->state_free = free;
	pin->rec.kind = LEDGER_PIN;
	r = pinnames_take(work, work_ptr(work, ATTR_OBJ_PATHNAME), &pin->rec.pin);
	if (r < 0) {
		work_reply(work, r);
		return NULL;
	}
	return pin;
}

void pin_note_allowed(struct work *work, const struct ledger_pin *name)
{
	decide_note_allowed(work, NULL);
	snprintf(work->decision->summary, sizeof(work->decision->summary), "%s", name->path);
}

/* ---- OBJ_PIN ---- */

static void pin_on_kept(void *ctx, const struct keep_tell *tell, struct packet_fds *fds)
{
	struct work *work = ctx;
	struct pin *pin = work->state;
	struct ledger *ledger = work->broker->ledger;
	int r = tell->result;

	if (r < 0) {
		work_reply(work, r);
		return;
	}
	if (tell->keep_id)
		pin->rec.pin.keep_id = tell->keep_id;
	pin->rec.id = pinnames_number(ledger);
	/* Somebody may have taken the name while bpfgated was asked. */
	r = pinnames_find(work, &pin->rec.pin) ? -EEXIST : new_record_add(work, &pin->rec);
	if (r < 0) {
		(void)unpin_let_go(work->broker, pin->rec.pin.keep_id);
		work_reply(work, r);
		return;
	}
	places_watch(work, &pin->rec);
	pin_note_allowed(work, &pin->rec.pin);
	work_reply(work, 0);
}

static void pin_run(struct work *work, const struct client_obj *obj)
{
	struct pin *pin = work->state;
	struct keep_ask ask = { .kind = ASK_PIN, .cnt = 1, .uid = work->ident->uid,
				.obj_kind = obj->kind, .obj_id = obj->id,
				.keep_id = { obj->keep_id } };
	int r;

	new_record_begin(work, &pin->rec);
	pin->rec.pin.keep_id = obj->keep_id;
	if (!decide_charge(work, LEDGER_PIN, 0, NULL))
		return;
	r = to_parent_ask(work->broker->to_parent, &ask, NULL, &obj->fd, obj->fd >= 0 ? 1 : 0,
			  pin_on_kept, work);
	if (r < 0)
		work_reply(work, r);
}

void obj_pin(struct work *work)
{
	struct pin *pin;
	struct client_obj obj;
	int r;

	/* The object first, the name then, as in the kernel. */
	r = client_obj_at(work, ATTR_OBJ_BPF_FD, 0, &obj);
	if (r < 0) {
		work_reply(work, r);
		return;
	}
	pin = pin_begin(work);
	if (!pin)
		return;
	if (!obj.rec || !forward_may_use(work, obj.rec)) {
		work_refuse(work, EPERM, DECISION_BY_BROKER, REFUSAL_FOREIGN,
			    "object %u is not one that bpfgate made for this user", obj.id);
		return;
	}
	pin->of = *obj.rec;
	pin->has_of = true;
	pin->rec.pin.obj_kind = obj.kind;
	pin->rec.pin.obj_id = obj.id;
	if (!pin_decide_own(work, pin, true))
		return;
	/* After policy, and of its own only: nobody is told what another has here. */
	if (pinnames_find(work, &pin->rec.pin))
		work_reply(work, -EEXIST);
	else if (!pinnames_has_parent(work, &pin->rec.pin))
		work_reply(work, -ENOENT);
	else
		pin_run(work, &obj);
}

/* ---- OBJ_GET ---- */

static void pin_reply(struct work *work, const struct pin *pin, uint32_t mode)
{
	bool handle = pin->has_of && pin->of.kind == LEDGER_PROG && !pin->of.prog.granted_fd;

	pin_note_allowed(work, &pin->rec.pin);
	if (handle)
		virtual_reply_handle(work, pin->rec.pin.keep_id);
	else if (mode && pin->rec.pin.obj_kind == KEEP_MAP)
		virtual_reply_map(work, &pin->of, mode);
	else if (pin->rec.pin.obj_kind == KEEP_LINK)
		virtual_reply_link(work, pin->rec.pin.obj_id);
	else
		work_reply_kept(work, pin->rec.pin.keep_id, true);
}

/* A link cannot be narrowed, a program has nothing to be narrowed: as the kernel has it. */
static void pin_get_own(struct work *work, const struct pin *pin, uint32_t mode)
{
	if (mode && pin->rec.pin.obj_kind == KEEP_LINK)
		work_reply(work, -EINVAL);
	else if (pin_decide_own(work, pin, false))
		pin_reply(work, pin, mode);
}

/* What is shared for reading comes as a descriptor for reading, whatever is asked for but writing alone. */
static void pin_get_shared(struct work *work, const struct pin *pin, uint32_t mode)
{
	if (!forward_decide_shared(work, &pin->rec))
		return;
	if (work->ruling->share_rw)
		pin_reply(work, pin, mode);
	else if (mode == BPF_F_WRONLY)
		work_refuse(work, EPERM, DECISION_BY_POLICY, REFUSAL_SHARE,
			    "the map behind this pin is shared with the caller for reading only");
	else
		pin_reply(work, pin, BPF_F_RDONLY);
}

void obj_get(struct work *work)
{
	struct pin *pin = pin_begin(work);
	const struct ledger_rec *found, *of;
	uint32_t mode;
	bool own;

	if (!pin)
		return;
	found = pinnames_find(work, &pin->rec.pin);
	own = found;
	if (!own)
		found = pin_find_shared(work, pin);
	if (!found) {
		work_reply(work, -ENOENT);
		return;
	}
	if (own && found->pin.place.state == LEDGER_PLACE_OLD)
		ledger_set_pin_place(work->broker->ledger, found->id, &pin->rec.pin.place);
	pin->rec = *found;
	if (pinnames_is_dir_rec(found)) {
		work_reply(work, -EACCES);
		return;
	}
	of = pin_find_object(work->broker->ledger, &found->pin);
	if (of) {
		pin->of = *of;
		pin->has_of = true;
	}
	mode = work_u32(work, ATTR_OBJ_FILE_FLAGS) & (BPF_F_RDONLY | BPF_F_WRONLY);
	if (own)
		pin_get_own(work, pin, mode);
	else
		pin_get_shared(work, pin, mode);
}
