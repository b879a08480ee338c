/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bpf(2) without a kernel, so that libbpf can relocate an object in a process that may do nothing
 * but compute. It says yes to what libbpf probes, makes maps and BTFs out of memory, and hands each
 * program that would be loaded to its owner. Nothing here reaches the kernel.
 */
#ifndef BPFGATE_OBJECT_FAKEBPF_H
#define BPFGATE_OBJECT_FAKEBPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "object/gather.h"

struct fakebpf;

/*
 * Called for each PROG_LOAD whose log_buf is a token that the owner gave to libbpf for one of its
 * programs; others are probes. attr and what it points to are libbpf's, valid during the call.
 */
typedef void (*fakebpf_load_fn)(void *arg, const struct load_attr *attr);

/*
 * vmlinux_btf (borrowed; NULL: none) is what libbpf finds at /sys/kernel/btf/vmlinux. tokens is an
 * array of token_cnt * token_bytes whose addresses are log_bufs. NULL when memory is out.
 */
struct fakebpf *fakebpf_new(const void *vmlinux_btf, size_t vmlinux_btf_bytes);
void fakebpf_free(struct fakebpf *fake);
void fakebpf_expect(struct fakebpf *fake, const void *tokens, size_t tokens_bytes, fakebpf_load_fn fn,
		    void *arg);

/*
 * What the kernel says of itself, all borrowed: its release (NULL: this machine's) and its symbols, a name a line
 * (NULL: it does not tell). Which address they have decides no verdict, and libbpf takes a name that comes twice only
 * at the same one: all have FAKEBPF_SYMBOL_ADDRESS, or when they are to be known again each the next one to it.
 */
#define FAKEBPF_SYMBOL_ADDRESS 0xffffffff81000000ull
void fakebpf_pretend(struct fakebpf *fake, const char *release, const char *symbols);
void fakebpf_tell_symbols_apart(struct fakebpf *fake);
const char *fakebpf_release(const struct fakebpf *fake);
/* The symbols as /proc/kallsyms has them; borrowed, valid until the next call. NULL: none, or memory is out. */
const char *fakebpf_kallsyms(struct fakebpf *fake);

/* Calls fn for each map that was made for an object, once for those of one name and shape; libbpf's probes are none. */
typedef void (*fakebpf_map_fn)(void *arg, const struct bgv_map *map, const struct bgv_map *inner);
void fakebpf_maps(const struct fakebpf *fake, fakebpf_map_fn fn, void *arg);

/* bpf(2): an fd, 0 or -errno. */
long fakebpf_call(struct fakebpf *fake, unsigned int cmd, void *attr, unsigned int attr_bytes);

/* What is behind the fake's fds; arg is the fake. */
extern const struct gather_source fakebpf_source;

/* The kernel's BTF that the fake pretends to have; borrowed. */
const void *fakebpf_vmlinux(const struct fakebpf *fake, size_t *ret_bytes);

/*
 * fakelibc.c: which fake this process's syscall(__NR_bpf) and fopen("/sys/kernel/btf/vmlinux") talk
 * to; NULL: bpf(2) is EPERM, files are files. One at a time: libbpf gives no context to hang it on.
 */
void fakelibc_use(struct fakebpf *fake);

#endif
