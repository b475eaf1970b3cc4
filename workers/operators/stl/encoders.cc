// SPDX-License-Identifier: Apache-2.0
#include "workers/operators/stl/encoders.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "workers/operators/input_values.h"
#include "workers/operators/stl/least_squares.h"

namespace basisbench {
namespace {

// Strassen's products by rows: coefficients of the elements 11, 12, 21, 22 of X and of W; and where
// each product is added to Z.
constexpr int kOfX[7][4] = {{1, 0, 0, 1}, {0, 0, 1, 1},  {1, 0, 0, 0}, {0, 0, 0, 1},
                            {1, 1, 0, 0}, {-1, 0, 1, 0}, {0, 1, 0, -1}};
constexpr int kOfW[7][4] = {{1, 0, 0, 1}, {1, 0, 0, 0}, {0, 1, 0, -1}, {-1, 0, 1, 0},
                            {0, 0, 0, 1}, {1, 1, 0, 0}, {0, 0, 1, 1}};
constexpr int kToZ[4][7] = {
    {1, 0, 0, 1, -1, 0, 1}, {0, 0, 1, 0, 1, 0, 0}, {0, 1, 0, 1, 0, 0, 0}, {1, -1, 1, 0, 0, 1, 0}};

// Element (i, j) of a tile of `tile`, seen as element (i0, j0) of the block (i1, j1) of a tile of
// half the size.
struct Halved {
  int64_t block, inner;
};
Halved Halve(int64_t at, int64_t tile) {
  const int64_t i = at / tile, j = at % tile, half = tile / 2;
  return {i / half * 2 + j / half, i % half * half + j % half};
}

Encoders MakeStrassen(int64_t tile) {
  if (tile == 1) return {1, 1, {1}, {1}, {1}};
  const Encoders inner = MakeStrassen(tile / 2);
  Encoders made{tile, 7 * inner.rank, {}, {}, {}};
  const int64_t size = tile * tile, inner_size = size / 4;
  made.x.resize(made.rank * size), made.w.resize(made.rank * size);
  made.decoder.resize(size * made.rank);
  for (int64_t product = 0; product < made.rank; ++product) {
    const int64_t outer = product / inner.rank, below = product % inner.rank;
    for (int64_t at = 0; at < size; ++at) {
      const auto [block, rest] = Halve(at, tile);
      made.x[product * size + at] = kOfX[outer][block] * inner.x[below * inner_size + rest];
      made.w[product * size + at] = kOfW[outer][block] * inner.w[below * inner_size + rest];
      made.decoder[at * made.rank + product] =
          kToZ[block][outer] * inner.decoder[rest * inner.rank + below];
    }
  }
  return made;
}

// Products X[i,k] W[k,j], those of one k after those of the one before so that few of them still
// reach every element.
Encoders MakeSubset(int64_t tile, int64_t rank) {
  const int64_t size = tile * tile;
  Encoders made{tile, rank, std::vector<double>(rank * size), std::vector<double>(rank * size),
                std::vector<double>(size * rank)};
  for (int64_t product = 0; product < rank; ++product) {
    const int64_t k = product / size, i = product % size / tile, j = product % tile;
    made.x[product * size + i * tile + k] = 1;
    made.w[product * size + k * tile + j] = 1;
    made.decoder[(i * tile + j) * rank + product] = 1;
  }
  return made;
}

// Gaussian, scaled so that products come out with the size of those of white matrices.
Encoders MakeRandom(int64_t tile, int64_t rank) {
  const int64_t size = tile * tile;
  Encoders made{tile, rank, {}, {}, {}};
  const double of_tile = 1 / static_cast<double>(tile),
               of_rank = std::sqrt(static_cast<double>(tile) / static_cast<double>(rank));
  const TensorValues x(101, "encoder of x", Distribution::kNormal, of_tile),
      w(101, "encoder of w", Distribution::kNormal, of_tile),
      decoder(101, "decoder", Distribution::kNormal, of_rank);
  for (int64_t product = 0; product < rank; ++product) {
    for (int64_t at = 0; at < size; ++at) {
      made.x.push_back(x.At(product, at));
      made.w.push_back(w.At(product, at));
    }
  }
  for (int64_t at = 0; at < size; ++at) {
    for (int64_t product = 0; product < rank; ++product)
      made.decoder.push_back(decoder.At(at, product));
  }
  return made;
}

Encoders Make(absl::string_view init, int64_t tile, int64_t rank) {
  if (init == "strassen") return MakeStrassen(tile);
  if (init == "naive_subset") return MakeSubset(tile, rank);
  Encoders made = MakeRandom(tile, rank);
  if (init == "als") FitByAlternatingLeastSquares(made);
  return made;
}

}  // namespace

int64_t StrassenRank(int64_t tile) {
  int64_t rank = 1;
  for (; tile > 1; tile /= 2) rank *= 7;
  return rank;
}

absl::Status CheckEncoders(absl::string_view init, int64_t tile, int64_t rank) {
  if (init == "strassen") {
    if ((tile & (tile - 1)) != 0)
      return absl::InvalidArgumentError(
          absl::StrCat("stl: init strassen needs tile to be a power of two, not ", tile));
    if (rank == StrassenRank(tile)) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat(
        "stl: init strassen of tile ", tile, " has rank ", StrassenRank(tile), ", not ", rank));
  }
  if (init != "naive_subset" && init != "als" && init != "random")
    return absl::InvalidArgumentError(absl::StrCat(
        "stl: parameter 'init' must be strassen, naive_subset, als or random, not '", init, "'"));
  if (rank <= tile * tile * tile) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("stl: rank ", rank, " is above the ",
                                                 tile * tile * tile,
                                                 " products of the definition, tile ", tile));
}

const Encoders& EncodersOf(absl::string_view init, int64_t tile, int64_t rank) {
  static std::mutex& mutex = *new std::mutex;
  static auto& made = *new std::map<std::tuple<std::string, int64_t, int64_t>, Encoders>;
  const std::lock_guard<std::mutex> lock(mutex);
  const auto key = std::make_tuple(std::string(init), tile, rank);
  auto found = made.find(key);
  if (found == made.end()) found = made.emplace(key, Make(init, tile, rank)).first;
  return found->second;
}

double TensorError(const Encoders& encoders) {
  const int64_t t = encoders.tile, size = t * t, rank = encoders.rank;
  double square = 0;
  for (int64_t a = 0; a < size; ++a) {
    for (int64_t b = 0; b < size; ++b) {
      for (int64_t c = 0; c < size; ++c) {
        // X[i,k] W[k,j] adds to Z[i,j].
        double entry = a % t == b / t && c / t == a / t && c % t == b % t ? 1 : 0;
        for (int64_t r = 0; r < rank; ++r)
          entry -=
              encoders.x[r * size + a] * encoders.w[r * size + b] * encoders.decoder[c * rank + r];
        square += entry * entry;
      }
    }
  }
  return square / static_cast<double>(t * size);
}

}  // namespace basisbench
