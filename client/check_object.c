/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects as inputs of bpfgate-check: reads the target's BTF and passes each relocated program on.
 * A program that libbpf itself would not load never reaches a verifier: it is reported as such.
 */
#include "client/check_object.h"

#include "client/check.h"
#include "object/elf.h"
#include "proto/own.h"

_Static_assert(CHECK_REASON_BYTES == ELF_REASON_BYTES, "one buffer for both");

struct passing {
	check_program_fn fn;
	check_unloadable_fn unloadable;
	void *arg;
};

static void pass_on(void *arg, const struct elf_program *program)
{
	const struct passing *p = arg;

	if (program->prog)
		p->fn(p->arg, program->name, program->prog, NULL);
	else
		p->unloadable(p->arg, program->name, program->reason);
}

int check_object_programs(const uint8_t *bytes, size_t bytes_cnt, const char *btf_path,
			  check_program_fn fn, check_unloadable_fn unloadable, void *arg, char *ret_reason)
{
	struct elf_options opt = { .mode = BGV_MODE_FULL, .caps = BGV_CAP_ALL, .reason = ret_reason };
	struct passing passing = { fn, unloadable, arg };
	OWN_MEM uint8_t *btf = NULL;

	if (check_read_file(btf_path ? btf_path : "/sys/kernel/btf/vmlinux", &btf,
			    &opt.vmlinux_btf_bytes) >= 0)
		opt.vmlinux_btf = btf;
	return elf_programs(bytes, bytes_cnt, &opt, pass_on, &passing);
}
