// SPDX-License-Identifier: Apache-2.0

// A static Go program that knows nothing of bpfgate: goroutines make maps with raw system calls while others
// keep the runtime busy preempting threads by signals. Run by test-e2e under `bpfgate run`.
package main

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

func bpf(cmd uintptr, attr unsafe.Pointer, size uintptr) (int, syscall.Errno) {
	r, _, e := syscall.Syscall(sysBpf, cmd, uintptr(attr), size)
	return int(r), e
}

// amd64
const sysBpf = 321

type mapAttr struct{ typ, key, value, max, flags uint32 }
type elemAttr struct {
	fd, pad           uint32
	key, value, flags uint64
}

func work() {
	for i := 0; i < 30; i++ {
		a := mapAttr{2, 4, 8, 1, 0}
		fd, e := bpf(0, unsafe.Pointer(&a), unsafe.Sizeof(a))
		if e != 0 {
			fmt.Println("create", e)
			os.Exit(1)
		}
		k, v := uint32(0), uint64(7)
		u := elemAttr{fd: uint32(fd), key: uint64(uintptr(unsafe.Pointer(&k))), value: uint64(uintptr(unsafe.Pointer(&v)))}
		if _, e := bpf(2, unsafe.Pointer(&u), 32); e != 0 {
			fmt.Println("update", e)
			os.Exit(1)
		}
		syscall.Close(fd)
	}
}

func main() {
	var wg sync.WaitGroup
	for i := 0; i < 6; i++ {
		wg.Add(1)
		go func() { work(); wg.Done() }()
	}
	s := 0
	for i := 0; i < 300000000; i++ {
		s += i
	}
	wg.Wait()
	fmt.Println("ok", s%2)
}
