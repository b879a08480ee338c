/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bundle reader. What it accepts must have one meaning: written again it is the same bytes, and
 * whoever walks its arrays stays inside them (AddressSanitizer watches).
 */
#include <stdlib.h>
#include <string.h>

#include "object/bundle.h"
#include "object/digest.h"
#include "object/probes.h"
#include "proto/own.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static uint32_t touch(const void *data, size_t bytes)
{
	const uint8_t *at = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < bytes; i++)
		sum += at[i];
	return sum;
}

static uint32_t touch_program(const struct bgv_program *prog)
{
	uint32_t sum = touch(prog->insns, prog->insn_cnt * sizeof(*prog->insns));

	for (uint32_t i = 0; i < prog->btf_cnt; i++)
		sum += touch(prog->btfs[i].data, prog->btfs[i].bytes);
	for (uint32_t i = 0; i < prog->map_cnt; i++)
		sum += touch(prog->maps[i].contents, prog->maps[i].contents_bytes);
	sum += touch(prog->func_info.data, prog->func_info.bytes);
	sum += touch(prog->line_info.data, prog->line_info.bytes);
	return sum + touch(prog->core_relos.data, prog->core_relos.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const struct digest_options opt = { .flags = DIGEST_WITH_CONTENTS };
	OWN_BUNDLE struct bundle *bundle = NULL;
	OWN_MEM uint8_t *again = NULL;
	uint8_t digest[DIGEST_BYTES];
	size_t again_bytes = 0;

	if (bundle_decode(data, bytes, &bundle) < 0)
		return 0;
	if (bundle_encode(&bundle->prog, &bundle->answer, &again, &again_bytes) < 0 ||
	    again_bytes != bytes || memcmp(again, data, bytes))
		abort();
	(void)touch_program(&bundle->prog);
	if (bundle->prog.attach_prog)
		(void)touch_program(bundle->prog.attach_prog);
	(void)digest_program(&bundle->prog, &opt, digest);
	(void)probes_match(&bundle->prog);
	return 0;
}
