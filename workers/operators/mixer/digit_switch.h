// SPDX-License-Identifier: Apache-2.0
// Sharding "all_to_all" of maps in two steps over an index of two digits,
//   x[k, ...] -> z[k, l, ...] -> y[l, ...],
// the first step within each input digit k, the second within each output digit l: Kronecker
// products, block tensor-trains, butterflies. Vectors are cut, X by input digits and Y by output
// digits, and the steps are local; one all-to-all of z between them switches the digit. What is
// here brings tiles of vectors in and out, moves z and keeps the books; an operator says which
// elements and weights belong to a digit and what happens to a tile.
//   Bytes b V depth |K_p| (digits - |L_p|) from rank p, V vectors, messages P - 1. Backward z goes
//   the same way and its gradient back: bytes b V depth |L_p| (digits - |K_p|) and P - 1 messages
//   more, and where digits share weights 2 (P - 1)/P times those for the sum of their gradients.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "workers/operators/mixer/tiled_mixer.h"

namespace basisbench {

// The digits of every rank, and which rank this is.
struct SwitchParts {
  std::vector<Piece> in, out;
  int me = 0;
  const Piece& own_in() const { return in[me]; }
  const Piece& own_out() const { return out[me]; }
  int peers() const { return static_cast<int>(in.size()); }
};

// What a rank has of a weight: its rows and columns in the order in which they lie in memory,
// without gaps. The gradient of a shared one is summed over the ranks, who all have all of it.
struct HeldWeight {
  bool shared = false;
  std::vector<int64_t> rows, cols;
  int64_t elements() const { return static_cast<int64_t>(rows.size() * cols.size()); }
};

// A tile as TiledMixer's, of the own digits' elements; null where the step has no use for it. z by
// peer: in the first step the numbers of own input digits and the peer's output digits, in the
// second those of the peer's input digits and own output digits. Both sides have them in one order,
// vectors fastest.
struct SwitchTile {
  int64_t vectors = 0;
  std::byte *x = nullptr, *y = nullptr, *dy = nullptr, *dx = nullptr;
  std::byte* scratch = nullptr;
  absl::Span<std::byte*const> z, dz;
};

// The steps on tiles. Prepared; nothing here allocates. Gradients of weights are added to.
class SwitchKernel {
 public:
  virtual ~SwitchKernel() = default;
  // z from x, y from z. A tile of x or dy may be overwritten, z not.
  virtual absl::Status First(const SwitchTile& tile) = 0;
  virtual absl::Status Second(const SwitchTile& tile) = 0;
  // dz from dy and z, dx from dz and x.
  virtual absl::Status SecondAdjoint(const SwitchTile& tile) = 0;
  virtual absl::Status FirstAdjoint(const SwitchTile& tile) = 0;
};

// A problem's map in two steps.
class DigitSwitch {
 public:
  virtual ~DigitSwitch() = default;
  virtual int64_t InputDigits() const = 0;
  virtual int64_t OutputDigits() const = 0;
  // Numbers of z for each pair of digits.
  virtual int64_t Depth() const = 0;
  // The elements of a vector that belong to some digits, in the order they have in a tile.
  virtual std::vector<int64_t> Inputs(const Piece& digits) const = 0;
  virtual std::vector<int64_t> Outputs(const Piece& digits) const = 0;
  // In the order of Mixer::Weights.
  virtual std::vector<HeldWeight> Weights(const SwitchParts& parts) const = 0;
  // Elements of scratch for each vector of a tile.
  virtual int64_t ScratchPerVector(const SwitchParts& parts, bool backward) const = 0;
  virtual std::unique_ptr<SwitchKernel> MakeKernel(Dtype dtype, Device& device,
                                                   const SwitchParts& parts,
                                                   std::vector<const void*> weights,
                                                   std::vector<void*> gradients) const = 0;
  // Rank, for weights in general position, of what `in` input digits do to `out` output digits.
  virtual int64_t RankBetween(int64_t in, int64_t out) const = 0;
};

// `op` outlives the sharding; `make` takes its problems apart.
Sharding SwitchSharding(const TiledMixer& op,
                        std::function<std::unique_ptr<DigitSwitch>(const Problem&)> make);

}  // namespace basisbench
