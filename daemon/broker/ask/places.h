/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where pins are. Their names are ours, the directory under which a name was given is the client's: the same text
 * leads elsewhere in another mount namespace. A pin ends with its directory, as far as somebody watches that.
 */
#ifndef BPFGATE_DAEMON_PLACES_H
#define BPFGATE_DAEMON_PLACES_H

#include "daemon/broker/work/broker.h"
#include "daemon/broker/work/work.h"

/*
 * What directory this (borrowed) descriptor of a stranger stands for; `below` parts of a path lie under it. Asks nobody
 * who need not answer. 0; -EINVAL: nothing that has a name in a file system.
 */
int places_identify(int fd, uint32_t below, struct ledger_place *ret_place);

/* The place that came with a request, or LEDGER_PLACE_NONE. 0, -EINVAL. */
int places_of_work(const struct work *work, struct ledger_place *ret_place);

/* The same directory? Without one on both sides: yes. */
bool places_are_same(const struct ledger_place *a, const struct ledger_place *b);
/* The same directory, and the same parts below it? */
bool places_name_same(const struct ledger_pin *a, const struct ledger_pin *b);

/* What the name says below its directory; the whole path where none is known. */
const char *places_rest(const struct ledger_pin *pin);

/* Takes away a pin (a record of the ledger) whose directory is gone. */
typedef int (*places_drop_fn)(struct broker *broker, const struct ledger_rec *pin);

/* 0 or -ENOMEM. broker is borrowed. */
int places_new(struct broker *broker, places_drop_fn drop, struct places **ret_places);
/* NULL is fine. */
void places_free(struct places *places);

/*
 * The request that made this pin brought an inotify instance: when that has something to say the directory is gone, and
 * all pins of this owner in it go. Whoever lies with it loses or keeps what is its own. Without one, or with too many,
 * nothing watches.
 */
void places_watch(struct work *work, const struct ledger_rec *pin);
/* Before a name in this place is looked for: those whose directory is gone go. */
void places_look(struct places *places, const struct ledger_place *place);
/* After a pin of this owner in this place was removed: is it still worth watching? */
void places_look_after(struct places *places, const struct ledger_rec *pin);

#endif
