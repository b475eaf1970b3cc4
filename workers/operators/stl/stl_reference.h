// SPDX-License-Identifier: Apache-2.0
// STL tile by tile from its formula, in float64. Borrows the operands; one thread.
#pragma once

#include <vector>

#include "workers/operators/operator.h"
#include "workers/operators/stl/encoders.h"

namespace basisbench {

class StlReference {
 public:
  // Encodes all of W: r K M operations.
  StlReference(const Problem& problem, const Operands& operands);

  std::vector<double> Rows(absl::Span<const int64_t> rows) const;
  Operator::Projection Project(absl::Span<const double> v, absl::Span<const int64_t> rows) const;

 private:
  // E_X vec X_il for every l, rank x k_tiles.
  std::vector<double> EncodedRow(int64_t tile_row) const;

  const Problem& problem_;
  const Operands& operands_;
  const Encoders& encoders_;
  const int64_t tile_, rank_, k_tiles_, m_tiles_;
  std::vector<double> weights_;  // rank x k_tiles x m_tiles
};

}  // namespace basisbench
