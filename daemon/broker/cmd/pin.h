/* SPDX-License-Identifier: Apache-2.0 */
/* What may be pinned where: the rules' to say. */
#ifndef BPFGATE_DAEMON_PIN_H
#define BPFGATE_DAEMON_PIN_H

#include "daemon/broker/work/work.h"

/*
 * Asks policy whether the caller may give this name to an object; its record, or NULL: to a directory, or to what has no
 * facts. makes: the name is one more, which the quota must allow. true: granted; false: the work has been answered.
 */
bool pin_decide(struct work *work, const struct ledger_pin *name, const struct ledger_rec *of, bool makes);
/* Notes it as allowed. */
void pin_note_allowed(struct work *work, const struct ledger_pin *name);
/* The object's record; NULL: it has none. */
const struct ledger_rec *pin_find_object(const struct ledger *ledger, const struct ledger_pin *pin);

#endif
