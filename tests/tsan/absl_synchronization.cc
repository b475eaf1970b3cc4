// SPDX-License-Identifier: Apache-2.0
// Tells the thread sanitizer about absl::Mutex and its relatives. Debian's abseil is not built with
// the sanitizer, so that it sees neither the order they make nor the lock that guards a variable,
// and would report every guarded access. The definitions here stand in front of those of the shared
// library for the whole process, gRPC included; each annotates and calls the one of the library.
//
// Conditions are evaluated by whichever thread gives the lock away, still inside the library: their
// reads are left out, since the lock is held but the annotations can no longer show it.
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <cstdio>
#include <cstdlib>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

extern "C" {
extern const char __executable_start;
extern const char etext;
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateHappensBefore(const char* file, int line, const volatile void* address);
void AnnotateHappensAfter(const char* file, int line, const volatile void* address);
}

namespace absl {
ABSL_NAMESPACE_BEGIN
namespace {

constexpr unsigned kReading = __tsan_mutex_read_lock;

// The library's own definition. A process without it cannot go on.
template <typename Function>
Function* Next(const char* name) {
  void* const found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) {
    std::fprintf(stderr, "tests/tsan: no %s in abseil\n", name);
    std::abort();
  }
  return reinterpret_cast<Function*>(found);
}

// Code of this program, not of a shared library.
bool IsOurs(const void* code) { return code >= &__executable_start && code < &etext; }

// Within one call of the library. The library calls its own exported functions, which are these
// here: only the outermost one is annotated.
thread_local int depth = 0;

class Inside {
 public:
  Inside() {
    ++depth;
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
  }
  ~Inside() {
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
    --depth;
  }
};

// Runs what takes the lock.
template <typename Take>
void Locking(void* mutex, unsigned flags, Take take) {
  if (depth > 0) return take();
  __tsan_mutex_pre_lock(mutex, flags);
  {
    Inside inside;
    take();
  }
  __tsan_mutex_post_lock(mutex, flags, 0);
}

template <typename Give>
void Unlocking(void* mutex, unsigned flags, Give give) {
  if (depth > 0) return give();
  __tsan_mutex_pre_unlock(mutex, flags);
  {
    Inside inside;
    give();
  }
  __tsan_mutex_post_unlock(mutex, flags);
}

// Gives the lock away and has it again afterwards.
template <typename Wait>
bool Waiting(void* mutex, Wait wait) {
  bool result = false;
  Unlocking(mutex, 0, [] {});
  Locking(mutex, 0, [&] { result = wait(); });
  return result;
}

bool Trying(Mutex* mutex, unsigned flags, bool (*take)(Mutex*)) {
  if (depth > 0) return take(mutex);
  __tsan_mutex_pre_lock(mutex, flags | __tsan_mutex_try_lock);
  bool taken = false;
  {
    Inside inside;
    taken = take(mutex);
  }
  const unsigned failed = taken ? 0 : __tsan_mutex_try_lock_failed;
  __tsan_mutex_post_lock(mutex, flags | __tsan_mutex_try_lock | failed, 0);
  return taken;
}

}  // namespace

Mutex::~Mutex() {
  static auto* const real = Next<void(Mutex*)>("_ZN4absl7debian35MutexD1Ev");
  // In gRPC, what orders a lock's last use before its end is not visible either.
  if (IsOurs(__builtin_return_address(0))) __tsan_mutex_destroy(this, 0);
  real(this);
}

void Mutex::Lock() {
  static auto* const real = Next<void(Mutex*)>("_ZN4absl7debian35Mutex4LockEv");
  Locking(this, 0, [this] { real(this); });
}

void Mutex::Unlock() {
  static auto* const real = Next<void(Mutex*)>("_ZN4absl7debian35Mutex6UnlockEv");
  Unlocking(this, 0, [this] { real(this); });
}

bool Mutex::TryLock() {
  static auto* const real = Next<bool(Mutex*)>("_ZN4absl7debian35Mutex7TryLockEv");
  return Trying(this, 0, real);
}

void Mutex::ReaderLock() {
  static auto* const real = Next<void(Mutex*)>("_ZN4absl7debian35Mutex10ReaderLockEv");
  Locking(this, kReading, [this] { real(this); });
}

void Mutex::ReaderUnlock() {
  static auto* const real = Next<void(Mutex*)>("_ZN4absl7debian35Mutex12ReaderUnlockEv");
  Unlocking(this, kReading, [this] { real(this); });
}

bool Mutex::ReaderTryLock() {
  static auto* const real = Next<bool(Mutex*)>("_ZN4absl7debian35Mutex13ReaderTryLockEv");
  return Trying(this, kReading, real);
}

void Mutex::LockWhen(const Condition& condition) {
  static auto* const real =
      Next<void(Mutex*, const Condition&)>("_ZN4absl7debian35Mutex8LockWhenERKNS0_9ConditionE");
  Locking(this, 0, [&] { real(this, condition); });
}

bool Mutex::LockWhenWithTimeout(const Condition& condition, Duration timeout) {
  static auto* const real = Next<bool(Mutex*, const Condition&, Duration)>(
      "_ZN4absl7debian35Mutex19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE");
  bool met = false;
  Locking(this, 0, [&] { met = real(this, condition, timeout); });
  return met;
}

bool Mutex::LockWhenWithDeadline(const Condition& condition, Time deadline) {
  static auto* const real = Next<bool(Mutex*, const Condition&, Time)>(
      "_ZN4absl7debian35Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  bool met = false;
  Locking(this, 0, [&] { met = real(this, condition, deadline); });
  return met;
}

// Only exclusive holders wait in this project: a wait of a reader would be annotated wrongly.
void Mutex::Await(const Condition& condition) {
  static auto* const real =
      Next<void(Mutex*, const Condition&)>("_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE");
  Waiting(this, [&] {
    real(this, condition);
    return true;
  });
}

bool Mutex::AwaitWithTimeout(const Condition& condition, Duration timeout) {
  static auto* const real = Next<bool(Mutex*, const Condition&, Duration)>(
      "_ZN4absl7debian35Mutex16AwaitWithTimeoutERKNS0_9ConditionENS0_8DurationE");
  return Waiting(this, [&] { return real(this, condition, timeout); });
}

bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  static auto* const real = Next<bool(Mutex*, const Condition&, Time)>(
      "_ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  return Waiting(this, [&] { return real(this, condition, deadline); });
}

void CondVar::Wait(Mutex* mutex) {
  static auto* const real =
      Next<void(CondVar*, Mutex*)>("_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE");
  Waiting(mutex, [&] {
    real(this, mutex);
    return true;
  });
}

bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  static auto* const real = Next<bool(CondVar*, Mutex*, Duration)>(
      "_ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  return Waiting(mutex, [&] { return real(this, mutex, timeout); });
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  static auto* const real = Next<bool(CondVar*, Mutex*, Time)>(
      "_ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  return Waiting(mutex, [&] { return real(this, mutex, deadline); });
}

// Once notified, waiting takes no lock.
void Notification::Notify() {
  static auto* const real = Next<void(Notification*)>("_ZN4absl7debian312Notification6NotifyEv");
  AnnotateHappensBefore(__FILE__, __LINE__, this);
  real(this);
}

void Notification::WaitForNotification() const {
  static auto* const real =
      Next<void(const Notification*)>("_ZNK4absl7debian312Notification19WaitForNotificationEv");
  real(this);
  AnnotateHappensAfter(__FILE__, __LINE__, this);
}

bool Notification::WaitForNotificationWithTimeout(Duration timeout) const {
  static auto* const real = Next<bool(const Notification*, Duration)>(
      "_ZNK4absl7debian312Notification30WaitForNotificationWithTimeoutENS0_8DurationE");
  const bool notified = real(this, timeout);
  if (notified) AnnotateHappensAfter(__FILE__, __LINE__, this);
  return notified;
}

bool Notification::WaitForNotificationWithDeadline(Time deadline) const {
  static auto* const real = Next<bool(const Notification*, Time)>(
      "_ZNK4absl7debian312Notification31WaitForNotificationWithDeadlineENS0_4TimeE");
  const bool notified = real(this, deadline);
  if (notified) AnnotateHappensAfter(__FILE__, __LINE__, this);
  return notified;
}

bool BlockingCounter::DecrementCount() {
  static auto* const real =
      Next<bool(BlockingCounter*)>("_ZN4absl7debian315BlockingCounter14DecrementCountEv");
  AnnotateHappensBefore(__FILE__, __LINE__, this);
  return real(this);
}

void BlockingCounter::Wait() {
  static auto* const real =
      Next<void(BlockingCounter*)>("_ZN4absl7debian315BlockingCounter4WaitEv");
  real(this);
  AnnotateHappensAfter(__FILE__, __LINE__, this);
}

ABSL_NAMESPACE_END
}  // namespace absl
