/* SPDX-License-Identifier: Apache-2.0 */
/* What a helper or a kernel function is worth to whoever may call it. */
#ifndef BPFGATE_POLICY_WORTH_H
#define BPFGATE_POLICY_WORTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the order in which it is told: the most dangerous first. */
enum worth {
	WORTH_UNKNOWN,		/* not in the table: a test sees to it that none is */
	WORTH_DAEMON,
	WORTH_DESTROYS,
	WORTH_READS_KERNEL,
	WORTH_READS_ANY,
	WORTH_READS_RUNNING,
	WORTH_WRITES_RUNNING,
	WORTH_OVERRIDES,
	WORTH_RETVAL,
	WORTH_SIGNALS,
	WORTH_PROCESSES,
	WORTH_SCHEDULER,
	WORTH_ADDRESSES,
	WORTH_OBJECTS,
	WORTH_FILES,
	WORTH_FILES_SET,
	WORTH_KEYS,
	WORTH_SETTINGS,
	WORTH_INPUT,
	WORTH_IO_URING,
	WORTH_IDENTITY,
	WORTH_SOCKETS,
	WORTH_CONNECTIONS,
	WORTH_BINDS,
	WORTH_CONGESTION,
	WORTH_SENDS,
	WORTH_TUNNELS,
	WORTH_PACKETS,
	WORTH_CONTEXT,		/* looks at the packet, socket or call that the program was run for */
	WORTH_OWN,		/* works on the program's own maps, memory and numbers */
	WORTH_CNT
};

struct worth_row {
	const char *name;	/* "bpf_probe_read_kernel" */
	enum worth worth;
	bool perfmon;		/* what "perfmon": "judged" does not give */
};

/* The idx-th helper or kernel function of the table, or NULL past the last. */
const struct worth_row *worth_helper(size_t idx);
const struct worth_row *worth_kfunc(size_t idx);

/* "reads any kernel memory, keys and passwords included"; NULL for what is not worth telling. */
const char *worth_text(enum worth worth);

#endif
