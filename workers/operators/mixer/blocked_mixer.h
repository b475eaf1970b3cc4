// SPDX-License-Identifier: Apache-2.0
// A local mixer that takes its vectors a cache-sized block at a time, along either axis of X. What
// is done to a block is the operator's; it finds the vectors of the block as the rows of a matrix
// with strides of its own.
#pragma once

#include "services/base/status_macros.h"
#include "workers/collectives/communicator.h"
#include "workers/operators/mixer/mixer.h"

namespace basisbench {

// Rows of a matrix that is read or written: element (i, j) at data[i * row + j * col] (elements).
struct Source {
  const void* data = nullptr;
  int64_t row = 0, col = 1;
};
struct Target {
  void* data = nullptr;
  int64_t row = 0, col = 1;
};

inline Source AsSource(const Target& target) { return {target.data, target.row, target.col}; }

// Element `at` of an array.
inline const void* ElementAt(Dtype dtype, const void* data, int64_t at) {
  return static_cast<const std::byte*>(data) + at * DtypeSize(dtype);
}
inline void* ElementAt(Dtype dtype, void* data, int64_t at) {
  return static_cast<std::byte*>(data) + at * DtypeSize(dtype);
}

// to = from, rows x cols.
absl::Status CopyRows(Device& device, Dtype dtype, int64_t rows, int64_t cols, const Source& from,
                      const Target& to);

// A product of real matrices with the loop over whichever side is closer together in y.
absl::Status ProductAlongY(Device& device, ProductArgs args);

// How a number of vectors is cut: all blocks of `size`, the last one of what is left.
struct Blocks {
  int64_t vectors = 0, size = 0;

  int64_t Last() const { return vectors - (vectors - 1) / size * size; }
};

// Blocks of about one size for which `elements` of workspace a vector stay in the cache. None for
// no vectors.
Blocks BlocksOf(const Mixer& mixer, const Problem& problem, int64_t vectors, int64_t elements);

class BlockedMixer : public LocalMixer {
 public:
  BlockedMixer(const Problem& problem, Device& device, const LocalOperands& operands,
               const Blocks& blocks)
      : dtype_(problem.dtype),
        backward_(problem.direction == "backward"),
        device_(device),
        o_(operands),
        blocks_(blocks) {}

  absl::Status Run() final;

 protected:
  // Once per run, before the first block and after the last.
  virtual absl::Status Begin() { return absl::OkStatus(); }
  virtual absl::Status End() { return absl::OkStatus(); }
  // y from x for the vectors of a block.
  virtual absl::Status Forward(const Piece& block) = 0;
  // dx from dy, and the block's terms of the gradients: set by the first block, added to by others.
  virtual absl::Status Backward(const Piece& block) = 0;

  Source X(const Piece& block) const {
    return {ElementAt(dtype_, o_.x, block.offset * o_.x_vector), o_.x_vector, o_.x_element};
  }
  Source Dy(const Piece& block) const {
    return {ElementAt(dtype_, o_.dy, block.offset * o_.y_vector), o_.y_vector, o_.y_element};
  }
  Target Y(const Piece& block) const {
    return {ElementAt(dtype_, o_.y, block.offset * o_.y_vector), o_.y_vector, o_.y_element};
  }
  Target Dx(const Piece& block) const {
    return {ElementAt(dtype_, o_.dx, block.offset * o_.x_vector), o_.x_vector, o_.x_element};
  }
  absl::Status Take(int64_t elements, Buffer& buffer) {
    BB_ASSIGN_OR_RETURN(buffer, device_.Allocate(elements * DtypeSize(dtype_)));
    return absl::OkStatus();
  }

  const Dtype dtype_;
  const bool backward_;
  Device& device_;
  const LocalOperands o_;
  const Blocks blocks_;
};

}  // namespace basisbench
