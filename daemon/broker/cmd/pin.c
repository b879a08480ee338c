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
#include "daemon/broker/ask/obj.h"
#include "daemon/broker/store/owner.h"
#include "daemon/broker/ask/places.h"
#include "daemon/broker/ask/record.h"
#include "daemon/broker/ask/unpin.h"
#include "proto/path.h"

struct pin {
	struct ledger_rec rec;		/* LEDGER_PIN */
	struct ledger_rec of;		/* the object's, when it has one */
	bool has_of;
};

static int pin_check_path(const struct request_ptr *path, char *ret_path, size_t path_bytes)
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

static bool pin_is_same(const struct pin *pin, const struct ledger_rec *rec)
{
	if (rec->pin.place.state == LEDGER_PLACE_OLD)
		return strncmp(rec->pin.path, pin->rec.pin.path, sizeof(rec->pin.path)) == 0;
	return places_name_same(&rec->pin, &pin->rec.pin);
}

static const struct ledger_rec *pin_find_own(struct work *work, const struct pin *pin)
{
	const struct ledger_rec *rec;
	uint32_t cursor = 0;

	while ((rec = ledger_walk(work->broker->ledger, LEDGER_PIN, &cursor)))
		if (owner_has(work->ident, rec) && pin_is_same(pin, rec))
			return rec;
	return NULL;
}

/*
 * Another's that a rule shares: of the same name, and by the very path that its owner was allowed to pin at. The
 * oldest, where there are several.
 */
static const struct ledger_rec *pin_find_shared(struct work *work, const struct pin *pin)
{
	const struct ledger_rec *rec, *oldest = NULL;
	uint32_t cursor = 0;

	while ((rec = ledger_walk(work->broker->ledger, LEDGER_PIN, &cursor)))
		if (pin_is_same(pin, rec) && (!oldest || rec->made_ns < oldest->made_ns) &&
		    strncmp(rec->pin.path, pin->rec.pin.path, sizeof(rec->pin.path)) == 0 &&
		    forward_may_see(work, rec))
			oldest = rec;
	return oldest;
}

static uint32_t pin_next_number(const struct ledger *ledger)
{
	uint32_t number = 1;

	while (ledger_find(ledger, LEDGER_PIN, number))
		number++;
	return number;
}

static enum ledger_kind pin_ledger_kind(uint32_t obj_kind)
{
	static const enum ledger_kind kinds[] = { [KEEP_PROG] = LEDGER_PROG, [KEEP_MAP] = LEDGER_MAP,
						  [KEEP_LINK] = LEDGER_LINK, [KEEP_BTF] = LEDGER_BTF };

	return obj_kind < ARRAY_CNT(kinds) ? kinds[obj_kind] : LEDGER_FREE;
}

/* Asks policy about the path and the object. */
static bool pin_decide(struct work *work, const struct pin *pin)
{
	struct policy_request request = { .verb = POLICY_PIN, .pin_path = pin->rec.pin.path };
	struct policy_map_facts map;
	struct facts *facts = NULL;
	bool granted;

	if (pin->has_of && pin->of.kind == LEDGER_MAP) {
		facts_of_map(&pin->of, &map);
		request.map = &map;
	} else if (pin->has_of && pin->of.kind == LEDGER_PROG) {
		facts = malloc(sizeof(*facts));
		if (!facts) {
			work_reply(work, -ENOMEM);
			return false;
		}
		facts_of_record(work->broker->ledger, work->broker->vmbtf, &pin->of, facts);
		request.prog = &facts->prog;
	}
	granted = decide(work, &request, NULL);
	free(facts);
	return granted;
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
	r = pin_check_path(work_ptr(work, ATTR_OBJ_PATHNAME), pin->rec.pin.path,
			   sizeof(pin->rec.pin.path));
	if (r >= 0)
		r = places_of_work(work, &pin->rec.pin.place);
	/* More parts than the path has: not what our library sends. */
	if (r >= 0 && pin->rec.pin.place.below &&
	    !path_last_parts(pin->rec.pin.path, pin->rec.pin.place.below))
		r = -EINVAL;
	if (r < 0) {
		work_reply(work, r);
		return NULL;
	}
	places_look(work->broker->places, &pin->rec.pin.place);
	return pin;
}

static void pin_note_allowed(struct work *work, const struct pin *pin)
{
	decide_note_allowed(work, NULL);
	snprintf(work->decision->summary, sizeof(work->decision->summary), "%s", pin->rec.pin.path);
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
	pin->rec.id = pin_next_number(ledger);
	/* Somebody may have taken the name while bpfgated was asked. */
	r = pin_find_own(work, pin) ? -EEXIST : record_add(work, &pin->rec);
	if (r < 0) {
		(void)unpin_let_go(work->broker, pin->rec.pin.keep_id);
		work_reply(work, r);
		return;
	}
	places_watch(work, &pin->rec);
	pin_note_allowed(work, pin);
	work_reply(work, 0);
}

static void pin_run(struct work *work, const struct obj *obj)
{
	struct pin *pin = work->state;
	struct keep_ask ask = { .kind = ASK_PIN, .cnt = 1, .uid = work->ident->uid,
				.obj_kind = obj->kind, .obj_id = obj->id,
				.keep_id = { obj->keep_id } };
	int r;

	record_begin(work, &pin->rec);
	pin->rec.pin.keep_id = obj->keep_id;
	if (!decide_charge(work, LEDGER_PIN, 0, NULL))
		return;
	r = warden_ask(work->broker->warden, &ask, NULL, &obj->fd, obj->fd >= 0 ? 1 : 0, pin_on_kept, work);
	if (r < 0)
		work_reply(work, r);
}

void obj_pin(struct work *work)
{
	struct pin *pin;
	struct obj obj;
	int r;

	/* The object first, the name then, as in the kernel. */
	r = obj_at(work, ATTR_OBJ_BPF_FD, 0, &obj);
	if (r < 0) {
		work_reply(work, r);
		return;
	}
	pin = pin_begin(work);
	if (!pin)
		return;
	if (!obj.rec || !forward_may_use(work, obj.rec)) {
		work_refuse(work, EPERM, DECISION_BY_BROKER, "FOREIGN",
			    "object %u is not one that bpfgate made for this user", obj.id);
		return;
	}
	pin->of = *obj.rec;
	pin->has_of = true;
	pin->rec.pin.obj_kind = obj.kind;
	pin->rec.pin.obj_id = obj.id;
	if (!pin_decide(work, pin))
		return;
	/* After policy, and of its own only: nobody is told what another has here. */
	if (pin_find_own(work, pin))
		work_reply(work, -EEXIST);
	else
		pin_run(work, &obj);
}

/* ---- OBJ_GET ---- */

static void pin_reply(struct work *work, const struct pin *pin, uint32_t mode)
{
	bool handle = pin->has_of && pin->of.kind == LEDGER_PROG && !pin->of.prog.granted_fd;

	pin_note_allowed(work, pin);
	if (handle)
		virtual_reply_handle(work, pin->rec.pin.keep_id);
	else if (mode && pin->rec.pin.obj_kind == KEEP_MAP)
		virtual_reply_map(work, &pin->of, mode);
	else
		work_reply_kept(work, pin->rec.pin.keep_id, true);
}

/* A link cannot be narrowed, a program has nothing to be narrowed: as the kernel has it. */
static void pin_get_own(struct work *work, const struct pin *pin, uint32_t mode)
{
	if (mode && pin->rec.pin.obj_kind == KEEP_LINK)
		work_reply(work, -EINVAL);
	else if (pin_decide(work, pin))
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
		work_refuse(work, EPERM, DECISION_BY_POLICY, "SHARE",
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
	found = pin_find_own(work, pin);
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
	of = ledger_find(work->broker->ledger, pin_ledger_kind(found->pin.obj_kind),
			 found->pin.obj_id);
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
