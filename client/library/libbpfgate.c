/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public functions of libbpfgate. Promises bpf(2)'s conventions (-1 and errno) and keeps, per
 * thread, why the last call failed. Everything else is call.c's.
 */
#include "client/bpfgate.h"

#include "client/library/call.h"
#include "client/library/control.h"
#include "client/library/seal.h"
#include "client/library/self.h"

#include <string.h>

#define PUBLIC __attribute__((visibility("default")))

_Static_assert((int)BPFGATE_STATUS == (int)WIRE_VERB_STATUS, "the wire's numbers");
_Static_assert((int)BPFGATE_LIST == (int)WIRE_VERB_LIST, "the wire's numbers");
_Static_assert((int)BPFGATE_WHY == (int)WIRE_VERB_WHY, "the wire's numbers");
_Static_assert((int)BPFGATE_UNPIN == (int)WIRE_VERB_UNPIN, "the wire's numbers");
_Static_assert((int)BPFGATE_RELOAD == (int)WIRE_VERB_RELOAD, "the wire's numbers");

/* The library's errno, so to speak. */
static _Thread_local struct call_outcome last_outcome;

PUBLIC int bpfgate_bpf(int cmd, void *attr, unsigned int size)
{
	int saved = errno;
	int r = call_bpf((uint32_t)cmd, attr, size, &last_outcome);

	errno = r < 0 ? -r : saved;
	return r < 0 ? -1 : r;
}

PUBLIC const char *bpfgate_last_reason(void)
{
	return last_outcome.reason;
}

PUBLIC uint64_t bpfgate_last_decision(void)
{
	return last_outcome.decision;
}

PUBLIC int bpfgate_control(enum bpfgate_question what, const char *arg, char **ret_json)
{
	return control_ask((uint32_t)what, arg, NULL, 0, ret_json);
}

PUBLIC int bpfgate_present_object(const char *name, int elf_fd, int sig_fd, char **ret_json)
{
	OWN_FD int elf = -1;
	OWN_FD int sig = -1;
	int r = seal_file(elf_fd, &elf);

	if (r >= 0 && sig_fd >= 0)
		r = seal_file(sig_fd, &sig);
	if (r < 0)
		return r;

	const int fds[2] = { elf, sig };

	return control_ask(WIRE_VERB_OBJECT, name, fds, sig < 0 ? 1 : 2, ret_json);
}

PUBLIC int bpfgate_unpin(const char *path)
{
	struct codec_source src;

	self_init_source(&src);
	return control_unpin(&src, -1, path);
}
