/* SPDX-License-Identifier: Apache-2.0 */
/* The running kernel's BTF: names by id, functions by name, where members lie. */
#ifndef BPFGATE_DAEMON_VMBTF_H
#define BPFGATE_DAEMON_VMBTF_H

#include <stddef.h>
#include <stdint.h>

struct btfname;
struct vmbtf;

/* Reads nothing yet: megabytes are loaded when first needed. */
int vmbtf_new(struct vmbtf **ret_vmbtf);
void vmbtf_free(struct vmbtf *vmbtf);
/* Lets go of the bytes until they are needed again. Names that were given are gone then. */
void vmbtf_rest(struct vmbtf *vmbtf);

/* The name of a type or function; NULL when there is none. Valid until vmbtf_rest(). */
const char *vmbtf_name(struct vmbtf *vmbtf, uint32_t id);
/* The index of all names, for the canonical digest; NULL when the kernel has no BTF. */
const struct btfname *vmbtf_names(struct vmbtf *vmbtf);
/* The id of a type of this kind (BTF_KIND_*) and name, or -ENOENT. */
int vmbtf_find(struct vmbtf *vmbtf, uint32_t kind, const char *name);
/* Byte offset of a member of a struct, or -ENOENT. */
int vmbtf_offset_of(struct vmbtf *vmbtf, const char *struct_name, const char *member);

#endif
