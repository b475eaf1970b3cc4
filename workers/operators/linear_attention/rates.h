// SPDX-License-Identifier: Apache-2.0
// The decays of a scan whose rates are data, sigmoid(a) for each token and head: their products as
// the scan takes them, and the gradient of the rates. Logarithms of products are summed, within a
// chunk. One thread; borrows the device and the matrices (tokens x heads, without gaps).
#pragma once

#include "absl/status/status.h"
#include "workers/devices/device.h"
#include "workers/operators/linear_attention/chunked_scan.h"

namespace basisbench {

class Rates {
 public:
  // `gradient` is that of `a`, null forward.
  Rates(Device& device, const ScanShape& shape, int64_t tokens, const void* a, void* gradient)
      : device_(device), shape_(shape), tokens_(tokens), a_(a), gradient_(gradient) {}

  // Elements that Allocate takes.
  static int64_t Elements(const ScanShape& shape, int64_t tokens, bool backward) {
    return tokens * shape.heads * (backward ? 2 : 1);
  }
  absl::Status Allocate();

  // ScanOperands::decays; filled by Prepare, which belongs before everything else.
  const void* decays() const { return decays_.data(); }
  absl::Status Prepare();
  // Logarithms of the products over all tokens, a number for each head.
  absl::Status Total(void* total);

  // The gradient, in four steps: of queries and theirs (first), of keys and theirs, of a state
  // after the last token and its gradient, where tokens follow that are not here; Finish.
  absl::Status OfQueries(const void* queries, const void* gradients);
  absl::Status OfKeys(const void* keys, const void* gradients);
  absl::Status OfState(const void* state, const void* gradient);
  absl::Status Finish();

 private:
  absl::Status AddDots(const void* rows, const void* gradients, double alpha, double beta);

  Device& device_;
  const ScanShape shape_;
  const int64_t tokens_;
  const void* a_;
  void* gradient_;
  Buffer decays_, of_decays_;
};

}  // namespace basisbench
