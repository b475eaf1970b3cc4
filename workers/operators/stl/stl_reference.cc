// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/stl/stl_reference.h"

#include <cmath>

#include "workers/operators/parameters.h"
#include "workers/operators/stl/stl_plan.h"

namespace basisbench {

StlReference::StlReference(const Problem& problem, const Operands& operands)
    : problem_(problem),
      operands_(operands),
      encoders_(EncodersOf(problem)),
      tile_(encoders_.tile),
      rank_(encoders_.rank),
      k_tiles_((problem.shape.d_in + tile_ - 1) / tile_),
      m_tiles_((problem.shape.d_out + tile_ - 1) / tile_),
      weights_(static_cast<size_t>(rank_ * k_tiles_ * m_tiles_)) {
  const bool encoded = IntegerParameter(problem, "encoded") == 1;
  std::vector<double> row(static_cast<size_t>(encoded ? m_tiles_ : problem.shape.d_out));
  for (int64_t i = 0; i < (encoded ? rank_ * k_tiles_ : problem.shape.d_in); ++i) {
    operands.Row("w", i, 0, absl::MakeSpan(row));
    for (int64_t j = 0; j < static_cast<int64_t>(row.size()); ++j) {
      if (encoded) {
        weights_[i * m_tiles_ + j] = row[j];
        continue;
      }
      const int64_t place = i % tile_ * tile_ + j % tile_;
      for (int64_t r = 0; r < rank_; ++r) {
        weights_[(r * k_tiles_ + i / tile_) * m_tiles_ + j / tile_] +=
            encoders_.w[r * tile_ * tile_ + place] * row[j];
      }
    }
  }
}

std::vector<double> StlReference::EncodedRow(int64_t tile_row) const {
  std::vector<double> encoded(static_cast<size_t>(rank_ * k_tiles_), 0.0);
  std::vector<double> row(static_cast<size_t>(problem_.shape.d_in));
  for (int64_t i = 0; i < tile_ && tile_row * tile_ + i < problem_.shape.tokens; ++i) {
    operands_.Row("x", tile_row * tile_ + i, 0, absl::MakeSpan(row));
    for (int64_t j = 0; j < problem_.shape.d_in; ++j) {
      for (int64_t r = 0; r < rank_; ++r)
        encoded[r * k_tiles_ + j / tile_] +=
            encoders_.x[(r * tile_ + i) * tile_ + j % tile_] * row[j];
    }
  }
  return encoded;
}

std::vector<double> StlReference::Rows(absl::Span<const int64_t> rows) const {
  const int64_t d_out = problem_.shape.d_out;
  std::vector<double> y(rows.size() * static_cast<size_t>(d_out), 0.0), products;
  int64_t known = -1;  // the tile row that `products` belongs to, rank x m_tiles
  for (size_t at = 0; at < rows.size(); ++at) {
    if (rows[at] / tile_ != known) {
      known = rows[at] / tile_;
      const std::vector<double> x = EncodedRow(known);
      products.assign(static_cast<size_t>(rank_ * m_tiles_), 0.0);
      for (int64_t r = 0; r < rank_; ++r) {
        for (int64_t l = 0; l < k_tiles_; ++l) {
          const double factor = x[r * k_tiles_ + l];
          for (int64_t j = 0; factor != 0 && j < m_tiles_; ++j)
            products[r * m_tiles_ + j] += factor * weights_[(r * k_tiles_ + l) * m_tiles_ + j];
        }
      }
    }
    for (int64_t j = 0; j < d_out; ++j) {
      const int64_t place = rows[at] % tile_ * tile_ + j % tile_;
      for (int64_t r = 0; r < rank_; ++r)
        y[at * d_out + j] +=
            encoders_.decoder[place * rank_ + r] * products[r * m_tiles_ + j / tile_];
    }
  }
  return y;
}

// Y v = sum over r and columns b of a tile of D[(a,b),r] <x_r, W_r v_b>, v_b the weights of the
// columns b of all tiles. Errors are those of independent terms.
Operator::Projection StlReference::Project(absl::Span<const double> v,
                                           absl::Span<const int64_t> rows) const {
  std::vector<long double> weighted(static_cast<size_t>(rank_ * tile_ * k_tiles_), 0);
  std::vector<double> squares(static_cast<size_t>(rank_ * tile_), 0.0);
  for (int64_t r = 0; r < rank_; ++r) {
    for (int64_t l = 0; l < k_tiles_; ++l) {
      for (int64_t j = 0; j < problem_.shape.d_out; ++j) {
        const double term = weights_[(r * k_tiles_ + l) * m_tiles_ + j / tile_] * v[j];
        weighted[(r * tile_ + j % tile_) * k_tiles_ + l] += term;
        squares[r * tile_ + j % tile_] += term * term;
      }
    }
  }
  Operator::Projection projection;
  std::vector<double> x;
  int64_t known = -1;
  for (const int64_t row : rows) {
    if (row / tile_ != known) x = EncodedRow(known = row / tile_);
    long double value = 0;
    double square = 0;
    for (int64_t r = 0; r < rank_; ++r) {
      double x_square = 0;
      for (int64_t l = 0; l < k_tiles_; ++l) x_square += x[r * k_tiles_ + l] * x[r * k_tiles_ + l];
      for (int64_t b = 0; b < tile_; ++b) {
        const double decoder = encoders_.decoder[(row % tile_ * tile_ + b) * rank_ + r];
        long double dot = 0;
        for (int64_t l = 0; l < k_tiles_; ++l)
          dot += x[r * k_tiles_ + l] * weighted[(r * tile_ + b) * k_tiles_ + l];
        value += decoder * dot;
        square += decoder * decoder * x_square * squares[r * tile_ + b];
      }
    }
    projection.value.push_back(static_cast<double>(value));
    projection.magnitude.push_back(std::sqrt(square));
  }
  return projection;
}

}  // namespace basisbench
