/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Map values with special fields of each sort in each place, format strings, and instructions that
 * meet two sorts of pointers.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/own.h"
#include "tests/cases/sweep.h"

#define TEXT_BYTES   2048

/* ---- records ---- */

static const char *const fields[] = {
	"u64",
	"bpf_spin_lock",
	"bpf_res_spin_lock",
	"bpf_timer",
	"bpf_wq",
	"bpf_task_work",
	"bpf_refcount",
	"bpf_list_node",
	"bpf_rb_node",
	"task_struct*:kptr",
	"task_struct*:kptr_untrusted",
	"task_struct*:kptr_ref",
	"task_struct*:percpu_kptr",
	"task_struct*:uptr",
	"task_struct*:rcu",
	"node*:kptr",
	"node*:percpu_kptr",
	"node*:uptr",
	"nowhere*:kptr",
	"u64*:kptr",
	"void*:uptr",
	"inner",
};

/* Lists and trees say what they hold. */
static const char *const holders[] = {
	"bpf_list_head@%u:contains:node:m1",
	"bpf_list_head@%u:contains:node:m2",
	"bpf_rb_root@%u:contains:node:m2",
	"bpf_rb_root@%u:contains:node:m9",
	"bpf_list_head@%u:contains:none:m1",
	"bpf_list_head@%u:holds:node:m1",
	"bpf_list_head@%u",
	"bpf_rb_root@%u:contains:self:m1",
};

static const char *const map_heads[] = {
	"map array key 4 value %u max 1",
	"map hash key 4 value %u max 4",
	"map percpu_array key 4 value %u max 1",
	"map percpu_hash key 4 value %u max 4",
	"map lru_hash key 4 value %u max 4",
	"map task_storage key 4 value %u max 0",
	"map sk_storage key 4 value %u max 0",
	"map queue key 4 value %u max 4",
	"map array key 4 value %u max 1 frozen rdonly_prog",
	"map hash key 4 value %u max 4 rdonly_prog",
};

static unsigned int record(struct sweep *s, struct digest *d, const char *members, const char *map,
			   unsigned int bytes, unsigned int off, bool deep)
{
	static const char *const uses[] = {
		"  r1 = *(u64 *)(r0 +%u)\n",
		"  r1 = *(u32 *)(r0 +%u)\n",
		"  *(u64 *)(r0 +%u) = 0\n",
		"  *(u8 *)(r0 +%u) = 1\n",
	};
	unsigned int accepted = 0;
	char text[TEXT_BYTES], map_line[160], use[64];

	for (size_t u = 0; u < (deep ? ARRAY_CNT(uses) : 1); u++) {
		snprintf(map_line, sizeof(map_line), map, bytes);
		snprintf(use, sizeof(use), uses[u], off + (u == 3 ? 3 : 0));
		snprintf(
			text, sizeof(text),
			"case x\ntype sched_cls\nstruct node 64 bpf_list_node@0 bpf_rb_node@24 bpf_refcount@56\n"
			"struct self 48 bpf_rb_node@0 bpf_rb_root@32:contains:node:m2\n"
			"struct inner 32 task_struct*:kptr@8 u64@0 node*:kptr@16\n"
			"struct value %u %s\n%s btf value\nexpect accept\n"
			"  *(u32 *)(r10 -4) = 0\n  r2 = r10\n  r2 += -4\n  r1 = map[0]\n"
			"  call bpf_map_lookup_elem\n  if r0 == 0 goto end\n%s  end:\n  r0 = 0\n  exit\n",
			bytes, members, map_line, use);
		accepted += sweep_text(s, d, text);
	}
	return accepted;
}

static void record_row(struct sweep *s, const char *name, const char *form)
{
	static const unsigned int offs[] = { 0, 4, 8, 16, 92, 100 };
	struct digest d = { 0 };
	unsigned int accepted = 0;
	char member[128], members[256], said[32];

	for (size_t o = 0; o < ARRAY_CNT(offs); o++)
		for (size_t m = 0; m < ARRAY_CNT(map_heads); m++) {
			snprintf(member, sizeof(member), form, offs[o]);
			accepted += record(s, &d, member, map_heads[m], 96, offs[o], o < 3);
			if (o > 1)
				continue;
			snprintf(members, sizeof(members), "%s bpf_spin_lock@80", member);
			accepted += record(s, &d, members, map_heads[m], 96, offs[o], false);
		}
	snprintf(said, sizeof(said), "%u accepted", accepted);
	sweep_row(s, name, said, &d);
}

static void record_pairs(struct sweep *s)
{
	char members[256], said[32];

	for (size_t a = 0; a < ARRAY_CNT(fields); a++) {
		struct digest d = { 0 };
		unsigned int accepted = 0;

		for (size_t b = 0; b < ARRAY_CNT(fields); b++) {
			snprintf(members, sizeof(members), "%s@0 %s@48", fields[a], fields[b]);
			accepted += record(s, &d, members, map_heads[0], 96, 48, false);
		}
		for (size_t h = 0; h < ARRAY_CNT(holders); h++) {
			char holder[96];

			snprintf(holder, sizeof(holder), holders[h], 48);
			snprintf(members, sizeof(members), "%s@0 %s", fields[a], holder);
			accepted += record(s, &d, members, map_heads[1], 96, 48, false);
		}
		snprintf(said, sizeof(said), "%u accepted", accepted);
		snprintf(members, sizeof(members), "%s and others", fields[a]);
		sweep_row(s, members, said, &d);
	}
}

static void records(struct sweep *s)
{
	char form[96], name[112];

	for (size_t f = 0; f < ARRAY_CNT(fields); f++)
		for (unsigned int times = 0; times < 4; times++) {
			if (times)
				snprintf(form, sizeof(form), "%s[%u]@%%u", fields[f], 1u << times);
			else
				snprintf(form, sizeof(form), "%s@%%u", fields[f]);
			snprintf(name, sizeof(name), "record %s times %u", fields[f], times);
			if (times < 2 || f == 9 || f == 15 || f == 21)
				record_row(s, name, form);
		}
	for (size_t h = 0; h < ARRAY_CNT(holders); h++) {
		snprintf(name, sizeof(name), "record %s", holders[h]);
		record_row(s, name, holders[h]);
	}
	record_pairs(s);
}

/* ---- format strings ---- */

static unsigned int format(struct sweep *s, struct digest *d, const char *bytes, size_t cnt,
			   bool ended)
{
	static const char *const calls[] = {
		"type kprobe\n  r1 = map_value[0]\n  r2 = %zu\n  r3 = 1\n  r4 = 2\n  r5 = 3\n  call bpf_trace_printk\n",
		"type kprobe\n  r1 = r10\n  r1 += -16\n  r2 = 16\n  r3 = map_value[0]\n  r4 = r10\n  r4 += -32\n"
		"  r5 = 16 # %zu\n  call bpf_snprintf\n",
		"type kprobe\n  r1 = r10\n  r1 += -16\n  r2 = 16\n  r3 = map_value[0]\n  r4 = 0\n"
		"  r5 = 0 # %zu\n  call bpf_snprintf\n",
		"type kprobe\n  r1 = map_value[0]\n  r2 = %zu\n  r3 = r10\n  r3 += -32\n  r4 = 24\n  call bpf_trace_vprintk\n",
	};
	char text[TEXT_BYTES], hex[128], body[512];
	unsigned int accepted = 0;

	for (size_t i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x",
			 i < cnt ? (unsigned char)bytes[i]
			 : ended ? 0
				 : (unsigned char)'x');
	for (size_t c = 0; c < ARRAY_CNT(calls); c++) {
		const char *program = strchr(calls[c], '\n') + 1;

		snprintf(body, sizeof(body), program, ended ? cnt + 1 : (size_t)32);
		snprintf(
			text, sizeof(text),
			"case x\n%.*s\nmap array key 4 value 32 max 1 frozen rdonly_prog data %s\nexpect accept\n"
			"  *(u64 *)(r10 -32) = 0\n  *(u64 *)(r10 -24) = 0\n  *(u64 *)(r10 -16) = 0\n"
			"  *(u64 *)(r10 -8) = 0\n%s  r0 = 0\n  exit\n",
			(int)(program - calls[c] - 1), calls[c], hex, body);
		accepted += sweep_text(s, d, text);
	}
	return accepted;
}

static void formats(struct sweep *s)
{
	static const char *const before[] = { "%",     "%%",	  "a%",	      "%0",  "%-",   "% ",
					      "%l",    "%ll",	  "%lll",     "%h",  "%20",  "%5.3",
					      "%p",    "%pi",	  "%pI",      "%pk", "%pB ", "%d%",
					      "%s%s%", "%d%d%d%", "%d%d%d%d%" };
	static const char after[] = "diuxXlsckpKBISsnVM46hz%. \n\t\x80\x01";
	char text[32], name[48], said[32];

	for (size_t b = 0; b < ARRAY_CNT(before); b++) {
		struct digest d = { 0 };
		unsigned int accepted = 0;

		for (size_t a = 0; a < sizeof(after); a++) { /* its NUL as well */
			for (size_t more = 0; more < 5; more++) {
				static const char *const tails[] = { "", "4", "6", " ", "d" };
				int n = snprintf(text, sizeof(text), "%s%c%s", before[b], after[a],
						 tails[more]);

				if (after[a])
					accepted += format(s, &d, text, (size_t)n, true);
				else
					accepted += format(s, &d, text, strlen(before[b]), !more);
			}
		}
		snprintf(name, sizeof(name), "format %s", before[b]);
		snprintf(said, sizeof(said), "%u accepted", accepted);
		sweep_row(s, name, said, &d);
	}
}

/* ---- one instruction, two pointers ---- */

static const char *const pointers[] = {
	"  r1 = r8\n",
	"  r1 = r10\n  r1 += -16\n",
	"  r1 = map_value[0]\n",
	"  r1 = map_value[1]\n",
	"  r1 = map[0]\n",
	"  r1 = *(u64 *)(r8 +8)\n",
	"  r1 = *(u64 *)(r8 +16)\n  r1 = *(u64 *)(r1 +8)\n",
	"  call bpf_get_current_task_btf\n  r1 = r0\n",
	"  call bpf_get_current_task_btf\n  r1 = r0\n  r2 = 0\n  call bpf_rdonly_cast\n  r1 = r0\n",
	"  call bpf_get_current_task_btf\n  r1 = r0\n  r2 = 7\n  call bpf_rdonly_cast\n  r1 = r0\n",
	"  r1 = map[2]\n  r2 = 16\n  r3 = 0\n  call bpf_ringbuf_reserve\n  if r0 == 0 goto end\n  r1 = r0\n",
	"  r1 = map_value[3]\n",
	"  call bpf_get_prandom_u32\n  r1 = r0\n",
	"  r1 = 4\n",
	"  r1 = map_value[0]\n  r1 = *(u64 *)(r1 +0)\n",
};

static const char *const uses[] = {
	"  r0 = *(u64 *)(r1 +0)\n",
	"  r0 = *(u8 *)(r1 +4)\n",
	"  r0 = *(s32 *)(r1 +0)\n",
	"  *(u64 *)(r1 +0) = 0\n",
	"  *(u32 *)(r1 +8) = r9\n",
	"  lock *(u64 *)(r1 +0) += r9\n",
	"  r1 += 8\n  r0 = *(u32 *)(r1 +0)\n",
	"  r0 = load_acquire((u64 *)(r1 +0))\n",
	"  r2 = *(u64 *)(r1 +0)\n  r0 = *(u64 *)(r2 +0)\n",
};

static void mixed(struct sweep *s)
{
	char text[TEXT_BYTES], name[48], said[32];

	for (size_t a = 0; a < ARRAY_CNT(pointers); a++) {
		struct digest d = { 0 };
		unsigned int accepted = 0;

		for (size_t n = 0; n < ARRAY_CNT(pointers) * ARRAY_CNT(uses); n++) {
			snprintf(
				text, sizeof(text),
				"case x\ntype tracing\nattach trace_raw_tp sched_switch\n"
				"map array key 4 value 64 max 1\nmap array key 4 value 64 max 1 frozen rdonly_prog\n"
				"map ringbuf key 0 value 0 max 4096\nmap arena key 0 value 0 max 4 mmapable\n"
				"expect accept\n  r8 = r1\n  *(u64 *)(r10 -16) = 0\n  *(u64 *)(r10 -8) = 0\n"
				"  call bpf_get_prandom_u32\n  r9 = r0\n  if r9 == 0 goto other\n%s  goto use\n"
				"  other:\n%s  use:\n%s  end:\n  r0 = 0\n  exit\n",
				pointers[a], pointers[n % ARRAY_CNT(pointers)],
				uses[n / ARRAY_CNT(pointers)]);
			accepted += sweep_text(s, &d, text);
		}
		snprintf(name, sizeof(name), "mixed with %zu", a);
		snprintf(said, sizeof(said), "%u accepted", accepted);
		sweep_row(s, name, said, &d);
	}
}

void sweep_memory(struct sweep *s)
{
	records(s);
	formats(s);
	mixed(s);
}
