/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints daemon/broker/ask/probes.def's rows for the libbpf this is linked with: every program, BTF and map that it
 * makes only to learn what the kernel can do. It runs libbpf's own probes against a bpf(2) of our own and
 * writes down what they ask for; the kernel is never asked. Run by tests/probes/generate.
 */
#include "object/digest.h"
#include "object/fakebpf.h"
#include "object/gather.h"
#include "object/rawcall.h"
#include "proto/cmd.h"
#include "proto/own.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* Numbers of enum kern_feature_id; beyond the last one libbpf would read past its table. */
#ifndef LIBBPF_FEATURE_CNT
#error "say how many features this libbpf knows"
#endif

/* libbpf's own, hidden but not static: reachable where libbpf is linked statically. */
#ifdef LIBBPF_HAS_TOKENS /* since 1.4 */
bool feat_supported(void *cache, int feature);
int probe_memcg_account(int token_fd);
#else
bool kernel_supports(const void *obj, int feature);
int probe_memcg_account(void);
#endif

static struct fakebpf *fake;

static void list_prog(const struct load_attr *attr)
{
	OWN_GATHER struct gather *g = gather_new(&fakebpf_source, fake);
	const struct digest_options opt = { NULL, 0 };
	uint8_t digest[DIGEST_BYTES];
	char hex[DIGEST_HEX_BYTES];

	g->attr = *attr;
	if (gather_program(g) < 0 || digest_program(&g->prog, &opt, digest) < 0)
		return;
	digest_to_hex(digest, hex);
	printf("PROBE_PROG(\"%s\", %u)\n", hex, attr->prog_type);
}

static void list_btf(const uint8_t *attr)
{
	uint8_t digest[DIGEST_BYTES];
	char hex[DIGEST_HEX_BYTES];

	if (digest_bytes((const void *)(uintptr_t)attr_u64(attr, ATTR_BTF_LOAD_DATA),
			 attr_u32(attr, ATTR_BTF_LOAD_SIZE), digest) < 0)
		return;
	digest_to_hex(digest, hex);
	printf("PROBE_BTF(\"%s\", %u)\n", hex, attr_u32(attr, ATTR_BTF_LOAD_SIZE));
}

static void list_map(const uint8_t *attr)
{
	printf("PROBE_MAP(%u, %u, %u, %u, %#x, \"%.15s\")\n", attr_u32(attr, ATTR_MAP_CREATE_TYPE),
	       attr_u32(attr, ATTR_MAP_CREATE_KEY_SIZE), attr_u32(attr, ATTR_MAP_CREATE_VALUE_SIZE),
	       attr_u32(attr, ATTR_MAP_CREATE_MAX_ENTRIES), attr_u32(attr, ATTR_MAP_CREATE_FLAGS),
	       (const char *)attr + ATTR_MAP_CREATE_NAME);
}

/* What libbpf calls instead of the kernel. */
long syscall(long nr, ...)
{
	uint8_t attr[ATTR_BYTES] = { 0 };
	long arg[6], ret;
	va_list ap;

	va_start(ap, nr);
	for (size_t i = 0; i < ARRAY_CNT(arg); i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	if (nr != __NR_bpf) {
		ret = rawcall(nr, arg);
	} else {
		memcpy(attr, (void *)arg[1],
		       (size_t)arg[2] < sizeof(attr) ? (size_t)arg[2] : sizeof(attr));
		if (arg[0] == CMD_PROG_LOAD)
			list_prog((const struct load_attr *)(const void *)attr);
		else if (arg[0] == CMD_BTF_LOAD)
			list_btf(attr);
		else if (arg[0] == CMD_MAP_CREATE)
			list_map(attr);
		ret = fakebpf_call(fake, (unsigned int)arg[0], (void *)arg[1],
				   (unsigned int)arg[2]);
	}
	if (ret >= 0 || ret < -4095)
		return ret;
	errno = (int)-ret;
	return -1;
}

static int list_quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

#ifdef LIBBPF_HAS_TOKENS
static void list_feature(int feature)
{
	(void)feat_supported(NULL, feature);
}

static void list_memcg(void)
{
	(void)probe_memcg_account(0);
}
#else
static void list_feature(int feature)
{
	(void)kernel_supports(NULL, feature);
}

static void list_memcg(void)
{
	(void)probe_memcg_account();
}
#endif

int main(void)
{
	fake = fakebpf_new(NULL, 0);
	if (!fake)
		return 1;
	libbpf_set_print(list_quiet);
	for (int feature = 0; feature < LIBBPF_FEATURE_CNT; feature++)
		list_feature(feature);
	list_memcg();
	fakebpf_free(fake);
	return fflush(stdout) ? 1 : 0;
}
