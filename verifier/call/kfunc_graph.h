/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VERIFIER_KFUNC_GRAPH_H
#define VERIFIER_KFUNC_GRAPH_H

#include "verifier/call/kfunc_arg.h"

/* Lists and trees: their roots, which a held lock must guard, and their nodes. */
int kfunc_graph_list_head(struct karg *a);
int kfunc_graph_list_node(struct karg *a);
int kfunc_graph_rb_root(struct karg *a);
int kfunc_graph_rb_node(struct karg *a);

#endif
