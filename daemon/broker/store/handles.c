/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A handle is one end of a socket pair, and the kernel's socket cookie is its name: unforgeable, never
 * reused, the same through dup, fork and SCM_RIGHTS. This file only remembers what bpfgated said; after
 * a restart of the broker bpfgated says it again.
 */
#include "daemon/broker/store/handles.h"

#include <errno.h>
#include <stdlib.h>
#include <uthash.h>

struct handles_obj_key {
	uint32_t obj_kind, obj_id;
};

struct handles_kept {
	struct kept_obj obj;
	struct handles_obj_key key;
	UT_hash_handle hh, by_obj;
};

struct handles_row {
	uint64_t cookie;
	struct handles_kept *kept;
	struct quota_charge charge;	/* of a further handle; the first comes with its program */
	UT_hash_handle hh;
};

struct handles {
	struct handles_kept *kept, *by_obj;
	struct handles_row *rows;
};

int handles_new(struct handles **ret_handles)
{
	struct handles *handles = calloc(1, sizeof(*handles));

	if (!handles)
		return -ENOMEM;
	*ret_handles = handles;
	return 0;
}

static struct handles_kept *handles_get_kept(struct handles *handles, const struct keep_tell *tell)
{
	struct handles_obj_key key = { tell->obj_kind, tell->obj_id };
	struct handles_kept *kept;

	HASH_FIND(hh, handles->kept, &tell->keep_id, sizeof(tell->keep_id), kept);
	if (kept)
		return kept;
	kept = calloc(1, sizeof(*kept));
	if (!kept)
		return NULL;
	kept->obj = (struct kept_obj){ tell->keep_id, tell->obj_kind, tell->obj_id };
	kept->key = key;
	HASH_ADD(hh, handles->kept, obj.keep_id, sizeof(kept->obj.keep_id), kept);
	HASH_ADD(by_obj, handles->by_obj, key, sizeof(kept->key), kept);
	return kept;
}

static void handles_drop_row(struct handles *handles, struct handles_row *row)
{
	HASH_DELETE(hh, handles->rows, row);
	quota_charge_done(&row->charge);
	free(row);
}

static int handles_add_row(struct handles *handles, struct handles_kept *kept, uint64_t cookie,
			   struct quota_charge *charge)
{
	struct handles_row *row;

	HASH_FIND(hh, handles->rows, &cookie, sizeof(cookie), row);
	if (row)
		return 0;
	row = calloc(1, sizeof(*row));
	if (!row)
		return -ENOMEM;
	row->cookie = cookie;
	row->kept = kept;
	if (charge) {
		row->charge = *charge;
		*charge = (struct quota_charge){ 0 };
	}
	HASH_ADD(hh, handles->rows, cookie, sizeof(row->cookie), row);
	return 0;
}

int handles_on_kept(struct handles *handles, const struct keep_tell *tell)
{
	struct handles_kept *kept = handles_get_kept(handles, tell);

	if (!kept)
		return -ENOMEM;
	return tell->cookie ? handles_add_row(handles, kept, tell->cookie, NULL) : 0;
}

int handles_add(struct handles *handles, uint64_t keep_id, uint64_t cookie, struct quota_charge *charge)
{
	struct handles_kept *kept;

	HASH_FIND(hh, handles->kept, &keep_id, sizeof(keep_id), kept);
	return kept ? handles_add_row(handles, kept, cookie, charge) : -ENOENT;
}

static void handles_forget_kept(struct handles *handles, struct handles_kept *kept)
{
	struct handles_row *row, *next;

	HASH_ITER(hh, handles->rows, row, next) {
		if (row->kept == kept)
			handles_drop_row(handles, row);
	}
	HASH_DELETE(hh, handles->kept, kept);
	HASH_DELETE(by_obj, handles->by_obj, kept);
	free(kept);
}

void handles_on_gone(struct handles *handles, const struct keep_tell *tell)
{
	struct handles_kept *kept;
	struct handles_row *row = NULL;

	if (tell->cookie)
		HASH_FIND(hh, handles->rows, &tell->cookie, sizeof(tell->cookie), row);
	if (row)
		handles_drop_row(handles, row);
	HASH_FIND(hh, handles->kept, &tell->keep_id, sizeof(tell->keep_id), kept);
	if (kept && (tell->flags & KEEP_LAST))
		handles_forget_kept(handles, kept);
}

void handles_free(struct handles *handles)
{
	struct handles_kept *kept, *next;

	if (!handles)
		return;
	HASH_ITER(hh, handles->kept, kept, next)
		handles_forget_kept(handles, kept);
	free(handles);
}

const struct kept_obj *handles_find(const struct handles *handles, uint64_t cookie)
{
	struct handles_row *row;

	HASH_FIND(hh, handles->rows, &cookie, sizeof(cookie), row);
	return row ? &row->kept->obj : NULL;
}

const struct kept_obj *handles_find_obj(const struct handles *handles, uint32_t obj_kind,
					uint32_t obj_id)
{
	struct handles_obj_key key = { obj_kind, obj_id };
	struct handles_kept *kept;

	HASH_FIND(by_obj, handles->by_obj, &key, sizeof(key), kept);
	return kept ? &kept->obj : NULL;
}

const struct kept_obj *handles_find_kept(const struct handles *handles, uint64_t keep_id)
{
	struct handles_kept *kept;

	HASH_FIND(hh, handles->kept, &keep_id, sizeof(keep_id), kept);
	return kept ? &kept->obj : NULL;
}

unsigned int handles_cnt(const struct handles *handles)
{
	return HASH_COUNT(handles->rows);
}
