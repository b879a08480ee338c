/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree that the names of one owner's pins make. A directory is a name without an object; beside those that were made
 * there are the directories that a rule grants by name ("pin_under"), and those in which something lies.
 */
#ifndef BPFGATE_DAEMON_PINNAMES_H
#define BPFGATE_DAEMON_PINNAMES_H

#include "daemon/broker/work/work.h"

/* Copies the path behind this pointer of a request, NUL included: 0, -EFAULT, -ENAMETOOLONG; -EINVAL: it is not plain. */
int pinnames_take_path(const struct request_ptr *path, char *ret_path, size_t path_bytes);

/*
 * Reads the path behind this pointer of the request, and its place, into *ret_name. -EFAULT, -ENAMETOOLONG; -EINVAL: not
 * plain, or not what our library sends.
 */
int pinnames_take(struct work *work, const struct request_ptr *path, struct ledger_pin *ret_name);

/* The caller's own of this name (until the next ledger_remove()), or NULL. */
const struct ledger_rec *pinnames_find(struct work *work, const struct ledger_pin *name);
bool pinnames_is_same(const struct ledger_rec *rec, const struct ledger_pin *name);
bool pinnames_is_dir_rec(const struct ledger_rec *rec);

/* Whether the caller has a directory of this name; of one that its file system has it is not asked. */
bool pinnames_is_dir(struct work *work, const struct ledger_pin *name);
/* Whether what has this name lies in a directory. */
bool pinnames_has_parent(struct work *work, const struct ledger_pin *name);

/* What lies below the directory `dir`, as text; NULL: this does not. "" as dir: all of its place. */
const char *pinnames_below(const struct ledger_pin *name, const struct ledger_place *place, const char *dir);
/* The next that the caller has below the directory of this name; start with *cursor = 0. NULL at the end. */
const struct ledger_rec *pinnames_next_below(struct work *work, const struct ledger_pin *dir, uint32_t *cursor);

/* A number for one more. */
uint32_t pinnames_number(const struct ledger *ledger);

#endif
