/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an object asks of a kernel beside its types, answered as a kernel would that has all of it. A digest
 * depends on none of the answers: values of CONFIG_* are contents of a map, addresses count by name.
 */
#ifndef BPFGATE_OBJECT_ASSUME_H
#define BPFGATE_OBJECT_ASSUME_H

#include <bpf/btf.h>

/*
 * The object's own types, as its compiler wrote them: libbpf gives externs other ones when it opens an object.
 * NULL: it has none. btf__free() it.
 */
struct btf *assume_types(const void *object, size_t bytes);

/*
 * A line "CONFIG_X=VALUE" for each extern of that kind, with a value that its type takes. Heap, the caller's;
 * NULL: the object (btf is its own, or NULL) asks for none, or memory is out.
 */
char *assume_config(const struct btf *btf);

/* A name a line: the externs that are addresses of symbols without a type. As above. */
char *assume_symbols(const struct btf *btf);

#endif
