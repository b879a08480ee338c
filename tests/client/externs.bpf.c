// SPDX-License-Identifier: Apache-2.0
/* What libbpf fills in when it loads: values of the kernel's, addresses of symbols, functions that are not there. */
#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";
extern int LINUX_KERNEL_VERSION __kconfig;
extern bool CONFIG_BPF_SYSCALL __kconfig;
extern char CONFIG_DEFAULT_HOSTNAME[16] __kconfig __weak;
extern int CONFIG_NO_SUCH_THING __kconfig __weak;
extern void no_such_kfunc(void) __ksym __weak;
extern const void _stext __ksym;
extern const void no_such_symbol __ksym __weak;
extern const int no_such_variable __ksym __weak;
volatile long out;

SEC("socket") int version(void *ctx)
{
	out = LINUX_KERNEL_VERSION;
	return 0;
}

SEC("socket") int config(void *ctx)
{
	out = CONFIG_BPF_SYSCALL + CONFIG_NO_SUCH_THING + CONFIG_DEFAULT_HOSTNAME[1];
	return 0;
}

SEC("tc") int kfunc(void *ctx)
{
	if (no_such_kfunc)
		no_such_kfunc();
	return 2;
}

SEC("socket") int symbol(void *ctx)
{
	out = (long)&_stext;
	return 0;
}

SEC("socket") int weak_symbol(void *ctx)
{
	out = &no_such_symbol ? 1 : 2;
	return 0;
}

SEC("socket") int weak_variable(void *ctx)
{
	if (&no_such_variable)
		out = no_such_variable;
	return 0;
}

SEC("socket") int asks_nothing(void *ctx)
{
	out = 7;
	return 0;
}
