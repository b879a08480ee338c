/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Things done one after another with what has a life of its own: locks, references, nodes of lists
 * and trees, dynptrs, iterators, sections, callbacks. A walk takes one action after another by
 * chance and keeps those that the verifier lets pass, so that it gets somewhere; each try counts.
 * A row is a few walks of one kind.
 */
#include <bpf/btf.h>
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "tests/cases/sweep.h"
#include "tests/differential/rng.h"

#define ROWS	     12
#define WALKS	     10 /* a row */
#define STEPS	     14 /* tries of a walk */
#define TEXT_BYTES   8192
#define INSNS_MAX    400

/*
 * A kind: the head of its cases, how they begin and end, the functions behind them and the actions.
 * r6 and r7 are what was made last, r8 the context, r9 any number. "?" before an action: only where
 * r6 is there; "!": r7.
 */
struct kind {
	const char *name, *head, *begin, *functions, *named; /* every function must be used once */
	const char *const *actions;
};

#define VALUES                                                                                     \
	"struct node 64 bpf_list_node@0 bpf_rb_node@24 bpf_refcount@56\n"                          \
	"struct other 40 bpf_rb_node@8 u64@0\n"                                                    \
	"struct value 160 bpf_spin_lock@0 u32@4 bpf_list_head@8:contains:node:m1 "                 \
	"bpf_rb_root@24:contains:node:m2 bpf_rb_root@40:contains:other:m1 node*:kptr@56 "          \
	"task_struct*:kptr@64 task_struct*:kptr_untrusted@72 bpf_timer@80 bpf_wq@96 u64@112\n"     \
	"struct second 16 bpf_spin_lock@0 u64@8\n"                                                 \
	"struct third 16 bpf_res_spin_lock@0 u64@8\n"                                              \
	"struct many 64 task_struct*:kptr[4]@0 other*:kptr[2]@32 u64@48\n"                         \
	"map array key 4 value 160 max 1 btf value\nmap array key 4 value 16 max 1 btf second\n"   \
	"map array key 4 value 16 max 1 btf third\nmap array key 4 value 64 max 1 btf many\n"      \
	"map ringbuf key 0 value 0 max 4096\nmap hash key 4 value 64 max 1\n"

#define LOCK	 "r1 = map_value[0];call bpf_spin_lock"
#define UNLOCK	 "r1 = map_value[0];call bpf_spin_unlock"
#define LIST	 "r1 = map_value[0];r1 += 8;"
#define TREE	 "r1 = map_value[0];r1 += 24;"
#define DYNPTR	 "r1 = r10;r1 += -96;"
#define DYNPTR2	 "r1 = r10;r1 += -112;"
#define ITERATOR "r1 = r10;r1 += -136;"

static const char *const graph[] = {
	LOCK,
	LOCK,
	UNLOCK,
	UNLOCK,
	"r1 = map_value[1];call bpf_spin_lock",
	"r1 = map_value[1];call bpf_spin_unlock",
	"r1 = %N;r2 = 0;call bpf_obj_new_impl;r6 = r0",
	"r1 = %N;r2 = 0;call bpf_obj_new_impl;r6 = r0",
	"r1 = %O;r2 = 0;call bpf_obj_new_impl;r7 = r0",
	"r1 = %O;r2 = 0;call bpf_percpu_obj_new_impl;r7 = r0",
	"!r1 = r7;r2 = 0;call bpf_percpu_obj_drop_impl;r7 = 0",
	"!r1 = r7;call bpf_this_cpu_ptr;*(u64 *)(r0 +0) = 1",
	"?r1 = r6;r2 = 0;call bpf_obj_drop_impl;r6 = 0",
	"!r1 = r7;r2 = 0;call bpf_obj_drop_impl;r7 = 0",
	"?r1 = r6;r2 = 0;call bpf_obj_drop_impl",
	"?r1 = r6;r2 = 0;call bpf_refcount_acquire_impl;r7 = r0",
	"!r1 = r7;r2 = 0;call bpf_refcount_acquire_impl;r6 = r0",
	"?" LIST "r2 = r6;r3 = 0;r4 = 0;call bpf_list_push_front_impl",
	"?" LIST "r2 = r6;r3 = 0;r4 = 0;call bpf_list_push_back_impl;r6 = 0",
	"?" LIST "r2 = r6;r2 += 24;r3 = 0;r4 = 0;call bpf_list_push_back_impl",
	LIST "call bpf_list_pop_front;r6 = r0",
	LIST "call bpf_list_pop_back;r7 = r0",
	LIST "call bpf_list_front;r7 = r0",
	LIST "call bpf_list_back;r6 = r0",
	"?" TREE "r2 = r6;r2 += 24;r3 = func less;r4 = 0;r5 = 0;call bpf_rbtree_add_impl",
	"?" TREE
	"r2 = r6;r2 += 24;r3 = func less;r4 = 0;r5 = 0;call bpf_rbtree_add_impl;r7 = r6;r6 = 0",
	"?" TREE "r2 = r6;r2 += 24;r3 = func odd;r4 = 0;r5 = 0;call bpf_rbtree_add_impl",
	"!r1 = map_value[0];r1 += 40;r2 = r7;r2 += 8;r3 = func less;r4 = 0;r5 = 0;call bpf_rbtree_add_impl",
	TREE "call bpf_rbtree_first;r7 = r0",
	TREE "call bpf_rbtree_root;r7 = r0",
	"!" TREE "r2 = r7;call bpf_rbtree_left;r7 = r0",
	"!" TREE "r2 = r7;call bpf_rbtree_right;r6 = r0",
	"!" TREE "r2 = r7;call bpf_rbtree_remove;r6 = r0",
	"!" TREE "r2 = r7;call bpf_rbtree_remove;r7 = r0",
	"?r6 -= 24",
	"!r7 -= 24",
	"?r0 = *(u64 *)(r6 +0)",
	"?r0 = *(u32 *)(r6 +60)",
	"!*(u32 *)(r7 +60) = 1",
	"!*(u64 *)(r7 +0) = 1",
	"?r1 = map_value[0];r1 += 56;r2 = r6;call bpf_kptr_xchg;r6 = r0",
	"r1 = map_value[0];r1 += 56;r2 = 0;call bpf_kptr_xchg;r6 = r0",
	"r1 = map_value[3];r1 += 40;r2 = 0;call bpf_kptr_xchg;r7 = r0",
	"!r1 = map_value[3];r1 += 32;r2 = r7;call bpf_kptr_xchg;r7 = r0",
	"r1 = map_value[0];r7 = *(u64 *)(r1 +56)",
	"call bpf_rcu_read_lock",
	"call bpf_rcu_read_unlock",
	"*(u64 *)(r10 -8) = r6",
	"r6 = *(u64 *)(r10 -8)",
	"call sub",
	"r1 = 0;call bpf_throw",
	"if r6 == 0 goto end",
	"if r7 == 0 goto end",
	NULL,
};

static const char *const pointers[] = {
	"call bpf_get_current_task_btf;r6 = r0",
	"?r1 = r6;call bpf_task_acquire;r7 = r0",
	"!r1 = r7;call bpf_task_release;r7 = 0",
	"!r1 = r7;call bpf_task_release",
	"r1 = map_value[0];r6 = *(u64 *)(r1 +64)",
	"r1 = map_value[0];r6 = *(u64 *)(r1 +72)",
	"r1 = map_value[3];r6 = *(u64 *)(r1 +24)",
	"r1 = map_value[3];r6 = *(u64 *)(r1 +4)",
	"!r1 = map_value[0];r1 += 64;r2 = r7;call bpf_kptr_xchg;r7 = r0",
	"!r1 = map_value[3];r1 += 8;r2 = r7;call bpf_kptr_xchg;r7 = r0",
	"r1 = map_value[3];r1 += 16;r2 = 0;call bpf_kptr_xchg;r7 = r0",
	"?r1 = map_value[0];*(u64 *)(r1 +72) = r6",
	"?r1 = map_value[0];*(u64 *)(r1 +64) = r6",
	"r1 = map_value[0];*(u64 *)(r1 +72) = 0",
	"r1 = map_value[0];*(u64 *)(r1 +64) = 1",
	"call bpf_rcu_read_lock",
	"call bpf_rcu_read_unlock",
	"?r6 = *(u64 *)(r6 +%parent)",
	"?r0 = *(u32 *)(r6 +%pid)",
	"?*(u32 *)(r6 +%pid) = 1",
	"!r7 = *(u64 *)(r7 +%cpus_ptr)",
	"!r6 = *(u64 *)(r7 +%real_parent)",
	"?r6 += 8",
	"?r1 = r6;call bpf_rdonly_cast",
	"?r1 = r6;r2 = 5;call bpf_rdonly_cast;r7 = r0",
	"r1 = 1;call bpf_task_from_pid;r7 = r0",
	"?r1 = r6;r2 = 0;call bpf_task_get_cgroup1;r7 = r0",
	"!r1 = r7;call bpf_cgroup_release;r7 = 0",
	"r1 = 1;call bpf_cgroup_from_id;r7 = r0",
	"?r1 = r6;r2 = r6;r2 &= 7",
	"*(u64 *)(r10 -8) = r6",
	"*(u64 *)(r10 -16) = r7",
	"r6 = *(u64 *)(r10 -16)",
	"r7 = *(u64 *)(r10 -8)",
	"r1 = r6;r2 = r7;call two",
	"r7 = r6",
	LOCK,
	UNLOCK,
	"if r6 == 0 goto end",
	"if r7 == 0 goto end",
	"if r6 != r7 goto end",
	NULL,
};

static const char *const dynptrs[] = {
	"r1 = map_value[7];r2 = 16;r3 = 0;r4 = r10;r4 += -96;call bpf_dynptr_from_mem",
	"r1 = r6;r2 = 16;r3 = 0;r4 = r10;r4 += -112;call bpf_dynptr_from_mem",
	"r1 = r8;r2 = 0;r3 = r10;r3 += -96;call bpf_dynptr_from_skb",
	"r1 = r8;r2 = 0;r3 = r10;r3 += -112;call bpf_dynptr_from_skb_meta",
	"r1 = map[4];r2 = 16;r3 = 0;r4 = r10;r4 += -96;call bpf_ringbuf_reserve_dynptr",
	"r1 = map[4];r2 = r9;r3 = 0;r4 = r10;r4 += -112;call bpf_ringbuf_reserve_dynptr",
	DYNPTR "r2 = 0;call bpf_ringbuf_submit_dynptr",
	DYNPTR2 "r2 = 0;call bpf_ringbuf_submit_dynptr",
	DYNPTR "r2 = 0;call bpf_ringbuf_discard_dynptr",
	DYNPTR "r2 = 0;r3 = 8;call bpf_dynptr_data;r6 = r0",
	DYNPTR "r2 = 0;r3 = r9;call bpf_dynptr_data;r6 = r0",
	DYNPTR2 "r2 = 4;r3 = 4;call bpf_dynptr_data;r7 = r0",
	DYNPTR "r2 = 0;r3 = r10;r3 += -24;r4 = 8;call bpf_dynptr_slice;r6 = r0",
	DYNPTR "r2 = 0;r3 = 0;r4 = 8;call bpf_dynptr_slice_rdwr;r6 = r0",
	DYNPTR2 "r2 = r9;r3 = r10;r3 += -24;r4 = 16;call bpf_dynptr_slice_rdwr;r7 = r0",
	DYNPTR "r2 = 0;r3 = r10;r3 += -24;r4 = r9;call bpf_dynptr_slice;r6 = r0",
	"r1 = r10;r1 += -24;r2 = 8;r3 = r10;r3 += -96;r4 = 0;r5 = 0;call bpf_dynptr_read",
	DYNPTR "r2 = 0;r3 = r10;r3 += -24;r4 = 8;r5 = 0;call bpf_dynptr_write",
	DYNPTR "r2 = 1;r3 = 2;call bpf_dynptr_adjust",
	DYNPTR "call bpf_dynptr_is_null",
	DYNPTR "call bpf_dynptr_is_rdonly",
	DYNPTR2 "call bpf_dynptr_size",
	DYNPTR "r2 = r10;r2 += -112;call bpf_dynptr_clone",
	DYNPTR2 "r2 = r10;r2 += -96;call bpf_dynptr_clone",
	DYNPTR "r2 = 0;r3 = r10;r3 += -112;r4 = 0;r5 = 4;call bpf_dynptr_copy",
	DYNPTR "r2 = 0;r3 = 4;r4 = 0;call bpf_dynptr_memset",
	"*(u64 *)(r10 -96) = 0",
	"*(u8 *)(r10 -89) = 1",
	"*(u64 *)(r10 -104) = r9",
	"r0 = *(u64 *)(r10 -96)",
	"r0 = *(u8 *)(r10 -105)",
	"r1 = r9;r1 &= 15;r1 += r10;r0 = *(u8 *)(r1 -100)",
	"r1 = r9;r1 &= 15;r1 += r10;*(u8 *)(r1 -120) = 0",
	"?r0 = *(u64 *)(r6 +0)",
	"?*(u64 *)(r6 +8) = r9",
	"!*(u32 *)(r7 +0) = 0",
	"?r1 = r6;r2 = 0;call bpf_ringbuf_submit",
	"r1 = map[4];r2 = 16;r3 = 0;call bpf_ringbuf_reserve;r6 = r0",
	"r1 = r8;r2 = 0;call bpf_skb_pull_data",
	"r1 = r10;r1 += -96;r2 = 0;call use",
	"r1 = r10;r1 += -112;r2 = 0;call use",
	"r1 = r10;r1 += -104;r2 = 0;call use",
	"r6 = map_value[7]",
	"if r6 == 0 goto end",
	NULL,
};

static const char *const sections[] = {
	LOCK,
	UNLOCK,
	"r1 = map_value[1];call bpf_spin_lock",
	"r1 = map_value[1];call bpf_spin_unlock",
	"r1 = map_value[2];call bpf_res_spin_lock;r6 = r0",
	"r1 = map_value[2];call bpf_res_spin_lock;if r0 != 0 goto end",
	"r1 = map_value[2];call bpf_res_spin_unlock",
	"r1 = map_value[2];r2 = r10;r2 += -8;call bpf_res_spin_lock_irqsave;if r0 != 0 goto end",
	"r1 = map_value[2];r2 = r10;r2 += -8;call bpf_res_spin_unlock_irqrestore",
	"r1 = r10;r1 += -8;call bpf_local_irq_save",
	"r1 = r10;r1 += -8;call bpf_local_irq_restore",
	"r1 = r10;r1 += -16;call bpf_local_irq_save",
	"r1 = r10;r1 += -16;call bpf_local_irq_restore",
	"call bpf_preempt_disable",
	"call bpf_preempt_enable",
	"call bpf_rcu_read_lock",
	"call bpf_rcu_read_lock",
	"call bpf_rcu_read_unlock",
	"r1 = r10;r1 += -24;r2 = 8;r3 = 0;call bpf_copy_from_user",
	"call bpf_ktime_get_ns",
	"r1 = r10;r1 += -24;r2 = 8;r3 = 0;call bpf_probe_read_kernel",
	ITERATOR "r2 = 0;r3 = 3;call bpf_iter_num_new",
	ITERATOR "call bpf_iter_num_next;r6 = r0",
	ITERATOR "call bpf_iter_num_next;if r0 == 0 goto end;r6 = *(u32 *)(r0 +0)",
	ITERATOR "call bpf_iter_num_destroy",
	ITERATOR "r2 = 0;r3 = 0;call bpf_iter_task_new",
	ITERATOR "call bpf_iter_task_next;r7 = r0",
	ITERATOR "call bpf_iter_task_destroy",
	ITERATOR "call again",
	"*(u64 *)(r10 -8) = 0",
	"r0 = *(u64 *)(r10 -16)",
	"*(u64 *)(r10 -136) = 0",
	"r0 = *(u64 *)(r10 -136)",
	"r1 = map_value[0];r1 += 80;r2 = map[0];r3 = 1;call bpf_timer_init",
	"r1 = map_value[0];r1 += 80;r2 = func timer;call bpf_timer_set_callback",
	"r1 = map_value[0];r1 += 80;r2 = 0;r3 = 0;call bpf_timer_start",
	"r1 = map_value[0];r1 += 80;call bpf_timer_cancel",
	"r1 = map_value[0];r1 += 96;r2 = map[0];r3 = 0;call bpf_wq_init",
	"r1 = map_value[0];r1 += 96;r2 = func timer;r3 = 0;r4 = 0;call bpf_wq_set_callback_impl",
	"r1 = map_value[0];r1 += 96;r2 = 0;call bpf_wq_start",
	"r1 = 4;r2 = func turn;r3 = r10;r3 += -24;r4 = 0;call bpf_loop",
	"r1 = r9;r2 = func turn;r3 = r10;r3 += -24;r4 = 0;call bpf_loop",
	"r1 = map[5];r2 = func item;r3 = r10;r3 += -24;r4 = 0;call bpf_for_each_map_elem",
	"call bpf_get_current_task_btf;r1 = r0;r2 = 0;r3 = func vma;r4 = r10;r4 += -24;r5 = 0;call bpf_find_vma",
	"r1 = r10;r1 += -24;r2 = 8;r3 = 0;r4 = 0;call bpf_copy_from_user_str",
	"call bpf_get_current_task_btf;r1 = r0;call bpf_task_acquire;r7 = r0",
	"!r1 = r7;call bpf_task_release;r7 = 0",
	"call sub",
	"call global",
	"r1 = 0;call bpf_throw",
	"r1 = r10;r1 += -24;r2 = 4;r3 = map[5];call bpf_sys_bpf",
	"if r9 == 0 goto end",
	NULL,
};

static const char *const sockets[] = {
	"r1 = r8;r2 = r10;r2 += -24;r3 = 12;r4 = -1;r5 = 0;call bpf_sk_lookup_tcp;r6 = r0",
	"r1 = r8;r2 = r10;r2 += -24;r3 = 12;r4 = -1;r5 = 0;call bpf_skc_lookup_tcp;r6 = r0",
	"r1 = r8;r2 = r10;r2 += -24;r3 = 12;r4 = -1;r5 = 0;call bpf_sk_lookup_udp;r7 = r0",
	"?r1 = r6;call bpf_sk_release;r6 = 0",
	"?r1 = r6;call bpf_sk_release",
	"!r1 = r7;call bpf_sk_release;r7 = 0",
	"?r1 = r6;call bpf_sk_fullsock;r7 = r0",
	"?r1 = r6;call bpf_tcp_sock;r7 = r0",
	"?r1 = r6;call bpf_skc_to_tcp_sock;r7 = r0",
	"?r1 = r6;call bpf_skc_to_udp6_sock;r7 = r0",
	"?r1 = r6;call bpf_get_listener_sock;r7 = r0",
	"r7 = *(u64 *)(r8 +168)",
	"r6 = *(u64 *)(r8 +168)",
	"?r0 = *(u32 *)(r6 +4)",
	"?r0 = *(u32 *)(r6 +44)",
	"?r0 = *(u16 *)(r6 +48)",
	"!r0 = *(u32 *)(r7 +0)",
	"!r0 = *(u64 *)(r7 +72)",
	"!*(u32 *)(r7 +16) = 1",
	"?r1 = r8;r2 = r6;r3 = 0;call bpf_sk_assign",
	"?r1 = map[6];r2 = r6;r3 = 0;r4 = 1;call bpf_sk_storage_get;r7 = r0",
	"?r1 = map[6];r2 = r6;call bpf_sk_storage_delete",
	"?r1 = r6;r2 = r10;r2 += -24;r3 = 20;r4 = r10;r4 += -48;r5 = 20;call bpf_tcp_check_syncookie",
	"!r1 = r7;call bpf_sk_cgroup_id",
	"!r7 += 8",
	"?r7 = r6",
	"*(u64 *)(r10 -8) = r6",
	"r7 = *(u64 *)(r10 -8)",
	"r6 = *(u32 *)(r8 +76);r7 = *(u32 *)(r8 +80);r0 = r6;r0 += 14;if r0 > r7 goto end;r0 = *(u8 *)(r6 +13)",
	"r1 = r8;r2 = 14;call bpf_skb_pull_data",
	"r1 = map[4];r2 = 16;r3 = 0;call bpf_ringbuf_reserve;r6 = r0",
	"?r1 = r6;r2 = 0;call bpf_ringbuf_submit;r6 = 0",
	"!r1 = r7;r2 = 0;call bpf_ringbuf_discard;r7 = 0",
	"r1 = map[5];r2 = r10;r2 += -24;call bpf_map_lookup_elem;r6 = r0",
	"?*(u64 *)(r6 +0) = r9",
	"r1 = r6;r2 = r7;call two",
	"r1 = 4;r2 = func turn;r3 = r10;r3 += -24;r4 = 0;call bpf_loop",
	"r0 = *(u32 *)skb[12]",
	"r0 = *(u8 *)skb[r9 +2]",
	"if r6 == 0 goto end",
	"if r7 == 0 goto end",
	NULL,
};

#define COMMON_FUNCTIONS                                                                           \
	"  sub:\n  r0 = 0\n  exit\n"                                                               \
	"  two:\n  r0 = 0\n  if r1 == 0 goto +1\n  r0 = *(u32 *)(r1 +4)\n  exit\n"

static const struct kind kinds[] = {
	{ "nodes", "type sched_cls\n",
	  "func main static int __sk_buff*\nfunc sub static int\nfunc two static int void* void*\n"
	  "func less static bool void* void*\nfunc odd static bool void* void*\n",
	  COMMON_FUNCTIONS
	  "  less:\n  r0 = *(u32 *)(r1 +36)\n  r2 = *(u32 *)(r2 +36)\n  if r0 < r2 goto +2\n  r0 = 0\n"
	  "  exit\n  r0 = 1\n  exit\n"
	  "  odd:\n  r6 = r1\n  r1 = map_value[0]\n  r1 += 24\n  call bpf_rbtree_first\n  r0 = 2\n  exit\n",
	  "  r1 = func sub\n  r1 = func two\n  r1 = func less\n  r1 = func odd\n", graph },
	{ "kernel objects", "type tracing\nattach trace_raw_tp sched_switch\n",
	  "func main static int void*\nfunc sub static int\nfunc two static int void* void*\n",
	  COMMON_FUNCTIONS, "  r1 = func sub\n  r1 = func two\n", pointers },
	{ "dynptrs", "type sched_cls\n",
	  "func main static int __sk_buff*\n"
	  "func use global int bpf_dynptr* int\n",
	  "  use:\n  r6 = r1\n  call bpf_dynptr_size\n  r1 = r6\n  r2 = 0\n  r3 = 8\n  call bpf_dynptr_data\n"
	  "  if r0 == 0 goto +1\n  r0 = *(u64 *)(r0 +0)\n  r0 = 0\n  exit\n",
	  "  r1 = map_value[7]\n  r2 = 16\n  r3 = 0\n  r4 = r10\n  r4 += -96\n  call bpf_dynptr_from_mem\n"
	  "  r1 = r10\n  r1 += -96\n  r2 = 0\n  call use\n",
	  dynptrs },
	{ "sections", "type syscall\nflags sleepable\n",
	  "func main static int void*\nfunc sub static int\nfunc two static int void* void*\n"
	  "func global global int\nfunc again static int void*\nfunc timer static int void* void* void*\n"
	  "func turn static int u64 void*\nfunc item static int void* void* void* void*\n"
	  "func vma static int void* void* void*\n",
	  COMMON_FUNCTIONS
	  "  global:\n  r0 = 0\n  exit\n"
	  "  again:\n  r6 = r1\n  call bpf_iter_num_next\n  if r0 == 0 goto +2\n  r1 = r6\n  goto -4\n  r0 = 0\n  exit\n"
	  "  timer:\n  *(u64 *)(r3 +112) = 1\n  r0 = 0\n  exit\n"
	  "  turn:\n  r0 = *(u64 *)(r2 +0)\n  r0 += r1\n  *(u64 *)(r2 +0) = r0\n  r0 = 0\n  exit\n"
	  "  item:\n  r0 = *(u32 *)(r2 +0)\n  *(u64 *)(r3 +8) = r0\n  r0 = *(u64 *)(r4 +0)\n  r0 &= 1\n  exit\n"
	  "  vma:\n  r0 = *(u64 *)(r2 +0)\n  r1 = *(u64 *)(r3 +0)\n  r0 = 0\n  exit\n",
	  "  r1 = func sub\n  r1 = func two\n  call global\n  r1 = func again\n  r1 = func timer\n  r1 = func turn\n"
	  "  r1 = func item\n  r1 = func vma\n",
	  sections },
	{ "sockets", "type sched_cls\n",
	  "func main static int __sk_buff*\nfunc sub static int\nfunc two static int void* void*\n"
	  "func turn static int u64 void*\n",
	  COMMON_FUNCTIONS
	  "  turn:\n  r0 = *(u64 *)(r2 +0)\n  r0 += r1\n  *(u64 *)(r2 +0) = r0\n  r0 = 0\n  exit\n",
	  "  r1 = func sub\n  r1 = func two\n  r1 = func turn\n", sockets },
};

struct walk {
	struct sweep *s;
	struct digest *d;
	const struct kind *kind;
	uint64_t rng;
	char text[TEXT_BYTES], maps[TEXT_BYTES]; /* what was done up to now */
	unsigned int steps, accepted;
	bool alive; /* nothing but the end was refused */
};

/* Where a member of task_struct lies; a number that is none where there is no such member. */
static uint32_t task_member(const struct btf *btf, const char *name, size_t len)
{
	int id = btf__find_by_name_kind(btf, "task_struct", BTF_KIND_STRUCT);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;

	for (uint16_t i = 0; t && i < btf_vlen(t); i++) {
		const char *is = btf__name_by_offset(btf, btf_members(t)[i].name_off);

		if (strlen(is) == len && !memcmp(is, name, len))
			return btf_member_bit_offset(t, i) / 8;
	}
	return 8;
}

/* "%N" and "%O" are the types of our nodes, as libbpf counts them; "%pid" a member of task_struct.
 */
static size_t put_number(struct walk *w, char *to, size_t bytes, const char **at)
{
	const size_t len = strspn(*at, "abcdefghijklmnopqrstuvwxyz_");
	const uint32_t n = len ? task_member(w->s->names.vmlinux, *at, len) : **at == 'N' ? 4 : 6;

	*at += len ? len : 1;
	return (size_t)snprintf(to, bytes, "%u", n);
}

/* One action as lines of a case; guarded, it is jumped over where its register is 0. */
static void put_action(struct walk *w, const char *action, char *to, size_t bytes)
{
	const char reg = *action == '?' ? '6' : '7';
	const bool may = *action == '?' || *action == '!';
	const bool guarded = may && rng_chance(&w->rng, 60);
	size_t n = 0;

	if (guarded)
		n += (size_t)snprintf(to, bytes, "  if r%c == 0 goto skip%u\n", reg, w->steps);
	n += (size_t)snprintf(to + n, bytes - n, "  ");
	for (const char *at = action + may; *at && n + 64 < bytes;) {
		if (*at == ';')
			n += (size_t)snprintf(to + n, bytes - n, "\n  "), at++;
		else if (*at == '%')
			at++, n += put_number(w, to + n, bytes - n, &at);
		else
			to[n++] = *at++;
	}
	n += (size_t)snprintf(to + n, bytes - n, "\n");
	if (guarded)
		snprintf(to + n, bytes - n, "  skip%u:\n", w->steps);
}

static int judge_walk(void *arg, struct tcase *c)
{
	struct walk *w = arg;
	const struct bgv_options opt = { .limits.insns = INSNS_MAX };
	struct bgv_result res;
	int64_t end = asm_label(&c->as, "end");

	casenames_resolve(&w->s->names, c);
	if (digest_verify(w->d, w->s->full[PROFILE_6_18_44], &c->prog, &opt, &res) < 0)
		exit(2);
	w->accepted += res.verdict == BGV_ACCEPT;
	w->alive = res.verdict == BGV_ACCEPT ||
		   (res.verdict == BGV_REJECT &&
		    ((int32_t)res.insn_idx >= (int32_t)end || !strcmp(res.code, "FUNC-REMOVED")));
	bgv_result_done(&res);
	if (w->steps % 4 == 3)
		for (int p = 0; p < PROFILE_CNT; p++)
			sweep_judge(w->s, w->d, (enum profile)p, true, &c->prog, INSNS_MAX);
	return 0;
}

static bool try_action(struct walk *w, const char *action)
{
	struct asm_names names = casenames_asm(&w->s->names);
	char text[2 * TEXT_BYTES], done[1024];
	FILE *f;

	put_action(w, action, done, sizeof(done));
	snprintf(
		text, sizeof(text),
		"case x\n%s" VALUES
		"map sk_storage key 4 value 16 max 0 btf second\nmap array key 4 value 64 max 1\n%sexpect accept\n"
		"  main:\n  r8 = r1\n  *(u64 *)(r10 -24) = 0\n  *(u64 *)(r10 -32) = 0\n"
		"  *(u64 *)(r10 -40) = 0\n  *(u64 *)(r10 -48) = 0\n  call bpf_get_prandom_u32\n  r9 = r0\n"
		"%s  r6 = 0\n  r7 = 0\n%s%s  end:\n  r0 = 0\n  exit\n%s",
		w->kind->head, w->kind->begin, w->kind->named, w->text, done, w->kind->functions);
	f = fmemopen(text, strlen(text), "r");
	if (!f || casefile_read(f, w->s->part, &names, judge_walk, w) < 0) {
		fprintf(stderr, "%s\n", text);
		exit(2);
	}
	fclose(f);
	w->steps++;
	if (w->alive && strlen(w->text) + strlen(done) < sizeof(w->text))
		strcat(w->text, done);
	return w->alive;
}

static void walk(struct walk *w, size_t action_cnt)
{
	w->text[0] = '\0';
	for (int i = 0; i < STEPS; i++)
		try_action(w, w->kind->actions[rng_pick(&w->rng, (uint32_t)action_cnt)]);
}

void sweep_actions(struct sweep *s)
{
	for (size_t k = 0; k < ARRAY_CNT(kinds); k++) {
		size_t cnt = 0;

		while (kinds[k].actions[cnt])
			cnt++;
		for (int row = 0; row < ROWS; row++) {
			struct digest d = { 0 };
			struct walk w = { .s = s, .d = &d, .kind = &kinds[k] };
			char said[64], name[64];

			w.rng = (uint64_t)row * 1000 + k;
			for (int i = 0; i < WALKS; i++)
				walk(&w, cnt);
			snprintf(name, sizeof(name), "%s %d", kinds[k].name, row);
			snprintf(said, sizeof(said), "%u of %u", w.accepted, w.steps);
			sweep_row(s, name, said, &d);
		}
	}
}
