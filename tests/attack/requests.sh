#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The quick part of ./dev asan, on the ordinary build: assertions are on there, too.
top=$(cd "${srcdir:-.}" && pwd)
plain=${builddir:-.} exec "$top/tests/attack/asan" "$top" 20000
