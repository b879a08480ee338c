/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Relocates an ELF object for this kernel with libbpf, against a bpf(2) that is made up, and says the
 * canonical digest of each program. Promises that nothing reaches the kernel (this binary's syscall() is
 * object/fakelibc.c). The broker takes the digests for those of the object's signers only, so an object that
 * subverts the judge can lie about itself and about nothing else.
 */
#include "worker/job.h"

#include <errno.h>

#include "object/elf.h"

struct object_job {
	struct job *job;
	int result;	/* the first failure to answer */
};

static_assert(sizeof(struct elf_result) <= JUDGE_PIECE_MAX, "a program's result is one piece");

static void say_program(void *arg, const struct elf_program *program)
{
	struct object_job *object = arg;
	struct elf_result result = { 0 };

	elf_result_fill(program, object->job->kit->names, &result);
	if (object->result == 0)
		object->result = job_say(object->job, JUDGE_PIECE_RESULT, &result, sizeof(result), NULL, 0);
}

int job_object(struct job *job)
{
	struct object_job object = { .job = job };
	struct elf_options options = { .vmlinux_btf = job->kit->vmlinux,
				       .vmlinux_btf_bytes = job->kit->vmlinux_bytes,
				       .assume = true,
				       .mode = (enum bgv_mode)job->ask.mode,
				       .caps = job->ask.caps };
	int r = elf_programs(job->payload, job->ask.payload_bytes, &options, say_program, &object);

	if (r == 0)
		r = object.result;
	return r < 0 ? r : job_conclude(job, JUDGE_SAYS_ACCEPT, 0, "");
}
