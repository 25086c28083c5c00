// The slow path of Swift's Synchronization.Mutex, for the thread sanitizer: preloaded before the runtime's own.
//
// The runtime is not instrumented, and its slow path has the kernel hand a lock over. The sanitizer sees nothing of
// that, and reports data that a contended lock protects as a data race. This one waits for the lock by trying, and
// tells. The fast paths are inlined into the code that is tested, and are instrumented there. Layout and symbols:
// https://github.com/swiftlang/swift/blob/release/6.3/stdlib/public/Synchronization/Mutex/LinuxImpl.swift

#include <sched.h>
#include <stdint.h>
#include <unistd.h>

// Not there in a process that the sanitizer is not part of.
__attribute__((weak)) void __tsan_acquire(void *address);

// `_MutexHandle._lockSlow(_:)`: the lock's word holds its owner's thread, or 0.
__attribute__((swiftcall)) void lockSlow(uint32_t thread, __attribute__((swift_context)) uint32_t *word)
    __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");

__attribute__((swiftcall)) void lockSlow(uint32_t thread, __attribute__((swift_context)) uint32_t *word) {
    enum { yields = 10, sleepMicroseconds = 50 };
    uint32_t free = 0;
    int tries = 0;
    while (!__atomic_compare_exchange_n(word, &free, thread, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
        free = 0;
        if (++tries < yields) sched_yield();
        else usleep(sleepMicroseconds);
    }
    if (__tsan_acquire) __tsan_acquire(word);
}
