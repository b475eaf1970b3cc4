// SPDX-License-Identifier: Apache-2.0
// Does the thread sanitizer see abseil's locks, and nothing but them? Without arguments every
// access is guarded and nothing may be reported; with "race" one is not, and it must be.
#include <cstring>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"

int main(int argc, char** argv) {
  const bool race = argc > 1 && std::strcmp(argv[1], "race") == 0;
  absl::Mutex mutex;
  absl::Notification begun;
  long value = 0;
  bool counted = false;
  std::thread counter([&] {
    begun.Notify();
    for (int i = 0; i < 1000; ++i) {
      absl::MutexLock lock(&mutex);
      ++value;
    }
    absl::MutexLock lock(&mutex);
    counted = true;
  });
  begun.WaitForNotification();
  if (race) ++value;
  {
    absl::MutexLock lock(&mutex);
    mutex.Await(absl::Condition(&counted));
    ++value;
  }
  counter.join();
  return 0;
}
