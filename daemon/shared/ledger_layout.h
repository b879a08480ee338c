/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a ledger lies in its file: a header of 24 bytes, then slots of header.rec_bytes each. The
 * header never changes. What may change, and how, without anybody's pins being lost over an upgrade
 * or a downgrade:
 *
 * - A field in the part of one kind (struct ledger_pin, say): append it there, as long as struct
 * ledger_rec stays as large as it is (the union has room: a static_assert tells). Zero means
 * "written by somebody who did not know of it". Nothing else is to do: older daemons copy and keep
 * what they do not know.
 * - A field for all kinds, or a part that grows: append it after the union, and raise
 * LEDGER_VERSION, with LEDGER_READERS the oldest version whose daemons may use such a ledger as
 * their own (they keep the bytes that they do not know, and zero them in records of theirs). The
 * last layout goes into the table of ledger_layout.c if its records cannot be read in place.
 * - A kind of record: append it to enum ledger_kind. Daemons that do not know it leave its slots
 * alone.
 * - Anything else: raise both, and describe the last layout in the table. An older daemon sets such
 * a ledger aside, and the next one that can read it takes its records over (ledger_file.c).
 */
#ifndef BPFGATE_DAEMON_LEDGER_LAYOUT_H
#define BPFGATE_DAEMON_LEDGER_LAYOUT_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/shared/ledger_rec.h"

#define LEDGER_MAGIC   0x3172676465676c62ull /* "blgedgr1" */
#define LEDGER_VERSION 2u /* of the records' layout; the first ones had the number 0 */
#define LEDGER_READERS 0u /* 0: only daemons of this very version */

struct ledger_header {
	uint64_t magic; /* written last; 0: nothing was ever in it */
	uint32_t rec_bytes, slot_cnt;
	uint32_t used_cnt; /* slots at and above were never used: their pages do not exist */
	/*
	 * Low half: its writer's version. High half: the oldest version that may use it as its own;
	 * 0: only that very version.
	 */
	uint32_t version;
};
static_assert(sizeof(struct ledger_header) == 24, "the same for ever");

/* Bounds on what a newer daemon's ledger may ask for. */
#define LEDGER_REC_MAX	 65536u
#define LEDGER_SLOTS_MAX (1u << 20)

/*
 * Bytes of the memfd (bpfgated makes it; an empty one is grown, sparse and zeroed). Whoever is alone gets
 * half of the LEDGER_SLOTS: see quota_charge_share().
 */
size_t ledger_bytes(void);

/* What an empty file becomes. Its magic is the caller's to publish, last. */
void ledger_header_begin(struct ledger_header *header);
/* Such a file of so many bytes is ours to read and write where it lies. */
bool ledger_header_is_ours(const struct ledger_header *header, uint64_t file_bytes);

/* A layout of the past; opaque. */
struct ledger_layout;
/* NULL: none that ever was, or that of today. */
const struct ledger_layout *ledger_layout_find(const struct ledger_header *header,
					       uint64_t file_bytes);
/*
 * One record as it is written today; `from` holds header.rec_bytes. False: the slot is free. A
 * layout of NULL is ours with at least the bytes of struct ledger_rec.
 */
bool ledger_layout_convert(const struct ledger_layout *layout, const uint8_t *from,
			   struct ledger_rec *ret_rec);

#endif
