/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load-as OBJECT PROGRAM TYPE ATTACH_TYPE FLAGS: loads one program of an object as a libbpf does that knows
 * what its section means. Prints the errno's name, or "loaded".
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t number(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 0);
}

static int load(struct bpf_object *object, char **argv)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, object)
		(void)bpf_program__set_autoload(program, !strcmp(bpf_program__name(program), argv[0]));
	program = bpf_object__find_program_by_name(object, argv[0]);
	if (!program)
		return -ENOENT;
	(void)bpf_program__set_type(program, (enum bpf_prog_type)number(argv[1]));
	(void)bpf_program__set_expected_attach_type(program, (enum bpf_attach_type)number(argv[2]));
	(void)bpf_program__set_flags(program, number(argv[3]));
	return bpf_object__load(object);
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	int r;

	if (argc != 6)
		return 2;
	object = bpf_object__open(argv[1]);
	r = libbpf_get_error(object) ? -errno : load(object, argv + 2);
	puts(r < 0 ? strerrorname_np(-r) : "loaded");
	if (!libbpf_get_error(object))
		bpf_object__close(object);
	return r < 0;
}
