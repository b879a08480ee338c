/* SPDX-License-Identifier: Apache-2.0 */
/* What bundle.c (reader) and bundle_write.c (writer) share of BUNDLE.md; for nobody else. */
#ifndef BPFGATE_OBJECT_BUNDLE_WIRE_H
#define BPFGATE_OBJECT_BUNDLE_WIRE_H

#include <linux/bpf.h>

#include "object/bundle.h"

#define BUNDLE_MAGIC	     "bpfgbndl"
#define BUNDLE_HEADER_BYTES  16u
#define BUNDLE_SECTION_BYTES 8u
#define BUNDLE_PROG_FIELDS   16u
#define BUNDLE_PROG_BYTES    (4u * BUNDLE_PROG_FIELDS)
#define BUNDLE_MAP_BYTES     104u
#define BUNDLE_ANSWER_BYTES  48u

enum bundle_tag {
	BUNDLE_TAG_PROG = 1,
	BUNDLE_TAG_INSNS,
	BUNDLE_TAG_LICENSE,
	BUNDLE_TAG_NAME,
	BUNDLE_TAG_ATTACH_NAME,
	BUNDLE_TAG_BTF,
	BUNDLE_TAG_MAP,
	BUNDLE_TAG_CONTENTS,
	BUNDLE_TAG_FUNC_INFO,
	BUNDLE_TAG_LINE_INFO,
	BUNDLE_TAG_CORE_RELOS,
	BUNDLE_TAG_ATTACH_PROG,
	BUNDLE_TAG_SOURCE,
	BUNDLE_TAG_ANSWER,
	BUNDLE_TAG_RELEASE,
	BUNDLE_TAG_LOG,
};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "instructions and BTF are passed on as they stand in a bundle");
_Static_assert(sizeof(struct bpf_insn) == 8, "the kernel's instruction");

/* Do indices point into their arrays, do record counts match their blobs? */
bool bundle_prog_is_consistent(const struct bgv_program *prog);

#endif
