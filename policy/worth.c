/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table behind `bpfgate policy check`'s "worth" and behind what "perfmon": "judged" withholds. Promises
 * a row for every helper and kernel function that rules can name; a test compares it with their names.
 */
#include "policy/worth.h"

#include <string.h>

#include "policy/policy.h"
#include "proto/own.h"

/* What the kernel lends only to CAP_PERFMON, by its own table. */
#define TO_BPF	   0
#define TO_PERFMON 1
enum {
#define KERNEL_HELPER(number, NAME, text, since, caps) WANTS_PERFMON_bpf_##NAME = caps,
#include "proto/kernel_types.def"
};

#define WORTH_HELPER(name, worth) { #name, WORTH_##worth, WANTS_PERFMON_##name },
#define WORTH_KFUNC(name, worth)
#define WORTH_KFUNC_PERFMON(name, worth)
static const struct worth_row helpers[] = {
#include "policy/worth.def"
};
#undef WORTH_HELPER
#undef WORTH_KFUNC
#undef WORTH_KFUNC_PERFMON

#define WORTH_HELPER(name, worth)
#define WORTH_KFUNC(name, worth) { #name, WORTH_##worth, false },
#define WORTH_KFUNC_PERFMON(name, worth) { #name, WORTH_##worth, true },
static const struct worth_row kfuncs[] = {
#include "policy/worth.def"
};

static const char *const texts[WORTH_CNT] = {
	[WORTH_DAEMON] = "would act as the daemon's own process",
	[WORTH_DESTROYS] = "stops the machine",
	[WORTH_READS_KERNEL] = "reads any kernel memory, keys and passwords included",
	[WORTH_READS_ANY] = "reads the memory of any process",
	[WORTH_READS_RUNNING] = "reads the memory of whatever process is running",
	[WORTH_WRITES_RUNNING] = "writes the memory of whatever process is running",
	[WORTH_OVERRIDES] = "makes kernel functions fail at will",
	[WORTH_RETVAL] = "decides what system calls of others return",
	[WORTH_SIGNALS] = "sends signals to whatever process is running",
	[WORTH_PROCESSES] = "runs code when another process returns to user mode",
	[WORTH_SCHEDULER] = "decides which process runs when, and where",
	[WORTH_ADDRESSES] = "reveals kernel addresses, which defeats their randomisation",
	[WORTH_OBJECTS] = "reaches tasks, cgroups and other objects of the kernel, readable with CAP_PERFMON",
	[WORTH_FILES] = "reveals names, attributes or contents of files that others use",
	[WORTH_FILES_SET] = "changes extended attributes of files",
	[WORTH_KEYS] = "uses keys of the kernel's key rings, or makes some",
	[WORTH_SETTINGS] = "changes what others set: kernel settings, options of programs that start",
	[WORTH_INPUT] = "reads, changes or makes up what input devices report, keyboards included",
	[WORTH_IO_URING] = "submits requests of others' io_uring",
	[WORTH_IDENTITY] = "reveals who is running: process, user, name or cgroup",
	[WORTH_SOCKETS] = "finds sockets of others and reads their state",
	[WORTH_CONNECTIONS] = "changes connections of others: their options, their ends, where their data goes",
	[WORTH_BINDS] = "chooses the source address of others' connections",
	[WORTH_CONGESTION] = "decides how fast connections send",
	[WORTH_SENDS] = "sends packets to any interface of the namespace",
	[WORTH_TUNNELS] = "sends packets to any address",
	[WORTH_PACKETS] = "changes packets",
};

const struct worth_row *worth_helper(size_t idx)
{
	return idx < ARRAY_CNT(helpers) ? &helpers[idx] : NULL;
}

const struct worth_row *worth_kfunc(size_t idx)
{
	return idx < ARRAY_CNT(kfuncs) ? &kfuncs[idx] : NULL;
}

const char *worth_text(enum worth worth)
{
	return worth < WORTH_CNT ? texts[worth] : NULL;
}

/* ---- what "perfmon": "judged" withholds ---- */

static bool calls_helper(const struct policy_prog_facts *prog, const char *name)
{
	int id = policy_helper_id(name);

	return id >= 0 && id < POLICY_HELPER_MAX && (prog->helpers[id / 64] >> (id % 64) & 1);
}

const char *policy_beyond_judged(const struct policy_prog_facts *prog)
{
	size_t i, j;

	for (i = 0; i < ARRAY_CNT(helpers); i++) {
		if (helpers[i].perfmon && calls_helper(prog, helpers[i].name))
			return helpers[i].name;
	}
	for (i = 0; i < ARRAY_CNT(kfuncs); i++) {
		for (j = 0; kfuncs[i].perfmon && j < prog->kfunc_cnt; j++) {
			if (strcmp(prog->kfuncs[j], kfuncs[i].name) == 0)
				return kfuncs[i].name;
		}
	}
	return NULL;
}
