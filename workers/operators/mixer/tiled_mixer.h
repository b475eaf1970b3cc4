// SPDX-License-Identifier: Apache-2.0
// A mixer that works on tiles of vectors in the cache. A tile has its vectors side by side along
// the fastest index, element i of vector j at data[i * vectors + j], so that every product and
// every stage is over whole registers of vectors, along whichever axis of X the vectors lie. What
// is here brings tiles in and out and keeps the books of memory; an operator says what happens to
// one.
#pragma once

#include <memory>

#include "workers/operators/mixer/mixer.h"

namespace basisbench {

// One tile; null where the direction has no use for it. dx lies like x, dy like y.
struct Tile {
  int64_t vectors = 0;
  bool first = false;  // of the run: gradients are set instead of added to
  std::byte *x = nullptr, *y = nullptr, *dy = nullptr, *dx = nullptr;
  std::byte* scratch = nullptr;  // TiledMixer::ScratchPerVector elements for each vector
};

// What a mixer does to tiles. Prepared; nothing here allocates.
class TileKernel {
 public:
  virtual ~TileKernel() = default;
  // Once per run, before the first tile.
  virtual absl::Status Begin() { return absl::OkStatus(); }
  // y from x. Inputs stay as they are.
  virtual absl::Status Forward(const Tile& tile) = 0;
  // dx from dy, and the tile's terms of the gradients.
  virtual absl::Status Backward(const Tile& tile) = 0;
  // Once per run, after the last tile.
  virtual absl::Status End() { return absl::OkStatus(); }
};

// Vectors of a tile, of which each takes `elements`, when there are `vectors`: as many as stay in
// the cache.
int64_t TileVectors(Dtype dtype, int64_t vectors, int64_t elements);

class TiledMixer : public Mixer {
 public:
  using Mixer::Mixer;

  // Elements of scratch for each vector of a tile.
  virtual int64_t ScratchPerVector(const Problem& problem) const = 0;
  // Elements that a kernel takes for itself.
  virtual int64_t KernelElements(const Problem& problem) const {
    static_cast<void>(problem);
    return 0;
  }
  // Of `operands` a kernel has weights and gradients.
  virtual absl::StatusOr<std::unique_ptr<TileKernel>> MakeKernel(
      const Problem& problem, Device& device, const LocalOperands& operands) const = 0;

  // Vectors are tokens unless the parameter `axis`, where there is one, says token.
  bool MixesTokens(const Problem& problem) const override;
  int64_t Workspace(const Problem& problem, int64_t vectors) const override;
  absl::StatusOr<std::unique_ptr<LocalMixer>> MakeLocal(
      const Problem& problem, Device& device, const LocalOperands& operands) const override;

 private:
  // Vectors of a tile when a rank has `vectors`.
  int64_t TileWidth(const Problem& problem, int64_t vectors) const;
  int64_t TileElements(const Problem& problem) const;  // of all buffers, for each vector
};

}  // namespace basisbench
