# SPDX-License-Identifier: Apache-2.0
# A rule for make: each object is judged when it was compiled, for the kernels in BPF_KERNELS (bpfgate kernels list), and
# the build fails where one of them would refuse it. Include it, and let your default goal need $(BPF_CHECKED).
#
#	BPF_OBJECTS := filter.bpf.o trace.bpf.o
#	include check.mk
#	all: $(BPF_CHECKED)
BPFGATE ?= bpfgate
BPF_KERNELS ?= running
BPF_CHECKED := $(BPF_OBJECTS:.o=.checked)

%.bpf.checked: %.bpf.o
	$(BPFGATE) check --kernel $(BPF_KERNELS) --quiet $<
	@touch $@
