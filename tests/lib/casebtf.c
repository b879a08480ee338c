/* SPDX-License-Identifier: Apache-2.0 */
/* BTF for text cases: see the header. libbpf writes it, so that a case is about its functions and not about bytes. */
#include "proto/own.h"
#include "tests/lib/casebtf.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCS_MAX 16
#define LABEL_BYTES 32

struct case_btf {
	struct btf *btf;
	struct bgv_blob blob;
	char label[FUNCS_MAX][LABEL_BYTES];
	struct bpf_func_info info[FUNCS_MAX];
	uint32_t func_cnt;
};

static const struct {
	const char *name;
	uint32_t bytes;
	int encoding;
} ints[] = {
	{ "int", 4, BTF_INT_SIGNED }, { "char", 1, BTF_INT_CHAR }, { "bool", 1, BTF_INT_BOOL },
	{ "u8", 1, 0 }, { "u16", 2, 0 }, { "u32", 4, 0 }, { "u64", 8, 0 },
	{ "s8", 1, BTF_INT_SIGNED }, { "s16", 2, BTF_INT_SIGNED }, { "s32", 4, BTF_INT_SIGNED },
	{ "s64", 8, BTF_INT_SIGNED },
};

/* What the kernel knows by name, and looks for in map values and the program's own objects. */
static const struct {
	const char *name;
	uint32_t bytes;
} known_structs[] = {
	{ "bpf_spin_lock", 4 }, { "bpf_res_spin_lock", 4 }, { "bpf_timer", 16 }, { "bpf_wq", 16 },
	{ "bpf_task_work", 8 }, { "bpf_list_head", 16 }, { "bpf_list_node", 24 }, { "bpf_rb_root", 16 },
	{ "bpf_rb_node", 32 }, { "bpf_refcount", 4 },
};

static int fail(const char **ret_error, const char *what)
{
	*ret_error = what;
	return -EINVAL;
}

static int begin(struct case_btf **btf)
{
	if (*btf)
		return 0;
	*btf = calloc(1, sizeof(**btf));
	if (!*btf)
		return -ENOMEM;
	(*btf)->btf = btf__new_empty();
	return (*btf)->btf ? 0 : -ENOMEM;
}

/* "typedef.NAME" (of the struct of that name), "union.NAME", "enum.NAME", "fwd.NAME", "float.NAME"; 0: none of them. */
static int other_type(struct btf *btf, const char *name)
{
	const char *dot = strchr(name, '.');
	int id;

	if (!dot)
		return 0;
	if (!strncmp(name, "union.", 6))
		return btf__add_union(btf, dot + 1, 8);
	if (!strncmp(name, "enum.", 5))
		return btf__add_enum(btf, dot + 1, 4);
	if (!strncmp(name, "fwd.", 4))
		return btf__add_fwd(btf, dot + 1, BTF_FWD_STRUCT);
	if (!strncmp(name, "float.", 6))
		return btf__add_float(btf, dot + 1, 8);
	if (strncmp(name, "typedef.", 8))
		return -EINVAL;
	id = btf__find_by_name_kind(btf, dot + 1, BTF_KIND_STRUCT);
	if (id <= 0)
		id = btf__add_struct(btf, dot + 1, 0);
	return id < 0 ? id : btf__add_typedef(btf, dot + 1, id);
}

/* An integer's name, or a struct's; made when it is not there yet. */
static int named_type(struct btf *btf, const char *name)
{
	int id = other_type(btf, name);

	if (id)
		return id;

	for (size_t i = 0; i < ARRAY_CNT(ints); i++)
		if (!strcmp(ints[i].name, name)) {
			id = btf__find_by_name_kind(btf, name, BTF_KIND_INT);
			return id > 0 ? id : btf__add_int(btf, name, ints[i].bytes, ints[i].encoding);
		}
	id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
	for (size_t i = 0; id <= 0 && i < ARRAY_CNT(known_structs); i++)
		if (!strcmp(known_structs[i].name, name))
			return btf__add_struct(btf, name, known_structs[i].bytes);
	return id > 0 ? id : btf__add_struct(btf, name, 0);
}

/* "u64", "void*", "task_struct*", "const char*" as "const.char*". */
static int type_of(struct btf *btf, char *word)
{
	size_t n = strlen(word);
	bool constant = !strncmp(word, "const.", 6);
	uint32_t stars = 0;
	int id = 0;

	for (; n && word[n - 1] == '*'; stars++)
		word[--n] = '\0';
	word += constant ? 6 : 0;
	if (strcmp(word, "void"))
		id = named_type(btf, word);
	if (id >= 0 && constant)
		id = btf__add_const(btf, id);
	for (; id >= 0 && stars; stars--)
		id = btf__add_ptr(btf, id);
	return id;
}

struct member {
	uint32_t at;
	int type;
	char *tag;	/* of what is not a pointer: "contains:NODE:m1"; NULL: none */
};

/* Of "node[2]" *type is two. Zero times: what it is. Negative: libbpf refuses. */
static int member_times(struct btf *btf, uint32_t times, int *type)
{
	char word[] = "u32";
	int index = times ? type_of(btf, word) : 0;

	if (times && index >= 0 && *type >= 0)
		*type = btf__add_array(btf, index, *type, times);
	return index < 0 ? index : *type;
}

static uint32_t take_times(char *word)
{
	char *bracket = strchr(word, '[');

	if (!bracket)
		return 0;
	*bracket = '\0';
	return (uint32_t)strtoul(bracket + 1, NULL, 0);
}

/* "bpf_timer@8", "u32[4]@0", "task_struct*:kptr@16", "bpf_list_head@0:contains:node:m2". */
static int member_of(struct btf *btf, char *word, struct member *ret)
{
	char *at = strchr(word, '@'), *tag;
	uint32_t times;
	bool pointer;

	if (!at)
		return -EINVAL;
	*at++ = '\0';
	times = take_times(word);
	ret->at = (uint32_t)strtoul(at, &ret->tag, 0);
	ret->tag = *ret->tag == ':' ? ret->tag + 1 : NULL;
	tag = strchr(word, ':');
	if (tag)
		*tag++ = '\0';
	pointer = *word && word[strlen(word) - 1] == '*';
	if (tag && !pointer)
		return -EINVAL;
	if (!tag) {
		ret->type = type_of(btf, word);
		return member_times(btf, times, &ret->type);
	}
	word[strlen(word) - 1] = '\0';
	ret->type = type_of(btf, word);
	if (ret->type >= 0)
		ret->type = btf__add_type_tag(btf, tag, ret->type);
	if (ret->type >= 0)
		ret->type = btf__add_ptr(btf, ret->type);
	return member_times(btf, times, &ret->type);
}

int casebtf_struct(struct case_btf **btf, int argc, char **argv, const char **ret_error)
{
	struct member m[16];
	int r = begin(btf), id;
	char name[8];

	if (r < 0)
		return r;
	if (argc < 3 || argc > 16)
		return fail(ret_error, "struct NAME BYTES [TYPE@OFFSET[:contains:STRUCT:MEMBER]]...");
	if (btf__find_by_name_kind((*btf)->btf, argv[1], BTF_KIND_STRUCT) > 0)
		return fail(ret_error, "struct is there already; declare it before the functions");
	for (int i = 3; i < argc; i++)
		if (member_of((*btf)->btf, argv[i], &m[i]) < 0)
			return fail(ret_error, "struct: no such member");
	id = btf__add_struct((*btf)->btf, argv[1], (uint32_t)strtoul(argv[2], NULL, 0));
	for (int i = 3; i < argc && id >= 0 && r >= 0; i++) {
		snprintf(name, sizeof(name), "m%d", i - 2);
		r = btf__add_field((*btf)->btf, name, m[i].type, m[i].at * 8, 0);
	}
	for (int i = 3; i < argc && id >= 0 && r >= 0; i++)
		r = m[i].tag ? btf__add_decl_tag((*btf)->btf, m[i].tag, id, i - 3) : 0;
	return id < 0 || r < 0 ? fail(ret_error, "struct: libbpf refuses it") : 0;
}

int casebtf_map(struct case_btf *btf, const char *value, struct bgv_map *map)
{
	int id = btf ? btf__find_by_name_kind(btf->btf, value, BTF_KIND_STRUCT) : -ENOENT;
	char key[] = "u32";
	int key_id;

	if (id <= 0 || map->key_size != sizeof(uint32_t))
		return -EINVAL;
	key_id = type_of(btf->btf, key);
	if (key_id < 0)
		return key_id;
	map->btf_idx = 1;
	map->btf_key_type_id = (uint32_t)key_id;
	map->btf_value_type_id = (uint32_t)id;
	return 0;
}

/* "u64*:nonnull:trusted": the type, and "arg:nonnull", "arg:trusted" of argument i once the function is there. */
static int add_tags(struct btf *btf, int func, int i, char *tags)
{
	char name[64], *save = NULL;
	int r = 0;

	for (char *tag = strtok_r(tags, ":", &save); tag && r >= 0; tag = strtok_r(NULL, ":", &save)) {
		snprintf(name, sizeof(name), "arg:%s", tag);
		r = btf__add_decl_tag(btf, name, func, i);
	}
	return r;
}

static int add_proto(struct btf *btf, int argc, char **argv, char **ret_tags)
{
	int types[16], ret = type_of(btf, argv[3]), proto;
	char name[8];

	for (int i = 4; i < argc; i++) {
		ret_tags[i] = strchr(argv[i], ':');
		if (ret_tags[i])
			*ret_tags[i]++ = '\0';
		types[i] = type_of(btf, argv[i]);
		if (types[i] < 0)
			return types[i];
	}
	proto = ret < 0 ? ret : btf__add_func_proto(btf, ret);
	for (int i = 4; i < argc && proto >= 0; i++) {
		snprintf(name, sizeof(name), "a%d", i - 3);
		if (btf__add_func_param(btf, name, types[i]) < 0)
			return -EINVAL;
	}
	return proto;
}

int casebtf_func(struct case_btf **btf, int argc, char **argv, const char **ret_error)
{
	char *tags[16] = { NULL };
	struct case_btf *cb;
	int proto, func, r = begin(btf);

	if (r < 0)
		return r;
	cb = *btf;
	if (argc < 4 || argc > 16 || (strcmp(argv[2], "static") && strcmp(argv[2], "global")))
		return fail(ret_error, "func LABEL static|global RET [ARG[:TAG...]]...");
	if (cb->func_cnt == FUNCS_MAX || strlen(argv[1]) >= LABEL_BYTES)
		return fail(ret_error, "func: too many, or the name is too long");
	proto = add_proto(cb->btf, argc, argv, tags);
	func = proto < 0 ? proto : btf__add_func(cb->btf, argv[1], argv[2][0] == 'g' ? BTF_FUNC_GLOBAL : BTF_FUNC_STATIC,
						 proto);
	for (int i = 4; i < argc && func >= 0 && r >= 0; i++)
		r = tags[i] ? add_tags(cb->btf, func, i - 4, tags[i]) : 0;
	if (func < 0 || r < 0)
		return fail(ret_error, "func: libbpf refuses it");
	strcpy(cb->label[cb->func_cnt], argv[1]);
	cb->info[cb->func_cnt++].type_id = (uint32_t)func;
	return 0;
}

int casebtf_tag(struct case_btf *btf, int argc, char **argv, const char **ret_error)
{
	int func = btf && argc == 3 ? btf__find_by_name_kind(btf->btf, argv[1], BTF_KIND_FUNC) : -ENOENT;

	if (func <= 0 || btf__add_decl_tag(btf->btf, argv[2], func, -1) < 0)
		return fail(ret_error, "tag LABEL TEXT, after its func");
	return 0;
}

int casebtf_attach(struct case_btf *btf, const struct asm_out *as, struct bgv_program *prog, const char **ret_error)
{
	uint32_t bytes;

	if (!btf)
		return 0;
	for (uint32_t i = 0; i < btf->func_cnt; i++) {
		int64_t at = asm_label(as, btf->label[i]);

		if (at < 0)
			return fail(ret_error, btf->label[i]);
		btf->info[i].insn_off = (uint32_t)at;
	}
	btf->blob.data = btf__raw_data(btf->btf, &bytes);
	if (!btf->blob.data)
		return -ENOMEM;
	btf->blob.bytes = bytes;
	prog->btfs = &btf->blob;
	prog->btf_cnt = 1;
	if (!btf->func_cnt)	/* only maps have it */
		return 0;
	prog->prog_btf_idx = 1;
	prog->func_info = (struct bgv_blob){ btf->info, btf->func_cnt * sizeof(btf->info[0]) };
	prog->func_info_rec_size = sizeof(btf->info[0]);
	prog->func_info_cnt = btf->func_cnt;
	return 0;
}

void casebtf_free(struct case_btf *btf)
{
	if (!btf)
		return;
	btf__free(btf->btf);
	free(btf);
}
