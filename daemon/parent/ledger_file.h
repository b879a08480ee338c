/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where bpfgated's ledger comes from when it starts: a file on a tmpfs, the service manager, or
 * nowhere. Whatever daemon wrote it, older or newer, what it says is not lost.
 */
#ifndef BPFGATE_DAEMON_LEDGER_FILE_H
#define BPFGATE_DAEMON_LEDGER_FILE_H

#include <stdint.h>

#include "daemon/parent/keep.h"

#define LEDGER_ASIDE_MAX 8u

struct ledger_file {
	int fd;			     /* -1: none; owned */
	int aside[LEDGER_ASIDE_MAX]; /* ledgers that no file holds and that we cannot read; owned */
	uint32_t aside_cnt;
	uint32_t set_aside; /* how many there are that we cannot read, here or beside the file */
};

/*
 * Begins with what was inherited in `file`, and leaves there the ledger of this run:
 *
 * - path NULL: what was inherited, or a new memfd. Else the file at path, made where it is missing:
 * bpfgated's alone, on a tmpfs, so that it does not outlive the kernel whose objects it names. What was
 * inherited is what the last bpfgated wrote to, so it gets the bytes of that where it is another
 * file.
 * - A layout of the past is written again in today's. One that is unknown is set aside, as
 * PATH.aside-N or in file->aside, and another begun. Where one is begun, what keep holds pinned is
 * recorded as root's orphans: who owns it is unknown, not that nobody does.
 * - What an earlier daemon set aside and we can read is taken over: records of what is not in the
 * ledger.
 *
 * Dying at any instruction loses nothing: the next start does the rest. 0 or -errno.
 */
int ledger_file_open(const char *path, const struct keep *keep, struct ledger_file *file);
void ledger_file_done(struct ledger_file *file);

#endif
