// SPDX-License-Identifier: Apache-2.0
/* An iterator over the elements of one map: a digit and a letter for each, "0 A". */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct seq_file;
struct bpf_map;

struct bpf_iter_meta {
	struct seq_file *seq;
} __attribute__((preserve_access_index));

struct bpf_iter__bpf_map_elem {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	void *key, *value;
} __attribute__((preserve_access_index));

SEC("iter/bpf_map_elem") int show(struct bpf_iter__bpf_map_elem *ctx)
{
	const unsigned int *key = ctx->key;
	const char *value = ctx->value;
	char text[4];

	if (!key || !value)
		return 0;
	text[0] = '0' + (*key & 7);
	text[1] = ' ';
	text[2] = *value;
	text[3] = '\n';
	bpf_seq_write(ctx->meta->seq, text, sizeof(text));
	return 0;
}
