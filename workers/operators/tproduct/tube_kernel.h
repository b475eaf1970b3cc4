// SPDX-License-Identifier: Apache-2.0
// The product of matrices of tubes on tiles of vectors.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "workers/operators/mixer/tiled_mixer.h"

namespace basisbench {

// Matrices of out x in tubes, `faces` numbers each.
struct TubeShape {
  int64_t in = 0, out = 0, faces = 1;
  bool cosine = false;  // the basis in which tubes multiply number by number; otherwise Fourier's

  // Faces by themselves; the others come in pairs, real and imaginary part.
  int64_t RealFaces() const { return cosine ? faces : 2 - faces % 2; }
  int64_t Pairs() const { return (faces - RealFaces()) / 2; }
  int64_t Weights() const { return out * in * faces; }
};

// Elements that the kernel takes.
int64_t TubeKernelElements(const TubeShape& shape, bool backward);
// Elements of scratch for each vector.
int64_t TubeScratch(const TubeShape& shape, bool backward);

// Of `operands` weight 0 has rows (out, in) and columns faces.
absl::StatusOr<std::unique_ptr<TileKernel>> MakeTubeKernel(const TubeShape& shape,
                                                           const Problem& problem, Device& device,
                                                           const LocalOperands& operands);

}  // namespace basisbench
