/* SPDX-License-Identifier: Apache-2.0 */
/* What a kernel's verifier log says of the kernel's own memory, taken out. */
#ifndef BPFGATE_DAEMON_SCRUB_H
#define BPFGATE_DAEMON_SCRUB_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Writes zeros over each address in log (log_bytes, its NUL may be among them; changed in place, its length
 * stays). With CAP_PERFMON the kernel prints what it put into the instructions that load the address of a
 * map or of one of its variables, and the latter always. insns (borrowed; NULL when there are none) are the
 * program's as it was loaded: numbers that the program itself loads stay. `cut` says that the log's beginning
 * was dropped: then its first line is written over as a whole, for what was in front of it is not known.
 */
void scrub_log(char *log, size_t log_bytes, bool cut, const struct bpf_insn *insns, size_t insn_cnt);

#endif
