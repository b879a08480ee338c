/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading rules. Each row is a mistake and what must be said about it; its control is the same text
 * with the mistake mended, which must be taken.
 */
#include "tests/policy/rig.h"

#include <stdio.h>
#include <string.h>

#include "policy/worth.h"
#include "proto/own.h"

#define TOP(rules)  "{\"version\": 1, \"rules\": [" rules "]}"
#define WHO	    "\"who\": {\"users\": [\"alice\"]}"
#define ALLOW(more) TOP("{\"id\": \"r\", \"effect\": \"allow\", " WHO ", " \
			"\"signed_by\": {\"unsigned\": true}, " more "}")
#define DENY(more)  TOP("{\"id\": \"r\", \"effect\": \"deny\", " WHO more "}")
#define XDP	    "\"types\": {\"only\": [\"xdp\"]}"

struct mistake {
	const char *wrong;
	const char *right;
	const char *said; /* part of the findings */
};

static const struct mistake mistakes[] = {
	/* the file */
	{ "{\"version\": 2}", "{\"version\": 1}", "t.json:1:13: error: this bpfgate reads" },
	{ "{\"rules\": []}", "{\"version\": 1, \"rules\": []}", "\"version\" is missing" },
	{ "{\"version\": 1", "{\"version\": 1}", "t.json:1:14: error: ',' or '}' was expected" },
	{ "{\"version\": 1} x", "{\"version\": 1} ", "t.json:1:16: error: something follows" },
	{ "[1]", "{\"version\": 1}", "an object {...} is needed" },
	{ "{\"version\": 1, \"rulez\": []}", "{\"version\": 1, \"rules\": []}",
	  "t.json:1:16: error: \"rulez\": unknown key" },
	{ "{\"version\": 1, \"comment\": \"\xff\"}", "{\"version\": 1, \"comment\": \"\xc3\xbc\"}",
	  "t.json:1:27: error: not JSON" },
	{ ALLOW("\"programs\": {" XDP ", \"max_insns\": 18446744073709551616}"),
	  ALLOW("\"programs\": {" XDP ", \"max_insns\": 4096}"), ": error: not JSON: too big integer" },
	{ "{\"version\": 18446744073709551616}", "{\"version\": 1}", "t.json:1:13: error: not JSON: too big integer" },
	{ "{\"version\": 1, \"version\": 1}", "{\"version\": 1}", "\"version\" is given twice" },
	{ "{\"version\": 1, \"comment\": 1}", "{\"version\": 1, \"comment\": \"1\"}",
	  "a string is needed" },
	/* sets */
	{ "{\"version\": 1, \"sets\": {\"@a\": [\"@b\"], \"@b\": [\"x\"]}}",
	  "{\"version\": 1, \"sets\": {\"@a\": [\"x\"], \"@b\": [\"x\"]}}",
	  "a set cannot hold another set" },
	{ "{\"version\": 1, \"sets\": {\"a\": [\"x\"]}}", "{\"version\": 1, \"sets\": {\"@a\": [\"x\"]}}",
	  "the name of a set" },
	{ ALLOW("\"programs\": {" XDP ", \"helpers\": {\"only\": [\"@none\"]}}"),
	  ALLOW("\"programs\": {" XDP ", \"helpers\": {\"only\": [\"bpf_csum_diff\"]}}"),
	  "no file defines the set \"@none\"" },
	/* signers */
	{ "{\"version\": 1, \"signers\": {\"a\": {}}}",
	  "{\"version\": 1, \"signers\": {\"a\": {\"x509\": \"/k.pem\"}}}", "\"x509\" is missing" },
	{ "{\"version\": 1, \"signers\": {\"a\": {\"x509\": \"k.pem\"}}}",
	  "{\"version\": 1, \"signers\": {\"a\": {\"x509\": \"/k.pem\"}}}", "starts with '/'" },
	{ "{\"version\": 1, \"signers\": {\"a\": {\"x509\": \"/k\", \"role\": \"root\"}}}",
	  "{\"version\": 1, \"signers\": {\"a\": {\"x509\": \"/k\", \"role\": \"ca\"}}}",
	  "\"leaf\" or \"ca\" is needed" },
	{ "{\"version\": 1, \"signers\": {\"a\": {\"x509\": \"/k\", \"sha256\": \"AB\"}}}",
	  "{\"version\": 1, \"signers\": {\"a\": {\"x509\": \"/k\", \"sha256\": "
	  "\"0000000000000000000000000000000000000000000000000000000000000000\"}}}",
	  "64 hexadecimal digits" },
	{ TOP("{\"id\": \"r\", \"effect\": \"allow\", " WHO ", \"programs\": {" XDP "}, "
	      "\"signed_by\": {\"signers\": [\"nobody\"]}}"),
	  ALLOW("\"programs\": {" XDP "}"), "no file defines the signer \"nobody\"" },
	{ TOP("{\"id\": \"r\", \"effect\": \"allow\", " WHO ", \"programs\": {" XDP "}, "
	      "\"signed_by\": {\"unsigned\": true, \"signers\": [\"a\"]}}"),
	  ALLOW("\"programs\": {" XDP "}"), "contradict each other" },
	{ TOP("{\"id\": \"r\", \"effect\": \"allow\", " WHO ", \"programs\": {" XDP "}}"),
	  ALLOW("\"programs\": {" XDP "}"), "must say \"signed_by\" or \"digests\"" },
	/* rules */
	{ TOP("{\"effect\": \"deny\", " WHO "}"), DENY(""), "\"id\" is missing" },
	{ TOP("{\"id\": \"R\", \"effect\": \"deny\", " WHO "}"), DENY(""), "an id has up to 63" },
	{ TOP("{\"id\": \"r\", \"effect\": \"refuse\", " WHO "}"), DENY(""),
	  "\"allow\" or \"deny\" is needed" },
	{ TOP("{\"id\": \"r\", \"effect\": \"deny\"}"), DENY(""), "\"who\" is missing" },
	{ TOP("{\"id\": \"r\", \"effect\": \"deny\", " WHO "}, "
	      "{\"id\": \"r\", \"effect\": \"deny\", " WHO "}"),
	  TOP("{\"id\": \"r\", \"effect\": \"deny\", " WHO "}, "
	      "{\"id\": \"s\", \"effect\": \"deny\", " WHO "}"),
	  "a rule \"r\" exists already (t.json:1)" },
	{ ALLOW("\"log\": \"full\""), ALLOW("\"maps\": {\"types\": {\"only\": [\"hash\"]}}"),
	  "grants nothing" },
	{ DENY(", \"expires\": \"2027-02-31T00:00:00Z\""), DENY(", \"expires\": \"2027-02-28T00:00:00Z\""),
	  "a time in UTC is needed" },
	{ DENY(", \"expires\": \"2027-02-28\""), DENY(", \"expires\": \"2027-02-28T00:00:00Z\""),
	  "a time in UTC is needed" },
	{ DENY(", \"shadow\": false"), DENY(", \"shadow\": true"), "can only be true" },
	{ DENY(", \"log\": \"all\""), DENY(", \"log\": \"full\""), "is needed here" },
	{ DENY(", \"digests\": [\"md5:00\"]"),
	  DENY(", \"digests\": "
	       "[\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"]"),
	  "a digest is \"sha256:\"" },
	/* who */
	{ TOP("{\"id\": \"r\", \"effect\": \"deny\", \"who\": {}}"), DENY(""), "\"who\" is empty" },
	{ TOP("{\"id\": \"r\", \"effect\": \"deny\", \"who\": {\"users\": []}}"), DENY(""),
	  "the list is empty" },
	{ TOP("{\"id\": \"r\", \"effect\": \"deny\", \"who\": {\"anyone\": true, \"users\": [\"1\"]}}"),
	  TOP("{\"id\": \"r\", \"effect\": \"deny\", \"who\": {\"anyone\": true}}"),
	  "takes no other condition" },
	{ TOP("{\"id\": \"r\", \"effect\": \"deny\", \"who\": {\"exe\": [\"/bin/a\"]}}"),
	  TOP("{\"id\": \"r\", \"effect\": \"deny\", \"who\": {\"exe\": [\"/bin/a\"], "
	      "\"users\": [\"1\"]}}"),
	  "too weak" },
	{ TOP("{\"id\": \"r\", \"effect\": \"deny\", \"who\": {\"units\": [\"a*.service\"]}}"),
	  TOP("{\"id\": \"r\", \"effect\": \"deny\", \"who\": {\"units\": [\"a.service\"]}}"),
	  "a system unit in full" },
	/* programs */
	{ ALLOW("\"programs\": {}"), ALLOW("\"programs\": {" XDP "}"), "must say which \"types\"" },
	{ ALLOW("\"programs\": {\"types\": {\"only\": [\"xpd\"]}}"), ALLOW("\"programs\": {" XDP "}"),
	  "unknown program type \"xpd\" in allow rule \"r\"" },
	{ ALLOW("\"programs\": {\"types\": {\"uses_any\": [\"xdp\"]}}"),
	  ALLOW("\"programs\": {" XDP "}"), "\"uses_any\" in allow rule \"r\"" },
	{ DENY(", \"programs\": {\"types\": {\"only\": [\"xdp\"]}}"),
	  DENY(", \"programs\": {\"types\": {\"uses_any\": [\"xdp\"]}}"), "\"only\" in deny rule \"r\"" },
	{ ALLOW("\"programs\": {\"types\": {\"only\": [\"xdp\"], \"any_except\": [\"lsm\"]}}"),
	  ALLOW("\"programs\": {" XDP "}"), "say only one of" },
	{ ALLOW("\"programs\": {" XDP ", \"helpers\": {\"only\": [\"bpf_xdp_adjust_haed\"]}}"),
	  ALLOW("\"programs\": {" XDP ", \"helpers\": {\"only\": [\"bpf_xdp_adjust_head\"]}}"),
	  "did you mean \"bpf_xdp_adjust_head\"?" },
	{ ALLOW("\"programs\": {" XDP ", \"helpers\": {\"only\": [\"map_lookup_elem\"]}}"),
	  ALLOW("\"programs\": {" XDP ", \"helpers\": {\"only\": [\"bpf_map_lookup_elem\"]}}"),
	  "did you mean \"bpf_map_lookup_elem\"?" },
	{ ALLOW("\"programs\": {" XDP ", \"max_insn\": 3}"),
	  ALLOW("\"programs\": {" XDP ", \"max_insns\": 3}"),
	  "\"max_insn\": unknown key" },
	{ ALLOW("\"programs\": {" XDP ", \"max_insns\": 0}"),
	  ALLOW("\"programs\": {" XDP ", \"max_insns\": 1}"), "a whole number from 1" },
	{ ALLOW("\"programs\": {" XDP ", \"perfmon\": \"always\"}"),
	  ALLOW("\"programs\": {" XDP ", \"perfmon\": \"judged\"}"), "\"never\", \"judged\" or \"grant\"" },
	{ ALLOW("\"programs\": {" XDP ", \"grant\": \"handles\"}"),
	  ALLOW("\"programs\": {" XDP ", \"grant\": \"handle\"}"), "\"handle\" or \"fd\"" },
	{ ALLOW("\"programs\": {" XDP ", \"sandbox\": true}"),
	  ALLOW("\"programs\": {" XDP ", \"sandbox\": \"whole\"}"), "\"any\" or \"whole\"" },
	{ ALLOW("\"programs\": {" XDP ", \"unsupported\": true}"),
	  ALLOW("\"programs\": {" XDP ", \"unsupported\": \"kernel\"}"), "\"refuse\" or \"kernel\"" },
	{ ALLOW("\"programs\": {" XDP ", \"test_run\": \"dead\"}"),
	  ALLOW("\"programs\": {" XDP ", \"test_run\": \"live\"}"), "true, false or \"live\"" },
	{ ALLOW("\"programs\": {" XDP ", \"sleepable\": \"yes\"}"),
	  ALLOW("\"programs\": {" XDP ", \"sleepable\": true}"), "without quotes" },
	{ DENY(", \"programs\": {\"perfmon\": \"never\", \"sleepable\": true}"),
	  DENY(", \"programs\": {\"sleepable\": true}"), "has no meaning in a deny rule" },
	{ DENY(", \"programs\": {}"), DENY(""), "\"programs\" is empty" },
	/* attach */
	{ ALLOW("\"programs\": {" XDP ", \"attach\": {\"xpd\": [\"*\"]}}"),
	  ALLOW("\"programs\": {" XDP ", \"attach\": {\"xdp\": [\"*\"]}}"), "unknown attach kind \"xpd\"" },
	{ ALLOW("\"programs\": {" XDP ", \"attach\": {\"xdp\": [\"netns:blue:veth0\"]}}"),
	  ALLOW("\"programs\": {" XDP ", \"attach\": {\"xdp\": [\"netns:/run/netns/blue:veth0\"]}}"),
	  "a network namespace is an absolute path" },
	{ ALLOW("\"programs\": {" XDP ", \"attach\": {\"xdp\": [\"a-name-that-is-long\"]}}"),
	  ALLOW("\"programs\": {" XDP ", \"attach\": {\"xdp\": [\"a-name-that-isn\"]}}"),
	  "at most 15 characters" },
	{ ALLOW("\"programs\": {" XDP ", \"attach\": {\"cgroup\": [\"a.slice\"]}}"),
	  ALLOW("\"programs\": {" XDP ", \"attach\": {\"cgroup\": [\"/sys/fs/cgroup/a.slice\"]}}"),
	  "absolute path of its directory" },
	{ ALLOW("\"programs\": {" XDP ", \"attach\": {\"sk_lookup\": [\"blue\"]}}"),
	  ALLOW("\"programs\": {" XDP ", \"attach\": {\"sk_lookup\": [\"host\"]}}"),
	  "\"host\", \"netns:/path\"" },
	{ ALLOW("\"programs\": {" XDP ", \"attach\": {\"any\": [\"eth*\"]}}"),
	  ALLOW("\"programs\": {" XDP ", \"attach\": {\"any\": [\"*\"]}}"), "\"any\" takes [\"*\"]" },
	/* maps and quotas */
	{ ALLOW("\"maps\": {\"types\": {\"only\": [\"hahs\"]}}"),
	  ALLOW("\"maps\": {\"types\": {\"only\": [\"hash\"]}}"), "did you mean \"hash\"?" },
	{ ALLOW("\"maps\": {\"max_bytes_each\": \"1M\"}"),
	  ALLOW("\"maps\": {\"types\": {\"any_except\": []}, \"max_bytes_each\": \"1M\"}"),
	  "\"maps\" must say which \"types\"" },
	{ ALLOW("\"maps\": {\"types\": {\"any_except\": []}, \"max_bytes_each\": \"16MB\"}"),
	  ALLOW("\"maps\": {\"types\": {\"any_except\": []}, \"max_bytes_each\": \"16M\"}"),
	  "a size in quotes" },
	{ ALLOW("\"maps\": {\"types\": {\"any_except\": []}, \"max_bytes_each\": \"99999999T\"}"),
	  ALLOW("\"maps\": {\"types\": {\"any_except\": []}, \"max_bytes_each\": \"9999999T\"}"),
	  "a size in quotes" },
	{ ALLOW("\"maps\": {\"types\": {\"any_except\": []}, \"pin_under\": [\"/a/../b\"]}"),
	  ALLOW("\"maps\": {\"types\": {\"any_except\": []}, \"pin_under\": [\"/a/b\"]}"),
	  "without \"..\"" },
	{ ALLOW("\"maps\": {\"types\": {\"any_except\": []}, \"share_with\": [\"bob\"]}"),
	  ALLOW("\"maps\": {\"types\": {\"any_except\": []}, \"share_with\": [\"user:bob:rw\"]}"),
	  "\"user:NAME\", \"group:NAME\"" },
	{ ALLOW("\"maps\": {\"types\": {\"any_except\": []}}, \"quota\": {\"maps\": -1}"),
	  ALLOW("\"maps\": {\"types\": {\"any_except\": []}}, \"quota\": {\"maps\": 0}"),
	  "a whole number from 0" },
	{ ALLOW("\"maps\": {\"types\": {\"any_except\": []}}, \"quota\": {\"verify_seconds\": 0}"),
	  ALLOW("\"maps\": {\"types\": {\"any_except\": []}}, \"quota\": {\"verify_seconds\": 0.5}"),
	  "seconds, above 0" },
	{ ALLOW("\"maps\": {\"types\": {\"any_except\": []}}, \"quota\": {\"in_all\": {\"verify_seconds\": 1}}"),
	  ALLOW("\"maps\": {\"types\": {\"any_except\": []}}, \"quota\": {\"in_all\": {\"maps\": 1}}"),
	  "verify_seconds" },
	{ DENY(", \"quota\": {\"maps\": 1}"), DENY(""), "\"quota\" has no meaning in a deny rule" },
};

START_TEST(a_mistake_is_told_with_its_place_and_its_mend_is_taken)
{
	const struct mistake *mistake = &mistakes[_i];
	OWN_MEM char *wrong = rig_findings(mistake->wrong, POLICY_ERROR);
	OWN_MEM char *right = rig_findings(mistake->right, POLICY_ERROR);

	ck_assert_msg(strstr(wrong, mistake->said), "%s\nsaid: %s\nnot: %s", mistake->wrong, wrong,
		      mistake->said);
	ck_assert_msg(*right == '\0', "%s\nsaid: %s", mistake->right, right);
}
END_TEST

START_TEST(all_mistakes_are_told_in_one_go_with_the_line_and_a_caret)
{
	OWN_MEM char *found = rig_findings(
		"{\"version\": 1,\n \"rules\": [\n  {\"id\": \"r\", \"effect\": \"allow\", " WHO ",\n"
		"   \"signed_by\": {\"unsigned\": true},\n"
		"   \"programs\": {" XDP ",\n"
		"     \"helpers\": {\"only\": [\"bpf_csum_dif\"]},\n     \"max_insn\": 4}}]}",
		POLICY_ERROR);

	ck_assert_str_eq(found,
			 "t.json:6:27: error: unknown helper \"bpf_csum_dif\" in allow rule \"r\"\n"
			 "    6 |      \"helpers\": {\"only\": [\"bpf_csum_dif\"]},\n"
			 "      |                           ^^^^^^^^^^^^^^ did you mean "
			 "\"bpf_csum_diff\"?\n"
			 "t.json:7:6: error: \"max_insn\": unknown key\n"
			 "    7 |      \"max_insn\": 4}}]}\n"
			 "      |      ^^^^^^^^^^ did you mean \"max_insns\"?\n");
}
END_TEST

START_TEST(what_a_file_says_cannot_move_the_terminals_cursor)
{
	OWN_MEM char *found = rig_findings("{\"version\": 1, \"\\u001b[2J\": 1}", POLICY_ERROR);

	ck_assert_ptr_null(strchr(found, '\033'));
	ck_assert_ptr_nonnull(strstr(found, "\\x1b[2J"));
}
END_TEST

static void nest(char *json, size_t room, size_t depth)
{
	size_t len = (size_t)snprintf(json, room, "{\"version\": 1, \"comment\": ");
	size_t i;

	for (i = 0; i < depth; i++)
		json[len++] = '[';
	for (i = 0; i < depth; i++)
		json[len++] = ']';
	(void)snprintf(json + len, room - len, "}");
}

START_TEST(deep_nesting_is_refused_before_it_costs_anything)
{
	OWN_MEM char *json = malloc(400000);
	OWN_MEM char *deep = NULL;
	OWN_MEM char *flat = NULL;

	nest(json, 400000, 100000);
	deep = rig_findings(json, POLICY_ERROR);
	ck_assert_ptr_nonnull(strstr(deep, "nested more than 16 deep"));
	nest(json, 400000, 15); /* the control fails for its type alone */
	flat = rig_findings(json, POLICY_ERROR);
	ck_assert_ptr_nonnull(strstr(flat, "a string is needed here"));
	ck_assert_ptr_null(strstr(flat, "deep"));
}
END_TEST

START_TEST(a_huge_file_is_refused_unread)
{
	size_t len = 1024 * 1024 + 1;
	OWN_MEM char *json = malloc(len + 1);
	OWN_MEM char *huge = NULL;
	OWN_MEM char *large = NULL;

	memset(json, ' ', len);
	memcpy(json, "{\"version\": 1}", 14);
	json[len] = '\0';
	huge = rig_findings(json, POLICY_ERROR);
	ck_assert_ptr_nonnull(strstr(huge, "larger than a megabyte"));
	json[len - 1] = '\0';
	large = rig_findings(json, POLICY_ERROR);
	ck_assert_str_eq(large, "");
}
END_TEST

START_TEST(names_nobody_has_are_warnings_and_match_nobody)
{
	struct policy_subject root = { .uid = 0, .gid = 0 };
	struct policy_subject minus_one = { .uid = (uid_t)-1, .gid = (gid_t)-1 };
	struct policy_map_facts map = { .type = 1, .bytes = 8 };
	struct policy_request request = { .verb = POLICY_MAP_CREATE, .now_s = RIG_NOW, .map = &map };
	struct policy_decision decision;
	static const char json[] =
		TOP("{\"id\": \"r\", \"effect\": \"allow\", \"who\": {\"users\": [\"nosuch\"]}, "
		    "\"maps\": {\"types\": {\"any_except\": []}}}");
	OWN_MEM char *found = rig_findings(json, POLICY_WARNING);
	struct policy *policy = rig_policy(json);

	ck_assert_ptr_nonnull(strstr(found, "warning: no user \"nosuch\" on this machine"));
	policy_decide(policy, &root, &request, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_DENY);
	policy_decide(policy, &minus_one, &request, &decision);
	ck_assert_int_eq(decision.verdict, POLICY_DENY);
	policy_free(policy);
}
END_TEST

struct remark {
	const char *json;
	const char *said; /* "" = nothing but what the rig's own rules always get */
};

static const struct remark remarks[] = {
	{ TOP("{\"id\": \"r\", \"effect\": \"deny\", " WHO ", \"expires\": \"2020-01-01T00:00:00Z\"}"),
	  "warning: rule \"r\": has expired" },
	{ TOP("{\"id\": \"r\", \"effect\": \"deny\", \"who\": {\"anyone\": true}}, "
	      "{\"id\": \"s\", \"effect\": \"allow\", " WHO ", \"maps\": {\"types\": {\"only\": [\"hash\"]}}}"),
	  "warning: rule \"s\": cannot be reached: rule \"r\" refuses everyone" },
	{ ALLOW("\"programs\": {\"types\": {\"only\": [\"kprobe\"]}, \"helpers\": {\"only\": "
		"[\"bpf_probe_read_kernel\"]}}"),
	  "warning: rule \"r\": kprobe loads only with \"perfmon\"" },
	{ ALLOW("\"programs\": {\"types\": {\"only\": [\"kprobe\"]}, \"helpers\": {\"only\": "
		"[\"bpf_probe_read_kernel\"]}}"),
	  "note: rule \"r\": grants: bpf_probe_read_kernel reads any kernel memory" },
	{ ALLOW("\"programs\": {" XDP ", \"kfuncs\": {\"only\": [\"bpf_rdonly_cast\"]}, \"helpers\": {\"only\": "
		"[\"bpf_send_signal\", \"bpf_send_signal_thread\"]}}"),
	  "note: rule \"r\": grants: bpf_send_signal, bpf_send_signal_thread: each sends signals" },
	{ ALLOW("\"programs\": {" XDP ", \"kfuncs\": {\"only\": [\"bpf_rdonly_cast\"]}}"),
	  "grants: bpf_rdonly_cast reads any kernel memory" },
	{ ALLOW("\"programs\": {\"types\": {\"only\": [\"syscall\"]}, \"helpers\": {\"only\": "
		"[\"bpf_sys_bpf\"]}}"),
	  "bpf_sys_bpf is never granted" },
	{ "{\"version\": 1, \"sets\": {\"@a\": [\"x\"]}}", "note: no rule uses the set \"@a\"" },
	{ ALLOW("\"programs\": {" XDP ", \"grant\": \"fd\"}"), "is the right to attach" },
};

START_TEST(what_is_legal_but_remarkable_is_remarked)
{
	OWN_MEM char *found = rig_findings(remarks[_i].json, POLICY_NOTE);

	ck_assert_msg(strstr(found, remarks[_i].said), "said: %s\nnot: %s", found, remarks[_i].said);
	ck_assert_ptr_null(strstr(found, "error"));
}
END_TEST

/* In both tables by every name that rules know: a new one must be given a worth. */
START_TEST(every_helper_and_kernel_function_has_its_worth)
{
	static const char *const helpers[] = {
#define KERNEL_HELPER(id, name, text, ...) text,
#include "proto/kernel_types.def"
	};
	static const char *const kfuncs[] = {
#define KERNEL_KFUNC(text) text,
#include "proto/kernel_types.def"
	};
	size_t i, j;

	for (i = 0; i < ARRAY_CNT(helpers); i++) {
		for (j = 0; worth_helper(j) && strcmp(worth_helper(j)->name, helpers[i]) != 0; j++)
			;
		ck_assert_msg(worth_helper(j) != NULL, "%s has no worth", helpers[i]);
	}
	for (i = 0; i < ARRAY_CNT(kfuncs); i++) {
		for (j = 0; worth_kfunc(j) && strcmp(worth_kfunc(j)->name, kfuncs[i]) != 0; j++)
			;
		ck_assert_msg(worth_kfunc(j) != NULL, "%s has no worth", kfuncs[i]);
	}
}
END_TEST

START_TEST(the_digest_follows_names_and_contents)
{
	struct policy_text texts[2] = { { "a.json", "{\"version\": 1}", 14 },
					{ "b.json", "{\"version\": 1} ", 15 } };
	struct policy_env env = rig_env();
	struct policy *policies[3];

	ck_assert_int_eq(policy_from_texts(texts, 2, &env, &policies[0], NULL), 0);
	ck_assert_int_eq(policy_from_texts(texts, 2, &env, &policies[1], NULL), 0);
	texts[1].len = 14;
	ck_assert_int_eq(policy_from_texts(texts, 2, &env, &policies[2], NULL), 0);
	ck_assert_str_eq(policy_digest(policies[0]), policy_digest(policies[1]));
	ck_assert_str_ne(policy_digest(policies[0]), policy_digest(policies[2]));
	ck_assert_uint_eq(strlen(policy_digest(policies[0])), 64);
	ck_assert_uint_eq(policy_file_cnt(policies[0]), 2);
	policy_free(policies[0]);
	policy_free(policies[1]);
	policy_free(policies[2]);
}
END_TEST

START_TEST(one_wrong_file_keeps_the_whole_set_out)
{
	struct policy_text texts[2] = { { "a.json", DENY(""), strlen(DENY("")) },
					{ "b.json", "{\"version\": 1", 13 } };
	struct policy_env env = rig_env();
	struct policy *policy = NULL;

	ck_assert_int_lt(policy_from_texts(texts, 2, &env, &policy, NULL), 0);
	ck_assert_ptr_null(policy);
	ck_assert_int_eq(policy_from_texts(texts, 1, &env, &policy, NULL), 0);
	policy_free(policy);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy: reading");
	TCase *tc = tcase_create("read");

	tcase_add_loop_test(tc, a_mistake_is_told_with_its_place_and_its_mend_is_taken, 0,
			    (int)ARRAY_CNT(mistakes));
	tcase_add_test(tc, all_mistakes_are_told_in_one_go_with_the_line_and_a_caret);
	tcase_add_test(tc, what_a_file_says_cannot_move_the_terminals_cursor);
	tcase_add_test(tc, deep_nesting_is_refused_before_it_costs_anything);
	tcase_add_test(tc, a_huge_file_is_refused_unread);
	tcase_add_test(tc, names_nobody_has_are_warnings_and_match_nobody);
	tcase_add_loop_test(tc, what_is_legal_but_remarkable_is_remarked, 0, (int)ARRAY_CNT(remarks));
	tcase_add_test(tc, every_helper_and_kernel_function_has_its_worth);
	tcase_add_test(tc, the_digest_follows_names_and_contents);
	tcase_add_test(tc, one_wrong_file_keeps_the_whole_set_out);
	suite_add_tcase(suite, tc);
	return rig_run(suite);
}
